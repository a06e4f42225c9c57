package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/chiselbot/chiselbot/app"
)

func openFile(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), Config{URL: filepath.Join(t.TempDir(), "chiselbot.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestPersist demands that what is promised is on the disk when a method returns, and that
// a disk which fails is heard of.
func TestPersist(t *testing.T) {
	t.Parallel()
	s := openFile(t)
	ctx := t.Context()
	if err := s.persist(); err != nil {
		t.Errorf("the log of an open database: %v", err)
	}
	if err := persist(filepath.Join(t.TempDir(), "none-wal")); err == nil {
		t.Error("a log that is not there is on the disk")
	}
	broken := errors.New("the disk is broken")
	s.persist = func() error { return broken }
	run := app.Run{Repository: 1, ExternalID: "e", Job: 1}
	for name, do := range map[string]func() error{
		"take in a job":      func() error { return s.InTx(ctx, func(tx Tx) error { return s.MarkProcessed(ctx, tx, []string{"g"}) }) },
		"claim a run":        func() error { _, _, err := s.ClaimRun(ctx, run); return err },
		"save a run":         func() error { return s.SaveRun(ctx, run) },
		"spend":              func() error { return s.Spend(ctx, 1) },
		"silence":            func() error { return s.Silence(ctx, 1, time.Now()) },
		"pause":              func() error { return s.Pause(ctx, 1, 2, true) },
		"save credentials":   func() error { return s.SaveCredentials(ctx, app.Credentials{}) },
		"save how far it is": func() error { return s.SaveDeliveriesRead(ctx, time.Now()) },
	} {
		if err := do(); !errors.Is(err, broken) {
			t.Errorf("%s does not wait for the disk: %v", name, err)
		}
	}
	for name, do := range map[string]func() error{
		"keep objects": func() error { return s.KeepObjects(ctx, map[string][]byte{"n": []byte("x")}) },
		"be alive":     func() error { return s.Alive(ctx, "p") },
	} {
		if err := do(); err != nil {
			t.Errorf("%s waits for the disk: %v", name, err)
		}
	}
}

// TestStatements uses statements in every way in which they could get into each other's.
func TestStatements(t *testing.T) {
	t.Parallel()
	db := openFile(t).SQLite
	ctx := t.Context()
	exec := func(query string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(ctx, query, args...); err != nil {
			t.Fatal(err)
		}
	}
	count := func(want int) {
		t.Helper()
		var n int
		if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM t").Scan(&n); err != nil || n != want {
			t.Fatalf("%d rows, %v; want %d", n, err, want)
		}
	}
	exec("CREATE TABLE t (a INTEGER); CREATE INDEX i ON t (a)") // two in one text
	for n := range 10 {
		exec("INSERT INTO t (a) VALUES (?)", n)
	}
	count(10)

	// A statement whose rows are being read is asked for again.
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for outer := range all(t, ctx, tx) {
		for inner := range all(t, ctx, tx) {
			sum += outer * inner
		}
	}
	if err := tx.Rollback(); err != nil || sum != 45*45 {
		t.Errorf("sum %d, %v", sum, err)
	}

	// More statements than are kept, and errors in between.
	for n := range 3 * maxStatements {
		exec(fmt.Sprintf("UPDATE t SET a = a + 0 WHERE a = %d", n))
		if _, err := db.ExecContext(ctx, "INSERT INTO none VALUES (1)"); err == nil {
			t.Fatal("there is a table none")
		}
	}
	count(10)

	// The tables change.
	read := func() []string {
		rows, err := db.QueryContext(ctx, "SELECT * FROM t LIMIT 1")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }() // what it would say, Err says
		names, err := rows.Columns()
		if err != nil || !rows.Next() || rows.Err() != nil {
			t.Fatal(err, rows.Err())
		}
		return names
	}
	read()
	exec("ALTER TABLE t ADD COLUMN b TEXT")
	if names := read(); len(names) != 2 {
		t.Errorf("columns %q", names)
	}

	// A query is given up in the middle.
	short, cancel := context.WithCancel(ctx)
	rows, err := db.QueryContext(short, "SELECT a FROM t")
	if err != nil || !rows.Next() {
		t.Fatal(err)
	}
	cancel()
	_ = rows.Close() // it was given up
	exec("INSERT INTO t (a) VALUES (?)", 10)
	count(11)
}

// all are the numbers of the table t.
func all(t *testing.T, ctx context.Context, tx *sql.Tx) func(func(int) bool) { //nolint:revive // t is first in every test
	return func(yield func(int) bool) {
		rows, err := tx.QueryContext(ctx, "SELECT a FROM t")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }() // what it would say, Err says
		for rows.Next() {
			var a int
			if err := rows.Scan(&a); err != nil {
				t.Fatal(err)
			}
			if !yield(a) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLog demands that the log begins anew once all of it was moved to its place.
func TestLog(t *testing.T) {
	t.Parallel()
	s := openFile(t)
	if _, err := s.SQLite.ExecContext(t.Context(), "CREATE TABLE t (a BLOB)"); err != nil {
		t.Fatal(err)
	}
	write := func(pages int) {
		for range pages {
			if _, err := s.SQLite.ExecContext(t.Context(), "INSERT INTO t (a) VALUES (zeroblob(3000))"); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(2000)
	if err := s.shorten(t.Context()); err != nil {
		t.Fatal(err)
	}
	write(1)
	if short, err := checkpoint(t.Context(), s.read); err != nil || short > 100 {
		t.Errorf("%d pages in the log after all were moved, %v", short, err)
	}
}
