package store_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/report"
	"github.com/chiselbot/chiselbot/app/store/storetest"
)

func TestRuns(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		c := newClock()
		s := open(t, address, c)
		claim := func(job int64) app.Run {
			got, fresh, err := s.ClaimRun(t.Context(), app.Run{Repository: 1, ExternalID: "e", Head: "h", Number: 7, Job: job})
			check(t, err)
			if fresh != (job == 10 && got.CheckRun == 0 && got.Changed.Equal(c.now())) {
				t.Errorf("fresh is %v for %+v", fresh, got)
			}
			return got
		}
		mine := claim(10)
		c.advance(time.Second)
		if mine.Job != 10 || mine.State != app.Claimed {
			t.Fatalf("claimed %+v", mine)
		}
		if other := claim(11); other.Job != 10 {
			t.Errorf("another job took the run: %+v", other)
		}
		mine.CheckRun, mine.State, mine.Digest = 99, app.Publishing, "d"
		check(t, s.SaveRun(t.Context(), mine))
		if again := claim(10); again.CheckRun != 99 || again.State != app.Publishing || again.Digest != "d" {
			t.Errorf("the job that owns it finds %+v", again)
		}
		stranger := mine
		stranger.Job, stranger.CheckRun = 11, 1
		check(t, s.SaveRun(t.Context(), stranger))
		if again := claim(10); again.CheckRun != 99 {
			t.Errorf("a stranger wrote the run: %+v", again)
		}
		if got, ok, err := s.RunOfJob(t.Context(), 10); !ok || err != nil || got.CheckRun != 99 {
			t.Errorf("run of the job: %+v, %v, %v", got, ok, err)
		}
		if _, ok, err := s.RunOfJob(t.Context(), 11); ok || err != nil {
			t.Errorf("run of another job: %v, %v", ok, err)
		}
		if _, ok, err := s.TwinOf(t.Context(), 1, "base", "tree"); ok || err != nil {
			t.Errorf("twin of an unfinished run: %v, %v", ok, err)
		}

		mine.State, mine.Base, mine.HeadTree, mine.Conclusion, mine.Title, mine.Summary = app.Finished, "base", "tree", report.Success, "Nothing new", "*"
		check(t, s.SaveRun(t.Context(), mine))
		mine.Changed = c.now()
		if got := claim(11); !cmp.Equal(mine, got) {
			t.Errorf("a finished run (-want +got):\n%s", cmp.Diff(mine, got))
		}
		if twin, ok, err := s.TwinOf(t.Context(), 1, "base", "tree"); !ok || err != nil || !cmp.Equal(mine, twin) {
			t.Errorf("twin %+v, %v, %v", twin, ok, err)
		}
		if _, ok, err := s.TwinOf(t.Context(), 1, "other", "tree"); ok || err != nil {
			t.Errorf("twin with another base: %v, %v", ok, err)
		}

		mine.State = app.Abandoned
		check(t, s.SaveRun(t.Context(), mine))
		if got := claim(12); got.Job != 12 || got.CheckRun != 99 {
			t.Errorf("an abandoned run is taken over as %+v", got)
		}
		c.advance(2 * time.Hour)
		if got := claim(13); got.Job != 13 {
			t.Errorf("a claim of two hours ago still holds: %+v", got)
		}
		runs, err := s.RunsOf(t.Context(), 1, "h")
		check(t, err)
		if len(runs) != 1 || runs[0].ExternalID != "e" {
			t.Errorf("runs on the head: %+v", runs)
		}
	})
}

// TestClaimOnce lets many jobs want one run.
func TestClaimOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		s := open(t, address, newClock())
		var won atomic.Int64
		var wg sync.WaitGroup
		for job := range int64(16) {
			wg.Go(func() {
				got, _, err := s.ClaimRun(t.Context(), app.Run{Repository: 1, ExternalID: "e", Job: job + 1})
				if err != nil {
					t.Error(err)
				} else if got.Job == job+1 {
					won.Add(1)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Errorf("%d jobs own the run", won.Load())
		}
	})
}
