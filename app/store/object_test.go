package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chiselbot/chiselbot/app/store"
	"github.com/chiselbot/chiselbot/app/store/storetest"
)

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
