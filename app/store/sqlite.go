package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
)

// openSQLite opens a file that this process has alone: only one that knows that no other
// process works may take a running job for an orphan.
func (s *Store) openSQLite(ctx context.Context, file string) error {
	file, err := filepath.Abs(file)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	held, err := lock(file + ".lock")
	if err != nil {
		return fmt.Errorf("lock database: %w", err)
	}
	s.close = append(s.close, held.Close)
	// SQLite gives the files beside it the mode of this one.
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("open database: %w", err)
	}

	// With synchronous FULL a commit is on the disk before GitHub is told that its
	// delivery was taken.
	write, err := openPool(dsn(file, url.Values{"_txlock": {"immediate"}}, "journal_mode(WAL)", "busy_timeout(5000)", "synchronous(FULL)"))
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	write.SetMaxOpenConns(1)
	s.close = append(s.close, write.Close)
	if err := write.PingContext(ctx); err != nil {
		return fmt.Errorf("open database %s: %w", file, err)
	}
	read, err := openPool(dsn(file, url.Values{}, "busy_timeout(5000)", "query_only(1)"))
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	read.SetMaxOpenConns(4)
	s.close = append(s.close, read.Close)
	s.SQLite, s.write, s.read = write, write, read
	return nil
}

func openPool(name string) (*sql.DB, error) {
	c, err := sqlite.NewConnector(name)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(compiling{c}), nil
}

// dsn is the driver's name of a file, opened under pragmas.
func dsn(file string, q url.Values, pragmas ...string) string {
	q["_pragma"] = pragmas
	return (&url.URL{Scheme: "file", OmitHost: true, Path: file, RawQuery: q.Encode()}).String()
}

var errInUse = errors.New("another process uses it; several processes need PostgreSQL, by DATABASE_URL")
