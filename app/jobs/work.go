package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/riverqueue/river"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/telemetry"
)

// backoff is how long to wait after each attempt; the last one repeats.
var backoff = []time.Duration{
	time.Second, 5 * time.Second, 20 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute,
}

const (
	// tellAgain is after how long a job is tried once more whose end could not be told.
	tellAgain = 10 * time.Minute
	// tellFor is after how long even that ends.
	tellFor = 24 * time.Hour
	// tellTimeout is how long telling may take beyond the job's own time.
	tellTimeout = 30 * time.Second
)

type worker[J app.Job] struct {
	river.WorkerDefaults[J]
	queue *Queue
	kind  kind
}

// Timeout leaves room to tell that the job took too long.
func (w *worker[J]) Timeout(*river.Job[J]) time.Duration {
	return w.queue.timeout(w.kind) + tellTimeout
}

func (w *worker[J]) NextRetry(job *river.Job[J]) time.Time {
	wait := backoff[min(max(job.Attempt, 1), len(backoff))-1]
	return time.Now().Add(wait + jitter(wait/4))
}

// jitter is a part of a time, so that what failed together does not come back together.
func jitter(most time.Duration) time.Duration {
	return time.Duration(rand.Int64N(int64(most) + 1)) //nolint:gosec // nobody gains by guessing it
}

func (w *worker[J]) Work(ctx context.Context, job *river.Job[J]) error {
	attempt := app.Attempt{Job: job.ID, Number: job.Attempt, Enqueued: job.CreatedAt}
	attrs := append(job.Args.About(), slog.Int64("job", job.ID), slog.String("kind", job.Kind), slog.Int("attempt", job.Attempt))
	if guid := job.Args.Origin().Delivery; guid != "" {
		attrs = append(attrs, slog.String("delivery", guid))
	}
	ctx = app.WithUrgency(telemetry.With(ctx, attrs...), urgency[job.Queue])

	started := time.Now()
	result, err := w.queue.work(ctx, w.kind, attempt, job.Args)
	if w.queue.config.Done != nil {
		w.queue.config.Done(job.Kind, result, max(0, started.Sub(job.ScheduledAt)), time.Since(started))
	}
	return err
}

// timeout is how long one attempt may take.
func (q *Queue) timeout(k kind) time.Duration {
	if builds(k.queue) {
		return k.timeout + q.config.Builds
	}
	return k.timeout
}

// work does a job, or gives it up after its last attempt, and turns what came of it into
// what River is to do.
func (q *Queue) work(ctx context.Context, k kind, attempt app.Attempt, job app.Job) (result string, err error) {
	guid := job.Origin().Delivery
	if guid != "" {
		// A redelivery may come in while the job of the first one ends.
		done, err := q.config.Store.Processed(ctx, []string{guid})
		if err != nil {
			return "again", err
		}
		if done[guid] {
			return "done", nil
		}
	}

	// A process that dies in a job uses up an attempt as well.
	err = fmt.Errorf("the process was killed in each of %d attempts", attempt.Number-1)
	if attempt.Number <= k.attempts {
		err = q.do(ctx, k, attempt, job)
	}
	limited, later := (*app.RateLimited)(nil), (*app.Later)(nil)
	switch {
	case err == nil:
		if guid != "" {
			if err := q.intake.add(ctx, entry{processed: guid}); err != nil {
				return "again", err
			}
		}
		return "done", nil
	case q.stopping.Load() && ctx.Err() != nil:
		q.logger.InfoContext(ctx, "hand back job: the process stops")
		return "handed back", river.JobSnooze(0)
	case errors.As(err, &limited):
		wait := max(0, time.Until(limited.Until)) + jitter(2*time.Second)
		q.logger.WarnContext(ctx, "wait for GitHub", slog.Time("until", limited.Until), slog.Any("error", err))
		return "later", river.JobSnooze(wait)
	case errors.As(err, &later):
		wait := max(time.Minute, time.Until(later.Until)) + jitter(time.Minute)
		q.logger.InfoContext(ctx, "wait for a turn", slog.Time("until", later.Until), slog.Any("error", err))
		return "later", river.JobSnooze(wait)
	case errors.Is(err, app.ErrNotFound), errors.Is(err, app.ErrForbidden):
		q.logger.InfoContext(ctx, "cancel job", slog.Any("error", err))
		return "cancelled", river.JobCancel(err)
	case attempt.Number < k.attempts && !errors.Is(err, app.ErrInvalid):
		q.logger.WarnContext(ctx, "try job again", slog.Any("error", err))
		return "again", err
	}
	return q.giveUp(ctx, attempt, job, err)
}

func (q *Queue) do(ctx context.Context, k kind, attempt app.Attempt, job app.Job) (err error) {
	ctx, cancel := context.WithTimeout(ctx, q.timeout(k))
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("unexpected %v", p)
			q.logger.ErrorContext(ctx, "panic in job", slog.Any("panic", p), stack())
		}
	}()
	return q.config.Handler.Do(ctx, attempt, job)
}

func (q *Queue) giveUp(ctx context.Context, attempt app.Attempt, job app.Job, cause error) (string, error) {
	q.logger.ErrorContext(ctx, "give up job", slog.Any("error", cause))
	err := q.config.Handler.GiveUp(ctx, attempt, job, cause)
	switch {
	case err == nil, errors.Is(err, app.ErrNotFound), errors.Is(err, app.ErrForbidden), errors.Is(err, app.ErrInvalid):
	case time.Since(attempt.Enqueued) < tellFor:
		q.logger.WarnContext(ctx, "could not tell that a job failed: try it once more later", slog.Any("error", err))
		return "later", river.JobSnooze(tellAgain)
	}
	return "given up", river.JobCancel(cause)
}
