package fixes

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// A Proof says in plain words what was tried of a plan.
type Proof struct {
	// Held are what was proven, Open what was not, as sentences with a full stop.
	Held, Open []string
	// Failed are what was tried and did not hold; the plan is not applied then.
	Failed []string
}

// Prove tries the plan on a copy of the tree that is edited in memory: the same checks
// find what the plan cures no more and nothing new, BuildKit still takes the Dockerfile
// and warns of nothing new, and again, which plans anew, has nothing left to do. A plan
// that does not hold is left to a person and changes nothing. An error means that ctx
// ended or the tree could not be read.
func Prove(ctx context.Context, tree source.Tree, plan *Plan, again func(context.Context, source.Tree) (*Plan, error), opts Options) error {
	if !plan.Applicable() {
		return nil
	}
	t := trial{plan: plan, before: tree, after: plan.Edited(tree), opts: opts, proof: &Proof{}}
	for _, try := range []func(context.Context) error{t.parses, t.checks, t.lints} {
		if err := try(ctx); err != nil {
			return err
		}
	}
	if len(t.proof.Failed) == 0 {
		if err := t.repeats(ctx, again); err != nil {
			return err
		}
	}
	t.proof.Open = append(t.proof.Open, "The image was not built and the application was not started.")
	plan.Proof = t.proof
	for _, failed := range t.proof.Failed {
		plan.Reasons = append(plan.Reasons, Reason{
			ID: "proof", Verdict: NeedsPerson, At: Place{File: plan.File},
			Message: failed, Help: "Make the change by hand. That a plan cannot be proven is a fault of chiselbot: please report it with the file.",
		})
	}
	if len(t.proof.Failed) > 0 {
		plan.decide()
	}
	return nil
}

// trial is one attempt to prove a plan.
type trial struct {
	plan          *Plan
	before, after source.Tree
	opts          Options
	proof         *Proof
	files         [2]*dockerfile.File // before and after
}

func (t *trial) held(format string, args ...any) {
	t.proof.Held = append(t.proof.Held, fmt.Sprintf(format, args...))
}

func (t *trial) failed(format string, args ...any) {
	t.proof.Failed = append(t.proof.Failed, fmt.Sprintf(format, args...))
}

// parses reads the Dockerfile before and after.
func (t *trial) parses(context.Context) error {
	for n, tree := range []source.Tree{t.before, t.after} {
		text, err := tree.Read(t.plan.File.Path())
		if err != nil {
			return err
		}
		f, err := dockerfile.Parse(text)
		if err != nil {
			t.failed("The edited Dockerfile cannot be read: %v.", err)
			return nil
		}
		t.files[n] = f
	}
	return nil
}

// checks runs the checks on both trees, on the plan's Dockerfile alone: it is the only
// one that a plan edits.
func (t *trial) checks(ctx context.Context) error {
	opts := t.opts.Checks
	opts.IsDockerfile = func(name string) bool { return name == t.plan.File.Path() }
	var results [2]*checks.Result
	for n, tree := range []source.Tree{t.before, t.after} {
		var err error
		if results[n], err = checks.Run(ctx, tree, opts); err != nil {
			return err
		}
	}
	delta := checks.Compare(results[0], results[1])
	for _, f := range delta.New {
		if matches(t.plan.Shows, f) {
			t.proof.Open = append(t.proof.Open, fmt.Sprintf("`%s` is found from now on, which was true before and hidden: %s", f.Rule.ID, f.Message))
			continue
		}
		t.failed("The edited file has a new finding, `%s` on line %d: %s", f.Rule.ID, f.Line(), f.Message)
	}
	for _, s := range results[1].Skips {
		known := slices.ContainsFunc(results[0].Skips, func(o checks.Skip) bool { return o.Rule == s.Rule && o.Reason == s.Reason })
		if !known {
			t.failed("Something in the edited file can no longer be checked: %s", s.Reason)
		}
	}
	for _, f := range results[1].Findings {
		if t.plan.cures(f) {
			t.failed("`%s` is still found on line %d of the edited file: %s", f.Rule.ID, f.Line(), f.Message)
		}
	}
	if len(t.proof.Failed) > 0 {
		return nil
	}
	gone := map[string]int{}
	var ids []string
	for _, f := range delta.Fixed {
		if gone[f.Rule.ID]++; gone[f.Rule.ID] == 1 {
			ids = append(ids, "`"+f.Rule.ID+"`")
		}
	}
	switch len(ids) {
	case 0:
		t.held("All %d rules find nothing new.", len(opts.Rules))
	default:
		t.held("All %d rules find nothing new, and these findings are gone: %s.", len(opts.Rules), strings.Join(ids, ", "))
	}
	return nil
}

// cures reports whether the plan promises that a finding goes.
func (p *Plan) cures(f checks.Finding) bool {
	return f.Path() == p.File.Path() && matches(p.Cures, f)
}

func matches(cures []Cure, f checks.Finding) bool {
	return slices.ContainsFunc(cures, func(c Cure) bool {
		return c.Rule == f.Rule.ID && (c.Key == "" || c.Key == f.Key)
	})
}

// lints compares what BuildKit itself says of both files.
func (t *trial) lints(ctx context.Context) error {
	if t.files[1] == nil {
		return nil
	}
	before, beforeErr := t.files[0].Lint(ctx)
	after, err := t.files[1].Lint(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	switch {
	case beforeErr != nil && err != nil: // it was refused for something that the plan leaves alone
		t.proof.Open = append(t.proof.Open, fmt.Sprintf("BuildKit's linter refuses the file before and after: %v.", err))
		return nil
	case err != nil:
		t.failed("BuildKit refuses the edited file: %v.", err)
		return nil
	}
	known := map[dockerfile.Warning]int{}
	for _, w := range before {
		w.Line = 0
		known[w]++
	}
	for _, w := range after {
		line := w.Line
		w.Line = 0
		if known[w]--; known[w] < 0 {
			t.failed("BuildKit's linter has a new warning on line %d of the edited file, `%s`: %s.", line, w.Rule, strings.TrimSuffix(w.Message, "."))
		}
	}
	if len(t.proof.Failed) == 0 {
		t.held("BuildKit reads the edited Dockerfile, and its linter warns of nothing new.")
	}
	return nil
}

// repeats plans anew in the edited tree.
func (t *trial) repeats(ctx context.Context, again func(context.Context, source.Tree) (*Plan, error)) error {
	second, err := again(ctx, t.after)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		t.failed("The edited file cannot be planned for again: %v.", err)
	case second != nil && second.Applicable():
		t.failed("A second run would change the file again: %s.", second.Steps[0].Title)
	case second != nil && len(second.Reasons) > 0:
		t.failed("After the edit there is something in the way that was not seen before: %s", second.Reasons[0].Message)
	default:
		t.held("A second run has nothing left to change.")
	}
	return nil
}
