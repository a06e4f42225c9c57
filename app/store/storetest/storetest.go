// Package storetest gives tests a database: a SQLite file, and a PostgreSQL that belongs
// to the test program alone.
//
// PostgreSQL is what Debian installs, started in a folder of its own on a socket of its
// own. Where it is absent the tests on it are skipped, unless CHISELBOT_TEST_POSTGRES is
// "required".
package storetest

import (
	"path/filepath"
	"testing"

	"github.com/chiselbot/chiselbot/app/store"
)

// Each runs a test on each kind of database, whose address it gets.
func Each(t *testing.T, test func(t *testing.T, address string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, SQLite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, Postgres(t))
	})
}

// SQLite is the path of a file that does not exist yet.
func SQLite(tb testing.TB) string { return filepath.Join(tb.TempDir(), "chiselbot.db") }

// Open opens a database until the test ends.
func Open(tb testing.TB, c store.Config) *store.Store {
	tb.Helper()
	s, err := store.Open(tb.Context(), c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("close database: %v", err)
		}
	})
	return s
}
