package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/chiselbot/chiselbot/app/telemetry"
)

// Depths tells how much there is to do, by queue and by River's word for how far it is.
func (q *Queue) Depths(ctx context.Context) ([]telemetry.Depth, error) {
	const query = " FROM river_job WHERE state IN ('available', 'running', 'retryable', 'scheduled') GROUP BY queue, state ORDER BY queue, state"
	var depths []telemetry.Depth
	add := func(scan func(...any) error) error {
		var d telemetry.Depth
		var oldest int64
		if err := scan(&d.Queue, &d.State, &d.Jobs, &oldest); err != nil {
			return err
		}
		d.Oldest = time.UnixMilli(oldest)
		depths = append(depths, d)
		return nil
	}
	err := func() error {
		if pool := q.config.Store.Postgres; pool != nil {
			rows, err := pool.Query(ctx, "SELECT queue, state::text, COUNT(*), (EXTRACT(EPOCH FROM MIN(created_at)) * 1000)::bigint"+query)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				if err := add(rows.Scan); err != nil {
					return err
				}
			}
			return rows.Err()
		}
		rows, err := q.config.Store.SQLite.QueryContext(ctx, "SELECT queue, state, COUNT(*), CAST(unixepoch(MIN(created_at), 'subsec') * 1000 AS INTEGER)"+query)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // what it would say, Err says
		for rows.Next() {
			if err := add(rows.Scan); err != nil {
				return err
			}
		}
		return rows.Err()
	}()
	if err != nil {
		return nil, fmt.Errorf("measure queue: %w", err)
	}
	return depths, nil
}
