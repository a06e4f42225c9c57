package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/app/config"
	"github.com/chiselbot/chiselbot/app/propose"
	"github.com/chiselbot/chiselbot/app/review"
	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/fixes"
	"github.com/chiselbot/chiselbot/fixes/chiseled"
	"github.com/chiselbot/chiselbot/fixes/recipes"
)

// A proposed is what became of a proposal.
type proposed string

// What can become of a proposal.
const (
	opened      proposed = "opened"
	updated     proposed = "updated"
	unchanged   proposed = "unchanged"
	declined    proposed = "declined"    // somebody closed it
	touched     proposed = "touched"     // somebody committed to it
	unnecessary proposed = "unnecessary" // and closed, if it was open
)

// trailer marks the commits of proposals, apart from others that the App makes.
const trailer = "Chiselbot-Recipe: "

// planAt makes the plans of a request at a commit. Files that are not there, or no longer
// Dockerfiles, have none.
func (a *App) planAt(ctx context.Context, repo Repository, commit string, r propose.Request) ([]*fixes.Plan, []checks.Skip, Change, error) {
	recipe := recipes.Named(r.Recipe, recipes.Options{Upgrade: r.Upgrade, Variant: chiseled.Variant(r.Variant)})
	if recipe == nil {
		return nil, nil, nil, fmt.Errorf("plan for %s: there is no recipe %q: %w", repo, r.Recipe, ErrInvalid)
	}
	trees, opts, err := a.open(ctx, repo, commit, commit)
	if err != nil {
		return nil, nil, nil, err
	}
	opts.Checks.IsDockerfile = func(name string) bool { return slices.Contains(r.Files, name) }
	plans, skips, err := fixes.Plans(ctx, trees.Head(), recipe, opts)
	return plans, skips, trees, err
}

// open fetches what plans between two commits read. The checks are those of a review.
func (a *App) open(ctx context.Context, repo Repository, base, head string) (Change, fixes.Options, error) {
	trees, err := a.GitHub.Change(ctx, repo, base, head, config.Paths())
	if err != nil {
		return nil, fixes.Options{}, err
	}
	opts := a.Review
	opts.Tip, opts.Now = trees.Tip(), a.Now()
	if opts.Owner, opts.OwnerSkips, err = a.owner(ctx, repo); err != nil {
		return nil, fixes.Options{}, err
	}
	reads, settings, err := review.Reads(ctx, trees.Base(), trees.Head(), opts)
	if err != nil {
		return nil, fixes.Options{}, err
	}
	if err := trees.Prefetch(ctx, reads); err != nil {
		return nil, fixes.Options{}, err
	}
	return trees, fixes.Options{Together: true, Checks: checks.Options{
		Rules: a.Review.Rules, Scanners: a.Review.Scanners, Render: a.Review.Render, Severities: settings.Rules,
		IsDockerfile: settings.IsDockerfile, Mirrors: settings.Mirrors, Now: opts.Now,
	}}, nil
}

// propose brings the pull request of a proposal to what it should be: there is one for
// each recipe and base, found again by its branch and the mark in its body. Every step
// looks first whether it was done, so that it can be tried again after any end. Anew
// makes it although somebody closed it or committed to it.
func (a *App) propose(ctx context.Context, repo Repository, p propose.Proposal, at Change, anew bool) (proposed, int, error) {
	pulls, err := a.GitHub.OwnPullRequests(ctx, repo, p.Branch)
	if err != nil {
		return "", 0, err
	}
	pulls = slices.DeleteFunc(pulls, func(o OwnPullRequest) bool {
		_, marked := propose.RequestOf(o.Body)
		return !marked || o.Base != p.Base
	})
	var open *OwnPullRequest
	if i := slices.IndexFunc(pulls, func(o OwnPullRequest) bool { return o.Open }); i >= 0 {
		open = &pulls[i]
	}
	if open == nil {
		if len(p.Changes) == 0 {
			return unnecessary, 0, nil
		}
		if n := declinedBy(pulls, p.Images); n != 0 && !anew {
			return declined, n, nil
		}
	}
	number := 0
	if open != nil {
		number = open.Number
	}

	tip, err := a.GitHub.Tip(ctx, repo, p.Branch)
	exists := !errors.Is(err, ErrNotFound)
	if err != nil && exists {
		return "", 0, err
	}
	if own := tip.Own && strings.Contains(tip.Message, trailer); exists && !own && !anew {
		return touched, number, nil
	}
	if len(p.Changes) == 0 {
		return unnecessary, number, a.closeProposal(ctx, repo, *open, p.Left)
	}
	pushed, err := a.pushProposal(ctx, repo, p, at, tip)
	if err != nil {
		return "", 0, err
	}
	switch {
	case open == nil:
		number, err = a.GitHub.OpenPullRequest(ctx, repo, OwnPullRequest{Title: p.Title, Body: p.Body, Branch: p.Branch, Base: p.Base})
		return opened, number, err
	case open.Title != p.Title || !sameText(open.Body, p.Body):
		return updated, number, a.GitHub.EditPullRequest(ctx, repo, number, p.Title, p.Body)
	case pushed:
		return updated, number, nil
	}
	return unchanged, number, nil
}

