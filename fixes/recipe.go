package fixes

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/dotnet"
	"github.com/chiselbot/chiselbot/checks/source"
)

// A Recipe is a change of many places that belong together. It is immutable.
type Recipe struct {
	// ID is kebab-case: "chiseled".
	ID    string
	Title string
	// Doc is the recipe's page in Markdown, URL where it is published.
	Doc, URL string
	// Follows are the rules whose fixes belong to a plan where they are about the
	// containers that run its image.
	Follows []Follow
	// Plan makes the plan for one Dockerfile, nil where the recipe has nothing to do.
	// It does not prove it.
	Plan func(ctx context.Context, s Subject) (*Plan, error)
}

// A Subject is what a recipe is asked about: one Dockerfile and the tree around it.
type Subject struct {
	Tree source.Tree
	File *dockerfile.File
	// Projects are the .NET projects of the tree.
	Projects *dotnet.Projects
	// Files are the paths of all files of the tree that may be read, sorted; Dockerfiles
	// are those that are taken for such.
	Files, Dockerfiles []string
	// Mirrors are registries with copies of known images.
	Mirrors base.Mirrors
	// Digest is the digest that a tag has now; nil where no registry may be asked.
	Digest func(ref base.Reference) (string, error)
	// Now is taken for the present.
	Now time.Time
}

// A Resolver asks registries.
type Resolver interface {
	// Digest is the digest of what a reference with a tag names, be it one image or an
	// index of several.
	Digest(ctx context.Context, ref base.Reference) (string, error)
}

// Options say what is planned and how plans are proven.
type Options struct {
	// Checks are the checks that must find nothing new. Their IsDockerfile and Now are
	// the plans' too.
	Checks checks.Options
	// Together makes each plan in the tree as the plans before it leave it, so that all can
	// be applied one after the other. Otherwise each stands alone.
	Together bool
	// Builder builds the images of plans as a part of their proof; nil for none.
	Builder Builder
	// Only tells the Dockerfiles to plan for; nil stands for all.
	Only func(path string) bool
	// Resolver says which digests tags have; with nil no registry is asked.
	Resolver Resolver
}

// Plans makes and proves the plans of a recipe for all Dockerfiles of a tree, in the
// order of their paths. Skips are the Dockerfiles that could not be read. An error means
// that the tree could not be listed or that ctx ended.
func Plans(ctx context.Context, tree source.Tree, recipe *Recipe, opts Options) ([]*Plan, []checks.Skip, error) {
	listed, err := list(ctx, tree, opts.Checks.IsDockerfile)
	if err != nil {
		return nil, nil, err
	}
	opts.Checks.Severities = recipe.severities(opts.Checks)
	p := planner{recipe: recipe, opts: opts, listed: listed, tree: tree}
	var plans []*Plan
	var skips []checks.Skip
	for _, name := range listed.dockerfiles {
		if opts.Only != nil && !opts.Only(name) {
			continue
		}
		plan, skip, err := p.plan(ctx, name)
		switch {
		case err != nil:
			return nil, nil, fmt.Errorf("plan %s for %s: %w", recipe.ID, name, err)
		case skip != nil:
			skips = append(skips, *skip)
		case plan != nil:
			plans = append(plans, plan)
		}
	}
	return plans, skips, nil
}

// severities are those of the options, with the recipe's rules switched on that are off
// unless somebody asks for them.
func (r *Recipe) severities(opts checks.Options) map[string]checks.Severity {
	all := map[string]checks.Severity{}
	for _, rule := range opts.Rules {
		if rule.Severity == checks.Off && slices.ContainsFunc(r.Follows, func(f Follow) bool { return f.Rule == rule.ID }) {
			all[rule.ID] = checks.Notice
		}
	}
	maps.Copy(all, opts.Severities)
	return all
}

// A planner makes one plan after the other.
type planner struct {
	recipe *Recipe
	opts   Options
	listed listing
	tree   source.Tree
	// uses are which images run where, which no plan changes; full is what is found in
	// the whole tree as it is now. Both are nil until somebody asks.
	uses *look
	full *look
}

