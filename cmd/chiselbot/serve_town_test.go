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
