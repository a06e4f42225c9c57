package webhook_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/webhook"
)

const (
	self = 4
	guid = "72d3162e-cc78-11e3-81ab-4c9367dc0958"
)

// An intake remembers what it took.
type intake struct {
	mu   sync.Mutex
	jobs []app.Job
	err  error
}

func (in *intake) Accept(_ context.Context, job app.Job, _ *app.Sighting) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.jobs = append(in.jobs, job)
	return in.err
}

func sign(secret, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

const opened = `{"action": "opened", "number": 7, "installation": {"id": 1},
	"repository": {"id": 2, "name": "r", "full_name": "o/r", "default_branch": "main"},
	"pull_request": {"updated_at": "2026-12-01T12:00:00Z", "head": {"sha": "abc"}}}`

func delivery(body string, change func(*http.Request)) *http.Request {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/webhook", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-GitHub-Event", "pull_request")
	r.Header.Set("X-GitHub-Delivery", guid)
	r.Header.Set("X-Hub-Signature-256", sign("new", body))
	if change != nil {
		change(r)
	}
	return r
}

func TestServe(t *testing.T) {
	t.Parallel()
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	huge := `{"action":"` + strings.Repeat("x", webhook.MaxBody) + `"}`
	tests := []struct {
		name    string
		body    string
		change  func(*http.Request)
		secrets []string
		broken  error
		status  int
		jobs    int
	}{
		{name: "accepted", body: opened, status: 202, jobs: 1},
		{name: "signed with the old secret", body: opened, change: header("X-Hub-Signature-256", sign("old", opened)), status: 202, jobs: 1},
		{name: "with a charset", body: opened, change: header("Content-Type", "application/json; charset=utf-8"), status: 202, jobs: 1},
		{name: "nothing to do", body: strings.Replace(opened, "opened", "labeled", 1), status: 202},
		{name: "an event without a route", body: `{}`, change: header("X-GitHub-Event", "star"), status: 202},
		{name: "ping", body: `{"zen": "Design for failure."}`, change: header("X-GitHub-Event", "ping"), status: 200},
		{name: "signed with another secret", body: opened, change: header("X-Hub-Signature-256", sign("other", opened)), status: 401},
		{name: "signed with nothing", body: opened, change: header("X-Hub-Signature-256", sign("", opened)), status: 401},
		{name: "signed for another body", body: opened, change: header("X-Hub-Signature-256", sign("new", "{}")), status: 401},
		{name: "not signed", body: opened, change: header("X-Hub-Signature-256", ""), status: 401},
		{name: "signed with SHA-1", body: opened, change: header("X-Hub-Signature-256", "sha1=d03207e4b030cf234e3447bac4d93add4c6643d8"), status: 401},
		{name: "signature cut off", body: opened, change: header("X-Hub-Signature-256", sign("new", opened)[:40]), status: 401},
		{name: "signature not hexadecimal", body: opened, change: header("X-Hub-Signature-256", "sha256="+strings.Repeat("z", 64)), status: 401},
		{name: "not set up", body: opened, secrets: []string{}, status: 503},
		{name: "an empty secret", body: opened, secrets: []string{""}, change: header("X-Hub-Signature-256", sign("", opened)), status: 401},
		{name: "read by a browser", change: func(r *http.Request) { r.Method = http.MethodGet }, status: 405},
		{name: "a form", body: "payload=%7B%7D", change: header("Content-Type", "application/x-www-form-urlencoded"), status: 415},
		{name: "without an id", body: opened, change: header("X-GitHub-Delivery", ""), status: 400},
		{name: "with a strange id", body: opened, change: header("X-GitHub-Delivery", "'; DROP TABLE"), status: 400},
		{name: "without an event", body: opened, change: header("X-GitHub-Event", ""), status: 400},
		{name: "not JSON", body: "{", status: 400},
		{name: "without what the event promises", body: `{"action": "opened", "installation": {"id": 1}}`, status: 400},
		{name: "larger than GitHub sends", body: huge, status: 413},
		{name: "larger than it says", body: huge, change: func(r *http.Request) { r.ContentLength = -1 }, status: 413},
		{name: "cut off", change: func(r *http.Request) { r.Body = io.NopCloser(&cutOff{}) }, status: 400},
		{name: "the database is away", body: opened, broken: errors.New("away"), status: 503, jobs: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := &intake{err: tt.broken}
			secrets := tt.secrets
			if secrets == nil {
				secrets = []string{"new", "old"}
			}
			var log bytes.Buffer
			h := webhook.New(webhook.Config{
				Identity: func() (int64, []string) { return self, secrets }, Intake: in,
				Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
			})
			w := httptest.NewRecorder()
			h.ServeHTTP(w, delivery(tt.body, tt.change))
			if w.Code != tt.status || len(in.jobs) != tt.jobs {
				t.Errorf("status %d with %d jobs, want %d with %d\n%s", w.Code, len(in.jobs), tt.status, tt.jobs, w.Body)
			}
			if says := w.Body.String() + log.String(); strings.Contains(says, "sha256=") {
				t.Errorf("it tells a signature: %s", says)
			}
		})
	}
}

type cutOff struct{ read bool }

func (c *cutOff) Read(p []byte) (int, error) {
	if c.read {
		return 0, io.ErrUnexpectedEOF
	}
	c.read = true
	return copy(p, "{"), nil
}

// TestServeMemory sends more large payloads at once than there is memory for: some are
// refused, and after them all is as before.
func TestServeMemory(t *testing.T) {
	t.Parallel()
	h := webhook.New(webhook.Config{
		Identity: func() (int64, []string) { return self, []string{"new"} }, Intake: &intake{}, Logger: slog.New(slog.DiscardHandler),
	})
	var wg sync.WaitGroup
	statuses := make([]int, 8)
	half := make(chan struct{})
	for i := range statuses {
		wg.Go(func() {
			w := httptest.NewRecorder()
			body := io.MultiReader(strings.NewReader(strings.Repeat(" ", 20<<20)), &waits{half}, strings.NewReader("{}"))
			h.ServeHTTP(w, delivery("", func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(body), -1 }))
			statuses[i] = w.Code
		})
	}
	time.AfterFunc(100*time.Millisecond, func() { close(half) })
	wg.Wait()
	if !slices.Contains(statuses, http.StatusServiceUnavailable) || !slices.Contains(statuses, http.StatusUnauthorized) {
		t.Errorf("statuses %v", statuses)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, delivery(opened, nil))
	if w.Code != http.StatusAccepted {
		t.Errorf("afterwards: status %d", w.Code)
	}
}

// waits ends when its channel is closed.
type waits struct{ until <-chan struct{} }

func (w *waits) Read([]byte) (int, error) {
	<-w.until
	return 0, io.EOF
}
