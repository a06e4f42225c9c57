package jobs

import (
	"context"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"
)

// maxTurn is how many jobs are completed in one transaction of SQLite.
const maxTurn = 8

// takingTurns is River's driver of SQLite, except that it completes jobs a few at a time.
// River collects what is done for a quarter of a second, and a hundred jobs are completed
// in ten milliseconds, in which no webhook could be taken in.
type takingTurns struct{ *riversqlite.Driver }

// GetExecutor gives what runs River's statements.
func (d takingTurns) GetExecutor() riverdriver.Executor { return turns{d.Driver.GetExecutor()} }

type turns struct{ riverdriver.Executor }

// JobSetStateIfRunningMany completes jobs. What it did before an error is done: River
// tries all of them again, and leaves those alone that do not run any more.
func (t turns) JobSetStateIfRunningMany(ctx context.Context, all *riverdriver.JobSetStateIfRunningManyParams) ([]*rivertype.JobRow, error) {
	var done []*rivertype.JobRow
	for i := 0; i < len(all.ID); i += maxTurn {
		some, err := t.Executor.JobSetStateIfRunningMany(ctx, part(all, i, min(i+maxTurn, len(all.ID))))
		if err != nil {
			return nil, err
		}
		done = append(done, some...)
	}
	return done, nil
}

// part is some of the jobs, of which each field has a list.
func part(all *riverdriver.JobSetStateIfRunningManyParams, from, to int) *riverdriver.JobSetStateIfRunningManyParams {
	some := *all
	some.ID = all.ID[from:to]
	some.Attempt = all.Attempt[from:to]
	some.ErrData = all.ErrData[from:to]
	some.FinalizedAt = all.FinalizedAt[from:to]
	some.MetadataDoMerge = all.MetadataDoMerge[from:to]
	some.MetadataUpdates = all.MetadataUpdates[from:to]
	some.ScheduledAt = all.ScheduledAt[from:to]
	some.State = all.State[from:to]
	return &some
}
