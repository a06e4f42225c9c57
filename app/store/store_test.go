package store_test

import (
	"context"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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

func (c *clock) now() time.Time { return time.UnixMilli(c.at.Load()) }

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
