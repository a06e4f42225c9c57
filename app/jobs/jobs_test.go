package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/jobs"
	"github.com/chiselbot/chiselbot/app/store"
	"github.com/chiselbot/chiselbot/app/store/storetest"
)

// workerEnv makes the test program a process that works jobs of the database it names.
const workerEnv = "CHISELBOT_TEST_WORKER"

func TestMain(m *testing.M) {
	if address := os.Getenv(workerEnv); address != "" {
		work(address)
		return
	}
	os.Exit(storetest.M{M: m}.Run())
}

func TestOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		s := storetest.Open(t, store.Config{URL: address})
		release := make(chan struct{})
		var got []app.Job
		h := newHandler(func(_ context.Context, _ app.Attempt, job app.Job) error {
			<-release
			got = append(got, job)
			return nil
		})
		q := start(t, s, h, 0)
		defer stop(t, q)
		sighting := &app.Sighting{Repository: 2, Number: 7, Head: "h", At: time.UnixMilli(1)}
		if err := q.Accept(t.Context(), review("a"), sighting); err != nil {
			t.Fatal(err)
		}
		accept(t, q, review("a")) // redelivered while it runs
		close(release)
		h.wait(t, 1)
		settled(t, q)
		accept(t, q, review("a")) // redelivered when it is done
		accept(t, q, review("b")) // the same once more, but another event
		if diff := cmp.Diff([]string{"a 1: <nil>", "b 1: <nil>"}, h.wait(t, 2)); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
		settled(t, q)
		if n := len(h.lines()); n != 2 {
			t.Errorf("%d jobs ran", n)
		}
		if diff := cmp.Diff(app.Job(review("a")), got[0]); diff != "" {
			t.Errorf("the job comes out otherwise (-in +out):\n%s", diff)
		}
		if head, err := s.NewestHead(t.Context(), 2, 7); err != nil || head.Head != "h" {
			t.Errorf("head %+v, %v", head, err)
		}
	})
}

// TestEveryKind sends one job of each kind through the queue.
func TestEveryKind(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		repo := app.Repository{Installation: 1, ID: 2, Owner: "o", Name: "r"}
		cause := func(key string) app.Cause { return app.Cause{Key: key} }
		want := []app.Job{
			review("a"),
			app.AnswerMergeGroup{Cause: cause("b"), Repository: repo, Head: "h", HeadTree: "t", Base: "b"},
			app.Recheck{Cause: cause("c"), Repository: repo, Head: "h", Again: "x"},
			app.Command{Cause: cause("h"), Repository: repo, Number: 7, Comment: 8, Body: "/chisel help", Sender: "cat"},
			app.KeepProposal{Cause: cause("i"), Repository: repo, Branch: "main"},
			app.NoteProposal{Cause: cause("j"), Repository: repo, Branch: "chiselbot/main"},
			app.Propose{Cause: cause("k"), Repository: repo, Base: "main", Number: 7, Reply: "comment/8", Sender: "cat"},
			app.SuggestFixes{Cause: cause("l"), Repository: repo, Number: 7, Head: "h"},
			app.Sweep{Cause: cause("m"), Repository: repo},
			app.LookAtRepository{Cause: cause("d"), Repository: repo},
			app.LookAtInstallation{Cause: cause("e"), Installation: 1, Repositories: []app.Repository{repo}},
			app.LookAround{Cause: cause("f")},
			app.Redeliver{Cause: cause("g")},
		}
		var mu sync.Mutex
		got := map[string]app.Job{}
		h := newHandler(func(_ context.Context, _ app.Attempt, job app.Job) error {
			mu.Lock()
			defer mu.Unlock()
			got[job.Origin().Key] = job
			return nil
		})
		q := start(t, storetest.Open(t, store.Config{URL: address}), h, 0)
		defer stop(t, q)
		if err := q.Enqueue(t.Context(), want...); err != nil {
			t.Fatal(err)
		}
		h.wait(t, len(want))
		var sent []string
		for _, job := range want {
			sent = append(sent, job.Kind())
			if diff := cmp.Diff(job, got[job.Origin().Key]); diff != "" {
				t.Errorf("%s comes out otherwise (-in +out):\n%s", job.Kind(), diff)
			}
		}
		slices.Sort(sent)
		if diff := cmp.Diff(slices.Sorted(slices.Values(jobs.Kinds())), sent); diff != "" {
			t.Errorf("kinds (-all +sent):\n%s", diff)
		}
	})
}

