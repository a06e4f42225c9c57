package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/chiselbot/chiselbot/app/propose"
)

// unswept is how often the settings of a repository are read again that has no sweep. That
// they changed on the default branch is told by a webhook.
const unswept = 24 * time.Hour

// sweepIfDue has a repository swept when it is time, or when its settings may be others.
func (a *App) sweepIfDue(ctx context.Context, repo Repository, again string) error {
	next, err := a.Memory.NextSweep(ctx, repo.ID)
	if err != nil || again == "" && next.After(a.Now()) {
		return err
	}
	return a.queue.Enqueue(ctx, Sweep{Cause: Cause{Key: fmt.Sprintf("sweep/%d/%s", repo.ID, again)}, Repository: repo})
}

// sweep looks through the default branch of a repository, where its settings want that, and
// proposes to move the images that can be. It can be done again at any time: what it
// proposes, it finds again.
func (a *App) sweep(ctx context.Context, job Sweep) error {
	now := a.Now()
	save := func(next time.Time) error { return a.Memory.SaveNextSweep(ctx, job.Repository.ID, next) }
	tip, err := a.GitHub.Tip(ctx, job.Repository, "")
	if errors.Is(err, ErrNotFound) { // it is empty, or gone
		return save(now.Add(unswept))
	}
	if err != nil {
		return err
	}
	g, err := a.ground(ctx, job.Repository, tip.Commit, tip.Commit)
	if err != nil {
		return err
	}
	windows := g.settings.Proposals.Windows()
	if !windows.Sweeps {
		return save(now.Add(unswept))
	}
	last, err := a.Memory.NextSweep(ctx, job.Repository.ID)
	if err != nil {
		return err
	}
	if last.IsZero() { // it stays due, once it is
		last = now.Truncate(time.Minute)
		if err := save(last); err != nil {
			return err
		}
	}
	tick := windows.Sweep.Next(last)
	due := windows.Sweep.Has(now) || !tick.IsZero() && !tick.After(now)
	if due {
		if due, err = a.mayTouch(ctx, job.Repository, tip.Branch); err != nil {
			return err
		}
	}
	if due {
		out, err := a.renew(ctx, job.Repository, propose.Request{Recipe: "chiseled", All: true}, tip.Branch, tip.Commit, how{holder: job.Key})
		later := (*Later)(nil)
		switch {
		case errors.As(err, &later) && later.timed():
			return err // it is due until then
		case errors.As(err, &later):
			a.Logger.InfoContext(ctx, "sweep proposes nothing", slog.String("because", later.because()))
		case errors.Is(err, ErrMoved):
			return err // another job may have done the same
		case obstacle(err) != "":
			a.Logger.InfoContext(ctx, "sweep meets an obstacle", slog.Any("error", err))
		case err != nil:
			return err
		default:
			a.Logger.InfoContext(ctx, "sweep", slog.Int("pr", out.number), slog.String("outcome", string(out.what)))
		}
	}
	next := windows.Sweep.Next(now.Add(time.Minute))
	if next.IsZero() {
		next = now.Add(unswept)
	}
	return save(next)
}

// mayTouch reports whether nobody wants the pull request of a sweep to be left alone.
func (a *App) mayTouch(ctx context.Context, repo Repository, branch string) (bool, error) {
	pulls, err := a.GitHub.OwnPullRequests(ctx, repo, propose.Branch("chiseled", branch))
	if err != nil {
		return false, err
	}
	for _, o := range pulls {
		if o.Open {
			paused, err := a.Memory.Paused(ctx, repo.ID, o.Number)
			return !paused, err
		}
	}
	return true, nil
}
