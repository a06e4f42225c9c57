package store_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/store"
	"github.com/chiselbot/chiselbot/app/store/storetest"
)

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