func TestErrors(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		var attempts sync.Map
		h := newHandler(func(_ context.Context, _ app.Attempt, job app.Job) error {
			n, _ := attempts.LoadOrStore(job.Origin().Key, new(int))
			*n.(*int)++
			first := *n.(*int) == 1
			switch job.Origin().Key {
			case "fails once":
				if first {
					return errors.New("no")
				}
			case "limited":
				if first {
					return fmt.Errorf("read: %w", &app.RateLimited{Until: time.Now().Add(100 * time.Millisecond)})
				}
			case "always fails":
				return errors.New("no")
			case "gone":
				return fmt.Errorf("read: %w", app.ErrNotFound)
			case "forbidden":
				return fmt.Errorf("read: %w", app.ErrForbidden)
			case "invalid":
				return fmt.Errorf("write: %w", app.ErrInvalid)
			case "panics":
				if first {
					panic("no")
				}
			}
			return nil
		})
		q := start(t, storetest.Open(t, store.Config{URL: address}), h, 0)
		defer stop(t, q)
		for _, key := range []string{"fails once", "limited", "gone", "forbidden", "invalid", "panics"} {
			accept(t, q, review(key))
		}
		if err := q.Enqueue(t.Context(), app.LookAround{Cause: app.Cause{Key: "always fails"}}); err != nil {
			t.Fatal(err)
		}
		want := []string{
			"always fails 1: no",
			"always fails 2: no",
			"always fails 3: no",
			"always fails given up: no",
			"fails once 1: no",
			"fails once 2: <nil>",
			"forbidden 1: read: forbidden",
			"gone 1: read: not found",
			"invalid 1: write: not accepted by GitHub",
			"invalid given up: write: not accepted by GitHub",
			"limited 1: <nil>", // a limit costs no attempt
			"panics 2: <nil>",
		}
		lines := h.wait(t, len(want)+1)
		lines = slices.DeleteFunc(lines, func(l string) bool {
			return strings.HasPrefix(l, "limited 1: read: GitHub's primary rate limit is reached")
		})
		if diff := cmp.Diff(want, lines); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
		settled(t, q)
		accept(t, q, review("gone")) // an operator delivers it anew when it is back
		h.wait(t, len(want)+2)
	})
}

