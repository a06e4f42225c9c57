//go:build !linux

package storetest

import "testing"

// M is the tests of a package that uses PostgreSQL.
type M struct{ *testing.M }

// Postgres skips the test: PostgreSQL is started on Linux alone.
func Postgres(tb testing.TB) string {
	tb.Helper()
	tb.Skip("SKIPPED on PostgreSQL: it is started on Linux alone")
	return ""
}
