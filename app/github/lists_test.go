package github_test

import (
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/github"
	"github.com/chiselbot/chiselbot/app/githubtest"
)

func all[T any](t *testing.T, list iter.Seq2[T, error]) []T {
	t.Helper()
	var out []T
	for one, err := range list {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, one)
	}
	return out
}

// TestInstallations lists more than a page of each.
func TestInstallations(t *testing.T) {
	t.Parallel()
	inWorld(t, githubtest.Options{}, func(t *testing.T, w *world) {
		for i := range 101 {
			name := fmt.Sprint("org-", i)
			w.github.AddOrganization(name)
			w.github.Install(w.registered, name)
			w.github.Include(w.inst, w.github.AddRepository(fmt.Sprint("acme/", i)))
		}
		w.github.Suspend(w.inst)
		installations := all(t, w.client.Installations(t.Context()))
		if len(installations) != 102 || installations[0] != (app.Installation{ID: w.inst.ID, Account: "acme", Suspended: true}) {
			t.Errorf("%d installations, the first %+v", len(installations), installations[0])
		}
		w.github.Unsuspend(w.inst)
		w.repo.Archive()
		repositories := all(t, w.client.Repositories(t.Context(), w.inst.ID))
		if len(repositories) != 101 || repositories[0].String() != "acme/0" || repositories[0].Installation != w.inst.ID {
			t.Errorf("%d repositories, the first %+v", len(repositories), repositories[0])
		}
		w.requests()
		for _, err := range w.client.Repositories(t.Context(), w.inst.ID) {
			if err != nil {
				t.Error(err)
			}
			break
		}
		if got := len(w.requests()); got != 1 {
			t.Errorf("%d requests for the first", got)
		}
	})
}

// TestConditional: a list that has not changed is not counted, and one that has is read
// anew.
func TestConditional(t *testing.T) {
	t.Parallel()
	inWorld(t, githubtest.Options{}, func(t *testing.T, w *world) {
		list := func() []app.Repository { return all(t, w.client.Repositories(t.Context(), w.inst.ID)) }
		left := func() int { return w.quotas[len(w.quotas)-1].Remaining }
		for i := range 150 {
			w.github.Include(w.inst, w.github.AddRepository(fmt.Sprint("acme/", i)))
		}
		first := list()
		before := left()
		if diff := cmp.Diff(first, list()); diff != "" || left() != before {
			t.Errorf("%d requests are left of %d; %s", left(), before, diff)
		}
		w.repo.Archive()
		if got := list(); len(got) != len(first)-1 || left() != before-1 { // the first page
			t.Errorf("%d repositories; %d requests are left of %d", len(got), left(), before)
		}
	})
}

// TestOpenPullRequests lists more than a page, with what is checked.
func TestOpenPullRequests(t *testing.T) {
	t.Parallel()
	inWorld(t, githubtest.Options{Limits: &githubtest.Limits{}}, func(t *testing.T, w *world) {
		for i := range 52 {
			w.repo.OpenPull("alice", fmt.Sprint("pull ", i), w.push(fmt.Sprint("topic-", i)), "main")
		}
		pulls := w.repo.Pulls()
		pulls[1].Close("alice")
		for i, run := range []app.CheckRun{{Head: pulls[0].Head(), ExternalID: "done"}, {Head: pulls[2].Head()}} {
			if i == 0 {
				run.Output.Conclusion, run.Output.Title = "success", "Good"
			}
			if _, err := w.client.CreateCheckRun(t.Context(), w.at, run); err != nil {
				t.Fatal(err)
			}
		}
		fork := w.repo.Fork("mallory")
		fork.Push("mallory", "evil", "Fork", githubtest.Write("x", "y"))
		w.repo.OpenDraft("mallory", "fork", "mallory:evil", "main")
		heads := all(t, w.client.OpenPullRequests(t.Context(), w.at))
		if len(heads) != 52 {
			t.Fatalf("%d heads", len(heads))
		}
		for i, want := range map[int]app.Head{
			0:  {Checked: true, PullRequest: app.PullRequest{Repository: w.at, Number: 1, Open: true, Head: pulls[0].Head(), Base: w.repo.Branch("main"), HeadBranch: "topic-0", BaseBranch: "main", HeadRepository: "acme/shop", Title: "pull 0", Author: "alice", Updated: heads[0].Updated}},
			1:  {PullRequest: app.PullRequest{Repository: w.at, Number: 3, Open: true, Head: pulls[2].Head(), Base: w.repo.Branch("main"), HeadBranch: "topic-2", BaseBranch: "main", HeadRepository: "acme/shop", Title: "pull 2", Author: "alice", Updated: heads[0].Updated}},
			51: {PullRequest: app.PullRequest{Repository: w.at, Number: 53, Open: true, Draft: true, Head: fork.Branch("evil"), Base: w.repo.Branch("main"), HeadBranch: "evil", BaseBranch: "main", HeadRepository: "mallory/shop", Title: "fork", Author: "mallory", Updated: heads[0].Updated}},
		} {
			if diff := cmp.Diff(want, heads[i]); diff != "" {
				t.Errorf("head %d: %s", i, diff)
			}
		}
	})
}

