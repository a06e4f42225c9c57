package fixes

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chiselbot/chiselbot/checks"
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
	// Files are the paths of all files of the tree that may be read, sorted.
	Files []string
	// Now is taken for the present.
	Now time.Time
}

// Options say what is planned and how plans are proven.
type Options struct {
	// Checks are the checks that must find nothing new. Their IsDockerfile and Now are
	// the plans' too.
	Checks checks.Options
	// Together makes each plan in the tree as the plans before it leave it, so that all can
	// be applied one after the other. Otherwise each stands alone.
	Together bool
	// Only tells the Dockerfiles to plan for; nil stands for all.
	Only func(path string) bool
}

// Plans makes and proves the plans of a recipe for all Dockerfiles of a tree, in the
// order of their paths. Skips are the Dockerfiles that could not be read. An error means
// that the tree could not be listed or that ctx ended.
func Plans(ctx context.Context, tree source.Tree, recipe *Recipe, opts Options) ([]*Plan, []checks.Skip, error) {
	listed, err := list(ctx, tree, opts.Checks.IsDockerfile)
	if err != nil {
		return nil, nil, err
	}
	var before *look // what is found in the tree, once somebody asks
	var plans []*Plan
	var skips []checks.Skip
	for _, name := range listed.dockerfiles {
		if opts.Only != nil && !opts.Only(name) {
			continue
		}
		subject, err := listed.subject(tree, name, opts.Checks)
		if err != nil {
			skips = append(skips, unread(name, err))
			continue
		}
		plan, err := recipe.Plan(ctx, subject)
		if err != nil {
			return nil, nil, fmt.Errorf("plan %s for %s: %w", recipe.ID, name, err)
		}
		if plan == nil {
			continue
		}
		plan.recipe = recipe
		plans = append(plans, plan)
		if !plan.Applicable() {
			continue
		}
		if before == nil {
			if before, err = see(ctx, tree, opts.Checks); err != nil {
				return nil, nil, err
			}
		}
		after, err := follow(ctx, tree, before, plan, recipe, opts)
		if err != nil {
			return nil, nil, fmt.Errorf("plan %s for %s: %w", recipe.ID, name, err)
		}
		again := func(ctx context.Context, edited source.Tree) (*Plan, error) {
			subject, err := listed.subject(edited, name, opts.Checks)
			if err != nil {
				return nil, err
			}
			return recipe.Plan(ctx, subject)
		}
		if err := prove(ctx, before, after, plan, again); err != nil {
			return nil, nil, fmt.Errorf("prove %s for %s: %w", recipe.ID, name, err)
		}
		if opts.Together && plan.Applicable() {
			tree, before = after.tree, after
		}
	}
	return plans, skips, nil
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

func (l listing) subject(tree source.Tree, name string, opts checks.Options) (Subject, error) {
	text, err := tree.Read(name)
	if err != nil {
		return Subject{}, err
	}
	f, err := dockerfile.Parse(text)
	if err != nil {
		return Subject{}, err
	}
	return Subject{Tree: tree, File: f, Projects: dotnet.NewProjects(tree, l.projects), Files: l.all, Now: opts.Now}, nil
}

// unread is a Dockerfile of which nothing can be planned.
func unread(name string, err error) checks.Skip {
	s := checks.Skip{Path: name, Reason: fmt.Sprintf("Nothing was planned for this file: %v.", err)}
	if pe := (*dockerfile.ParseError)(nil); errors.As(err, &pe) {
		s.Help = "`docker build` would refuse it too."
	}
	return s
}
