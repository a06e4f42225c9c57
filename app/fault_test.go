package app_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/githubtest"
	"github.com/chiselbot/chiselbot/app/report"
)

// TestFaults has each single request of a review go wrong, in each way, and demands that
// there is one check run with all annotations once in the end.
func TestFaults(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it waits for many retries")
	}
	many := "FROM debian:13\n" + strings.Repeat("USER root\n", 120)
	const want = "chiselbot completed failure: 120 new, 120 annotations"
	requests := 0
	t.Run("none", func(t *testing.T) {
		w := newWorld(t)
		w.start()
		w.settle()
		w.requests()
		pull := w.open("worse", many)
		w.settle()
		w.demand(pull.Head(), want)
		requests = len(w.requests())
	})
	effects := []githubtest.Effect{githubtest.BadGateway, githubtest.DropAfter, githubtest.CutBody}
	for _, effect := range effects {
		for i := range requests {
			t.Run(fmt.Sprint(effect, " ", i), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.start()
				w.settle()
				w.github.Inject(githubtest.Fault{
					Match: func(r githubtest.Request) bool { return !strings.HasSuffix(r.Path, "/access_tokens") },
					Skip:  i, Effect: effect,
				})
				pull := w.open("worse", many)
				w.settle()
				w.demand(pull.Head(), want)
			})
		}
	}
}

// TestGivesUp has GitHub refuse what is published: the person is told.
func TestGivesUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var healed atomic.Bool
	w.wrap = func(g app.GitHub) app.GitHub { return refusing{g, &healed} }
	w.start()
	pull := w.open("worse", bad)
	w.settle()
	w.demand(pull.Head(), "chiselbot completed neutral: Could not be reviewed, 0 annotations")
	healed.Store(true)
	w.repo.Press("alice", w.repo.CheckRuns(pull.Head())[0].ID, "recheck")
	w.settle()
	w.demand(pull.Head(), "chiselbot completed neutral: Could not be reviewed, 0 annotations", failed)
}

// refusing is a GitHub that does not accept failures.
type refusing struct {
	app.GitHub
	healed *atomic.Bool
}

func (r refusing) UpdateCheckRun(ctx context.Context, repo app.Repository, run app.CheckRun) error {
	if run.Output.Conclusion == report.Failure && !r.healed.Load() {
		return fmt.Errorf("update check run: %w", app.ErrInvalid)
	}
	return r.GitHub.UpdateCheckRun(ctx, repo, run)
}

// TestExpired has one of the deliveries that did not reach the bot be too old to be asked
// for again: the others are.
func TestExpired(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 3 {
		w.open(fmt.Sprint("worse", i), bad+fmt.Sprint("# ", i, "\n"))
	}
	w.github.Settle()
	lost := len(w.github.Deliveries())
	expired := &forgetful{}
	w.wrap = func(g app.GitHub) app.GitHub { expired.GitHub = g; return expired }
	w.start()
	w.settle()
	if again := len(w.github.Deliveries()) - lost; expired.asked.Load() < 2 || again < int(expired.asked.Load())-1 {
		t.Errorf("%d asked for, %d delivered again", expired.asked.Load(), again)
	}
}

// forgetful is a GitHub that no longer has the first delivery it is asked for.
type forgetful struct {
	app.GitHub
	asked atomic.Int64
}

func (f *forgetful) Redeliver(ctx context.Context, id int64) error {
	if f.asked.Add(1) == 1 {
		return fmt.Errorf("redeliver: %w", app.ErrNotFound)
	}
	return f.GitHub.Redeliver(ctx, id)
}

// TestGone demands that what is gone ends quietly.
func TestGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.settle()
	w.stop()
	pull := w.open("worse", bad)
	w.github.Settle()
	w.repo.Delete()
	w.start()
	w.settle()
	w.demand(pull.Head())
}

// TestLimited has GitHub ask for silence in the midst of a review.
func TestLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.settle()
	w.github.Inject(githubtest.Fault{
		Match:  func(r githubtest.Request) bool { return r.Method == http.MethodPatch },
		Effect: githubtest.SecondaryLimit,
	})
	w.open("worse", bad)
	w.github.Settle()
	// A minute is too long for a test: it is enough that the job waits and nothing asks.
	for {
		until, err := w.store.SilentUntil(t.Context(), w.inst.ID)
		if err != nil {
			t.Fatal(err)
		}
		if !until.IsZero() && until.After(time.Now()) {
			break
		}
	}
	before := len(w.github.Requests())
	w.repo.Push("alice", "worse", "Again", githubtest.Write("Dockerfile", bad+"# again\n"))
	w.github.Settle()
	for _, r := range w.github.Requests()[before:] {
		t.Errorf("%s came during the silence", r)
	}
}
