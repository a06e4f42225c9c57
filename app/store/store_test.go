package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/report"
	"github.com/chiselbot/chiselbot/app/store"
	"github.com/chiselbot/chiselbot/app/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.M{M: m}.Run()) }

// A clock stands until it is set.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(time.Date(2026, time.December, 1, 12, 0, 0, 0, time.UTC).UnixMilli())
	return c
}

func (c *clock) now() time.Time          { return time.UnixMilli(c.at.Load()) }
func (c *clock) advance(d time.Duration) { c.at.Add(d.Milliseconds()) }

func open(t *testing.T, address string, c *clock) *store.Store {
	t.Helper()
	return storetest.Open(t, store.Config{URL: address, Now: c.now})
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestDeliveries(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		c := newClock()
		s := open(t, address, c)
		for range 2 { // a redelivery's job may end too
			check(t, s.InTx(t.Context(), func(tx store.Tx) error { return s.MarkProcessed(t.Context(), tx, []string{"one"}) }))
		}
		done, err := s.Processed(t.Context(), []string{"one", "two"})
		check(t, err)
		if diff := cmp.Diff(map[string]bool{"one": true}, done); diff != "" {
			t.Errorf("processed (-want +got):\n%s", diff)
		}
		c.advance(7 * 24 * time.Hour) // a GitHub Enterprise Server redelivers for as long
		check(t, s.Forget(t.Context()))
		if done, err = s.Processed(t.Context(), []string{"one"}); err != nil || !done["one"] {
			t.Errorf("after seven days: %v, %v", done, err)
		}
		c.advance(48 * time.Hour)
		check(t, s.Forget(t.Context()))
		if done, err = s.Processed(t.Context(), []string{"one"}); err != nil || done["one"] {
			t.Errorf("after nine days: %v, %v", done, err)
		}
	})
}

func TestHeads(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		c := newClock()
		s := open(t, address, c)
		see := func(sightings ...app.Sighting) {
			check(t, s.InTx(t.Context(), func(tx store.Tx) error { return s.See(t.Context(), tx, sightings) }))
		}
		newest := func() string {
			got, err := s.NewestHead(t.Context(), 1, 7)
			check(t, err)
			return got.Head
		}
		if got := newest(); got != "" {
			t.Errorf("head %q before any was seen", got)
		}
		at := c.now()
		see(app.Sighting{Repository: 1, Number: 7, Head: "b", At: at}, app.Sighting{Repository: 1, Number: 8, Head: "x", At: at})
		see(app.Sighting{Repository: 1, Number: 7, Head: "a", At: at.Add(-time.Second)})
		if got := newest(); got != "b" {
			t.Errorf("an older delivery that comes late sets the head to %q", got)
		}
		see(app.Sighting{Repository: 1, Number: 7, Head: "c", At: at.Add(time.Second)})
		if got := newest(); got != "c" {
			t.Errorf("head %q, want c", got)
		}
		failed := errors.New("no")
		err := s.InTx(t.Context(), func(tx store.Tx) error {
			check(t, s.See(t.Context(), tx, []app.Sighting{{Repository: 1, Number: 7, Head: "d", At: at.Add(time.Hour)}}))
			return failed
		})
		if got := newest(); !errors.Is(err, failed) || got != "c" {
			t.Errorf("after a rollback: head %q, error %v", got, err)
		}
	})
}

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

func TestObjects(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		c := newClock()
		s := storetest.Open(t, store.Config{URL: address, Now: c.now, CacheBytes: 10_000})
		keep := func(name string, size int) {
			check(t, s.KeepObjects(t.Context(), map[string][]byte{name: []byte(strings.Repeat("x", size))}))
		}
		known := func() []string {
			var names []string
			for i := range 40 {
				names = append(names, fmt.Sprintf("o%02d", i))
			}
			got, err := s.Objects(t.Context(), names)
			check(t, err)
			var found []string
			for name, content := range got {
				if want := strings.Repeat("x", 997); string(content) != want {
					t.Errorf("%s has %d bytes", name, len(content))
				}
				found = append(found, name)
			}
			slices.Sort(found)
			return found
		}
		for i := range 9 {
			keep(fmt.Sprintf("o%02d", i), 997)
			c.advance(time.Minute)
		}
		keep("huge", 2000)
		if got := known(); len(got) != 9 {
			t.Errorf("known %q", got)
		}
		c.advance(12 * time.Hour)
		if _, err := s.Objects(t.Context(), []string{"o00"}); err != nil { // a use that counts
			t.Fatal(err)
		}
		keep("o20", 997)
		keep("o21", 997)
		keep("o22", 997)
		got := known()
		if len(got) > 10 || !slices.Contains(got, "o00") || slices.Contains(got, "o01") || !slices.Contains(got, "o22") {
			t.Errorf("after there was made room: %q", got)
		}
	})
}

func TestSpend(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		c := newClock()
		s := open(t, address, c)
		spend := func(u app.Urgency) error { return s.Spend(app.WithUrgency(t.Context(), u), 1) }
		fill := func(u app.Urgency) int {
			for n := 0; ; n++ {
				err := spend(u)
				if limited := (*app.RateLimited)(nil); errors.As(err, &limited) {
					if !limited.Until.After(c.now()) {
						t.Fatalf("limited until %s at %s", limited.Until, c.now())
					}
					return n
				}
				check(t, err)
			}
		}
		if n := fill(app.Idle); n != 40 {
			t.Errorf("a sweep creates %d in a minute", n)
		}
		if n := fill(app.Asked); n != 32 {
			t.Errorf("then commands create %d", n)
		}
		if n := fill(app.Waiting); n != 8 {
			t.Errorf("then pull requests create %d", n)
		}
		check(t, s.Spend(t.Context(), 2)) // another installation has its own limit
		total := 80
		for range 10 {
			c.advance(time.Minute + time.Millisecond)
			check(t, s.Forget(t.Context()))
			total += fill(app.Waiting)
		}
		if total != 500 {
			t.Errorf("%d created in an hour", total)
		}
		c.advance(time.Hour)
		check(t, spend(app.Idle))
	})
}

