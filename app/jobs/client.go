package jobs

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"os"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/chiselbot/chiselbot/app/store"
)

// processID is who works on a job, unlike any other process before and after.
func processID() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	if len(host) > 60 { // River's ids have at most 100 bytes
		host = host[:60]
	}
	return fmt.Sprintf("%s-%d-%s", host, os.Getpid(), rand.Text()[:8])
}

func newClient(ctx context.Context, s *store.Store, config *river.Config) (client, error) {
	if s.Postgres != nil {
		return migrated(ctx, s, riverpgxv5.New(s.Postgres), config, func(tx store.Tx) pgx.Tx { return tx.Postgres })
	}
	return migrated(ctx, s, takingTurns{riversqlite.New(s.SQLite)}, config, func(tx store.Tx) *sql.Tx { return tx.SQLite })
}

// riverClient is a client for either database.
type riverClient[TTx any] struct {
	*river.Client[TTx]
	unwrap func(store.Tx) TTx
}

func migrated[TTx any](ctx context.Context, s *store.Store, driver riverdriver.Driver[TTx], config *river.Config, unwrap func(store.Tx) TTx) (client, error) {
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: config.Logger})
	if err != nil {
		return nil, err
	}
	err = s.Exclusive(ctx, func(ctx context.Context) error {
		_, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("migrate its tables: %w", err)
	}
	c, err := river.NewClient(driver, config)
	if err != nil {
		return nil, err
	}
	return riverClient[TTx]{Client: c, unwrap: unwrap}, nil
}

func (c riverClient[TTx]) start(ctx context.Context) error  { return c.Start(ctx) }
func (c riverClient[TTx]) drain(ctx context.Context) error  { return c.Stop(ctx) }
func (c riverClient[TTx]) cancel(ctx context.Context) error { return c.StopAndCancel(ctx) }

func (c riverClient[TTx]) insert(ctx context.Context, tx store.Tx, jobs []river.InsertManyParams) error {
	if _, err := c.InsertManyTx(ctx, c.unwrap(tx), jobs); err != nil {
		return fmt.Errorf("take in jobs: %w", err)
	}
	return nil
}
