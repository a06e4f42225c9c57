package store_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/store/storetest"
)

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
