package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/app/config"
	"github.com/chiselbot/chiselbot/app/propose"
	"github.com/chiselbot/chiselbot/fixes"
)

// trailer marks the commits of proposals, apart from others that the App makes.
const trailer = "Chiselbot-Recipe: "

// A how says how a proposal is made.
type how struct {
	// holder is whose proposal it is, the same in all attempts of a job and of no other.
	holder string
	// anew makes it although somebody closed it or committed to it.
	anew bool
	// keep brings up to date what is open, and opens nothing.
	keep bool
	// now does not wait for the window, or for the first one to be decided: a person asked.
	now bool
	// builds has images built where that belongs to the proof; without it there is an
	// [errBuild].
	builds bool
}

// propose brings the pull request of a request to what it should be: there is one for each
// recipe and base, found again by its branch and the mark in its body. Every step looks
// first whether it was done, so that it can be tried again after any end.
func (a *App) propose(ctx context.Context, repo Repository, base string, at *planned, how how) (outcome, error) {
	out := outcome{at: at, branch: propose.Branch(at.request.Recipe, base)}
	pulls, err := a.GitHub.OwnPullRequests(ctx, repo, out.branch)
	if err != nil {
		return out, err
	}
	pulls = slices.DeleteFunc(pulls, func(o OwnPullRequest) bool {
		_, marked := propose.RequestOf(o.Body)
		return !marked || o.Base != base
	})
	var open *OwnPullRequest
	if i := slices.IndexFunc(pulls, func(o OwnPullRequest) bool { return o.Open }); i >= 0 {
		open = &pulls[i]
		out.number = open.Number
	}
	changes := propose.Changes(at.plans)
	if open == nil {
		if len(changes) == 0 || how.keep {
			out.what = unnecessary
			return out, nil
		}
		if n := declinedBy(pulls, propose.Images(at.plans)); n != 0 && !how.anew {
			out.what, out.number = declined, n
			return out, nil
		}
	}

	tip, err := a.GitHub.Tip(ctx, repo, out.branch)
	exists := !errors.Is(err, ErrNotFound)
	if err != nil && exists {
		return out, err
	}
	if own := tip.Own && strings.Contains(tip.Message, trailer); exists && !own && !how.anew {
		out.what = touched
		return out, nil
	}
	if len(changes) == 0 {
		out.what = unnecessary
		return out, a.closeProposal(ctx, repo, *open, propose.Left(at.plans))
	}
	if a.toBuild(at) {
		return a.proposeBuilt(ctx, repo, base, at, how, open == nil)
	}
	if at.request.Style, err = a.style(ctx, repo, base, at, open); err != nil {
		return out, err
	}
	p := propose.Of(at.request, base, at.Head(), at.plans)
	out.title = p.Title
	if open == nil {
		return a.begin(ctx, repo, p, at, tip, how, out)
	}
	pushed, err := a.pushProposal(ctx, repo, p, at, tip)
	if err != nil {
		return out, err
	}
	out.what = unchanged
	if open.Title != p.Title || !sameText(open.Body, p.Body) {
		if err := a.GitHub.EditPullRequest(ctx, repo, open.Number, p.Title, p.Body); err != nil {
			return out, err
		}
		pushed = true
	}
	if pushed {
		out.what = updated
	}
	return out, a.dress(ctx, repo, p, at, open.Number)
}

// begin opens a pull request, if the limits allow it.
func (a *App) begin(ctx context.Context, repo Repository, p propose.Proposal, at *planned, tip Tip, how how, out outcome) (outcome, error) {
	if err := a.admit(ctx, repo, p.Branch, at, how); err != nil {
		return out, err
	}
	_, err := a.pushProposal(ctx, repo, p, at, tip)
	if err == nil {
		out.number, err = a.GitHub.OpenPullRequest(ctx, repo, OwnPullRequest{Title: p.Title, Body: p.Body, Branch: p.Branch, Base: p.Base, Draft: p.Undecided > 0})
	}
	if obstacle(err) != "" { // another attempt would come to the same
		err = errors.Join(err, a.Memory.Release(ctx, repo, p.Branch, how.holder))
	}
	if err != nil {
		return out, err
	}
	out.what = opened
	if err := a.dress(ctx, repo, p, at, out.number); err != nil {
		return out, err
	}
	// A push to the base that came before there was a pull request kept none up to date.
	pull, err := a.GitHub.PullRequest(ctx, repo, out.number)
	if err != nil || pull.Base == at.Head().Commit {
		return out, err
	}
	return out, a.queue.Enqueue(ctx, KeepProposal{
		Cause: Cause{Key: fmt.Sprintf("moved/%d/%d/%s", repo.ID, out.number, pull.Base)}, Repository: repo, Branch: p.Base,
	})
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

// style is how titles are written: as those of the open pull request are, or else as the
// settings say or the branch's history shows.
func (a *App) style(ctx context.Context, repo Repository, base string, at *planned, open *OwnPullRequest) (propose.Style, error) {
	titles := at.settings.Proposals.Titles
	if open != nil {
		r, _ := propose.RequestOf(open.Body)
		if titles == config.AutoTitles || (titles == config.Conventional) == r.Style.Conventional {
			return r.Style, nil
		}
	}
	return a.styleOf(ctx, repo, base, titles)
}

// styleOf is how the first lines of commits on a branch are written.
func (a *App) styleOf(ctx context.Context, repo Repository, branch string, titles config.Titles) (propose.Style, error) {
	if titles == config.PlainTitles {
		return propose.Style{}, nil
	}
	subjects, err := a.GitHub.Subjects(ctx, repo, branch, subjectsRead)
	if err != nil {
		return propose.Style{}, err
	}
	return propose.StyleOf(subjects, titles == config.Conventional), nil
}

// subjectsRead is how much of a branch's history shows how titles are written.
const subjectsRead = 50

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

// closeProposal closes a pull request that has nothing to do any more.
func (a *App) closeProposal(ctx context.Context, repo Repository, open OwnPullRequest, left int) error {
	if left > 0 {
		return a.withdraw(ctx, repo, open, "with what is on the base branch now, only a person can make this change. `/chisel diff` on a pull request says what stands in the way.")
	}
	return a.withdraw(ctx, repo, open, "there is nothing left to change, because the base branch has it or no longer needs it.")
}

// withdraw closes a pull request with a word. It is marked as withdrawn first, because
// nobody said no.
func (a *App) withdraw(ctx context.Context, repo Repository, open OwnPullRequest, why string) error {
	if err := a.say(ctx, repo, open.Number, "closed", "Closed: "+why+" The branch can be deleted."); err != nil {
		return err
	}
	if body := propose.Withdrawn(open.Body); body != open.Body {
		if err := a.GitHub.EditPullRequest(ctx, repo, open.Number, open.Title, body); err != nil {
			return err
		}
	}
	if err := a.GitHub.ClosePullRequest(ctx, repo, open.Number); err != nil {
		return err
	}
	return a.Memory.SaveProposal(ctx, KnownProposal{Repository: repo, Branch: open.Branch, Number: open.Number, State: Withdrawn, Dressed: true})
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
