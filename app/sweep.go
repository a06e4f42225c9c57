package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/chiselbot/chiselbot/app/config"
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
	// Most repositories have no sweep, which one request tells.
	tree, err := a.GitHub.Tree(ctx, job.Repository, "")
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrForbidden) {
		return save(now.Add(unswept))
	}
	if err != nil {
		return err
	}
	owner, _, err := a.owner(ctx, job.Repository)
	if err != nil {
		return err
	}
	settings, _, _, err := config.Read(tree, a.Review.KnownIDs, owner)
	if err != nil {
		return err
	}
	windows := settings.Proposals.Windows()
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
		out, err := a.sweepNow(ctx, job, migration(settings.Proposals))
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

// sweepNow proposes to move all images of the default branch, unless people want the pull
// request of an earlier sweep to be left alone.
func (a *App) sweepNow(ctx context.Context, job Sweep, request propose.Request) (outcome, error) {
	request.All = true
	tip, err := a.GitHub.Tip(ctx, job.Repository, "")
	if errors.Is(err, ErrNotFound) {
		return outcome{what: unnecessary}, nil // it is empty
	}
	if err != nil {
		return outcome{}, err
	}
	pulls, err := a.GitHub.OwnPullRequests(ctx, job.Repository, propose.Branch(request.Recipe, tip.Branch))
	if err != nil {
		return outcome{}, err
	}
	for _, o := range pulls {
		if !o.Open {
			continue
		}
		if paused, err := a.Memory.Paused(ctx, job.Repository.ID, o.Number); err != nil || paused {
			return outcome{what: unchanged, number: o.Number}, err
		}
	}
	return a.renew(ctx, job.Repository, request, tip.Branch, tip.Commit, how{holder: job.Key})
}