// TestSpendOnce lets many spend at once: together they do not pass the limit.
func TestSpendOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		s := open(t, address, newClock())
		var spent atomic.Int64
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 15 {
					if s.Spend(t.Context(), 1) == nil {
						spent.Add(1)
					}
				}
			})
		}
		wg.Wait()
		if spent.Load() != 80 {
			t.Errorf("%d spent", spent.Load())
		}
	})
}

func TestSilence(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		c := newClock()
		s := open(t, address, c)
		until := c.now().Add(time.Hour)
		check(t, s.Silence(t.Context(), 1, until))
		check(t, s.Silence(t.Context(), 1, c.now().Add(time.Minute)))
		if got, err := s.SilentUntil(t.Context(), 1); err != nil || !got.Equal(until) {
			t.Errorf("silent until %s, %v", got, err)
		}
		if got, err := s.SilentUntil(t.Context(), 2); err != nil || got.After(c.now()) {
			t.Errorf("another installation is silent until %s, %v", got, err)
		}
	})
}

func TestPause(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		s := open(t, address, newClock())
		for _, paused := range []bool{true, false, true} {
			check(t, s.Pause(t.Context(), 1, 2, paused))
			if got, err := s.Paused(t.Context(), 1, 2); err != nil || got != paused {
				t.Errorf("paused %t, %v; want %t", got, err, paused)
			}
		}
		if got, err := s.Paused(t.Context(), 1, 3); err != nil || got {
			t.Errorf("another pull request is paused: %t, %v", got, err)
		}
	})
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		c := newClock()
		want := app.Credentials{AppID: 1, Slug: "bot", PrivateKey: "PEM of a key", WebhookSecrets: []string{"hush"}}
		with := func(key string, do func(*store.Store)) {
			s, err := store.Open(t.Context(), store.Config{URL: address, Now: c.now, Key: key})
			check(t, err)
			do(s)
			check(t, s.Close())
		}
		with("", func(s *store.Store) {
			if _, err := s.Credentials(t.Context()); !errors.Is(err, app.ErrNotFound) {
				t.Errorf("without any: %v", err)
			}
			check(t, s.SaveCredentials(t.Context(), want))
			if got, err := s.Credentials(t.Context()); err != nil || !cmp.Equal(want, got) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
		with("an operator's key", func(s *store.Store) {
			if got, err := s.Credentials(t.Context()); err != nil || !cmp.Equal(want, got) {
				t.Errorf("plain ones with a key: %+v, %v", got, err)
			}
			check(t, s.SaveCredentials(t.Context(), want))
			if got, err := s.Credentials(t.Context()); err != nil || !cmp.Equal(want, got) {
				t.Errorf("sealed: %+v, %v", got, err)
			}
		})
		for key, says := range map[string]string{"": "give the key", "another key": "not the one"} {
			with(key, func(s *store.Store) {
				_, err := s.Credentials(t.Context())
				if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "hush") {
					t.Errorf("with key %q: %v", key, err)
				}
			})
		}
		if !store.IsPostgres(address) {
			for _, name := range []string{address, address + "-wal", address + ".lock"} {
				if info, err := os.Stat(name); err == nil && info.Mode().Perm() != 0o600 {
					t.Errorf("%s has mode %v", name, info.Mode())
				}
				if data, err := os.ReadFile(name); err == nil && strings.Contains(string(data), "PEM of a key") {
					t.Logf("%s still holds what was written without a key", name)
				}
			}
		}
	})
}

func TestValuesAndProcesses(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		c := newClock()
		s := open(t, address, c)
		if got, err := s.DeliveriesRead(t.Context()); err != nil || !got.IsZero() {
			t.Errorf("never read, but up to %s, %v", got, err)
		}
		check(t, s.SaveDeliveriesRead(t.Context(), c.now()))
		if got, err := s.DeliveriesRead(t.Context()); err != nil || !got.Equal(c.now()) {
			t.Errorf("read up to %s, %v", got, err)
		}

		check(t, s.Alive(t.Context(), "a"))
		c.advance(20 * time.Second)
		check(t, s.Alive(t.Context(), "b"))
		if got, err := s.Living(t.Context(), 15*time.Second); err != nil || !cmp.Equal(got, []string{"b"}) {
			t.Errorf("living %q, %v", got, err)
		}
		check(t, s.Dead(t.Context(), "b"))
		if got, err := s.Living(t.Context(), 15*time.Second); err != nil || len(got) > 0 {
			t.Errorf("living %q, %v", got, err)
		}
		check(t, s.Ping(t.Context()))
	})
}

// TestOpenTwice opens a database again and again, and at once.
func TestOpenTwice(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		if !store.IsPostgres(address) {
			first, err := store.Open(t.Context(), store.Config{URL: address})
			check(t, err)
			_, err = store.Open(t.Context(), store.Config{URL: address})
			if err == nil || !strings.Contains(err.Error(), "another process uses it") {
				t.Errorf("a second process: %v", err)
			}
			check(t, first.Close())
			again, err := store.Open(t.Context(), store.Config{URL: address})
			check(t, err)
			check(t, again.Close())
			return
		}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				s, err := store.Open(context.WithoutCancel(t.Context()), store.Config{URL: address})
				if err != nil {
					t.Error(err)
					return
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}
