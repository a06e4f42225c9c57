package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

// migrationLock is the advisory lock under which replicas migrate one after the other:
// "chisel" in ASCII.
const migrationLock = 0x63686973656c

func (s *Store) openPostgres(ctx context.Context, address string) error {
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return errors.New("open database: DATABASE_URL is not an address of a PostgreSQL") // the cause quotes the password
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	s.close = append(s.close, func() error { pool.Close(); return nil })
	if err := pool.Ping(ctx); err != nil {
		return fmt.Errorf("open database at %s: %w", hostOf(address), err)
	}
	db := stdlib.OpenDBFromPool(pool)
	s.close = append(s.close, db.Close)
	s.Postgres, s.read, s.write = pool, db, db
	s.persist = func() error { return nil } // a commit waits for it
	return nil
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "?"
	}
	return u.Host
}

// Exclusive runs do while no other process does the same.
func (s *Store) Exclusive(ctx context.Context, do func(context.Context) error) error {
	if s.Postgres == nil {
		return do(ctx) // the file's lock already holds
	}
	conn, err := s.Postgres.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("lock database: %w", err)
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(migrationLock)); err != nil {
		return fmt.Errorf("lock database: %w", err)
	}
	err = do(ctx)
	if _, unlock := conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(migrationLock)); unlock != nil {
		err = errors.Join(err, fmt.Errorf("unlock database: %w", unlock))
	}
	return err
}
