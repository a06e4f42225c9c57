package app

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"github.com/chiselbot/chiselbot/app/codeowners"
	"github.com/chiselbot/chiselbot/app/config"
	"github.com/chiselbot/chiselbot/app/propose"
)

// maxReviewers is how many people and teams are asked to review one pull request, and
// maxAsked of how many it is asked whether they may.
const maxReviewers, maxAsked = 6, 12

// dress gives a pull request its labels, assignees and reviewers, once: what people change
// of them afterwards stays. What GitHub does not take of them is no reason to fail.
func (a *App) dress(ctx context.Context, repo Repository, p propose.Proposal, at *planned, number int) error {
	known, err := a.Memory.Proposal(ctx, repo, p.Branch, number)
	switch {
	case err == nil && known.Dressed && known.State == Opened:
		return nil
	case err == nil:
	case !errors.Is(err, ErrNotFound):
		return err
	default:
		known = KnownProposal{Repository: repo, Branch: p.Branch, Number: number, State: Opened}
		// Without a reservation it is older than what is remembered.
		if _, err := a.Memory.Proposal(ctx, repo, p.Branch, 0); errors.Is(err, ErrNotFound) {
			known.Dressed = true
		} else if err != nil {
			return err
		}
	}
	known.State = Opened
	if err := a.Memory.SaveProposal(ctx, known); err != nil || known.Dressed {
		return err
	}
	settings := at.settings.Proposals
	if len(settings.Labels) > 0 {
		if err := a.forgive(ctx, "label", a.GitHub.Label(ctx, repo, number, settings.Labels)); err != nil {
			return err
		}
	}
	if len(settings.Assignees) > 0 {
		if err := a.forgive(ctx, "assign", a.GitHub.Assign(ctx, repo, number, settings.Assignees)); err != nil {
			return err
		}
	}
	if settings.Reviewers == config.CodeOwners {
		if err := a.askOwners(ctx, repo, p, at, number); err != nil {
			return err
		}
	}
	known.Dressed = true
	return a.Memory.SaveProposal(ctx, known)
}

// forgive passes on only those errors after which another attempt may do.
func (a *App) forgive(ctx context.Context, what string, err error) error {
	if errors.Is(err, ErrInvalid) || errors.Is(err, ErrForbidden) || errors.Is(err, ErrNotFound) {
		a.Logger.InfoContext(ctx, "leave a pull request without: "+what, slog.Any("error", err))
		return nil
	}
	return err
}

// askOwners asks those who own the changed files to review, as GitHub does of itself where
// the pull request is no draft.
func (a *App) askOwners(ctx context.Context, repo Repository, p propose.Proposal, at *planned, number int) error {
	var people, teams []string
	for _, owner := range ownersOf(at, p) {
		if org, team, ok := strings.Cut(owner, "/"); ok {
			if strings.EqualFold(org, repo.Owner) {
				teams = append(teams, team)
			}
			continue
		}
		people = append(people, owner)
	}
	var able []string
	for _, login := range people[:min(len(people), maxAsked)] {
		permission, err := a.GitHub.Permission(ctx, repo, login)
		if err := a.forgive(ctx, "reviewer "+login, err); err != nil {
			return err
		}
		if permission == "write" || permission == "admin" {
			able = append(able, login)
		}
	}
	able = able[:min(len(able), maxReviewers)]
	teams = teams[:min(len(teams), maxReviewers-len(able))]
	if len(able) > 0 {
		err := a.GitHub.RequestReview(ctx, repo, number, able, nil)
		if errors.Is(err, ErrInvalid) && len(able) > 1 { // because of one of them
			for _, login := range able {
				if err := a.forgive(ctx, "reviewer "+login, a.GitHub.RequestReview(ctx, repo, number, []string{login}, nil)); err != nil {
					return err
				}
			}
			err = nil
		}
		if err := a.forgive(ctx, "reviewers", err); err != nil {
			return err
		}
	}
	for _, team := range teams { // which an App without a permission of the organization may not ask
		if err := a.forgive(ctx, "team "+team, a.GitHub.RequestReview(ctx, repo, number, nil, []string{team})); err != nil {
			return err
		}
	}
	return nil
}

// ownersOf are the owners of the changed files on the base branch, each once.
func ownersOf(at *planned, p propose.Proposal) []string {
	for _, name := range codeowners.Paths() {
		file, err := at.Head().Read(name)
		if err != nil {
			continue
		}
		rules := codeowners.Parse(file.Text())
		var owners []string
		seen := map[string]bool{}
		for _, c := range p.Changes {
			for _, owner := range rules.Of(c.Path) {
				if key := strings.ToLower(owner); !seen[key] {
					seen[key] = true
					owners = append(owners, owner)
				}
			}
		}
		return owners
	}
	return nil
}
