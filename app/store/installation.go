package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/chiselbot/chiselbot/app"
)

// What GitHub lets an installation create in a minute and in an hour. See
// https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api.
const (
	createdPerMinute = 80
	createdPerHour   = 500
)

// share is the part of GitHub's limit, in hundredths, up to which the urgent and the
// less urgent may spend: what is left is for those before them.
var share = [...]int{app.Waiting: 100, app.Asked: 90, app.Idle: 50}

// Spend enters one request that creates content, or returns a [*app.RateLimited].
func (s *Store) Spend(ctx context.Context, installation int64) error {
	now := s.now()
	part := share[app.UrgencyOf(ctx)]
	err := s.inSQL(ctx, func(tx *sql.Tx) error {
		// The row makes all who spend for an installation wait for each other.
		if err := s.touch(ctx, tx, installation); err != nil {
			return err
		}
		for _, limit := range []struct {
			most   int
			within time.Duration
		}{{createdPerMinute, time.Minute}, {createdPerHour, time.Hour}} {
			most := limit.most * part / 100
			// The request that is most back is the one that must have left the window.
			var at int64
			err := tx.QueryRowContext(ctx, s.sql("SELECT spent_at FROM chiselbot_spending WHERE installation = $1 AND spent_at > $2 ORDER BY spent_at DESC LIMIT 1 OFFSET $3"),
				installation, milliseconds(now.Add(-limit.within)), most-1).Scan(&at)
			switch {
			case err == nil:
				return &app.RateLimited{Until: instant(at).Add(limit.within), Secondary: true, Content: true}
			case !errors.Is(err, sql.ErrNoRows):
				return err
			}
		}
		_, err := tx.ExecContext(ctx, s.sql("INSERT INTO chiselbot_spending (installation, spent_at) VALUES ($1, $2)"), installation, milliseconds(now))
		return err
	})
	if limited := (*app.RateLimited)(nil); errors.As(err, &limited) {
		return limited
	}
	if err != nil {
		return fmt.Errorf("enter request of installation %d: %w", installation, err)
	}
	return nil
}

func (s *Store) touch(ctx context.Context, tx *sql.Tx, installation int64) error {
	_, err := tx.ExecContext(ctx, s.sql(`INSERT INTO chiselbot_installation (id, silent_until) VALUES ($1, 0)
		ON CONFLICT (id) DO UPDATE SET id = excluded.id`), installation)
	return err
}

// Silence remembers until when GitHub wants to hear nothing of an installation. An
// earlier instant does not shorten a longer silence.
func (s *Store) Silence(ctx context.Context, installation int64, until time.Time) error {
	err := s.exec(ctx, `INSERT INTO chiselbot_installation (id, silent_until) VALUES ($1, $2)
		ON CONFLICT (id) DO UPDATE SET silent_until = excluded.silent_until
		WHERE chiselbot_installation.silent_until < excluded.silent_until`, installation, milliseconds(until))
	if err != nil {
		return fmt.Errorf("silence installation %d: %w", installation, err)
	}
	return nil
}

// SilentUntil is the end of an installation's silence, or an instant that has passed.
func (s *Store) SilentUntil(ctx context.Context, installation int64) (time.Time, error) {
	var until int64
	err := s.read.QueryRowContext(ctx, s.sql("SELECT silent_until FROM chiselbot_installation WHERE id = $1"), installation).Scan(&until)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, fmt.Errorf("look up silence of installation %d: %w", installation, err)
	}
	return instant(until), nil
}
