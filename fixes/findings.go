package fixes

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/source"
)

// Findings makes and proves one plan for each Dockerfile, chart and manifest whose findings
// carry fixes: the safe ones, and with unsafe those that only a person may ask for. want
// picks the findings. Where the edits of two fixes touch the same bytes the graver
// finding's are taken, and the other finding is noted: its fix may come in a second run.
// Findings that lack a digest for their fix get it from a registry; where that cannot be
// had there is a second plan for the file, which leaves them to a person.
func Findings(ctx context.Context, tree source.Tree, want func(checks.Finding) bool, unsafe bool, opts Options) ([]*Plan, []checks.Skip, error) {
	before, err := see(ctx, tree, opts.Checks)
	if err != nil {
		return nil, nil, err
	}
	skips := before.result.Skips
	var plans []*Plan
	pins := pins{resolver: opts.Resolver}
	for _, file := range before.result.Files {
		if opts.Only != nil && !opts.Only(file.Path()) {
			continue
		}
		found, left, err := pins.complete(ctx, file.Path(), before.result.Findings, want)
		if err != nil {
			return nil, nil, err
		}
		if left != nil {
			plans = append(plans, left)
		}
		plan, err := fixFindings(tree, file.Path(), found, want, unsafe)
		if err != nil {
			return nil, nil, err
		}
		if plan == nil {
			continue
		}
		after, err := seeAfter(ctx, tree, before, plan, opts)
		if err != nil {
			return nil, nil, err
		}
		again := func(_ context.Context, edited source.Tree) (*Plan, error) {
			cured := func(f checks.Finding) bool { return plan.cures(f) }
			return fixFindings(edited, file.Path(), after.result.Findings, cured, unsafe)
		}
		if err := prove(ctx, before, after, plan, again, opts.Builder); err != nil {
			return nil, nil, err
		}
		plans = append(plans, plan)
		if opts.Together && plan.Applicable() {
			tree, before = after.tree, after
		}
	}
	return plans, skips, nil
}

// seeAfter is what is found with the plan's changes, and with those of the fixes that have
// to be made with them.
func seeAfter(ctx context.Context, tree source.Tree, before *look, plan *Plan, opts Options) (*look, error) {
	if len(plan.then) == 0 {
		return see(ctx, plan.Edited(tree), opts.Checks)
	}
	follows := &Recipe{}
	for _, rule := range plan.then {
		follows.Follows = append(follows.Follows, Follow{Rule: rule})
	}
	return follow(ctx, tree, before, plan, follows, opts)
}

// home is the file that a finding belongs to: where it stands, or its chart's Chart.yaml.
func home(f checks.Finding) *source.File {
	if f.Home != nil {
		return f.Home
	}
	return f.File
}

// fixFindings is the plan for the findings of one file, nil where none carries a fix.
func fixFindings(tree source.Tree, name string, all []checks.Finding, want func(checks.Finding) bool, unsafe bool) (*Plan, error) {
	var file *source.File
	var found []checks.Finding
	for _, f := range all {
		if home(f).Path() == name && f.Fix != nil && want(f) && (unsafe || f.Fix.Safety == checks.Safe) {
			file = home(f)
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
			plan.Notes = append(plan.Notes, Note{Place{f.File, f.Span}, fmt.Sprintf("The fix of `%s`, %s, touches what another one changes; run it again afterwards.", f.Rule.ID, f.Fix.Title)})
			continue
		}
		taken = append(taken, f.Fix.Edits...)
		plan.then = append(plan.then, f.Fix.Then...)
		if f.Pin != nil {
			plan.pinned = append(plan.pinned, pinned{f.Pin.Ref, strings.TrimPrefix(f.Fix.Edits[0].New, "@")})
		}
		plan.Cures = append(plan.Cures, Cure{f.Rule.ID, f.Key})
		plan.Steps = append(plan.Steps, Step{
			ID: f.Rule.ID, URL: f.Rule.URL, Title: f.Fix.Title, Because: f.Message, At: Place{f.File, f.Span}, Edits: f.Fix.Edits,
		})
	}
	for _, f := range all {
		said := func(step Step) bool { return step.ID == f.Rule.ID && step.Because == f.Message }
		if plan.cures(f) && !slices.ContainsFunc(plan.Steps, said) {
			plan.kept = append(plan.kept, f)
		}
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
