package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"
)

const (
	// deadAfter is after how many beats of silence a process is taken for dead.
	deadAfter = 5
	// forgetEvery is how often the store is cleaned.
	forgetEvery = time.Hour
)

// beat says that this process is alive, hands on what dead ones left, and cleans up.
func (q *Queue) beat(ctx context.Context) {
	tick := time.NewTicker(q.config.Beat)
	defer tick.Stop()
	var cleaned time.Time
	for {
		err := q.config.Store.Alive(ctx, q.id)
		if err == nil && q.config.Store.Postgres != nil {
			err = q.adopt(ctx)
		}
		if err == nil && time.Since(cleaned) > forgetEvery {
			err = q.config.Store.Forget(ctx)
			cleaned = time.Now()
		}
		if err != nil && ctx.Err() == nil {
			q.logger.ErrorContext(ctx, "keep the queue in order", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// adopt makes jobs available again that no living process works on.
func (q *Queue) adopt(ctx context.Context) error {
	var n int64
	if db := q.config.Store.SQLite; db != nil {
		// The file is ours alone, so nobody else runs anything; nor does anybody else lead,
		// which a dead leader's row would say for another 15 seconds.
		if _, err := db.ExecContext(ctx, "DELETE FROM river_leader"); err != nil {
			return fmt.Errorf("hand on jobs: %w", err)
		}
		res, err := db.ExecContext(ctx, "UPDATE river_job SET state = 'available' WHERE state = 'running'")
		if err != nil {
			return fmt.Errorf("hand on jobs: %w", err)
		}
		if n, err = res.RowsAffected(); err != nil {
			return fmt.Errorf("hand on jobs: %w", err)
		}
	} else {
		living, err := q.config.Store.Living(ctx, deadAfter*q.config.Beat)
		if err != nil {
			return err
		}
		tag, err := q.config.Store.Postgres.Exec(ctx, `UPDATE river_job SET state = 'available', scheduled_at = now()
			WHERE state = 'running' AND NOT (attempted_by[array_upper(attempted_by, 1)] = ANY ($1))`, living)
		if err != nil {
			return fmt.Errorf("hand on jobs: %w", err)
		}
		n = tag.RowsAffected()
	}
	if n > 0 {
		q.logger.WarnContext(ctx, "hand on jobs of a process that died", slog.Int64("jobs", n))
	}
	return nil
}

func stack() slog.Attr { return slog.String("stack", string(debug.Stack())) }
