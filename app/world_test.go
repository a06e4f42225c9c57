package app_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/github"
	"github.com/chiselbot/chiselbot/app/githubtest"
	"github.com/chiselbot/chiselbot/app/jobs"
	"github.com/chiselbot/chiselbot/app/review"
	"github.com/chiselbot/chiselbot/app/store"
	"github.com/chiselbot/chiselbot/app/store/storetest"
	"github.com/chiselbot/chiselbot/app/webhook"
	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/fixes"
)

// patience is how long a test waits for what must happen.
const patience = 60 * time.Second

// userRule finds every USER root, so that these tests depend on no real rule.
var userRule = &checks.Rule{ID: "root-user", Title: "Runs as root", Severity: checks.Error, Dockerfile: func(p *checks.DockerfilePass) {
	for _, in := range p.File.Instructions {
		if in.Keyword == "USER" && in.Words[0].Value == "root" {
			p.Report(checks.Finding{Span: in.Span, Key: p.StageKey(in.Stage) + " user", Message: "The image runs as root."})
		}
	}
}}

const (
	good = "FROM debian:13\nUSER 1000\n"
	bad  = "FROM debian:13\nUSER root\n"
)

// TestMain lets many tests run at once: they wait for retries more than they work. -parallel
// on the command line counts all the same.
func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", "12"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// A world is a GitHub with one repository and a bot that serves it.
type world struct {
	*testing.T
	github *githubtest.GitHub
	app    *githubtest.App
	inst   *githubtest.Installation
	repo   *githubtest.Repository

	store *store.Store
	bot   *app.App
	queue *jobs.Queue
	rules []*checks.Rule
	clock func() time.Time            // what day it is, or nil for today
	wrap  func(app.GitHub) app.GitHub // what is between the bot and GitHub, or nil
	files int                         // how many are read of one change, or 0 for as many as usual
	build fixes.Builder               // or nil

	mu    sync.Mutex
	front http.Handler // takes webhooks, nil while the bot is down
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, rules: []*checks.Rule{userRule}}
	g, err := githubtest.Start(githubtest.Options{Report: func(problem string) { t.Error(problem) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	receiver := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		front := w.front
		w.mu.Unlock()
		if front == nil {
			panic(http.ErrAbortHandler) // the connection ends, as if nobody listened
		}
		front.ServeHTTP(rw, r)
	}))
	t.Cleanup(receiver.Close)
	w.github = g
	g.AddUser("alice")
	g.AddUser("mallory")
	g.AddOrganization("acme")
	w.app = g.AddApp("acme", githubtest.App{
		Slug: "chiselbot", WebhookURL: receiver.URL, WebhookSecret: "hush", Permissions: github.Permissions, Events: webhook.Events(),
	})
	w.repo = g.AddRepository("acme/shop", githubtest.Write("Dockerfile", good), githubtest.Write("README.md", "Shop.\n"))
	w.repo.Allow("alice", "write")
	w.inst = g.Install(w.app, "acme")
	w.store = storetest.Open(t, store.Config{URL: storetest.SQLite(t)})
	return w
}

// start starts the bot until stop or the end of the test.
func (w *world) start() {
	w.Helper()
	client, err := github.New(github.Config{
		Credentials: app.Credentials{AppID: w.app.ID, Host: w.github.URL, PrivateKey: w.app.PrivateKey}, Objects: w.store, Ledger: w.store,
		MaxFiles: w.files,
	})
	if err != nil {
		w.Fatal(err)
	}
	logger := slog.New(slog.NewTextHandler(testWriter{w.T}, nil))
	var ids []string
	for _, r := range w.rules {
		ids = append(ids, r.ID)
	}
	var way app.GitHub = client
	if w.wrap != nil {
		way = w.wrap(way)
	}
	w.bot = app.New(app.Config{Builder: w.build, GitHub: way, Memory: w.store, Logger: logger, Review: review.Options{Rules: w.rules, KnownIDs: ids}, Now: w.clock})
	w.queue, err = jobs.New(w.Context(), jobs.Config{Store: w.store, Handler: w.bot, Logger: logger, Workers: 4, Grace: 50 * time.Millisecond})
	if err != nil {
		w.Fatal(err)
	}
	w.bot.Feed(w.queue)
	w.mu.Lock()
	w.front = webhook.New(webhook.Config{
		Identity: func() (int64, []string) { return w.app.ID, []string{"hush"} }, Intake: w.queue, Logger: logger,
	})
	w.mu.Unlock()
	if err := w.queue.Start(w.Context()); err != nil {
		w.Fatal(err)
	}
	w.Cleanup(w.stop)
}

func (w *world) stop() {
	w.Helper()
	w.mu.Lock()
	running := w.front != nil
	w.front = nil
	w.mu.Unlock()
	if running {
		if err := w.queue.Stop(context.WithoutCancel(w.Context())); err != nil {
			w.Errorf("stop: %v", err)
		}
	}
}

// settle waits until all webhooks were answered and all jobs done.
func (w *world) settle() { w.Helper(); w.settled("") }

// settled is settle apart from jobs in a state: those that wait are "scheduled".
func (w *world) settled(but string) {
	w.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		w.github.Settle()
		depths, err := w.queue.Depths(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		n := 0
		for _, d := range depths {
			if d.State != but {
				n += d.Jobs
			}
		}
		if n == 0 {
			return
		}
		if time.Now().After(deadline) {
			w.Fatalf("the queue does not become empty: %+v", depths)
		}
	}
}

// runs are the check runs on a commit, each in a line.
func (w *world) runs(commit string) []string {
	var lines []string
	for _, r := range w.repo.CheckRuns(commit) {
		lines = append(lines, fmt.Sprintf("%s %s: %s, %d annotations", r.Name, r.Status+" "+r.Conclusion, r.Title, len(r.Annotations)))
	}
	return lines
}

func (w *world) demand(commit string, want ...string) {
	w.Helper()
	if got := w.runs(commit); !slices.Equal(got, want) {
		w.Errorf("check runs %q, want %q", got, want)
	}
}

// requests are those of the App, apart from those for tokens.
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

func (w *world) open(branch, dockerfile string) *githubtest.Pull {
	w.repo.Push("alice", branch, "Change", githubtest.Write("Dockerfile", dockerfile))
	return w.repo.OpenPull("alice", "Change", branch, "main")
}

type testWriter struct{ t testing.TB }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Logf("%s", p)
	return len(p), nil
}

const (
	failed   = "chiselbot completed failure: 1 new, 1 annotations"
	passed   = "chiselbot completed success: Nothing new, 0 annotations"
	noChange = "chiselbot completed success: Nothing to check, 0 annotations"
)