// declinedBy is the newest pull request that was closed unmerged, if it was for the same
// images.
func declinedBy(pulls []OwnPullRequest, images string) int {
	for _, o := range pulls {
		if r, _ := propose.RequestOf(o.Body); !o.Open && !o.Merged {
			if r.Images == images {
				return o.Number
			}
			return 0
		}
	}
	return 0
}

// sameText compares bodies as GitHub may keep them.
func sameText(a, b string) bool {
	clean := func(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }
	return clean(a) == clean(b)
}

// pushProposal commits the changes unless the branch has them. A branch that is there is
// never forced: the commit becomes a merge of the base into it, with the base's files and
// the changes.
func (a *App) pushProposal(ctx context.Context, repo Repository, p propose.Proposal, at Change, tip Tip) (bool, error) {
	base := at.Head().Commit
	push := Push{Branch: p.Branch, Parents: []string{base}, Onto: base, Message: p.Message + "\n" + trailer + p.Recipe + "\n", Files: filesOf(at, p.Changes)}
	if tip.Commit != "" {
		has, err := a.GitHub.Change(ctx, repo, base, tip.Commit, nil)
		if err != nil {
			return false, err
		}
		if shows, err := showsChanges(has, p.Changes); err != nil || shows {
			return false, err
		}
		push.Parents = []string{tip.Commit, base}
		if has.Base().Commit == base { // nothing to merge
			push.Parents = push.Parents[:1]
		}
	}
	_, err := a.GitHub.Push(ctx, repo, push)
	return err == nil, err
}

// showsChanges reports whether a comparison shows exactly these changes.
func showsChanges(has Change, changes []fixes.Change) (bool, error) {
	if len(has.Changed()) != len(changes) {
		return false, nil
	}
	for i, path := range has.Changed() {
		if path != changes[i].Path {
			return false, nil
		}
		before, err := has.Base().Read(path)
		if err != nil {
			return false, err
		}
		after, err := has.Head().Read(path)
		if err != nil {
			return false, err
		}
		if before.Text() != changes[i].Before || after.Text() != changes[i].After {
			return false, nil
		}
	}
	return true, nil
}

// filesOf are the changes as files to commit, with the modes that they have.
func filesOf(at Change, changes []fixes.Change) []File {
	var files []File
	for _, c := range changes {
		f := File{Path: c.Path, Text: c.After}
		if info, err := fs.Lstat(at.Head().FS, c.Path); err == nil {
			f.Executable = info.Mode()&0o111 != 0
		}
		files = append(files, f)
	}
	return files
}

// closeProposal closes a pull request that has nothing to do any more, with a word. It is
// marked as withdrawn first, because nobody said no.
func (a *App) closeProposal(ctx context.Context, repo Repository, open OwnPullRequest, left int) error {
	why := "there is nothing left to change, because the base branch has it or no longer needs it."
	if left > 0 {
		why = "with what is on the base branch now, only a person can make this change. `/chisel diff` on a pull request says what stands in the way."
	}
	if err := a.say(ctx, repo, open.Number, "closed", "Closed: "+why+" The branch can be deleted."); err != nil {
		return err
	}
	if body := propose.Withdrawn(open.Body); body != open.Body {
		if err := a.GitHub.EditPullRequest(ctx, repo, open.Number, open.Title, body); err != nil {
			return err
		}
	}
	return a.GitHub.ClosePullRequest(ctx, repo, open.Number)
}

