package app

import (
	"context"
	"time"

	"github.com/chiselbot/chiselbot/app/report"
)

// A Sighting is what a delivery said of a pull request's head.
type Sighting struct {
	Repository int64
	Number     int
	Head       string
	// At is when the pull request changed, by GitHub's clock.
	At time.Time
}

// A RunState is how far a check run is.
type RunState string

// The states of a run.
const (
	Claimed    RunState = "claimed"    // a job works on it, and GitHub may or may not have it
	Publishing RunState = "publishing" // what it comes to is known and on its way
	Finished   RunState = "finished"
	Abandoned  RunState = "abandoned" // its job gave up
)

// A Run is what is remembered of a check run.
type Run struct {
	Repository int64
	ExternalID string
	Head       string
	// Base and HeadTree are the commit and the folder that were compared: a merge group
	// with the same two comes to the same.
	Base, HeadTree string
	// Number is the pull request's, 0 for a merge group.
	Number int
	// Job is the job that works on it.
	Job int64
	// CheckRun is GitHub's id, 0 while not known.
	CheckRun int64
	// Generation counts the runs that had to be begun anew, because GitHub had part of
	// another outcome and annotations cannot be taken back.
	Generation int
	State      RunState
	// Digest identifies the output.
	Digest         string
	Conclusion     report.Conclusion
	Title, Summary string
	Changed        time.Time
}

// Memory is what survives a job.
type Memory interface {
	// NewestHead is the newest sighting of a pull request, zero when there is none.
	NewestHead(ctx context.Context, repository int64, number int) (Sighting, error)
	// ClaimRun gives the run to run.Job, unless another job has it or it is finished, and
	// returns what is remembered of it then: the caller owns it if Job is its own and State
	// is not [Finished]. Fresh means that nothing was remembered, so that GitHub cannot have
	// the run either.
	ClaimRun(ctx context.Context, run Run) (_ Run, fresh bool, _ error)
	// SaveRun remembers a run that the caller owns.
	SaveRun(ctx context.Context, run Run) error
	// RunsOf lists the runs on a head, newest first.
	RunsOf(ctx context.Context, repository int64, head string) ([]Run, error)
	// RunOfJob finds the run that a job works on.
	RunOfJob(ctx context.Context, job int64) (Run, bool, error)
	// TwinOf finds a finished run that compared the same base and files.
	TwinOf(ctx context.Context, repository int64, base, headTree string) (Run, bool, error)

	// Silence remembers until when GitHub wants to hear nothing of an installation, and
	// SilentUntil tells it, or an instant that has passed.
	Silence(ctx context.Context, installation int64, until time.Time) error
	SilentUntil(ctx context.Context, installation int64) (time.Time, error)

	// Pause has a pull request left alone from now on, or no longer; Paused tells it.
	Pause(ctx context.Context, repository int64, number int, paused bool) error
	Paused(ctx context.Context, repository int64, number int) (bool, error)

	// Reserve enters that a pull request is to be opened from a branch, or returns a
	// [*Later] where a limit does not allow it. A reservation of the holder that is there
	// already, and no older than an hour, holds; that of another is an [ErrBusy].
	Reserve(ctx context.Context, repo Repository, branch, holder string, limits Limits) error
	// Release takes the holder's reservation back.
	Release(ctx context.Context, repo Repository, branch, holder string) error
	// SaveProposal remembers a pull request that GitHub has, in place of its reservation.
	SaveProposal(ctx context.Context, p KnownProposal) error
	// Proposal is what is remembered of a pull request; [ErrNotFound] in the chain when
	// nothing is.
	Proposal(ctx context.Context, repo Repository, branch string, number int) (KnownProposal, error)
	// StaleProposals lists open ones of an installation of which GitHub was not asked for
	// an hour, the oldest first and no more than so many.
	StaleProposals(ctx context.Context, installation int64, most int) ([]KnownProposal, error)

	// NextSweep is when a repository is to be looked through, zero when that is not known.
	NextSweep(ctx context.Context, repository int64) (time.Time, error)
	SaveNextSweep(ctx context.Context, repository int64, next time.Time) error

	// DeliveriesRead is up to when the log of deliveries was read.
	DeliveriesRead(ctx context.Context) (time.Time, error)
	SaveDeliveriesRead(ctx context.Context, upTo time.Time) error
}
