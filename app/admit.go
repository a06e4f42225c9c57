package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chiselbot/chiselbot/app/config"
	"github.com/chiselbot/chiselbot/app/propose"
)

// maxStale is how many pull requests GitHub is asked for when a limit is reached, to learn
// which are closed.
const maxStale = 30

// admit reserves a pull request, or returns a [*Later].
func (a *App) admit(ctx context.Context, repo Repository, branch string, at *planned, how how) error {
	settings := at.settings.Proposals
	if window := settings.Windows().Window; !how.now && !window.Has(a.Now()) {
		next := window.Next(a.Now())
		if next.IsZero() {
			next = a.Now().Add(24 * time.Hour)
		}
		return &Later{Limit: LimitWindow, Until: next}
	}
	limits := Limits{
		Open: settings.Open, AllOpen: at.all.Open, Hour: at.all.Hour, Day: at.all.Day, One: settings.AtFirst == config.One && !how.now,
	}
	err := a.Memory.Reserve(ctx, repo, branch, how.holder, limits)
	if later := (*Later)(nil); !errors.As(err, &later) || later.timed() {
		return err
	}
	// What was remembered as open may be closed, and the webhook lost.
	stale, found := a.Memory.StaleProposals(ctx, repo.Installation, maxStale)
	if found != nil {
		return found
	}
	for _, p := range stale {
		seen, err := a.note(ctx, p.Repository, p.Branch)
		if err == nil && !seen[p.Number] {
			p.State = Withdrawn // with its repository
			err = a.Memory.SaveProposal(ctx, p)
		}
		if err != nil {
			return err
		}
	}
	if len(stale) > 0 {
		err = a.Memory.Reserve(ctx, repo, branch, how.holder, limits)
	}
	return err
}

// note remembers in what state the pull requests from a branch are, and returns those that
// GitHub shows.
func (a *App) note(ctx context.Context, repo Repository, branch string) (seen map[int]bool, err error) {
	pulls, err := a.GitHub.OwnPullRequests(ctx, repo, branch)
	if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrForbidden) {
		return nil, err
	}
	seen = map[int]bool{}
	for _, o := range pulls {
		seen[o.Number] = true
		r, marked := propose.RequestOf(o.Body)
		if r.Recipe == propose.Settings {
			continue // it is none of those that are limited
		}
		p := KnownProposal{Repository: repo, Branch: branch, Number: o.Number, State: Declined, Dressed: true}
		switch {
		case o.Open:
			p.State = Opened
		case o.Merged:
			p.State = Merged
		case !marked || r.Images == "":
			p.State = Withdrawn
		}
		known, err := a.Memory.Proposal(ctx, repo, branch, o.Number)
		switch {
		case err == nil:
			p.Dressed = known.Dressed
		case !errors.Is(err, ErrNotFound):
			return nil, err
		case p.State == Opened:
			continue // whoever opens it will say so
		}
		if err := a.Memory.SaveProposal(ctx, p); err != nil {
			return nil, err
		}
	}
	return seen, nil
}

// waits says that a pull request has to wait, for what and until when.
func waits(later *Later, at *planned, command string) string {
	text := "⏳ Not opened yet. " + later.because()
	switch {
	case later.timed():
		text += fmt.Sprintf(" It will be opened on %s, without another word from you.", at.settings.Proposals.Windows().Window.Show(later.Until))
	case later.Limit == LimitFirst:
		text += " It will be opened then, without another word from you."
	case later.Most > 0:
		text += " It will be opened when one of them is merged or closed, without another word from you."
	default:
		return "❌ Nothing was opened: the settings allow no pull requests of chiselbot's here."
	}
	if later.Limit == LimitWindow || later.Limit == LimitFirst {
		text += fmt.Sprintf(" `%s --now` does not wait.", command)
	}
	return text
}
