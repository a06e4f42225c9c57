package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/store"
	"github.com/chiselbot/chiselbot/app/store/storetest"
)

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
