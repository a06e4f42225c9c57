package jobs_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/jobs"
	"github.com/chiselbot/chiselbot/app/store"
)

// patience is how long a test waits for what must happen.
const patience = 60 * time.Second

// A handler does jobs as the test says and remembers them.
type handler struct {
	do     func(ctx context.Context, attempt app.Attempt, job app.Job) error
	giveUp func(job app.Job, cause error) error

	mu   sync.Mutex
	log  []string
	news chan struct{}
}

func newHandler(do func(context.Context, app.Attempt, app.Job) error) *handler {
	return &handler{do: do, news: make(chan struct{}, 1000)}
}

func (h *handler) note(format string, args ...any) {
	h.mu.Lock()
	h.log = append(h.log, fmt.Sprintf(format, args...))
	h.mu.Unlock()
	h.news <- struct{}{}
}

func scheduled(job app.Job) bool { return job.Origin().Key == "schedule" }

func (h *handler) Do(ctx context.Context, attempt app.Attempt, job app.Job) error {
	if scheduled(job) {
		return nil
	}
	err := h.do(ctx, attempt, job)
	h.note("%s %d: %v", job.Origin().Key, attempt.Number, err)
	return err
}

func (h *handler) GiveUp(_ context.Context, _ app.Attempt, job app.Job, cause error) error {
	var err error
	if h.giveUp != nil {
		err = h.giveUp(job, cause)
	}
	h.note("%s given up: %v", job.Origin().Key, cause)
	return err
}

func (h *handler) lines() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.log)
}

// wait waits until the log has so many lines and returns them sorted.
func (h *handler) wait(t *testing.T, n int) []string {
	t.Helper()
	timeout := time.After(patience)
	for {
		if lines := h.lines(); len(lines) >= n {
			slices.Sort(lines)
			return lines
		}
		select {
		case <-h.news:
		case <-timeout:
			t.Fatalf("waited for %d lines, have %q", n, h.lines())
		}
	}
}

type testWriter struct{ t testing.TB }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Logf("%s", p)
	return len(p), nil
}

// start starts a queue until the test ends.
func start(t *testing.T, s *store.Store, h jobs.Handler, grace time.Duration) *jobs.Queue {
	t.Helper()
	q, err := jobs.New(t.Context(), jobs.Config{Store: s, Handler: h, Logger: slog.New(slog.NewTextHandler(testWriter{t}, nil)), Workers: 4, Grace: grace})
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return q
}

func stop(t *testing.T, q *jobs.Queue) {
	t.Helper()
	if err := q.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Errorf("stop: %v", err)
	}
}

func review(guid string) app.ReviewPullRequest {
	return app.ReviewPullRequest{Cause: app.Delivered(guid), Repository: app.Repository{Installation: 1, ID: 2, Owner: "o", Name: "r"}, Number: 7, Head: "h"}
}

func accept(t *testing.T, q *jobs.Queue, job app.Job) {
	t.Helper()
	if err := q.Accept(t.Context(), job, nil); err != nil {
		t.Fatal(err)
	}
}

// settled waits until no job is left to work.
func settled(t *testing.T, q *jobs.Queue) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		depths, err := q.Depths(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, d := range depths {
			n += d.Jobs
		}
		if n == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the queue does not become empty: %+v", depths)
		}
	}
}
