//go:build !linux

package storetest

import (
	"os"
	"testing"
)

// Main runs the tests of a package that uses PostgreSQL.
func Main(m *testing.M) { os.Exit(m.Run()) }

// Postgres skips the test: PostgreSQL is started on Linux alone.
func Postgres(tb testing.TB) string {
	tb.Helper()
	tb.Skip("SKIPPED on PostgreSQL: it is started on Linux alone")
	return ""
}
