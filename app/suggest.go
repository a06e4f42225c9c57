package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/app/propose"
	"github.com/chiselbot/chiselbot/app/report"
	"github.com/chiselbot/chiselbot/app/review"
	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
)

// maxSuggestions is how many comments one command makes.
const maxSuggestions = 20

// suggest puts plans on a fork's pull request, to which an App cannot push: as suggestions
// at its lines where they can say it, and as a patch where not, with the reason.
func (a *App) suggest(ctx context.Context, repo Repository, pull PullRequest, trees Change, plans []*fixes.Plan) (string, error) {
	list, why := suggestions(trees.Base(), plans)
	if why == "" {
		err := a.GitHub.Suggest(ctx, repo, pull.Number, pull.Head, list)
		if err == nil {
			return fmt.Sprintf("✅ The branch is in a fork, to which an App cannot push. Whoever may can commit what is suggested at its lines (%d).\n", len(list)), nil
		}
		if !errors.Is(err, ErrInvalid) {
			return "", err
		}
		why = "GitHub does not take suggestions at these lines"
	}
	return forkText(plans, why), nil
}

// suggested puts what was planned at the head of a fork's pull request on it, and says what
// came of it.
func (a *App) suggested(ctx context.Context, repo Repository, pull PullRequest, at *planned) (string, error) {
	text := outcome{at: at, what: unnecessary}.text()
	if len(propose.Changes(at.plans)) > 0 {
		against, err := a.GitHub.Change(ctx, repo, pull.Base, pull.Head, nil)
		if err != nil {
			return "", err
		}
		if text, err = a.suggest(ctx, repo, pull, against, at.plans); err != nil {
			return "", err
		}
	}
	return text + told(at.plans, nil) + skippedText(at.skips), nil
}

// forkText shows plans as a patch, and says why.
func forkText(plans []*fixes.Plan, why string) string {
	if why != "" {
		why = ", and " + why
	}
	return "✅ The branch is in a fork, to which an App cannot push" + why + ". Here is the patch; `git apply` takes it:\n\n" + report.Block("diff", patch(plans))
}

// suggestions are the changes of plans as GitHub can suggest them, or the reason why it
// cannot. Each can be taken without the others, and so may not need another.
func suggestions(base source.Tree, plans []*fixes.Plan) (list []Suggestion, why string) {
	changes := propose.Changes(plans)
	for _, c := range changes {
		for _, h := range c.Hunks() {
			one, why := suggestion(base, c, h)
			if why != "" {
				return nil, why
			}
			list = append(list, one)
		}
	}
	switch {
	case len(list) == 0:
		return nil, "a suggestion cannot say this"
	case len(list) > 1 && !apart(plans):
		return nil, "the changes belong together, while each suggestion can be taken alone"
	case len(list) > maxSuggestions:
		return nil, fmt.Sprintf("%d suggestions are too many", len(list))
	}
	return list, ""
}

// apart reports whether each suggestion of plans is a whole fix, or several.
func apart(plans []*fixes.Plan) bool {
	for _, plan := range applicable(plans) {
		for _, step := range plan.Steps {
			if c, ok := plan.Alone(step); !ok || len(c.Hunks()) != 1 {
				return false
			}
		}
	}
	return true
}

// suggestion is one hunk of a change as GitHub can suggest it, or the reason why it cannot:
// a suggestion stands at lines that the pull request itself wrote, and is text in a
// comment, in which not every byte of a file comes through.
// https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/reviewing-changes-in-pull-requests/incorporating-feedback-in-your-pull-request
func suggestion(base source.Tree, c fixes.Change, h fixes.Hunk) (_ Suggestion, why string) {
	file := source.NewFile(c.Path, c.Before)
	open := !strings.HasSuffix(c.Before, "\n") || !strings.HasSuffix(c.After, "\n")
	if strings.Contains(c.Before, "\r") || open && h.Last >= file.Lines() {
		return Suggestion{}, "a suggestion cannot keep the line ends of " + report.CodeSpan(c.Path)
	}
	written := []review.Lines{{First: 1, Last: file.Lines()}}
	if before, err := base.Read(c.Path); err == nil {
		written = review.Written(before.Text(), file)
	}
	if !slices.ContainsFunc(written, func(l review.Lines) bool { return l.First <= h.First && h.Last <= l.Last }) {
		return Suggestion{}, "a suggestion can stand only at lines that the pull request wrote, which some of these are not"
	}
	body := "```suggestion\n```" // takes the lines away
	if h.New != "" {
		text := strings.TrimSuffix(h.New, "\n")
		if body = strings.TrimSuffix(report.Block("suggestion", text), "\n"); !strings.Contains(body, "\n"+text+"\n") {
			return Suggestion{}, "a suggestion cannot hold the bytes of " + report.CodeSpan(c.Path)
		}
	}
	return Suggestion{Path: c.Path, First: h.First, Last: h.Last, Body: body}, ""
}