// plan makes and proves the plan for one Dockerfile, nil where there is nothing to do.
func (p *planner) plan(ctx context.Context, name string) (*Plan, *checks.Skip, error) {
	subject, err := p.subject(ctx, p.tree, name)
	if err != nil {
		skip := unread(name, err)
		return nil, &skip, nil
	}
	plan, err := p.recipe.Plan(ctx, subject)
	if err != nil || plan == nil {
		return nil, nil, err
	}
	if p.uses == nil && (plan.Applicable() || len(plan.Mounts) > 0) {
		if p.uses, err = seeUses(ctx, p.tree, p.opts.Checks); err != nil {
			return nil, nil, err
		}
	}
	if len(plan.Mounts) > 0 {
		plan.unmounted(p.uses.runs(name))
	}
	if !plan.Applicable() {
		return plan, nil, nil
	}
	plan.recipe = p.recipe
	again := func(ctx context.Context, edited source.Tree) (*Plan, error) {
		subject, err := p.subject(ctx, edited, name)
		if err != nil {
			return nil, err
		}
		return p.recipe.Plan(ctx, subject)
	}
	before, after, err := p.follow(ctx, plan)
	if err != nil {
		return nil, nil, err
	}
	if err := prove(ctx, before, after, plan, again, p.opts.Builder); err != nil {
		return nil, nil, err
	}
	if p.opts.Together && plan.Applicable() {
		p.tree, p.full = after.tree, nil
		if len(p.uses.runs(name)) > 0 {
			p.full = after
		}
	}
	return plan, nil, nil
}

// follow has charts and manifests follow the plan, and gives what is found before and
// after. Where nothing runs the image, only the Dockerfile need be looked at.
func (p *planner) follow(ctx context.Context, plan *Plan) (before, after *look, err error) {
	name := plan.File.Path()
	if len(p.uses.runs(name)) > 0 {
		if p.full == nil {
			if p.full, err = see(ctx, p.tree, p.opts.Checks); err != nil {
				return nil, nil, err
			}
		}
		after, err = follow(ctx, p.tree, p.full, plan, p.recipe, p.opts)
		return p.full, after, err
	}
	alone := p.opts.Checks
	alone.IsDockerfile = func(other string) bool { return other == name }
	nothing := func(string) bool { return false }
	alone.IsManifest, alone.IsChart = nothing, nothing
	if before, err = see(ctx, p.tree, alone); err != nil {
		return nil, nil, err
	}
	if after, err = see(ctx, plan.Edited(p.tree), alone); err != nil {
		return nil, nil, err
	}
	plan.unknown(p.uses)
	plan.decide()
	return before, after, nil
}

// listing are the files of a tree by what they are.
type listing struct {
	dockerfiles, projects, all []string
}

func list(ctx context.Context, tree source.Tree, isDockerfile func(string) bool) (listing, error) {
	var l listing
	all, err := tree.Find(ctx, func(string) bool { return true })
	if err != nil {
		return l, err
	}
	l.all = all
	for _, name := range all {
		switch {
		case isDockerfile(name):
			l.dockerfiles = append(l.dockerfiles, name)
		case dotnet.IsProjectFile(name):
			l.projects = append(l.projects, name)
		}
	}
	return l, nil
}

// subject is what the recipe is asked about.
func (p *planner) subject(ctx context.Context, tree source.Tree, name string) (Subject, error) {
	text, err := tree.Read(name)
	if err != nil {
		return Subject{}, err
	}
	f, err := dockerfile.Parser{Mirrors: p.opts.Checks.Mirrors}.Parse(text)
	if err != nil {
		return Subject{}, err
	}
	s := Subject{Tree: tree, File: f, Projects: dotnet.NewProjects(tree, p.listed.projects), Files: p.listed.all, Dockerfiles: p.listed.dockerfiles, Mirrors: p.opts.Checks.Mirrors, Now: p.opts.Checks.Now}
	if r := p.opts.Resolver; r != nil {
		s.Digest = func(ref base.Reference) (string, error) { return r.Digest(ctx, ref) }
	}
	return s, nil
}

// unread is a Dockerfile of which nothing can be planned.
func unread(name string, err error) checks.Skip {
	s := checks.Skip{Path: name, Reason: fmt.Sprintf("Nothing was planned for this file: %v.", err)}
	if pe := (*dockerfile.ParseError)(nil); errors.As(err, &pe) {
		s.Help = "`docker build` would refuse it too."
	}
	return s
}
