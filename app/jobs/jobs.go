// Package jobs is the queue: it takes jobs in with one durable insert, runs each with its
// timeout and attempts, and hands on what a dead process left. It is the only importer of
// River.
//
// It knows which job is urgent and what an error means for the next attempt, and nothing
// of what a job does.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/riverqueue/river"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/store"
	"github.com/chiselbot/chiselbot/app/telemetry"
)

// A Handler does the jobs.
type Handler interface {
	// Do does a job. It may be called again with the same job, even after it has returned
	// nil, and from two processes at once when one of them is thought dead.
	Do(ctx context.Context, attempt app.Attempt, job app.Job) error
	// GiveUp tells whom it concerns that a job failed for good. With an error the job is
	// not given up yet: it is tried again later.
	GiveUp(ctx context.Context, attempt app.Attempt, job app.Job, cause error) error
}

// Config says how jobs are worked.
type Config struct {
	Store   *store.Store
	Handler Handler
	Logger  *slog.Logger
	// Workers is how many pull requests are worked on at once, by default two for each
	// processor.
	Workers int
	// Grace is how long running jobs may go on when the queue is stopped, by default 20
	// seconds. What is not done then is handed back.
	Grace time.Duration
	// Builds is how long a job that makes a proposal may have images built, beyond its own
	// time; 0 where nothing is built.
	Builds time.Duration
	// Beat is how often a process says that it lives, by default every 3 seconds. One that
	// has been silent for five beats is taken for dead.
	Beat time.Duration
	// Done, when set, is told of each attempt: what became of it (done, again, later,
	// cancelled, given up or handed back), how long the job could have been worked before,
	// and how long the attempt took.
	Done func(kind, result string, waited, took time.Duration)
}

// A Queue takes jobs in and works them.
type Queue struct {
	config   Config
	logger   *slog.Logger
	client   client
	id       string
	intake   intake
	stopping atomic.Bool
	beating  sync.WaitGroup
	stop     context.CancelFunc
}

// client is a River client whose transaction is one of the store's.
type client interface {
	start(ctx context.Context) error
	drain(ctx context.Context) error
	cancel(ctx context.Context) error
	insert(ctx context.Context, tx store.Tx, jobs []river.InsertManyParams) error
}

// fetchCooldown is how often, at most, each queue looks for new jobs: with River's own
// 100 ms a webhook would wait longer than its review takes.
const fetchCooldown = 10 * time.Millisecond

// New makes a queue and brings its tables up to date.
func New(ctx context.Context, c Config) (*Queue, error) {
	if c.Workers == 0 {
		c.Workers = 2 * runtime.GOMAXPROCS(0)
	}
	if c.Grace == 0 {
		c.Grace = 20 * time.Second
	}
	if c.Beat == 0 {
		c.Beat = 3 * time.Second
	}
	q := &Queue{config: c, logger: c.Logger, id: processID(), intake: newIntake()}

	workers := river.NewWorkers()
	for _, k := range kinds {
		k.register(workers, q)
	}
	var longest time.Duration
	for _, k := range kinds {
		longest = max(longest, q.timeout(k))
	}
	config := &river.Config{
		ID:                          q.id,
		Logger:                      telemetry.Quiet(c.Logger),
		Workers:                     workers,
		Queues:                      queues(c.Workers),
		FetchCooldown:               fetchCooldown,
		PeriodicJobs:                periodic(),
		CompletedJobRetentionPeriod: time.Hour, // the store remembers what was processed
		// The processes of this package hand on a dead one's jobs within seconds. River's
		// own rescue, which knows only time, is for what they could not see.
		RescueStuckJobsAfter: longest + 10*time.Minute,
	}
	var err error
	if q.client, err = newClient(ctx, c.Store, config); err != nil {
		return nil, fmt.Errorf("open queue: %w", err)
	}
	return q, nil
}

// Start works jobs until Stop. What no living process works on is handed on first.
func (q *Queue) Start(ctx context.Context) error {
	if err := q.config.Store.Alive(ctx, q.id); err != nil {
		return err
	}
	if err := q.adopt(ctx); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx) // only Stop ends it, in order
	if err := q.client.start(ctx); err != nil {
		return fmt.Errorf("start queue: %w", err)
	}
	ctx, q.stop = context.WithCancel(ctx)
	q.beating.Go(func() { q.beat(ctx) })
	q.beating.Go(func() { q.intake.run(ctx, q.commit) })
	// River's schedule begins with a pause. What was missed while no process ran is looked
	// for at once.
	for _, s := range onSchedule {
		if err := q.Enqueue(ctx, s.job); err != nil {
			return err
		}
	}
	return nil
}

// Stop lets running jobs end and hands back those that do not within the grace or until
// ctx ends.
func (q *Queue) Stop(ctx context.Context) error {
	soft, cancel := context.WithTimeout(ctx, q.config.Grace)
	defer cancel()
	err := q.client.drain(soft)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		q.stopping.Store(true)
		hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		err = q.client.cancel(hard)
	}
	q.stop()
	q.beating.Wait()
	if err != nil {
		return fmt.Errorf("stop queue: %w", err)
	}
	return q.config.Store.Dead(context.WithoutCancel(ctx), q.id)
}