// suggestionMark begins what ends an unasked suggestion and is not seen.
const suggestionMark = "<!-- chiselbot:suggestion "

// suggestFixes suggests fixes at the lines of a pull request that nobody asked for: those
// that are certain, each once however the lines move, and no more than the settings want.
func (a *App) suggestFixes(ctx context.Context, job SuggestFixes) error {
	pull, err := a.GitHub.PullRequest(ctx, job.Repository, job.Number)
	if err != nil || !pull.Open || pull.Head != job.Head {
		return err
	}
	if paused, err := a.Memory.Paused(ctx, job.Repository.ID, job.Number); err != nil || paused {
		return err
	}
	g, err := a.open(ctx, job.Repository, pull.Base, pull.Head)
	if err != nil || g.settings.Suggestions == 0 {
		return err
	}
	plans, _, err := a.fixesOf(ctx, g, nil)
	if err != nil {
		return err
	}
	made, err := a.GitHub.Suggested(ctx, job.Repository, job.Number)
	if err != nil {
		return err
	}
	room := g.settings.Suggestions
	for _, one := range made {
		if strings.Contains(one.Body, suggestionMark) {
			room--
		}
	}
	var list []Suggestion
	for _, plan := range plans {
		for _, step := range plan.Steps {
			one, mark := ofStep(g.Base(), g.Head(), plan, step)
			known := slices.ContainsFunc(made, func(s Suggestion) bool { return strings.Contains(s.Body, mark) })
			if mark != "" && !known && len(list) < room {
				list = append(list, one)
			}
		}
	}
	err = a.suggestAll(ctx, job, list)
	if errors.Is(err, ErrInvalid) && len(list) > 1 { // one of them is at lines that GitHub does not show
		for _, one := range list {
			if err = a.suggestAll(ctx, job, []Suggestion{one}); err != nil && !errors.Is(err, ErrInvalid) {
				break
			}
		}
	}
	return a.forgive(ctx, "suggestions", err)
}

func (a *App) suggestAll(ctx context.Context, job SuggestFixes, list []Suggestion) error {
	if len(list) == 0 {
		return nil
	}
	return a.GitHub.Suggest(ctx, job.Repository, job.Number, job.Head, list)
}

// ofStep is a step of a plan as a suggestion and the mark by which it is known again; empty
// where a suggestion cannot say it whole.
func ofStep(base, head source.Tree, plan *fixes.Plan, step fixes.Step) (_ Suggestion, mark string) {
	change, ok := plan.Alone(step)
	if !ok || step.At.File == nil {
		return Suggestion{}, ""
	}
	if now, err := head.Read(change.Path); err != nil || now.Text() != change.Before {
		return Suggestion{}, "" // another plan changes it before
	}
	hunks := change.Hunks()
	if len(hunks) != 1 || hides(step.At.File, change, hunks[0]) {
		return Suggestion{}, ""
	}
	one, why := suggestion(base, change, hunks[0])
	if why != "" {
		return Suggestion{}, ""
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", step.ID, change.Path, one.Body))
	mark = suggestionMark + hex.EncodeToString(sum[:8]) + " -->"
	title := report.Prose(step.Title)
	if step.URL != "" {
		title += " ([" + report.Prose(step.ID) + "](" + step.URL + "))"
	}
	one.Body = title + ".\n\n" + one.Body + "\n\n" + mark
	return one, mark
}

// hides reports whether a hunk repeats a secret: what is shown of the file is without them.
func hides(shown *source.File, c fixes.Change, h fixes.Hunk) bool {
	if shown.Path() != c.Path {
		return false
	}
	written := source.NewFile(c.Path, c.Before)
	for line := h.First; line <= h.Last; line++ {
		if shown.LineText(line) != written.LineText(line) {
			return true
		}
	}
	return false
}
