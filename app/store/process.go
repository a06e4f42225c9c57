package store

import (
	"context"
	"fmt"
	"time"
)

// Alive writes down that a process works, and forgets which it had been told of as dead.
func (s *Store) Alive(ctx context.Context, process string) error {
	_, err := s.write.ExecContext(ctx, s.sql(`INSERT INTO chiselbot_process (id, seen_at) VALUES ($1, $2)
		ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at`), process, milliseconds(s.now()))
	if err != nil {
		return fmt.Errorf("say that this process is alive: %w", err)
	}
	return nil
}

// Living lists the processes that were alive within the time given.
func (s *Store) Living(ctx context.Context, within time.Duration) ([]string, error) {
	rows, err := s.read.QueryContext(ctx, s.sql("SELECT id FROM chiselbot_process WHERE seen_at >= $1"), milliseconds(s.now().Add(-within)))
	if err != nil {
		return nil, fmt.Errorf("look up processes: %w", err)
	}
	var ids []string
	err = each(rows, func() error {
		var id string
		if err := rows.Scan(&id); err != nil {
			return err
		}
		ids = append(ids, id)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look up processes: %w", err)
	}
	return ids, nil
}

// Dead removes a process that has ended.
func (s *Store) Dead(ctx context.Context, process string) error {
	if _, err := s.write.ExecContext(ctx, s.sql("DELETE FROM chiselbot_process WHERE id = $1"), process); err != nil {
		return fmt.Errorf("say that this process has ended: %w", err)
	}
	return nil
}
