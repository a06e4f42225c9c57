package app

import (
	"context"
	"fmt"
	"slices"

	"github.com/chiselbot/chiselbot/app/config"
	"github.com/chiselbot/chiselbot/app/propose"
	"github.com/chiselbot/chiselbot/app/review"
	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/fixes"
	"github.com/chiselbot/chiselbot/fixes/chiseled"
	"github.com/chiselbot/chiselbot/fixes/recipes"
)

// maxFiles is how many Dockerfiles one pull request moves.
const maxFiles = 50

// A ground is a repository between two commits, ready to be planned in.
type ground struct {
	Change
	// opts are the checks of a review, review what one takes.
	opts     fixes.Options
	review   review.Options
	settings *config.Settings
	scope    *review.Scope
	// all are the limits of the owner.
	all config.Limits
}

// ground lists two commits and reads the settings.
func (a *App) ground(ctx context.Context, repo Repository, base, head string) (*ground, error) {
	trees, err := a.GitHub.Change(ctx, repo, base, head, config.Paths())
	if err != nil {
		return nil, err
	}
	g := &ground{Change: trees, review: a.Review}
	g.review.Tip, g.review.Now = trees.Tip(), a.Now()
	if g.review.Owner, g.review.OwnerSkips, err = a.owner(ctx, repo); err != nil {
		return nil, err
	}
	g.all = g.review.Owner.All()
	scope, err := review.ScopeOf(ctx, trees.Base(), trees.Head(), g.review)
	if err != nil {
		return nil, err
	}
	g.settings, g.scope = scope.Settings, scope
	g.opts = fixes.Options{Together: true, Checks: review.Checks(g.settings, g.review)}
	return g, nil
}

// open is ground with what plans between the commits read.
func (a *App) open(ctx context.Context, repo Repository, base, head string) (*ground, error) {
	g, err := a.ground(ctx, repo, base, head)
	if err != nil {
		return nil, err
	}
	g.review.Beyond, err = g.Prefetch(ctx, g.scope.Rank(g.Changed()))
	g.opts.Checks = review.Checks(g.settings, g.review)
	return g, err
}

// A planned is what was planned for a request.
type planned struct {
	*ground
	request propose.Request
	plans   []*fixes.Plan
	skips   []checks.Skip
	// built means that images were built as a part of the proofs.
	built bool
}

// planAt makes the plans of a request at a commit. Nothing is built yet.
func (a *App) planAt(ctx context.Context, repo Repository, commit string, r propose.Request) (*planned, error) {
	if r.Recipe == propose.Fixes {
		return a.planFixes(ctx, repo, commit, r)
	}
	g, err := a.open(ctx, repo, commit, commit)
	if err != nil {
		return nil, err
	}
	return planIn(ctx, g, r, nil)
}

// planIn makes the plans of a request in an open repository, with a builder if there is
// one.
func planIn(ctx context.Context, g *ground, r propose.Request, builder fixes.Builder) (*planned, error) {
	recipe := recipes.Named(r.Recipe, recipes.Options{Upgrade: r.Upgrade, Variant: chiseled.Variant(r.Variant), ReadOnly: r.ReadOnly})
	if recipe == nil {
		return nil, fmt.Errorf("plan: there is no recipe %q: %w", r.Recipe, ErrInvalid)
	}
	opts := g.opts
	opts.Builder = builder
	// Files that are not there, or no longer Dockerfiles, have no plans.
	if !r.All {
		opts.Only = func(name string) bool { return slices.Contains(r.Files, name) }
	}
	plans, skips, err := fixes.Plans(ctx, g.Head(), recipe, opts)
	if err != nil {
		return nil, err
	}
	moved := 0
	for i, p := range plans { // each is made on top of those before it, so that the last can be left out
		if !p.Applicable() {
			continue
		}
		if moved++; moved > maxFiles {
			plans = plans[:i]
			break
		}
	}
	return &planned{ground: g, request: r, plans: plans, skips: append(review.Unread(g.settings, g.review), skips...), built: builder != nil}, nil
}

// planFixes makes the plans for the findings of a pull request whose head is the commit.
func (a *App) planFixes(ctx context.Context, repo Repository, commit string, r propose.Request) (*planned, error) {
	pull, err := a.GitHub.PullRequest(ctx, repo, r.Pull)
	if err != nil {
		return nil, err
	}
	g, err := a.open(ctx, repo, pull.Base, commit)
	if err != nil {
		return nil, err
	}
	p := &planned{ground: g, request: r}
	if pull.Open {
		p.plans, _, err = a.fixesOf(ctx, g, r.Rules)
	}
	return p, err
}

// fixesOf makes the plans for findings between two commits: those that the change brings,
// or all of the named rules in the files that it touches. What a person should look at is
// done only where a person named the rule. Others are the rules that could be named.
func (a *App) fixesOf(ctx context.Context, g *ground, named []string) (plans []*fixes.Plan, others []string, err error) {
	r, err := review.Of(ctx, review.Side{Name: "base", Tree: g.Base()}, review.Side{Name: "head", Tree: g.Head()}, g.review)
	if err != nil {
		return nil, nil, err
	}
	brought := map[string]bool{}
	name := func(f checks.Finding) string { return f.Path() + "\x00" + f.Rule.ID + "\x00" + f.Key }
	for _, f := range r.Delta.New {
		brought[name(f)] = true
		if f.Fix != nil && f.Fix.Safety == checks.Unsafe && !slices.Contains(others, f.Rule.ID) {
			others = append(others, f.Rule.ID)
		}
	}
	want := func(f checks.Finding) bool { return brought[name(f)] }
	if len(named) > 0 {
		others = nil
		want = func(f checks.Finding) bool {
			return slices.Contains(named, f.Rule.ID) && (brought[name(f)] || slices.Contains(g.Changed(), f.Path()))
		}
	}
	plans, _, err = fixes.Findings(ctx, g.Head(), want, len(named) > 0, g.opts)
	return plans, others, err
}
