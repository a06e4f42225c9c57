package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/chiselbot/chiselbot/app/report"
	"github.com/chiselbot/chiselbot/app/review"
	"github.com/chiselbot/chiselbot/fixes"
)

// Config is what an App is made of.
type Config struct {
	GitHub GitHub
	Memory Memory
	Logger *slog.Logger
	// Review are the rules, scanners and limits of every review. What belongs to one review
	// is filled in.
	Review review.Options
	// Builder builds the images of proposals; nil for nobody.
	Builder fixes.Builder
	// Meter is told what happens; nil for nobody.
	Meter Meter
	// Now is the day of reviews, on which support dates and ignore comments depend; by
	// default it is today.
	Now func() time.Time
}

// A Meter is told of reviews.
type Meter interface {
	// Part is told how long a part of a review took: read, check or publish.
	Part(part string, took time.Duration)
	// Review is told what a review came to, and how many new findings of each severity there
	// are.
	Review(conclusion string, found map[string]int)
}

// An App does the jobs.
type App struct {
	Config
	queue Queue

	mu          sync.Mutex
	owners      map[string]owned // what owners set, for a while
	redelivered map[string]int   // how often each delivery was asked for again
}

// A Queue takes jobs in.
type Queue interface {
	Enqueue(ctx context.Context, jobs ...Job) error
}

// New makes an App. Jobs are done once it has a queue.
func New(c Config) *App {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Meter == nil {
		c.Meter = noMeter{}
	}
	return &App{Config: c, owners: map[string]owned{}, redelivered: map[string]int{}}
}

type noMeter struct{}

func (noMeter) Part(string, time.Duration)    {}
func (noMeter) Review(string, map[string]int) {}

// Feed gives the queue into which jobs put jobs.
func (a *App) Feed(q Queue) { a.queue = q }

// Do does a job.
func (a *App) Do(ctx context.Context, attempt Attempt, job Job) error {
	installation := installationOf(job)
	if installation != 0 {
		until, err := a.Memory.SilentUntil(ctx, installation)
		if err != nil {
			return err
		}
		if until.After(time.Now()) {
			return &RateLimited{Until: until}
		}
	}
	err := a.do(ctx, attempt, job)
	if limited := (*RateLimited)(nil); errors.As(err, &limited) && !limited.Content && installation != 0 {
		// All other jobs of the installation, in all processes, wait too.
		err = errors.Join(err, a.Memory.Silence(ctx, installation, limited.Until))
	}
	return err
}

func (a *App) do(ctx context.Context, attempt Attempt, job Job) error {
	switch job := job.(type) {
	case ReviewPullRequest:
		return a.reviewPullRequest(ctx, attempt, job)
	case AnswerMergeGroup:
		return a.answerMergeGroup(ctx, attempt, job)
	case Recheck:
		return a.recheck(ctx, job)
	case Command:
		return a.command(ctx, job)
	case KeepProposal:
		return a.keepProposal(ctx, job)
	case NoteProposal:
		_, err := a.note(ctx, job.Repository, job.Branch)
		return err
	case Propose:
		return a.proposeLater(ctx, attempt, job)
	case Sweep:
		return a.sweep(ctx, job)
	case SuggestFixes:
		return a.suggestFixes(ctx, job)
	case LookAtRepository:
		return a.lookAtRepository(ctx, job)
	case LookAtInstallation:
		return a.lookAtInstallation(ctx, job)
	case LookAround:
		return a.lookAround(ctx)
	case Redeliver:
		return a.redeliver(ctx)
	}
	return fmt.Errorf("do job: there is none of kind %s", job.Kind())
}

func installationOf(job Job) int64 {
	switch job := job.(type) {
	case ReviewPullRequest:
		return job.Repository.Installation
	case AnswerMergeGroup:
		return job.Repository.Installation
	case Recheck:
		return job.Repository.Installation
	case Command:
		return job.Repository.Installation
	case KeepProposal:
		return job.Repository.Installation
	case NoteProposal:
		return job.Repository.Installation
	case Propose:
		return job.Repository.Installation
	case Sweep:
		return job.Repository.Installation
	case SuggestFixes:
		return job.Repository.Installation
	case LookAtRepository:
		return job.Repository.Installation
	case LookAtInstallation:
		return job.Installation
	}
	return 0
}

// GiveUp tells in the check run that a commit could not be reviewed. Jobs without a check
// run have nobody who waits for them.
func (a *App) GiveUp(ctx context.Context, attempt Attempt, job Job, cause error) error {
	var repo Repository
	run := Run{Job: attempt.Job}
	switch job := job.(type) {
	case ReviewPullRequest:
		repo, run.Head, run.Number = job.Repository, job.Head, job.Number
		run.ExternalID = externalID(Subject{Number: job.Number}, job.Head, "", job.Again)
	case AnswerMergeGroup:
		repo, run.Head = job.Repository, job.Head
		run.ExternalID = externalID(Subject{Base: job.Base}, job.Head, "", job.Again)
	case Command:
		return a.reply(ctx, job, "❌ Something went wrong, "+fmt.Sprint(attempt.Number)+" times in a row, and nothing more is tried. "+
			fmt.Sprintf("Give the command again; if that does not help, tell who operates chiselbot here that job %d failed.", attempt.Job))
	case Propose:
		return a.tell(ctx, job, fmt.Sprintf("❌ Nothing was opened: something went wrong, %d times in a row. Give the command again.", attempt.Number))
	default:
		return nil
	}
	known, ok, err := a.Memory.RunOfJob(ctx, attempt.Job)
	if err != nil {
		return err
	}
	if ok {
		run = known
	} else if run.Head == "" {
		return nil // it never came to know a commit
	}
	run.Repository = repo.ID
	p := publication{App: a, repo: repo, run: run, resumed: true}
	return p.end(ctx, Abandoned, report.GaveUp(because(attempt, cause), attempt.Job))
}

// because says why a job was given up, in a sentence that quotes nobody.
func because(attempt Attempt, cause error) string {
	switch {
	case errors.Is(cause, context.DeadlineExceeded):
		return fmt.Sprintf("The review took longer than it may, %d times.", attempt.Number)
	case errors.Is(cause, ErrInvalid):
		return "GitHub did not accept what was to be published."
	}
	return fmt.Sprintf("Something went wrong, %d times in a row.", attempt.Number)
}
