package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/chiselbot/chiselbot/app/propose"
	"github.com/chiselbot/chiselbot/app/report"
	"github.com/chiselbot/chiselbot/fixes/recipes"
)

// proposalKinds are the recipes for which there may be a proposal.
func proposalKinds() []string {
	kinds := []string{propose.Fixes}
	for _, recipe := range recipes.All(recipes.Options{}) {
		kinds = append(kinds, recipe.ID)
	}
	return kinds
}

// keepProposal brings what was proposed for a branch up to date after a push to it. It
// begins nothing.
func (a *App) keepProposal(ctx context.Context, job KeepProposal) error {
	pulls, err := a.GitHub.OwnPullRequestsInto(ctx, job.Repository, job.Branch)
	if err != nil {
		return err
	}
	for _, o := range pulls {
		request, ok := propose.RequestOf(o.Body)
		if !ok || request.Recipe == propose.Settings {
			continue
		}
		made, ok := strings.CutPrefix(o.Branch, propose.Branch(request.Recipe, ""))
		switch {
		case !ok: // somebody wrote our mark into another one of ours
		case made == o.Base:
			err = a.keep(ctx, job.Repository, o, request)
		default:
			err = a.rebase(ctx, job, o, request, made)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// rebase makes a proposal anew whose base was renamed, which GitHub lets it follow. Where
// the branch is still there that it was made for, a person chose another, and it is theirs.
func (a *App) rebase(ctx context.Context, job KeepProposal, o OwnPullRequest, request propose.Request, made string) error {
	repo := job.Repository
	if _, err := a.GitHub.Tip(ctx, repo, made); !errors.Is(err, ErrNotFound) {
		return err
	}
	tip, err := a.GitHub.Tip(ctx, repo, o.Base)
	if err != nil {
		return err
	}
	out, err := a.renew(ctx, repo, request, o.Base, tip.Commit, how{holder: job.Key, now: true})
	if later := (*Later)(nil); errors.As(err, &later) {
		return nil // it stays as it is until there is room
	}
	if sentence := obstacle(err); sentence != "" {
		return a.say(ctx, repo, o.Number, "kept", fmt.Sprintf("The base branch is not called %s any more, and this pull request could not follow: %s", report.CodeSpan(made), sentence))
	}
	if err != nil {
		return err
	}
	why := "there is nothing left to change."
	if out.what == opened || out.what == updated || out.what == unchanged {
		why = fmt.Sprintf("#%d takes its place.", out.number)
	}
	return a.withdraw(ctx, repo, o, fmt.Sprintf("the base branch is not called %s any more, and %s", report.CodeSpan(made), why))
}

// keep brings one pull request up to date.
func (a *App) keep(ctx context.Context, repo Repository, o OwnPullRequest, request propose.Request) error {
	if paused, err := a.Memory.Paused(ctx, repo.ID, o.Number); err != nil || paused {
		return err
	}
	tip, err := a.GitHub.Tip(ctx, repo, o.Base)
	if err != nil {
		return err
	}
	out, err := a.renew(ctx, repo, request, o.Base, tip.Commit, how{keep: true})
	if errors.Is(err, ErrMoved) {
		return err // another job may have done the same
	}
	if sentence := obstacle(err); sentence != "" {
		return a.say(ctx, repo, o.Number, "kept", "The base moved, and this pull request could not follow: "+sentence)
	}
	if err != nil {
		return err
	}
	a.Logger.InfoContext(ctx, "keep proposal", slog.Int("pr", out.number), slog.String("outcome", string(out.what)))
	if out.what == touched {
		return a.say(ctx, repo, out.number, "touched", touchedText)
	}
	return nil
}

const touchedText = "The base moved. Somebody has committed to this pull request, so chiselbot leaves it as it is. `/chisel recreate` makes it anew, over those commits."

// renew plans a request at a commit of its base, has the images built and proposes that.
func (a *App) renew(ctx context.Context, repo Repository, r propose.Request, base, commit string, how how) (outcome, error) {
	at, err := a.planAt(ctx, repo, commit, r)
	if err != nil {
		return outcome{}, err
	}
	how.builds = true
	return a.propose(ctx, repo, base, at, how)
}

// patience is how long a proposal waits for its turn before it is given up.
const patience = 14 * 24 * time.Hour

// proposeLater makes a proposal that had to wait, and tells what came of it where it was
// asked for. Whoever asked must still be allowed to.
func (a *App) proposeLater(ctx context.Context, attempt Attempt, job Propose) error {
	waits, err := a.stillWaits(ctx, attempt, job)
	if err != nil || !waits {
		return err
	}
	permission, err := a.GitHub.Permission(ctx, job.Repository, job.Sender)
	if err != nil {
		return err
	}
	if permission != "write" && permission != "admin" {
		return a.tell(ctx, job, "❌ Nothing was opened: who gave the command may no longer write here.")
	}
	var pull PullRequest
	if !job.Anew {
		if pull, err = a.GitHub.PullRequest(ctx, job.Repository, job.Number); err != nil {
			return err
		}
		if !pull.Open {
			return a.tell(ctx, job, "❌ Nothing was opened: this pull request was closed in the meantime.")
		}
	}
	var text string
	if job.Fork {
		text, err = a.suggestLater(ctx, job, pull)
	} else {
		text, err = a.openLater(ctx, attempt, job)
	}
	if sentence := obstacle(err); sentence != "" {
		text, err = "❌ "+sentence, nil
	}
	if err != nil {
		return err
	}
	return a.tell(ctx, job, text)
}

// openLater opens the pull request or brings it up to date, and says what came of it.
func (a *App) openLater(ctx context.Context, attempt Attempt, job Propose) (string, error) {
	tip, err := a.GitHub.Tip(ctx, job.Repository, job.Base)
	if err != nil {
		return "", err
	}
	out, err := a.renew(ctx, job.Repository, job.Request, job.Base, tip.Commit, how{holder: job.Key, anew: job.Anew, now: job.Now})
	later := (*Later)(nil)
	switch {
	case err == nil:
		return out.said(), nil
	case !errors.As(err, &later):
		return "", err
	case time.Since(attempt.Enqueued) > patience:
		return "❌ Nothing was opened. It waited for two weeks. " + later.because(), nil
	}
	return "", errors.Join(err, a.tell(ctx, job, job.waiting(waits(later, out.at, job.Command))))
}

// suggestLater suggests what was built on a pull request from a fork.
func (a *App) suggestLater(ctx context.Context, job Propose, pull PullRequest) (string, error) {
	at, err := a.planAt(ctx, job.Repository, pull.Head, job.Request)
	if err == nil && a.toBuild(at) {
		at, err = a.build(ctx, at)
	}
	if err != nil {
		return "", err
	}
	return a.suggested(ctx, job.Repository, pull, at)
}

const (
	// replies is how long a job waits for the reply in which it is to tell what came of it.
	replies = time.Minute

	waitEnd = "<!-- /chiselbot:waits -->"
)

// waitBegin begins what the reply says of a proposal while that waits.
func (j Propose) waitBegin() string { return "<!-- chiselbot:waits " + j.Key + " -->" }

// waiting is what a reply says of a proposal while that waits.
func (j Propose) waiting(text string) string { return j.waitBegin() + text + waitEnd }

// stillWaits reports whether the reply still says that the proposal waits. A reply that a
// person removed keeps nobody from going on.
func (a *App) stillWaits(ctx context.Context, attempt Attempt, job Propose) (bool, error) {
	reply, err := a.replyTo(ctx, job)
	switch {
	case err != nil:
		return false, err
	case reply.ID != 0:
		return strings.Contains(reply.Body, job.waitBegin()), nil
	case time.Since(attempt.Enqueued) < replies:
		return false, errors.New("tell what came of a proposal: the command has not replied yet")
	}
	return true, nil
}

// replyTo finds the reply to the command that asked for a proposal, zero where there is
// none.
func (a *App) replyTo(ctx context.Context, job Propose) (Comment, error) {
	mark := commentMark(job.Reply)
	for c, err := range a.GitHub.OwnComments(ctx, job.Repository, job.Number) {
		if err != nil || strings.HasPrefix(c.Body, mark) {
			return c, err
		}
	}
	return Comment{}, nil
}

// tell puts the outcome of a proposal that waited in the place of the word that it waits.
func (a *App) tell(ctx context.Context, job Propose, text string) error {
	reply, err := a.replyTo(ctx, job)
	if err != nil || reply.ID == 0 {
		return err
	}
	before, rest, waits := strings.Cut(reply.Body, job.waitBegin())
	_, after, ends := strings.Cut(rest, waitEnd)
	body := before + text + after
	if !waits || !ends || sameText(body, reply.Body) {
		return nil // it was told
	}
	return a.GitHub.EditComment(ctx, job.Repository, reply.ID, body)
}
