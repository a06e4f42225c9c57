package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/chiselbot/chiselbot/app"
)

const runColumns = "repository, external_id, head, head_tree, base, number, job, check_run, generation, state, digest, conclusion, title, summary, changed_at"

// claimLife is after how long a claim counts no more. The queue hands on what a dead
// process had within a minute and lets no job run for that long, so that this matters
// only when somebody removed a job by hand.
const claimLife = time.Hour

// ClaimRun gives the run to run.Job, unless another job has it or it is finished, and
// returns what is remembered of it then, and whether nothing was before.
func (s *Store) ClaimRun(ctx context.Context, run app.Run) (got app.Run, fresh bool, err error) {
	now := s.now()
	const this = "SELECT " + runColumns + " FROM chiselbot_run WHERE repository = $1 AND external_id = $2"
	err = s.inSQL(ctx, func(tx *sql.Tx) error {
		find := func() (found bool, err error) {
			rows, err := tx.QueryContext(ctx, s.sql(this), run.Repository, run.ExternalID)
			if err != nil {
				return false, err
			}
			err = scanRuns(rows, func(r app.Run) { got, found = r, true })
			return found, err
		}
		known, err := find()
		if err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, s.sql(`INSERT INTO chiselbot_run (`+runColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
			ON CONFLICT (repository, external_id) DO UPDATE SET job = excluded.job, state = excluded.state, changed_at = excluded.changed_at
			WHERE chiselbot_run.state = 'abandoned' OR (chiselbot_run.state <> 'finished' AND chiselbot_run.changed_at < $16)`),
			run.Repository, run.ExternalID, run.Head, run.HeadTree, run.Base, run.Number, run.Job, run.CheckRun, run.Generation,
			string(app.Claimed), run.Digest, string(run.Conclusion), run.Title, run.Summary, milliseconds(now), milliseconds(now.Add(-claimLife)))
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return err
		}
		fresh = n == 1 && !known
		_, err = find()
		return err
	})
	if err != nil {
		return app.Run{}, false, fmt.Errorf("claim check run: %w", err)
	}
	return got, fresh, nil
}

// SaveRun remembers a run that the caller owns.
func (s *Store) SaveRun(ctx context.Context, run app.Run) error {
	err := s.exec(ctx, `UPDATE chiselbot_run SET head = $1, head_tree = $2, base = $3, check_run = $4, generation = $5,
		state = $6, digest = $7, conclusion = $8, title = $9, summary = $10, changed_at = $11
		WHERE repository = $12 AND external_id = $13 AND job = $14`,
		run.Head, run.HeadTree, run.Base, run.CheckRun, run.Generation, string(run.State), run.Digest, string(run.Conclusion), run.Title, run.Summary,
		milliseconds(s.now()), run.Repository, run.ExternalID, run.Job)
	if err != nil {
		return fmt.Errorf("remember check run: %w", err)
	}
	return nil
}

// RunsOf lists the runs on a head, newest first.
func (s *Store) RunsOf(ctx context.Context, repository int64, head string) ([]app.Run, error) {
	return s.runs(ctx, "repository = $1 AND head = $2 ORDER BY changed_at DESC, external_id LIMIT 100", repository, head)
}

// RunOfJob finds the run that a job works on.
func (s *Store) RunOfJob(ctx context.Context, job int64) (app.Run, bool, error) {
	return first(s.runs(ctx, "job = $1 AND state <> 'finished' ORDER BY changed_at DESC, external_id LIMIT 1", job))
}

// TwinOf finds a finished run that compared the same base and files.
func (s *Store) TwinOf(ctx context.Context, repository int64, base, headTree string) (app.Run, bool, error) {
	if base == "" || headTree == "" {
		return app.Run{}, false, nil
	}
	return first(s.runs(ctx, "repository = $1 AND head_tree = $2 AND base = $3 AND state = 'finished' ORDER BY changed_at DESC, external_id LIMIT 1", repository, headTree, base))
}

func first(runs []app.Run, err error) (app.Run, bool, error) {
	if err != nil || len(runs) == 0 {
		return app.Run{}, false, err
	}
	return runs[0], true, nil
}

func (s *Store) runs(ctx context.Context, where string, args ...any) ([]app.Run, error) {
	rows, err := s.read.QueryContext(ctx, s.sql("SELECT "+runColumns+" FROM chiselbot_run WHERE "+where), args...)
	if err != nil {
		return nil, fmt.Errorf("look up check runs: %w", err)
	}
	var runs []app.Run
	if err := scanRuns(rows, func(r app.Run) { runs = append(runs, r) }); err != nil {
		return nil, fmt.Errorf("look up check runs: %w", err)
	}
	return runs, nil
}

func scanRuns(rows *sql.Rows, add func(app.Run)) error {
	return each(rows, func() error {
		var r app.Run
		var changed int64
		err := rows.Scan(&r.Repository, &r.ExternalID, &r.Head, &r.HeadTree, &r.Base, &r.Number, &r.Job, &r.CheckRun, &r.Generation,
			&r.State, &r.Digest, &r.Conclusion, &r.Title, &r.Summary, &changed)
		if err != nil {
			return err
		}
		r.Changed = instant(changed)
		add(r)
		return nil
	})
}
