package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/chiselbot/chiselbot/app/config"
	"github.com/chiselbot/chiselbot/app/report"
	"github.com/chiselbot/chiselbot/app/review"
	"github.com/chiselbot/chiselbot/checks"
)

// slow is after how long a review asks again what the head is before it publishes.
// Pushes that GitHub told us of it knows anyway.
const slow = 5 * time.Second

// reviewPullRequest reviews a pull request as it is now, whatever the job says of it: the
// head that the job was made for may have been replaced, or its successor's webhook lost.
func (a *App) reviewPullRequest(ctx context.Context, attempt Attempt, job ReviewPullRequest) error {
	newest, err := a.Memory.NewestHead(ctx, job.Repository.ID, job.Number)
	if err != nil {
		return err
	}
	if !job.At.IsZero() && newest.At.After(job.At) && newest.Head != job.Head {
		a.Logger.InfoContext(ctx, "skip review: a newer push has a job of its own", slog.String("newest", newest.Head))
		return a.leave(ctx, attempt, job.Repository, newest.Head)
	}
	pr, err := a.GitHub.PullRequest(ctx, job.Repository, job.Number)
	if err != nil {
		return err
	}
	if err := a.leave(ctx, attempt, job.Repository, pr.Head); err != nil {
		return err
	}
	switch {
	case !pr.Open:
		a.Logger.InfoContext(ctx, "skip review: the pull request is closed")
		return nil
	case job.Again != "" && job.Head != "" && job.Head != pr.Head:
		a.Logger.InfoContext(ctx, "skip review: it was asked for again, but the head is another", slog.String("newest", pr.Head))
		return nil
	}
	c := change{
		repo: job.Repository, base: pr.Base, head: pr.Head, pull: pr,
		run: Run{
			Repository: job.Repository.ID, Head: pr.Head, Number: pr.Number, Job: attempt.Job,
			ExternalID: externalID(Subject{Number: pr.Number}, pr.Head, pr.BaseBranch, job.Again),
		},
	}
	if job.Again == "" {
		if c.paused, err = a.Memory.Paused(ctx, job.Repository.ID, job.Number); err != nil {
			return err
		}
	}
	return a.reviewChange(ctx, c)
}

// leave ends what an earlier attempt of the job began on another head.
func (a *App) leave(ctx context.Context, attempt Attempt, repo Repository, head string) error {
	run, ok, err := a.Memory.RunOfJob(ctx, attempt.Job)
	if err != nil || !ok || run.Head == head || run.State == Abandoned {
		return err
	}
	p := &publication{App: a, repo: repo, run: run, resumed: true}
	if found, err := p.find(ctx); err != nil || found.ID == 0 {
		return err // it did not come to be
	}
	return p.end(ctx, Abandoned, report.Superseded(head))
}

// A change is what is to be reviewed: a pull request, or without one a merge group.
type change struct {
	repo       Repository
	base, head string
	pull       PullRequest
	// paused means that people want no review of it.
	paused bool
	run    Run
}

// reviewChange claims the run, reviews and publishes.
func (a *App) reviewChange(ctx context.Context, c change) (err error) {
	run, fresh, err := a.Memory.ClaimRun(ctx, c.run)
	switch {
	case err != nil:
		return err
	case run.State == Finished:
		a.Logger.InfoContext(ctx, "skip review: it has been published")
		return nil
	case run.Job != c.run.Job:
		a.Logger.InfoContext(ctx, "skip review: another job does it", slog.Int64("other", run.Job))
		return nil
	}
	p := &publication{App: a, repo: c.repo, run: run, resumed: !fresh}
	defer func() {
		if errors.Is(err, ErrNotFound) || errors.Is(err, ErrForbidden) { // the job ends here, and others may try
			p.run.State = Abandoned
			err = errors.Join(err, a.Memory.SaveRun(ctx, p.run))
		}
	}()
	return a.reviewClaimed(ctx, c, p)
}

