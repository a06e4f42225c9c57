package fixes

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/source"
)

// Findings makes and proves one plan for each Dockerfile of a tree whose findings carry
// fixes: the safe ones, and with unsafe those that only a person may ask for. want picks
// the findings. Where the edits of two fixes touch the same bytes the graver finding's
// are taken, and the other finding is noted: its fix may come in a second run.
func Findings(ctx context.Context, tree source.Tree, want func(checks.Finding) bool, unsafe bool, opts Options) ([]*Plan, []checks.Skip, error) {
	res, err := checks.Run(ctx, tree, opts.Checks)
	if err != nil {
		return nil, nil, err
	}
	var plans []*Plan
	for _, file := range res.Files {
		plan, err := fixFindings(tree, file, res, want, unsafe)
		if err != nil {
			return nil, nil, err
		}
		if plan == nil {
			continue
		}
		again := func(ctx context.Context, edited source.Tree) (*Plan, error) {
			checkOpts := opts.Checks
			checkOpts.IsDockerfile = func(name string) bool { return name == file.Path() }
			res, err := checks.Run(ctx, edited, checkOpts)
			if err != nil {
				return nil, err
			}
			cured := func(f checks.Finding) bool { return plan.cures(f) }
			for _, f := range res.Files {
				return fixFindings(edited, f, res, cured, unsafe)
			}
			return nil, nil
		}
		if err := Prove(ctx, tree, plan, again, opts); err != nil {
			return nil, nil, err
		}
		plans = append(plans, plan)
	}
	return plans, res.Skips, nil
}

// fixFindings is the plan for the findings of one file, nil where none carries a fix.
func fixFindings(tree source.Tree, file *source.File, res *checks.Result, want func(checks.Finding) bool, unsafe bool) (*Plan, error) {
	var found []checks.Finding
	for _, f := range res.Findings {
		if f.Path() == file.Path() && f.Fix != nil && want(f) && (unsafe || f.Fix.Safety == checks.Safe) {
			found = append(found, f)
		}
	}
	if len(found) == 0 {
		return nil, nil
	}
	slices.SortStableFunc(found, func(a, b checks.Finding) int { return cmp.Compare(b.Severity, a.Severity) })

	plan := &Plan{Recipe: "findings", File: file}
	var taken []source.Edit
	for _, f := range found {
		if clash, err := clashes(tree, taken, f.Fix.Edits); err != nil {
			return nil, err
		} else if clash {
			plan.Notes = append(plan.Notes, Note{Place{file, f.Span}, fmt.Sprintf("The fix of `%s`, %s, touches what another one changes; run it again afterwards.", f.Rule.ID, f.Fix.Title)})
			continue
		}
		taken = append(taken, f.Fix.Edits...)
		plan.Cures = append(plan.Cures, Cure{f.Rule.ID, f.Key})
		plan.Steps = append(plan.Steps, Step{
			ID: f.Rule.ID, URL: f.Rule.URL, Title: f.Fix.Title, Because: f.Message, At: Place{file, f.Span}, Edits: f.Fix.Edits,
		})
	}
	plan.Title = plan.Steps[0].Title
	if n := len(plan.Steps); n > 1 {
		plan.Title = fmt.Sprintf("Fix %d findings", n)
	}
	if err := plan.Complete(tree); err != nil {
		return nil, err
	}
	return plan, nil
}

// clashes reports whether further edits cannot be made together with those taken.
func clashes(tree source.Tree, taken, further []source.Edit) (bool, error) {
	for _, e := range further {
		text, err := tree.Read(e.Path)
		if err != nil {
			return false, err
		}
		if _, err := source.Apply(text.Text(), slices.Concat(only(taken, e.Path), only(further, e.Path))); err != nil {
			return true, nil
		}
	}
	return false, nil
}
