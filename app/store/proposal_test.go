package store_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/store"
	"github.com/chiselbot/chiselbot/app/store/storetest"
)

// generous are limits that nothing reaches.
var generous = app.Limits{Open: 100, AllOpen: 100, Hour: 100, Day: 100}

func repository(id int64) app.Repository {
	return app.Repository{Installation: 1, ID: id, Owner: "acme", Name: fmt.Sprint("repo-", id)}
}

// reserve reserves and says what the limit is, empty for none.
func reserve(t *testing.T, s *store.Store, repo app.Repository, branch string, l app.Limits) (app.Limit, time.Time) {
	t.Helper()
	err := s.Reserve(t.Context(), repo, branch, "job", l)
	if later := (*app.Later)(nil); errors.As(err, &later) {
		return later.Limit, later.Until
	}
	check(t, err)
	return "", time.Time{}
}

func saved(t *testing.T, s *store.Store, repo app.Repository, number int, state app.ProposalState) {
	t.Helper()
	check(t, s.SaveProposal(t.Context(), app.KnownProposal{Repository: repo, Branch: "a", Number: number, State: state}))
}

func TestReserveOpen(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		s := open(t, address, newClock())
		demand := func(repo app.Repository, branch string, l app.Limits, want app.Limit) {
			t.Helper()
			if got, _ := reserve(t, s, repo, branch, l); got != want {
				t.Errorf("%s %s: limit %q, want %q", repo, branch, got, want)
			}
		}
		two := generous
		two.Open, two.AllOpen = 2, 3
		demand(repository(1), "a", two, "")
		demand(repository(1), "a", two, "") // the same one again
		demand(repository(1), "b", two, "")
		demand(repository(1), "c", two, app.LimitOpen)
		saved(t, s, repository(1), 7, app.Opened)
		demand(repository(1), "c", two, app.LimitOpen)
		demand(repository(2), "a", two, "")
		demand(repository(3), "a", two, app.LimitAllOpen)
		demand(app.Repository{Installation: 2, ID: 4}, "a", two, "")
		check(t, s.Release(t.Context(), repository(1), "b", "job"))
		demand(repository(3), "a", two, "")
		saved(t, s, repository(1), 7, app.Merged)
		demand(repository(1), "c", two, "")
		none := generous
		none.Open = 0
		demand(repository(9), "a", none, app.LimitOpen)
	})
}

func TestReserveFirst(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		s := open(t, address, newClock())
		one := generous
		one.One = true
		repo := repository(1)
		reserve(t, s, repo, "a", one)
		saved(t, s, repo, 1, app.Opened)
		if got, _ := reserve(t, s, repo, "b", one); got != app.LimitFirst {
			t.Errorf("a second one beside the first: %q", got)
		}
		if got, _ := reserve(t, s, repository(2), "b", one); got != "" {
			t.Errorf("one in another repository: %q", got)
		}
		saved(t, s, repo, 1, app.Declined)
		for _, branch := range []string{"b", "c"} {
			if got, _ := reserve(t, s, repo, branch, one); got != "" {
				t.Errorf("%s after somebody closed the first: %q", branch, got)
			}
		}
	})
}

func TestReserveRate(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		c := newClock()
		s := open(t, address, c)
		few := generous
		few.Hour, few.Day = 2, 3
		begun := c.now()
		for n := range 2 {
			reserve(t, s, repository(int64(n)), "a", few)
			saved(t, s, repository(int64(n)), 1, app.Opened)
			saved(t, s, repository(int64(n)), 1, app.Merged) // it was opened nevertheless
			c.advance(time.Minute)
		}
		limit, until := reserve(t, s, repository(3), "a", few)
		if want := begun.Add(time.Hour); limit != app.LimitHour || !until.Equal(want) {
			t.Errorf("limit %q until %s, want %s", limit, until, want)
		}
		c.advance(until.Sub(c.now()))
		if limit, _ := reserve(t, s, repository(3), "a", few); limit != "" {
			t.Errorf("limit %q after an hour", limit)
		}
		saved(t, s, repository(3), 1, app.Opened)
		c.advance(time.Hour)
		limit, until = reserve(t, s, repository(4), "a", few)
		if want := begun.Add(24 * time.Hour); limit != app.LimitDay || !until.Equal(want) {
			t.Errorf("limit %q until %s, want %s", limit, until, want)
		}
		// One that was there before anything was remembered uses nothing up.
		c.advance(25 * time.Hour)
		for n := range 5 {
			saved(t, s, repository(int64(10+n)), 1, app.Opened)
		}
		if limit, _ := reserve(t, s, repository(4), "a", few); limit != "" {
			t.Errorf("limit %q", limit)
		}
	})
}

