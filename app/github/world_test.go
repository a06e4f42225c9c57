package github_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/github"
	"github.com/chiselbot/chiselbot/app/githubtest"
)

// A world is a GitHub with one repository, and the App's client, on a clock that only
// moves when all wait.
type world struct {
	*testing.T
	github     *githubtest.GitHub
	pipe       *githubtest.Pipe
	way        *http.Transport
	receiver   *githubtest.Pipe // of webhooks, when a test serves it
	registered *githubtest.App
	inst       *githubtest.Installation
	repo       *githubtest.Repository
	at         app.Repository
	objects    *objects
	ledger     *ledger
	client     *github.Client

	mu     sync.Mutex
	quotas []github.Quota
}

var key = sync.OnceValue(githubtest.NewPrivateKey)

// inWorld runs a test in a world of its own.
func inWorld(t *testing.T, options githubtest.Options, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, pipe: githubtest.NewPipe(), receiver: githubtest.NewPipe(), objects: &objects{known: map[string][]byte{}}, ledger: &ledger{}}
		options.Listener, options.Hooks = w.pipe, w.receiver.Transport()
		options.Report = func(problem string) { t.Error(problem) }
		g, err := githubtest.Start(options)
		if err != nil {
			t.Fatal(err)
		}
		w.github = g
		t.Cleanup(g.Close)
		w.way = w.pipe.Transport()
		t.Cleanup(w.way.CloseIdleConnections)
		g.AddUser("alice")
		g.AddUser("mallory")
		g.AddOrganization("acme")
		permissions := maps.Clone(github.Permissions)
		w.registered = g.AddApp("acme", githubtest.App{Slug: "chiselbot", PrivateKey: key(), Permissions: permissions, Events: []string{"pull_request"}})
		w.repo = g.AddRepository("acme/shop", githubtest.Write("Dockerfile", "FROM scratch\n"))
		w.repo.Allow("alice", "write")
		w.inst = g.Install(w.registered, "acme", w.repo)
		w.at = app.Repository{Installation: w.inst.ID, ID: w.repo.ID, Owner: "acme", Name: "shop"}
		w.client = w.newClient()
		test(t, w)
		w.noneLimited()
	})
}

// newClient is one more replica: it shares the database, not the memory.
func (w *world) newClient(change ...func(*github.Config)) *github.Client {
	w.Helper()
	config := github.Config{
		Credentials: app.Credentials{AppID: w.registered.ID, Slug: w.registered.Slug, Host: w.github.URL, PrivateKey: w.registered.PrivateKey},
		Objects:     w.objects, Ledger: w.ledger, Transport: w.way,
		Observe: func(q github.Quota) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.quotas = append(w.quotas, q)
		},
	}
	for _, do := range change {
		do(&config)
	}
	c, err := github.New(config)
	if err != nil {
		w.Fatal(err)
	}
	return c
}

// noneLimited fails when a request came while GitHub wanted none.
func (w *world) noneLimited() {
	w.Helper()
	for _, r := range w.github.Requests() {
		if r.Limited {
			w.Errorf("%s came during a limit", r)
		}
	}
}

// requests are those since the last call, apart from those for tokens.
func (w *world) requests() []string {
	var list []string
	for _, r := range w.github.Requests() {
		if !strings.HasSuffix(r.Path, "/access_tokens") {
			list = append(list, r.Method+" "+r.Path)
		}
	}
	w.github.ForgetRequests()
	return list
}

// change opens what a pull request changes, with all files.
func (w *world) change(base, head string, tip ...string) app.Change {
	w.Helper()
	return w.changeBy(w.client, base, head, tip...)
}

func (w *world) changeBy(c *github.Client, base, head string, tip ...string) app.Change {
	w.Helper()
	ch, err := c.Change(w.Context(), w.at, base, head, tip)
	if err != nil {
		w.Fatal(err)
	}
	return ch
}

// objects is the cache of the database, as a map.
type objects struct {
	mu    sync.Mutex
	known map[string][]byte
}

func (o *objects) Objects(_ context.Context, names []string) (map[string][]byte, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	found := map[string][]byte{}
	for _, name := range names {
		if data, ok := o.known[name]; ok {
			found[name] = data
		}
	}
	return found, nil
}

func (o *objects) KeepObjects(_ context.Context, objects map[string][]byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for name, data := range objects {
		o.known[name] = slices.Clone(data)
	}
	return nil
}

// ledger counts what is spent, and refuses when told.
type ledger struct {
	mu     sync.Mutex
	spent  int
	refuse error
}

func (l *ledger) Spend(context.Context, int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refuse != nil {
		return l.refuse
	}
	l.spent++
	return nil
}

// patient does a job until it is done, as the queue does: again after an error, and not
// before GitHub wants it.
func (w *world) patient(job func() error) []error {
	w.Helper()
	var errs []error
	for range 6 {
		err := job()
		if err == nil {
			return errs
		}
		errs = append(errs, err)
		if limited := limitOf(err); limited != nil {
			time.Sleep(time.Until(limited.Until))
		} else {
			time.Sleep(time.Second)
		}
	}
	w.Fatalf("not done after %d attempts: %v", len(errs), errs)
	return nil
}

func note(i int) githubtest.Annotation {
	return githubtest.Annotation{Path: "Dockerfile", StartLine: i, EndLine: i, Level: "warning", Message: fmt.Sprint("message ", i), Title: fmt.Sprint("title ", i)}
}
