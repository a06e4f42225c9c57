// Package store is what chiselbot must not forget, in one SQLite file or in PostgreSQL:
// deliveries that were processed, heads and check runs, objects of git, what was spent of
// GitHub's limits, and the App's credentials. The queue keeps its own tables beside them.
//
// It knows SQL and the words of package app, and neither HTTP nor GitHub.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Config says where the database is.
type Config struct {
	// URL is "postgres://…" of a PostgreSQL, or the path of a SQLite file, which is created
	// with mode 0600.
	URL string
	// Key encrypts the credentials; when empty they are stored as they are.
	Key string
	// CacheBytes is how much of git's objects is kept, by default 512 MiB.
	CacheBytes int64
	// Now is the clock, by default the system's.
	Now func() time.Time
}

// A Store is an open database.
type Store struct {
	// SQLite is set or Postgres is: what the queue shares. SQLite has one connection, for
	// which writers queue up instead of colliding.
	SQLite   *sql.DB
	Postgres *pgxpool.Pool

	read  *sql.DB // for reading alone
	write *sql.DB
	// persist waits until what was committed survives a loss of power.
	persist func() error
	key     string
	now     func() time.Time
	cap     int64
	added   atomic.Int64 // bytes of objects since there was last made room
	close   []func() error
}

// Open opens the database and brings it up to date.
func Open(ctx context.Context, c Config) (*Store, error) {
	s := &Store{key: c.Key, now: c.Now, cap: c.CacheBytes}
	if s.now == nil {
		s.now = time.Now
	}
	if s.cap == 0 {
		s.cap = 512 << 20
	}
	open := s.openSQLite
	if IsPostgres(c.URL) {
		open = s.openPostgres
	}
	err := open(ctx, c.URL)
	if err == nil {
		err = s.Exclusive(ctx, s.migrate)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// IsPostgres reports whether the address is that of a PostgreSQL.
func IsPostgres(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}

// Close closes the database.
func (s *Store) Close() error {
	var errs []error
	for _, end := range slices.Backward(s.close) {
		errs = append(errs, end())
	}
	return errors.Join(errs...)
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.read.PingContext(ctx); err != nil {
		return fmt.Errorf("reach database: %w", err)
	}
	return nil
}

// A Tx is a transaction in which the queue takes part through the driver's own type.
type Tx struct {
	SQLite   *sql.Tx
	Postgres pgx.Tx
}

// InTx runs do in a transaction that is committed unless do returns an error. When it
// returns, what was done survives a loss of power.
func (s *Store) InTx(ctx context.Context, do func(Tx) error) error {
	if s.Postgres != nil {
		return pgx.BeginFunc(ctx, s.Postgres, func(tx pgx.Tx) error { return do(Tx{Postgres: tx}) })
	}
	return s.inSQL(ctx, func(tx *sql.Tx) error { return do(Tx{SQLite: tx}) })
}

func (tx Tx) exec(ctx context.Context, query string, args ...any) error {
	if tx.Postgres != nil {
		_, err := tx.Postgres.Exec(ctx, query, args...)
		return err
	}
	_, err := tx.SQLite.ExecContext(ctx, placeholder.ReplaceAllString(query, "?"), args...)
	return err
}

// inSQL is InTx for statements that both databases understand.
func (s *Store) inSQL(ctx context.Context, do func(*sql.Tx) error) error {
	if err := s.loosely(ctx, do); err != nil {
		return err
	}
	return s.persist()
}

// exec is inSQL for one statement.
func (s *Store) exec(ctx context.Context, query string, args ...any) error {
	if _, err := s.write.ExecContext(ctx, s.sql(query), args...); err != nil {
		return err
	}
	return s.persist()
}

// loosely is inSQL for what can be had again when it is lost.
func (s *Store) loosely(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

var placeholder = regexp.MustCompile(`\$\d+`)

// sql is a query in the database's dialect. Queries number their arguments as PostgreSQL
// does, each used once and in order, because SQLite's only count them.
func (s *Store) sql(query string) string {
	if s.Postgres != nil {
		return query
	}
	return placeholder.ReplaceAllString(query, "?")
}

// list is the placeholders of n arguments after the first that are taken.
func list(taken, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("$" + strconv.Itoa(taken+i+1))
	}
	return b.String()
}

// migrate runs the migrations that the database has not seen.
func (s *Store) migrate(ctx context.Context) error {
	if _, err := s.write.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS chiselbot_migration (name TEXT PRIMARY KEY)"); err != nil {
		return fmt.Errorf("create table of migrations: %w", err)
	}
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	for _, name := range names {
		text, err := fs.ReadFile(migrations, name)
		if err != nil {
			return err
		}
		err = s.inSQL(ctx, func(tx *sql.Tx) error {
			res, err := tx.ExecContext(ctx, s.sql("INSERT INTO chiselbot_migration (name) VALUES ($1) ON CONFLICT DO NOTHING"), path.Base(name))
			if err != nil {
				return err
			}
			if n, err := res.RowsAffected(); err != nil || n == 0 {
				return err
			}
			_, err = tx.ExecContext(ctx, string(text))
			return err
		})
		if err != nil {
			return fmt.Errorf("migrate database with %s: %w", path.Base(name), err)
		}
	}
	return nil
}

// milliseconds is an instant as it is stored; none is 0.
func milliseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}