// TestDeliveries finds what was not taken, and has it sent again.
func TestDeliveries(t *testing.T) {
	t.Parallel()
	inWorld(t, githubtest.Options{}, func(t *testing.T, w *world) {
		var status atomic.Int32
		status.Store(http.StatusServiceUnavailable)
		server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
			rw.WriteHeader(int(status.Load()))
		})}
		go func() { _ = server.Serve(w.receiver) }()
		defer func() { _ = server.Close() }() // it only tells that the listener was closed
		w.registered.WebhookURL = "http://bot.test/hook"
		begun := time.Now()
		for i := range 60 {
			w.repo.OpenPull("alice", "x", w.push(fmt.Sprint("topic-", i)), "main")
			time.Sleep(time.Second)
		}
		w.github.Settle()
		deliveries := all(t, w.client.Deliveries(t.Context(), begun))
		if len(deliveries) != 120 { // and that a suite is wanted
			t.Fatalf("%d deliveries", len(deliveries))
		}
		newest := deliveries[0]
		if newest.Event != "pull_request" || newest.Action != "opened" || newest.Status != 503 || newest.GUID == "" || !newest.Delivered.Equal(begun.Add(59*time.Second)) {
			t.Errorf("the newest is %+v", newest)
		}
		if late := all(t, w.client.Deliveries(t.Context(), begun.Add(50*time.Second))); len(late) != 20 {
			t.Errorf("%d deliveries of the last ten seconds", len(late))
		}
		status.Store(http.StatusAccepted)
		if err := w.client.Redeliver(t.Context(), newest.ID); err != nil {
			t.Error(err)
		}
		w.github.Settle()
		again := all(t, w.client.Deliveries(t.Context(), begun))[0]
		if again.GUID != newest.GUID || again.ID == newest.ID || again.Status != 202 {
			t.Errorf("%+v after %+v", again, newest)
		}
		if err := w.client.Redeliver(t.Context(), 1); !isNotFound(err) {
			t.Errorf("a delivery that is not there: %v", err)
		}
	})
}

// TestSelf asks who we are.
func TestSelf(t *testing.T) {
	t.Parallel()
	inWorld(t, githubtest.Options{}, func(t *testing.T, w *world) {
		got, err := w.client.Self(t.Context())
		want := app.Identity{ID: w.registered.ID, Slug: "chiselbot", Permissions: github.Permissions, Events: []string{"pull_request"}}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v %s", err, diff)
		}
	})
}

// TestKey: a key that is none is refused without being told.
func TestKey(t *testing.T) {
	t.Parallel()
	_, err := github.New(github.Config{Credentials: app.Credentials{PrivateKey: "hunter2"}})
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
}

// TestConvert registers an App from a manifest.
func TestConvert(t *testing.T) {
	t.Parallel()
	inWorld(t, githubtest.Options{}, func(t *testing.T, w *world) {
		form := url.Values{"manifest": {`{"name":"My Bot","url":"https://example.com","redirect_url":"https://example.com/done","default_permissions":{"checks":"write"}}`}}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.github.URL+"/settings/apps/new", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := w.way.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		back, err := resp.Location()
		if err != nil {
			t.Fatal(err)
		}
		code := back.Query().Get("code")
		got, err := github.Convert(t.Context(), w.github.URL, code, w.way)
		if err != nil || got.AppID == 0 || got.Slug != "my-bot" || !strings.Contains(got.PrivateKey, "PRIVATE KEY") || len(got.WebhookSecrets) != 1 || got.WebhookSecrets[0] == "" || got.Host != w.github.URL {
			t.Errorf("%v", err)
		}
		if _, err := github.Convert(t.Context(), w.github.URL, code, w.way); !isNotFound(err) {
			t.Errorf("a second time: %v", err)
		}
	})
}

// TestPeople is what a person may do, and that they were heard.
func TestPeople(t *testing.T) {
	t.Parallel()
	inWorld(t, githubtest.Options{}, func(t *testing.T, w *world) {
		for login, want := range map[string]string{"alice": "write", "mallory": "none"} {
			if got, err := w.client.Permission(t.Context(), w.at, login); got != want || err != nil {
				t.Errorf("%s: %s, %v", login, got, err)
			}
		}
		if _, err := w.client.Permission(t.Context(), w.at, "nobody"); !isNotFound(err) {
			t.Errorf("nobody: %v", err)
		}
		pull := w.repo.OpenPull("alice", "x", w.push("topic"), "main")
		id := pull.Comment("alice", "/chisel fix")
		for range 2 {
			if err := w.client.React(t.Context(), w.at, id, "eyes"); err != nil {
				t.Error(err)
			}
		}
		if got := pull.Comments()[0].Reactions; len(got) != 1 || got[0] != "eyes" {
			t.Errorf("reactions %q", got)
		}
	})
}

// TestEndpoint derives both addresses from one.
func TestEndpoint(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ host, rest, graphql string }{
		{"", "https://api.github.com/", "https://api.github.com/graphql"},
		{"https://github.com", "https://api.github.com/", "https://api.github.com/graphql"},
		{"https://github.example.com", "https://github.example.com/api/v3/", "https://github.example.com/api/graphql"},
		{"https://github.example.com:8443/", "https://github.example.com:8443/api/v3/", "https://github.example.com:8443/api/graphql"},
		{"https://acme.ghe.com", "https://api.acme.ghe.com/", "https://api.acme.ghe.com/graphql"},
		{"github.example.com", "", ""},
		{"ftp://github.example.com", "", ""},
		{"https://github.example.com/api/v3", "", ""},
		{"https://user@github.example.com", "", ""},
	} {
		rest, graphql, err := github.Endpoint(test.host)
		if rest != test.rest || graphql != test.graphql || (err == nil) != (test.rest != "") {
			t.Errorf("%q: %s, %s, %v", test.host, rest, graphql, err)
		}
	}
	for host, limits := range map[string]bool{
		"": true, "https://github.com": true, "https://acme.ghe.com": true, "https://github.example.com": false, "https://ghe.com.example.com:8443": false,
	} {
		if github.LimitsContent(host) != limits {
			t.Errorf("%q limits what is created: %t", host, !limits)
		}
	}
}
