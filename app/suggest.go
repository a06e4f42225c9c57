package app

import (
	"context"
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
func (v *verb) suggest(ctx context.Context, trees Change, plans []*fixes.Plan) (string, error) {
	list, why := suggestions(trees.Base(), propose.Changes(plans))
	if why == "" {
		err := v.GitHub.Suggest(ctx, v.job.Repository, v.pull.Number, v.pull.Head, list)
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

// forkText shows plans as a patch, and says why.
func forkText(plans []*fixes.Plan, why string) string {
	if why != "" {
		why = ", and " + why
	}
	return "✅ The branch is in a fork, to which an App cannot push" + why + ". Here is the patch; `git apply` takes it:\n\n" + report.Block("diff", patch(plans))
}

// suggestions are the changes as GitHub can suggest them, or the reason why it cannot: a
// suggestion stands at lines that the pull request itself wrote, and is text in a comment,
// in which not every byte of a file comes through.
func suggestions(base source.Tree, changes []fixes.Change) (list []Suggestion, why string) {
	for _, c := range changes {
		file := source.NewFile(c.Path, c.Before)
		if strings.Contains(c.Before, "\r") || !strings.HasSuffix(c.Before, "\n") || !strings.HasSuffix(c.After, "\n") {
			return nil, "a suggestion cannot keep the line ends of " + report.CodeSpan(c.Path)
		}
		written := []review.Lines{{First: 1, Last: file.Lines()}}
		if before, err := base.Read(c.Path); err == nil {
			written = review.Written(before.Text(), file)
		}
		for _, h := range c.Hunks() {
			if !slices.ContainsFunc(written, func(l review.Lines) bool { return l.First <= h.First && h.Last <= l.Last }) {
				return nil, "a suggestion can stand only at lines that the pull request wrote, which some of these are not"
			}
			body := "```suggestion\n```" // takes the lines away
			if h.New != "" {
				text := strings.TrimSuffix(h.New, "\n")
				if body = strings.TrimSuffix(report.Block("suggestion", text), "\n"); !strings.Contains(body, text) {
					return nil, "a suggestion cannot hold the bytes of " + report.CodeSpan(c.Path)
				}
			}
			list = append(list, Suggestion{Path: c.Path, First: h.First, Last: h.Last, Body: body})
		}
	}
	if len(list) > maxSuggestions {
		return nil, fmt.Sprintf("%d suggestions are too many", len(list))
	}
	return list, ""
}

// suggestFixes makes suggestions that nobody asked for.
func (a *App) suggestFixes(ctx context.Context, job SuggestFixes) error { return nil }
