package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chiselbot/chiselbot/app/command"
	"github.com/chiselbot/chiselbot/app/propose"
	"github.com/chiselbot/chiselbot/app/report"
	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/ignore"
	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
)

// suppress commits ignore comments for a rule, or takes them away, in the Dockerfiles that
// the pull request touches. It is tried in memory first: the findings must go, and with
// them nothing else.
func (v *verb) suppress(ctx context.Context) (string, error) {
	rule := v.command.Rules[0]
	if text, err := v.done(ctx); text != "" || err != nil {
		return text, err
	}
	trees, err := v.open(ctx, v.job.Repository, v.pull.Base, v.pull.Head)
	if err != nil {
		return "", err
	}
	opts := trees.opts
	isDockerfile := opts.Checks.IsDockerfile
	opts.Checks.IsDockerfile = func(name string) bool { return isDockerfile(name) && slices.Contains(trees.Changed(), name) }
	before, err := checks.Run(ctx, trees.Head(), opts.Checks)
	if err != nil {
		return "", err
	}
	plan := &fixes.Plan{}
	title := "Ignore " + rule
	for _, file := range before.Files {
		var edits []source.Edit
		if v.command.Verb == command.Ignore {
			edits = ignoring(file, before.Findings, rule, v.command.Until, v.command.Reason)
		} else {
			title = "Take back the ignore of " + rule
			edits = heeding(file, rule)
		}
		after, err := source.Apply(file.Text(), edits)
		if err != nil {
			return "", err
		}
		if after != file.Text() {
			plan.Changes = append(plan.Changes, fixes.Change{Path: file.Path(), Before: file.Text(), After: after})
		}
	}
	if len(plan.Changes) == 0 {
		return fmt.Sprintf("❌ Nothing was changed: there is no such comment or finding of `%s` in the Dockerfiles that this pull request touches. In a chart, write the comment in its place: `# chiselbot:ignore %s reason`.", rule, rule), nil
	}
	if v.command.Verb == command.Ignore {
		after, err := checks.Run(ctx, plan.Edited(trees.Head()), opts.Checks)
		if err != nil {
			return "", err
		}
		if left := append(only(after, rule), checks.Compare(before, after).New...); len(left) > 0 {
			return fmt.Sprintf("❌ Nothing was changed: with the comment, %s would be found: %s", report.CodeSpan(left[0].Rule.ID), report.Prose(left[0].Message)), nil
		}
	}
	if v.pull.Fork() {
		return v.suggest(ctx, trees, []*fixes.Plan{plan})
	}
	commit, err := v.GitHub.Push(ctx, v.job.Repository, Push{
		Branch: v.pull.HeadBranch, Parents: []string{v.pull.Head}, Message: title + "\n\n" + v.mark() + "\n",
		Files: filesOf(trees, propose.Changes([]*fixes.Plan{plan})),
	})
	if err != nil {
		return "", err
	}
	v.pull.Head = commit
	return committedText(commit, title), nil
}

func only(r *checks.Result, rule string) []checks.Finding {
	return slices.DeleteFunc(slices.Clone(r.Findings), func(f checks.Finding) bool { return f.Rule.ID != rule })
}

// ignoring are the edits that put a comment above each instruction with a finding of the
// rule.
func ignoring(file *source.File, found []checks.Finding, rule string, until time.Time, reason string) []source.Edit {
	f, err := dockerfile.Parse(file)
	if err != nil {
		return nil
	}
	comment := "# chiselbot:ignore " + rule
	if !until.IsZero() {
		comment += " until=" + until.Format(time.DateOnly)
	}
	comment += " " + strings.ToValidUTF8(reason, "")
	if strings.Contains(file.Text(), "\r\n") {
		comment += "\r"
	}
	starts := map[int]bool{}
	for _, finding := range found {
		if finding.Path() != file.Path() || finding.Rule.ID != rule {
			continue
		}
		for _, i := range f.Instructions {
			if i.Span.Start <= finding.Span.Start && finding.Span.Start <= i.Span.End {
				starts[file.LineSpan(file.LineAt(i.Span.Start)).Start] = true
			}
		}
	}
	var edits []source.Edit
	for start := range starts {
		edits = append(edits, source.Edit{Path: file.Path(), Span: source.Span{Start: start, End: start}, New: comment + "\n"})
	}
	return edits
}

// heeding are the edits that take the rule's ignore comments away. One that names other
// rules too keeps those.
func heeding(file *source.File, rule string) []source.Edit {
	f, err := dockerfile.Parse(file)
	if err != nil {
		return nil
	}
	var edits []source.Edit
	for _, c := range ignore.In(f) {
		at := slices.Index(c.IDs, rule)
		if c.Tool != ignore.Chiselbot || c.Problem != "" || at < 0 {
			continue
		}
		span := file.LineSpan(file.LineAt(c.Span.Start))
		if len(c.IDs) > 1 {
			first, last := c.IDSpans[0], c.IDSpans[len(c.IDs)-1]
			rest := slices.Delete(slices.Clone(c.IDs), at, at+1)
			edits = append(edits, source.Edit{Path: file.Path(), Span: source.Span{Start: first.Start, End: last.End}, New: strings.Join(rest, ",")})
			continue
		}
		edits = append(edits, source.Edit{Path: file.Path(), Span: source.Span{Start: span.Start, End: file.LineSpan(file.LineAt(c.Span.Start) + 1).Start}})
	}
	return edits
}