func (a *App) reviewClaimed(ctx context.Context, c change, p *publication) error {
	if c.paused {
		return p.end(ctx, Finished, report.Paused())
	}
	begun := time.Now()
	trees, err := a.GitHub.Change(ctx, c.repo, c.base, c.head, config.Paths())
	if err != nil {
		return err
	}
	p.run.Base, p.run.HeadTree = trees.Base().Commit, trees.HeadTree()
	opts := a.Review
	opts.Tip, opts.Now = trees.Tip(), a.Now()
	if opts.Owner, opts.OwnerSkips, err = a.owner(ctx, c.repo); err != nil {
		return err
	}
	scope, err := review.ScopeOf(ctx, trees.Base(), trees.Head(), opts)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(trees.Changed(), scope.Reads) {
		if scope.Settings.Unaffected == config.None && c.pull.Number != 0 {
			p.run.State = Finished
			return a.Memory.SaveRun(ctx, p.run)
		}
		return p.end(ctx, Finished, report.Unaffected())
	}

	if err := p.begin(ctx); err != nil {
		return err
	}
	if opts.Beyond, err = trees.Prefetch(ctx, scope.Rank(trees.Changed())); err != nil {
		return err
	}
	read := time.Now()
	a.Meter.Part("read", read.Sub(begun))
	r, err := review.Of(ctx, review.Side{Name: "base", Tree: trees.Base()}, review.Side{Name: "head", Tree: trees.Head()}, opts)
	if err != nil {
		return err
	}
	checked := time.Now()
	a.Meter.Part("check", checked.Sub(read))

	newer, err := a.newer(ctx, c, checked.Sub(begun))
	if err != nil {
		return err
	}
	if newer != "" {
		a.Logger.InfoContext(ctx, "drop review: the head moved meanwhile", slog.String("newest", newer))
		return p.end(ctx, Abandoned, report.Superseded(newer))
	}
	out := report.CheckRunOf(r)
	if c.pull.Number == 0 {
		out.Actions = []report.Action{report.Recheck} // the others are for a pull request's branch
	}
	if err := p.end(ctx, Finished, out); err != nil {
		return err
	}
	a.Meter.Part("publish", time.Since(checked))
	if scope.Settings.Suggestions > 0 && c.pull.Number != 0 && slices.ContainsFunc(r.Delta.New, func(f checks.Finding) bool { return f.Fix != nil && f.Fix.Safety == checks.Safe }) {
		err := a.queue.Enqueue(ctx, SuggestFixes{
			Cause:      Cause{Key: fmt.Sprintf("suggest/%d/%d/%s", c.repo.ID, c.pull.Number, c.head)},
			Repository: c.repo, Number: c.pull.Number, Head: c.head,
		})
		if err != nil {
			a.Logger.WarnContext(ctx, "suggest nothing", slog.Any("error", err)) // the review is published
		}
	}
	found := map[string]int{}
	for _, f := range r.Delta.New {
		found[f.Severity.String()]++
	}
	a.Meter.Review(string(out.Conclusion), found)
	a.Logger.InfoContext(ctx, "publish review", slog.String("head", c.head), slog.String("conclusion", string(out.Conclusion)),
		slog.String("title", out.Title), slog.Duration("took", time.Since(begun)))
	return nil
}

// newer is the head that took the place of the one under review, or empty.
func (a *App) newer(ctx context.Context, c change, took time.Duration) (string, error) {
	if c.pull.Number == 0 {
		return "", nil // a merge group never changes
	}
	newest, err := a.Memory.NewestHead(ctx, c.repo.ID, c.pull.Number)
	if err != nil {
		return "", err
	}
	if newest.Head != "" && newest.Head != c.head && newest.At.After(c.pull.Updated) {
		return newest.Head, nil
	}
	if took < slow {
		return "", nil
	}
	pr, err := a.GitHub.PullRequest(ctx, c.repo, c.pull.Number)
	if err != nil || pr.Head == c.head {
		return "", err
	}
	// Its webhook may be lost.
	return pr.Head, a.queue.Enqueue(ctx, ReviewPullRequest{Cause: Cause{Key: pullKey(pr)}, Repository: c.repo, Number: pr.Number, Head: pr.Head})
}

// answerMergeGroup answers a merge queue. Where the group has the very files of a pull
// request that was reviewed on the same base, the answer is known.
func (a *App) answerMergeGroup(ctx context.Context, attempt Attempt, job AnswerMergeGroup) error {
	run := Run{
		Repository: job.Repository.ID, Head: job.Head, HeadTree: job.HeadTree, Base: job.Base, Job: attempt.Job,
		ExternalID: externalID(Subject{Base: job.Base}, job.Head, "", job.Again),
	}
	if job.Again == "" {
		twin, ok, err := a.Memory.TwinOf(ctx, job.Repository.ID, job.Base, job.HeadTree)
		if err != nil {
			return err
		}
		if ok && twin.Conclusion != "" {
			return a.answerAs(ctx, job.Repository, run, twin)
		}
	}
	return a.reviewChange(ctx, change{repo: job.Repository, base: job.Base, head: job.Head, run: run})
}

// answerAs gives a run the outcome of its twin, in one request.
func (a *App) answerAs(ctx context.Context, repo Repository, run, twin Run) error {
	claimed, fresh, err := a.Memory.ClaimRun(ctx, run)
	if err != nil || claimed.State == Finished || claimed.Job != run.Job {
		return err
	}
	p := &publication{App: a, repo: repo, run: claimed, resumed: !fresh}
	return p.end(ctx, Finished, report.CheckRun{
		Conclusion: twin.Conclusion, Title: twin.Title, Summary: report.SameAs(twin.Number, twin.Summary), Actions: []report.Action{report.Recheck},
	})
}