// TestReserveHeld: two jobs do not open the same pull request, and neither takes back what
// the other one reserved.
func TestReserveHeld(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		c := newClock()
		s := open(t, address, c)
		check(t, s.Reserve(t.Context(), repository(1), "a", "one", generous))
		for range 2 {
			if err := s.Reserve(t.Context(), repository(1), "a", "two", generous); !errors.Is(err, app.ErrBusy) {
				t.Errorf("a second job: %v", err)
			}
			check(t, s.Release(t.Context(), repository(1), "a", "two"))
		}
		check(t, s.Release(t.Context(), repository(1), "a", "one"))
		check(t, s.Reserve(t.Context(), repository(1), "a", "two", generous))
		c.advance(time.Hour + time.Minute)
		check(t, s.Reserve(t.Context(), repository(1), "a", "one", generous))
	})
}

// TestReserveAbandoned: a reservation that nobody used holds for an hour.
func TestReserveAbandoned(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		c := newClock()
		s := open(t, address, c)
		one := generous
		one.Open, one.Hour = 1, 1
		reserve(t, s, repository(1), "a", one)
		if got, _ := reserve(t, s, repository(1), "b", one); got != app.LimitOpen {
			t.Errorf("limit %q", got)
		}
		c.advance(time.Hour + time.Minute)
		check(t, s.Forget(t.Context()))
		if got, _ := reserve(t, s, repository(1), "b", one); got != "" {
			t.Errorf("limit %q after the reservation ended", got)
		}
	})
}

// TestReserveOnce lets many reserve at once, as replicas do: together they keep the limit.
func TestReserveOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		s := open(t, address, newClock())
		l := app.Limits{Open: 10, AllOpen: 10, Hour: 7, Day: 10}
		var reserved atomic.Int64
		var wg sync.WaitGroup
		for n := range 20 {
			wg.Go(func() {
				if s.Reserve(t.Context(), repository(int64(n%5)), fmt.Sprint("branch-", n), "job", l) == nil {
					reserved.Add(1)
				}
			})
		}
		wg.Wait()
		if reserved.Load() != 7 {
			t.Errorf("%d reserved", reserved.Load())
		}
	})
}

// TestProposals remembers across a restart.
func TestProposals(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		c := newClock()
		s, err := store.Open(t.Context(), store.Config{URL: address, Now: c.now})
		check(t, err)
		repo := repository(1)
		want := app.KnownProposal{Repository: repo, Branch: "a", Number: 3, State: app.Opened, Dressed: true}
		check(t, s.SaveProposal(t.Context(), want))
		check(t, s.SaveNextSweep(t.Context(), repo.ID, c.now()))
		check(t, s.Close())
		s = open(t, address, c)
		got, err := s.Proposal(t.Context(), repo, "a", 3)
		check(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("remembered (-want +got):\n%s", diff)
		}
		if _, err := s.Proposal(t.Context(), repo, "a", 4); !errors.Is(err, app.ErrNotFound) {
			t.Errorf("another one: %v", err)
		}
		if next, err := s.NextSweep(t.Context(), repo.ID); err != nil || !next.Equal(c.now()) {
			t.Errorf("next sweep %s, %v", next, err)
		}
		if next, err := s.NextSweep(t.Context(), 99); err != nil || !next.IsZero() {
			t.Errorf("next sweep of another %s, %v", next, err)
		}
		if stale, err := s.StaleProposals(t.Context(), 1, 10); err != nil || len(stale) > 0 {
			t.Errorf("stale %+v, %v", stale, err)
		}
		c.advance(2 * time.Hour)
		stale, err := s.StaleProposals(t.Context(), 1, 10)
		check(t, err)
		if diff := cmp.Diff([]app.KnownProposal{want}, stale); diff != "" {
			t.Errorf("stale (-want +got):\n%s", diff)
		}
	})
}