// commentMark begins a comment of the App's, and is not seen.
func commentMark(key string) string { return "<!-- chiselbot:comment " + key + " -->" }

// say comments once: equal keys are the same comment, edited in place.
func (a *App) say(ctx context.Context, repo Repository, number int, key, text string) error {
	mark := commentMark(key)
	for c, err := range a.GitHub.OwnComments(ctx, repo, number) {
		if err != nil {
			return err
		}
		if strings.HasPrefix(c.Body, mark) {
			if sameText(c.Body, mark+"\n"+text) {
				return nil
			}
			return a.GitHub.EditComment(ctx, repo, c.ID, mark+"\n"+text)
		}
	}
	_, err := a.GitHub.Comment(ctx, repo, number, mark+"\n"+text)
	return err
}

// keepProposal brings what was proposed for a branch up to date after a push to it. It
// begins nothing.
func (a *App) keepProposal(ctx context.Context, job KeepProposal) error {
	for _, recipe := range recipes.All(recipes.Options{}) {
		pulls, err := a.GitHub.OwnPullRequests(ctx, job.Repository, propose.Branch(recipe.ID, job.Branch))
		if err != nil {
			return err
		}
		for _, o := range pulls {
			request, ok := propose.RequestOf(o.Body)
			if !o.Open || !ok || o.Base != job.Branch {
				continue
			}
			if paused, err := a.Memory.Paused(ctx, job.Repository.ID, o.Number); err != nil || paused {
				return err
			}
			tip, err := a.GitHub.Tip(ctx, job.Repository, job.Branch)
			if err != nil {
				return err
			}
			what, number, err := a.renew(ctx, job.Repository, request, job.Branch, tip.Commit, false)
			if sentence := obstacle(err); sentence != "" {
				return a.say(ctx, job.Repository, o.Number, "kept", "The base moved, and this pull request could not follow: "+sentence)
			}
			if err != nil {
				return err
			}
			a.Logger.InfoContext(ctx, "keep proposal", slog.Int("pr", number), slog.String("outcome", string(what)))
			if what == touched {
				return a.say(ctx, job.Repository, number, "touched", touchedText)
			}
		}
	}
	return nil
}

const touchedText = "The base moved. Somebody has committed to this pull request, so chiselbot leaves it as it is. `/chisel recreate` makes it anew, over those commits."

// renew plans a request at a commit of its base and proposes that.
func (a *App) renew(ctx context.Context, repo Repository, r propose.Request, base, commit string, anew bool) (proposed, int, error) {
	plans, _, at, err := a.planAt(ctx, repo, commit, r)
	if err != nil {
		return "", 0, err
	}
	return a.propose(ctx, repo, propose.Of(r, base, plans), at, anew)
}

// obstacle says in a sentence why GitHub did not do what another attempt will not change,
// empty where one may.
func obstacle(err error) string {
	switch {
	case errors.Is(err, ErrMoved):
		return "Somebody pushed to the branch in the meantime. Nothing was changed; give the command again."
	case errors.Is(err, ErrProtected):
		return "The branch is protected, and chiselbot may not push to it. Let the App bypass the rule, or make the change by hand: `/chisel diff` shows it."
	case errors.Is(err, ErrExists):
		return "There is a pull request from the same branch that chiselbot did not open. Close it, then give the command again."
	case errors.Is(err, ErrArchived):
		return "The repository is archived and cannot be changed."
	case errors.Is(err, ErrForbidden):
		return "The App lacks a permission for that. Its owner has to give it write access to contents and pull requests, and who installed it has to accept that."
	case errors.Is(err, ErrNotFound):
		return "The branch, or what it was compared with, is not there any more. It may have been deleted or renamed; give the command again where it is now."
	case errors.Is(err, ErrInvalid):
		return "GitHub did not accept the change."
	}
	return ""
}