// TestQueues has more sweeps, commands and proposals than there are workers for, none of
// which ends: a pull request does not wait for them, and neither do commands and sweeps for
// proposals, whose images may be built for long.
func TestQueues(t *testing.T) {
	t.Parallel()
	look := func(key string) app.Job { return app.LookAtRepository{Cause: app.Cause{Key: key}} }
	recheck := func(key string) app.Job { return app.Recheck{Cause: app.Cause{Key: key}} }
	propose := func(key string) app.Job { return app.Propose{Cause: app.Cause{Key: key}} }
	keep := func(key string) app.Job { return app.KeepProposal{Cause: app.Cause{Key: key}} }
	sweep := func(key string) app.Job { return app.Sweep{Cause: app.Cause{Key: key}} }
	tests := []struct {
		name       string
		busy, free []func(key string) app.Job
	}{
		{"pull requests", []func(string) app.Job{look, recheck, propose, keep, sweep}, nil},
		{"commands and sweeps", []func(string) app.Job{propose, keep, sweep}, []func(string) app.Job{look, recheck}},
		{"proposals", []func(string) app.Job{sweep}, []func(string) app.Job{propose, keep}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, func(t *testing.T, address string) {
				release := make(chan struct{})
				h := newHandler(func(_ context.Context, _ app.Attempt, job app.Job) error {
					if strings.HasPrefix(job.Origin().Key, "busy") {
						<-release
					}
					return nil
				})
				q := start(t, storetest.Open(t, store.Config{URL: address}), h, 0)
				defer stop(t, q)
				enqueue := func(job app.Job) {
					if err := q.Enqueue(t.Context(), job); err != nil {
						t.Fatal(err)
					}
				}
				for i := range 10 {
					for _, job := range tt.busy {
						enqueue(job(fmt.Sprint("busy", i)))
					}
				}
				accept(t, q, review("a"))
				want := []string{"a 1: <nil>"}
				for i, job := range tt.free {
					enqueue(job(fmt.Sprint("free", i)))
					want = append(want, fmt.Sprintf("free%d 1: <nil>", i))
				}
				if diff := cmp.Diff(want, h.wait(t, len(want))); diff != "" {
					t.Errorf("log (-want +got):\n%s", diff)
				}
				close(release)
				h.wait(t, len(want)+10*len(tt.busy))
			})
		})
	}
}

// TestBuilds wants jobs that propose to have the time for builds beyond their own, and no
// others to have it.
func TestBuilds(t *testing.T) {
	t.Parallel()
	const builds = 100 * time.Hour
	storetest.Each(t, func(t *testing.T, address string) {
		h := newHandler(func(ctx context.Context, _ app.Attempt, _ app.Job) error {
			deadline, ok := ctx.Deadline()
			if left := time.Until(deadline); !ok || left > builds {
				return errors.New("builds")
			}
			return nil
		})
		q, err := jobs.New(t.Context(), jobs.Config{Store: storetest.Open(t, store.Config{URL: address}), Handler: h, Logger: slog.New(slog.DiscardHandler), Builds: builds})
		if err == nil {
			err = q.Start(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		defer stop(t, q)
		err = q.Enqueue(t.Context(), app.Propose{Cause: app.Cause{Key: "propose"}}, app.KeepProposal{Cause: app.Cause{Key: "keep"}}, app.Sweep{Cause: app.Cause{Key: "sweep"}},
			app.Command{Cause: app.Cause{Key: "command"}}, app.LookAtRepository{Cause: app.Cause{Key: "look"}}, review("review"))
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"command 1: <nil>", "keep 1: builds", "look 1: <nil>", "propose 1: builds", "review 1: <nil>", "sweep 1: builds"}
		if diff := cmp.Diff(want, h.wait(t, len(want))); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
	})
}

// TestStop stops a queue while one job ends in time and another does not.
func TestStop(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		s := storetest.Open(t, store.Config{URL: address})
		running := make(chan struct{}, 2)
		h := newHandler(func(ctx context.Context, _ app.Attempt, job app.Job) error {
			running <- struct{}{}
			if job.Origin().Key == "ends" {
				time.Sleep(100 * time.Millisecond)
				return ctx.Err()
			}
			<-ctx.Done()
			return ctx.Err()
		})
		q := start(t, s, h, 500*time.Millisecond)
		accept(t, q, review("ends"))
		accept(t, q, review("does not"))
		<-running
		<-running
		stop(t, q)
		if diff := cmp.Diff([]string{"does not 1: context canceled", "ends 1: <nil>"}, h.wait(t, 2)); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}

		second := newHandler(func(context.Context, app.Attempt, app.Job) error { return nil })
		q = start(t, s, second, 0)
		defer stop(t, q)
		if diff := cmp.Diff([]string{"does not 1: <nil>"}, second.wait(t, 1)); diff != "" {
			t.Errorf("what was handed back (-want +got):\n%s", diff)
		}
	})
}
