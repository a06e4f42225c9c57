package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/github"
	"github.com/chiselbot/chiselbot/app/githubtest"
	"github.com/chiselbot/chiselbot/app/webhook"
)

const (
	goodDockerfile = "FROM debian:13.1-slim\nUSER 1000\nCMD [\"cat\"]\n"
	badDockerfile  = "FROM debian:13.1-slim\nUSER root\nCMD [\"cat\"]\n"
)

// strict has warnings fail a review.
var strict = githubtest.Write(".github/chiselbot.yml", "fail-on: warning\n")

// TestServe runs the whole way once, and looks at all that an operator sees.
func TestServe(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	repo := w.github.AddRepository("acme/shop", githubtest.Write("Dockerfile", goodDockerfile), strict)
	repo.Allow("alice", "write")
	w.github.Install(w.app, "acme")
	p := w.serve()
	repo.Push("alice", "worse", "Worse", githubtest.Write("Dockerfile", badDockerfile))
	pull := repo.OpenPull("alice", "Worse", "worse", "main")
	run := p.awaitRun(repo, pull.Head())
	if run.Conclusion != "failure" || !strings.Contains(run.Summary, "root-user") {
		t.Errorf("%s: %s", run.Conclusion, run.Summary)
	}
	p.await("all was quiet", func() bool { _, body := p.get("/metrics"); return !strings.Contains(body, "chiselbot_queue_jobs{") })

	for path, want := range map[string]string{
		"/healthz": "ok", "/readyz": `"github":"ok"`, "/": "chiselbot ",
		"/metrics": `chiselbot_deliveries_total{event="pull_request",outcome="accepted"} 1`,
	} {
		if status, body := p.get(path); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: status %d, %q", path, status, body)
		}
	}
	if status, _ := p.get("/setup"); status != http.StatusNotFound {
		t.Errorf("/setup of a registered App: status %d", status)
	}
	if status, _ := p.get("/debug/pprof/"); status != http.StatusNotFound {
		t.Errorf("profiling without its flag: status %d", status)
	}
	p.terminate()

	log := p.log.String()
	for _, secret := range []string{w.app.WebhookSecret, "an-old-one", "PRIVATE KEY", strings.Split(w.app.PrivateKey, "\n")[1], "ghs_", "Bearer", "sha256="} {
		if strings.Contains(log, secret) {
			t.Errorf("the log shows %q", secret)
		}
	}
	// The pull request may be reviewed for its webhook or, if that is first, because it was
	// found on start, where there is no delivery; then the webhook's job says so.
	published, delivered := false, false
	for line := range strings.Lines(log) {
		if !strings.Contains(line, `"kind":"review-pull-request"`) || !strings.Contains(line, `"attempt":`) {
			continue
		}
		for _, want := range []string{`"installation":`, `"repository":"acme/shop"`, `"pr":1`, `"sha":"` + pull.Head(), `"job":`} {
			if !strings.Contains(line, want) {
				t.Errorf("the line %q lacks %s", line, want)
			}
		}
		published = published || strings.Contains(line, `"publish review"`)
		delivered = delivered || strings.Contains(line, `"delivery":"`)
	}
	if !published || !delivered {
		t.Errorf("a line tells of the publication: %t, of the delivery: %t", published, delivered)
	}
}

// TestServePermissions demands that the App asks for no permission that it does not use,
// and that app.yml says what is asked for.
func TestServePermissions(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../app.yml")
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		DefaultPermissions map[string]string `yaml:"default_permissions"`
		DefaultEvents      []string          `yaml:"default_events"`
	}
	if err := yaml.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(permissions(), manifest.DefaultPermissions); diff != "" {
		t.Errorf("permissions (-code +app.yml):\n%s", diff)
	}
	if diff := cmp.Diff(webhook.Events(), manifest.DefaultEvents); diff != "" {
		t.Errorf("events (-code +app.yml):\n%s", diff)
	}
	for line := range strings.Lines(string(text)) {
		if item := strings.TrimSpace(line); (strings.HasPrefix(line, "  ")) && !strings.Contains(item, "# ") {
			t.Errorf("%q has no comment", item)
		}
	}
}

