package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"github.com/chiselbot/chiselbot/app/githubtest"
	"github.com/chiselbot/chiselbot/app/webhook"
)

// longest is how long a test waits for what must happen.
const longest = 2 * time.Minute

// A town is a GitHub with an App, and where the App's server is to listen.
type town struct {
	*testing.T
	github *githubtest.GitHub
	app    *githubtest.App
	listen string
	env    []string
}

// newTown makes a GitHub whose App has its server at a free port.
func newTown(t *testing.T) *town {
	t.Helper()
	g, err := githubtest.Start(githubtest.Options{Enterprise: true, Report: func(problem string) { t.Error(problem) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	w := &town{T: t, github: g, listen: freeAddress(t)}
	g.AddUser("alice")
	g.AddOrganization("acme")
	w.app = g.AddApp("acme", githubtest.App{
		Slug: "chiselbot", WebhookURL: "http://" + w.listen + "/webhook", WebhookSecret: "a secret that no log may show",
		Permissions: permissions(), Events: webhook.Events(),
	})
	key := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(key, []byte(w.app.PrivateKey), 0o600); err != nil {
		t.Fatal(err)
	}
	w.env = []string{
		"CHISELBOT_LISTEN=" + w.listen, "CHISELBOT_GITHUB_HOST=" + g.URL, fmt.Sprint("CHISELBOT_APP_ID=", w.app.ID),
		"CHISELBOT_PRIVATE_KEY_FILE=" + key, "CHISELBOT_WEBHOOK_SECRET=an-old-one " + strings.ReplaceAll(w.app.WebhookSecret, " ", "-"),
		"CHISELBOT_LOG_LEVEL=debug", "CHISELBOT_LOG_FORMAT=json",
	}
	w.app.WebhookSecret = strings.ReplaceAll(w.app.WebhookSecret, " ", "-")
	return w
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed at once
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return address
}

// A served is a running "chiselbot serve".
type served struct {
	t      *testing.T
	listen string
	cmd    *exec.Cmd
	log    *lockedBuffer
	ended  chan struct{}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// serve starts a process; the environment adds to the town's.
func (w *town) serve(env ...string) *served {
	w.Helper()
	p := spawnServe(w.T, w.listen, append(slices.Clone(w.env), env...))
	p.awaitReady()
	return p
}

func spawnServe(t *testing.T, listen string, env []string) *served {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &served{t: t, listen: listen, log: &lockedBuffer{}, ended: make(chan struct{})}
	p.cmd = exec.Command(self, "serve") //nolint:noctx // it is killed, not cancelled
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, env...)
	p.cmd.Dir = t.TempDir()
	p.cmd.Stderr = p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = p.cmd.Wait(); close(p.ended) }()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("log of the server:\n%s", p.log)
		}
	})
	return p
}

func (p *served) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.ended
}

// terminate asks the process to end and waits for it.
func (p *served) terminate() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	select {
	case <-p.ended:
	case <-time.After(longest):
		p.t.Fatal("the server does not end")
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		p.t.Errorf("the server ended with %d", code)
	}
}

func (p *served) get(path string) (int, string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(context.WithoutCancel(p.t.Context()), http.MethodGet, "http://"+p.listen+path, http.NoBody)
	if err != nil {
		p.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(body)
}

func (p *served) await(what string, done func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(longest); !done(); time.Sleep(20 * time.Millisecond) {
		select {
		case <-p.ended:
			p.t.Fatalf("the server ended before %s", what)
		default:
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("%s did not happen", what)
		}
	}
}

func (p *served) awaitReady() {
	p.t.Helper()
	p.await("it was ready", func() bool { status, _ := p.get("/readyz"); return status == http.StatusOK })
}

// awaitRun waits for a completed check run on a commit and returns it.
func (p *served) awaitRun(repo *githubtest.Repository, commit string) githubtest.CheckRun {
	p.t.Helper()
	var run githubtest.CheckRun
	p.await("a check run on "+commit, func() bool {
		runs := repo.CheckRuns(commit)
		if len(runs) == 0 || runs[0].Status != "completed" {
			return false
		}
		run = runs[0]
		return true
	})
	return run
}

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
