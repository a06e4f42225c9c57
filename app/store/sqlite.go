package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"modernc.org/sqlite"
)

// readers is how many connections read at once.
const readers = 4

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

	// With synchronous NORMAL a commit does not wait for the disk, which would hold up all
	// who wait for the connection; who makes a promise waits for the log, without it. Nor
	// does a commit move what is in the log to its place.
	write, err := openPool(dsn(file, url.Values{"_txlock": {"immediate"}}, "journal_mode(WAL)", "busy_timeout(5000)", "synchronous(NORMAL)", "wal_autocheckpoint(0)"))
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
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	s.close = append(s.close, read.Close)
	s.SQLite, s.write, s.read = write, write, read
	s.persist = func() error { return persist(file + "-wal") }
	s.close = append(s.close, s.keepLogShort())
	return nil
}

// persist waits until SQLite's log is on the disk, and with it all that was committed:
// what is no longer in the log is in the database, which SQLite puts on the disk before it
// uses the log anew. https://sqlite.org/wal.html
func persist(log string) error {
	f, err := os.OpenFile(log, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("put on disk what was committed: %w", err)
	}
	if err := errors.Join(syncData(f), f.Close()); err != nil {
		return fmt.Errorf("put on disk what was committed: %w", err)
	}
	return nil
}

const (
	// shortenEvery is how often what is in the log is moved to its place.
	shortenEvery = time.Second
	// longLog is how many pages of 4 KiB the log may have until the writers have to wait.
	longLog = 4096
)

// keepLogShort moves what is in the log to its place beside the writers, who would each
// now and then wait for it. While they never pause the log can still not begin anew: when
// it is long they wait for the little that came meanwhile.
func (s *Store) keepLogShort() (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(shortenEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			_ = s.shorten(ctx) // the next time does it as well
		}
	})
	return func() error { cancel(); done.Wait(); return nil }
}

func (s *Store) shorten(ctx context.Context) error {
	pages, err := checkpoint(ctx, s.read)
	if err == nil && pages > longLog {
		_, err = checkpoint(ctx, s.write)
	}
	return err
}

// checkpoint moves what is in the log to its place, and says how many pages the log has.
func checkpoint(ctx context.Context, db *sql.DB) (pages int, err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }() // it goes back
	// A connection that has read nothing yet does not know that there is a log.
	var version, busy, moved int
	if err := conn.QueryRowContext(ctx, "PRAGMA schema_version").Scan(&version); err != nil {
		return 0, err
	}
	err = conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &pages, &moved)
	return pages, err
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