// TestServeShutdown stops a server in the midst of many reviews; the next does the rest.
func TestServeShutdown(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	repo := w.github.AddRepository("acme/shop", githubtest.Write("Dockerfile", goodDockerfile), strict)
	repo.Allow("alice", "write")
	w.github.Install(w.app, "acme")
	database := "DATABASE_URL=" + filepath.Join(t.TempDir(), "chiselbot.db")
	p := w.serve(database, "CHISELBOT_GRACE=200ms")
	var pulls []*githubtest.Pull
	for i := range 20 {
		branch := fmt.Sprint("worse", i)
		repo.Push("alice", branch, "Worse", githubtest.Write("Dockerfile", badDockerfile+fmt.Sprintf("# %d\n", i)))
		pulls = append(pulls, repo.OpenPull("alice", "Worse", branch, "main"))
	}
	p.awaitRun(repo, pulls[0].Head())
	p.terminate()
	p = w.serve(database)
	for _, pull := range pulls {
		if run := p.awaitRun(repo, pull.Head()); run.Conclusion != "failure" {
			t.Errorf("pull request %d: %s", pull.Number, run.Conclusion)
		}
		if n := len(repo.CheckRuns(pull.Head())); n != 1 {
			t.Errorf("pull request %d has %d runs", pull.Number, n)
		}
	}
}

// TestServeUnknown gives a server an App that GitHub does not know: it lives, and is not
// ready. Its profiling tools are where it was told to have them.
func TestServeUnknown(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	profiles := freeAddress(t)
	p := spawnServe(t, w.listen, append(slices.Clone(w.env), "CHISELBOT_APP_ID=99", "CHISELBOT_PPROF="+profiles))
	p.await("it lived", func() bool { status, _ := p.get("/healthz"); return status == http.StatusOK })
	status, body := p.get("/readyz")
	if status != http.StatusServiceUnavailable || !strings.Contains(body, `"github":"failed"`) || !strings.Contains(body, `"database":"ok"`) {
		t.Errorf("status %d: %s", status, body)
	}
	tools := &served{t: t, listen: profiles}
	if status, body := tools.get("/debug/pprof/"); status != http.StatusOK || !strings.Contains(body, "goroutine") {
		t.Errorf("profiling tools: status %d: %s", status, body)
	}
	if status, _ := p.get("/debug/pprof/"); status != http.StatusNotFound {
		t.Errorf("profiling tools beside the webhook: status %d", status)
	}
	p.terminate()
	if strings.Contains(p.log.String(), "Bearer") || !strings.Contains(p.log.String(), "not ready") {
		t.Errorf("log: %s", p.log)
	}
}

// TestKnown has GitHub be away, and then not know the App any more.
func TestKnown(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	client := func(id int64) *github.Client {
		c, err := github.New(github.Config{Credentials: app.Credentials{AppID: id, Host: w.github.URL, PrivateKey: w.app.PrivateKey}})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	s := &server{logger: slog.New(slog.DiscardHandler)}
	if err := s.known(t.Context()); err == nil {
		t.Error("ready without an App")
	}
	away := func() {
		w.github.Inject(githubtest.Fault{Match: func(r githubtest.Request) bool { return strings.HasSuffix(r.Path, "/app") }, Effect: githubtest.BadGateway, Times: 3})
	}
	s.client.Store(client(w.app.ID))
	away()
	if err := s.known(t.Context()); err == nil {
		t.Error("ready before GitHub has answered once")
	}
	if err := s.known(t.Context()); err != nil {
		t.Error(err)
	}
	s.met.Store(1) // long ago
	away()
	if err := s.known(t.Context()); err != nil {
		t.Errorf("while GitHub is away: %v", err)
	}
	s.client.Store(client(w.app.ID + 1))
	if err := s.known(t.Context()); err == nil {
		t.Error("ready as an App that GitHub does not know")
	}
}

// TestServeSetup registers the App through the page and works as it afterwards, and after
// a restart.
func TestServeSetup(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	env := []string{"CHISELBOT_LISTEN=" + w.listen, "DATABASE_URL=" + filepath.Join(t.TempDir(), "chiselbot.db"), "CHISELBOT_KEY=a key of sixteen or more"}
	p := spawnServe(t, w.listen, env)
	p.await("the page was offered", func() bool { return strings.Contains(p.log.String(), "/setup?token=") })
	p.await("it listened", func() bool { status, _ := p.get("/healthz"); return status == http.StatusOK })
	if status, _ := p.get("/readyz"); status != http.StatusServiceUnavailable {
		t.Errorf("ready without an App: status %d", status)
	}
	_, rest, _ := strings.Cut(p.log.String(), "/setup?token=")
	token, _, _ := strings.Cut(rest, "\n")
	registerInBrowser(t, "http://"+w.listen, token, w.github.URL)
	p.awaitReady()
	p.terminate()
	if strings.Contains(p.log.String(), "PRIVATE KEY") {
		t.Error("the log shows the private key")
	}
	p = spawnServe(t, w.listen, env)
	p.awaitReady()
	p.terminate()
	p = spawnServe(t, w.listen, env[:2]) // without the key
	<-p.ended
	if !strings.Contains(p.log.String(), "give the key by CHISELBOT_KEY") {
		t.Errorf("without the key it says: %s", p.log)
	}
}
