package jobs

import (
	"context"

	"github.com/riverqueue/river"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/store"
)

// maxTogether is how many entries share a transaction.
const maxTogether = 256

// An entry is what must be durable before its sender goes on.
type entry struct {
	job       app.Job       // to take in, or nil
	sighting  *app.Sighting // that comes with it, or nil
	processed string        // the GUID of a delivery whose job is done, or empty
}

// intake collects what comes in at the same time into one transaction, so that a
// thousand deliveries a second cost a few hundred commits.
type intake struct {
	entries chan waiting
}

type waiting struct {
	entry
	done chan<- error
}

func newIntake() intake { return intake{entries: make(chan waiting)} }

// add returns when the entry is durable.
func (in intake) add(ctx context.Context, e entry) error {
	done := make(chan error, 1)
	select {
	case in.entries <- waiting{e, done}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return <-done // to leave it would be to not know
}

// run commits entries until ctx ends.
func (in intake) run(ctx context.Context, commit func(context.Context, []entry) error) {
	for {
		var batch []waiting
		select {
		case <-ctx.Done():
			return
		case first := <-in.entries:
			batch = append(batch, first)
		}
	more:
		for len(batch) < maxTogether {
			select {
			case next := <-in.entries:
				batch = append(batch, next)
			default:
				break more
			}
		}
		entries := make([]entry, len(batch))
		for i, w := range batch {
			entries[i] = w.entry
		}
		err := commit(context.WithoutCancel(ctx), entries)
		for _, w := range batch {
			w.done <- err
		}
	}
}

// Accept takes in the job of a webhook, and what the webhook says of a pull request's
// head. It returns when both are durable. A job whose delivery has been processed, or
// whose cause has an unfinished job, is not taken in a second time.
func (q *Queue) Accept(ctx context.Context, job app.Job, sighting *app.Sighting) error {
	return q.intake.add(ctx, entry{job: job, sighting: sighting})
}

// Enqueue takes in jobs that no webhook asked for.
func (q *Queue) Enqueue(ctx context.Context, jobs ...app.Job) error {
	entries := make([]entry, len(jobs))
	for i, job := range jobs {
		entries[i].job = job
	}
	return q.commit(ctx, entries)
}

// commit makes entries durable in one transaction.
func (q *Queue) commit(ctx context.Context, entries []entry) error {
	var guids []string
	for _, e := range entries {
		if e.job != nil && e.job.Origin().Delivery != "" {
			guids = append(guids, e.job.Origin().Delivery)
		}
	}
	done, err := q.config.Store.Processed(ctx, guids)
	if err != nil {
		return err
	}
	var jobs []river.InsertManyParams
	var sightings []app.Sighting
	var processed []string
	taken := map[string]bool{} // one statement must not meet a key twice
	for _, e := range entries {
		if e.processed != "" {
			processed = append(processed, e.processed)
		}
		if e.sighting != nil {
			sightings = append(sightings, *e.sighting)
		}
		if e.job == nil || done[e.job.Origin().Delivery] {
			continue
		}
		if key := e.job.Kind() + " " + e.job.Origin().Key; !taken[key] {
			taken[key] = true
			jobs = append(jobs, insertion(e.job))
		}
	}
	return q.config.Store.InTx(ctx, func(tx store.Tx) error {
		if err := q.config.Store.See(ctx, tx, sightings); err != nil {
			return err
		}
		if err := q.config.Store.MarkProcessed(ctx, tx, processed); err != nil {
			return err
		}
		if len(jobs) == 0 {
			return nil
		}
		return q.client.insert(ctx, tx, jobs)
	})
}
