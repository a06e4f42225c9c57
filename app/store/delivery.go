package store

import (
	"context"
	"database/sql"
	"fmt"
	"math/bits"
	"slices"
	"time"

	"github.com/chiselbot/chiselbot/app"
)

// Processed tells which of the deliveries have been processed.
func (s *Store) Processed(ctx context.Context, guids []string) (map[string]bool, error) {
	done := map[string]bool{}
	if len(guids) == 0 {
		return done, nil
	}
	guids = padded(guids)
	rows, err := s.read.QueryContext(ctx, s.sql("SELECT guid FROM chiselbot_delivery WHERE guid IN ("+list(0, len(guids))+")"), anys(guids)...)
	if err != nil {
		return nil, fmt.Errorf("look up deliveries: %w", err)
	}
	err = each(rows, func() error {
		var guid string
		if err := rows.Scan(&guid); err != nil {
			return err
		}
		done[guid] = true
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look up deliveries: %w", err)
	}
	return done, nil
}

// MarkProcessed remembers that the jobs of deliveries are done.
func (s *Store) MarkProcessed(ctx context.Context, tx Tx, guids []string) error {
	for _, guid := range guids {
		err := tx.exec(ctx, "INSERT INTO chiselbot_delivery (guid, processed_at) VALUES ($1, $2) ON CONFLICT DO NOTHING", guid, milliseconds(s.now()))
		if err != nil {
			return fmt.Errorf("mark delivery as processed: %w", err)
		}
	}
	return nil
}

// See remembers heads in the transaction that takes their deliveries. An older sighting
// does not replace a newer one, in whatever order they come.
func (s *Store) See(ctx context.Context, tx Tx, sightings []app.Sighting) error {
	for _, one := range sightings {
		err := tx.exec(ctx, `INSERT INTO chiselbot_head (repository, number, head, changed_at, seen_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (repository, number) DO UPDATE SET head = excluded.head, changed_at = excluded.changed_at, seen_at = excluded.seen_at
			WHERE excluded.changed_at >= chiselbot_head.changed_at`,
			one.Repository, one.Number, one.Head, milliseconds(one.At), milliseconds(s.now()))
		if err != nil {
			return fmt.Errorf("remember head: %w", err)
		}
	}
	return nil
}

// NewestHead is the newest sighting of a pull request, zero when there is none.
func (s *Store) NewestHead(ctx context.Context, repository int64, number int) (app.Sighting, error) {
	rows, err := s.read.QueryContext(ctx, s.sql("SELECT head, changed_at FROM chiselbot_head WHERE repository = $1 AND number = $2"), repository, number)
	if err != nil {
		return app.Sighting{}, fmt.Errorf("look up head: %w", err)
	}
	var found app.Sighting
	err = each(rows, func() error {
		var at int64
		if err := rows.Scan(&found.Head, &at); err != nil {
			return err
		}
		found.Repository, found.Number, found.At = repository, number, instant(at)
		return nil
	})
	if err != nil {
		return app.Sighting{}, fmt.Errorf("look up head: %w", err)
	}
	return found, nil
}

// The times for which things are remembered. Deliveries can be redelivered for three
// days on github.com and for seven on a GitHub Enterprise Server; a pull request that has
// not changed for long has nobody who waits for it.
const (
	keepDeliveries = 8 * 24 * time.Hour
	keepHeads      = 60 * 24 * time.Hour
	keepRuns       = 60 * 24 * time.Hour
	keepSpending   = 2 * time.Hour
	keepProcesses  = time.Hour
)

// Forget removes what nobody will ask for again.
func (s *Store) Forget(ctx context.Context) error {
	now := s.now()
	for _, old := range []struct {
		query string
		keep  time.Duration
	}{
		{"DELETE FROM chiselbot_delivery WHERE processed_at < $1", keepDeliveries},
		{"DELETE FROM chiselbot_head WHERE seen_at < $1", keepHeads},
		{"DELETE FROM chiselbot_run WHERE changed_at < $1", keepRuns},
		{"DELETE FROM chiselbot_spending WHERE spent_at < $1", keepSpending},
		{"DELETE FROM chiselbot_process WHERE seen_at < $1", keepProcesses},
		{"DELETE FROM chiselbot_proposal WHERE number = 0 AND opened_at < $1", reservedFor},
	} {
		if _, err := s.write.ExecContext(ctx, s.sql(old.query), milliseconds(now.Add(-old.keep))); err != nil {
			return fmt.Errorf("forget what is old: %w", err)
		}
	}
	return nil
}

// each runs do for every row and closes the rows.
func each(rows *sql.Rows, do func() error) error {
	defer func() { _ = rows.Close() }() // what it would say, Err says
	for rows.Next() {
		if err := do(); err != nil {
			return err
		}
	}
	return rows.Err()
}

// padded repeats the last name until there are a power of two, so that there are few
// different statements to compile.
func padded(names []string) []string {
	n := 1 << bits.Len(uint(len(names)-1))
	return append(slices.Clip(names), slices.Repeat(names[len(names)-1:], n-len(names))...)
}

func anys[T any](values []T) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = v
	}
	return out
}
