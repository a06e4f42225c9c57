package fixes

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/source"
)

// A Follow is a rule whose fixes belong to a recipe where they are about the containers
// that run its image, and the fields of rendered objects that those fixes may change.
type Follow struct {
	Rule   string
	Fields []string
	// Block is the field as it would be written below a values key that a template reads
	// and nothing sets; empty where there is no such.
	Block string
}

// maxRounds is how often the fixes are looked for again: what one inserts another may
// have to fill.
const maxRounds = 8

// follow makes the fixes of findings about the containers that run the plan's image a
// part of the plan, in as many rounds as it takes. What the plan would make worse there
// without a fix is a reason for a person. It gives what the checks find in the end.
func follow(ctx context.Context, tree source.Tree, before *look, plan *Plan, recipe *Recipe, opts Options) (*look, error) {
	if !plan.Applicable() {
		return before, nil
	}
	for round := range maxRounds {
		after, err := see(ctx, plan.Edited(tree), opts.Checks)
		if err != nil {
			return nil, err
		}
		uses := after.runs(plan.File.Path())
		edits := plan.take(after, uses, recipe)
		if len(edits) == 0 {
			if edits, err = plan.open(after, uses, recipe); err != nil {
				return nil, err
			}
		}
		if len(edits) == 0 || round == maxRounds-1 {
			plan.unfollowed(before, after, uses)
			plan.left(before, after, uses, recipe)
			plan.decide()
			plan.sortSteps()
			return after, nil
		}
		if err := plan.extend(tree, after.tree, edits); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// sortSteps puts steps in the order in which a person reads files: the Dockerfile first.
func (p *Plan) sortSteps() {
	slices.SortStableFunc(p.Steps, func(a, b Step) int {
		if here, there := a.At.Path() == p.File.Path(), b.At.Path() == p.File.Path(); here != there {
			if here {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.At.Path(), b.At.Path()), cmp.Compare(a.At.Span.Start, b.At.Span.Start))
	})
}

// take makes steps of the fixes that can be made together, and gives their edits.
func (p *Plan) take(after *look, uses []use, recipe *Recipe) []source.Edit {
	var edits []source.Edit
	for _, f := range after.result.Findings {
		if f.Fix == nil || p.took(f) || !about(f, uses) || !slices.ContainsFunc(recipe.Follows, func(r Follow) bool { return r.Rule == f.Rule.ID }) {
			continue
		}
		if clash, err := clashes(after.tree, edits, f.Fix.Edits); clash || err != nil {
			continue // in the next round
		}
		fresh := slices.DeleteFunc(slices.Clone(f.Fix.Edits), func(e source.Edit) bool { return slices.Contains(edits, e) })
		if len(fresh) == 0 {
			continue
		}
		edits = append(edits, fresh...)
		p.follows = append(p.follows, f.Rule.ID)
		p.followed = append(p.followed, f)
		p.Steps = append(p.Steps, Step{
			ID: f.Rule.ID, URL: f.Rule.URL, Title: f.Fix.Title, Because: f.Message, At: p.original(Place{f.File, f.Span}), Edits: f.Fix.Edits,
		})
	}
	return edits
}

// left notes what the plan would have changed if it were certain where. Of ports that move
// it is a reason for a person, unless the same was wrong before.
func (p *Plan) left(before, after *look, uses []use, recipe *Recipe) {
	was := func(f checks.Finding) bool {
		return slices.ContainsFunc(before.result.Findings, func(o checks.Finding) bool { return again(o, f) && o.Message == f.Message })
	}
	for _, f := range after.result.Findings {
		n := slices.IndexFunc(recipe.Follows, func(r Follow) bool { return r.Rule == f.Rule.ID })
		said := slices.ContainsFunc(p.Reasons, func(r Reason) bool { return r.ID == f.Rule.ID && strings.HasSuffix(r.Message, f.Message) })
		switch {
		case n < 0 || said:
		case about(f, uses) && len(p.Ports) > 0 && slices.Contains(recipe.Follows[n].Fields, "containerPort") && !was(f):
			p.Reasons = append(p.Reasons, Reason{
				ID: f.Rule.ID, URL: f.Rule.URL, Verdict: NeedsPerson, At: p.original(Place{f.File, f.Span}),
				Message: "The application's port moves, and it is not certain what has to follow: " + f.Message, Help: f.Help,
			})
		case about(f, uses):
			p.Notes = append(p.Notes, Note{p.original(Place{f.File, f.Span}), "It is not certain where to change this, so it stays as it is: " + f.Message})
		case aboutPod(f, uses):
			p.Notes = append(p.Notes, Note{p.original(Place{f.File, f.Span}), "Other images run in this pod, so it stays as it is: " + f.Message})
		}
	}
}

// tried reports whether a fix of a finding was taken before.
func (p *Plan) tried(f checks.Finding) bool {
	return slices.ContainsFunc(p.followed, func(o checks.Finding) bool { return again(o, f) })
}

// took reports whether the same fix was taken before. What one fix inserts, another port
// to be moved for one, may let a finding say more than before.
func (p *Plan) took(f checks.Finding) bool {
	return slices.ContainsFunc(p.followed, func(o checks.Finding) bool { return again(o, f) && o.Message == f.Message })
}

func again(o, f checks.Finding) bool {
	return o.Rule == f.Rule && o.Key == f.Key && home(o).Path() == home(f).Path() && slices.Equal(o.Sets, f.Sets)
}

// extend lays edits of the tree as the plan leaves it over the plan's changes.
func (p *Plan) extend(tree, edited source.Tree, edits []source.Edit) error {
	names := []string{}
	for _, e := range edits {
		if !slices.Contains(names, e.Path) {
			names = append(names, e.Path)
		}
	}
	for _, name := range names {
		now, err := edited.Read(name)
		if err != nil {
			return err
		}
		after, err := source.Apply(now.Text(), only(edits, name))
		if err != nil {
			return err
		}
		if at := slices.IndexFunc(p.Changes, func(c Change) bool { return c.Path == name }); at >= 0 {
			p.Changes[at].After = after
			continue
		}
		was, err := tree.Read(name)
		if err != nil {
			return err
		}
		p.Changes = append(p.Changes, Change{Path: name, Before: was.Text(), After: after})
	}
	slices.SortFunc(p.Changes, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	p.Behaves = true
	p.decide()
	return nil
}

// unrendered leaves it to a person where templates could not be rendered that may run the
// image on a port that moves, or that belong to a chart which runs it.
func (p *Plan) unrendered(before *look, uses []use) {
	for _, s := range before.result.Skips {
		switch {
		case s.Rule != "":
			continue
		case s.Home == nil: // a manifest
			if len(uses) == 0 && len(p.Ports) > 0 && s.File != nil && strings.Contains(s.File.Text(), "containerPort") {
				p.lost(s, "file")
			}
			continue
		case path.Base(s.Home.Path()) != "Chart.yaml":
			continue
		}
		if !slices.ContainsFunc(before.result.Releases, func(r *checks.Release) bool {
			return r.Chart != nil && r.Chart.Path() == s.Home.Path() && len(r.Objects) > 0
		}) {
			if len(uses) == 0 && len(p.Ports) > 0 && hasPorts(before.tree, path.Dir(s.Home.Path())) {
				p.lost(s, "chart")
			}
			continue
		}
		if s.File == nil {
			continue
		}
		own := slices.ContainsFunc(uses, func(u use) bool { return u.home == s.Home.Path() })
		if slices.ContainsFunc(before.result.Releases, func(r *checks.Release) bool {
			return r.Chart != nil && r.Chart.Path() == s.Home.Path() && !slices.Contains(s.Sets, r.Set)
		}) {
			continue // it is known under another set of values: its own alone are not enough for the chart
		}
		if !own && (len(uses) > 0 || len(p.Ports) == 0 || !strings.Contains(s.File.Text(), "containerPort")) {
			continue
		}
		p.Reasons = append(p.Reasons, Reason{
			ID: p.Recipe, Verdict: NeedsPerson, At: Place{s.File, s.Span},
			Message: "What this template says of the image is not known, because it could not be rendered: " + s.Reason, Help: s.Help,
		})
	}
}

// lost leaves it to a person that nothing is known of a chart or a manifest which may run
// the image.
func (p *Plan) lost(s checks.Skip, what string) {
	at, help := Place{s.File, s.Span}, s.Help
	if s.File == nil {
		at = Place{File: s.Home}
	}
	if help == "" {
		help = fmt.Sprintf("Mend the %s, then ask again. If it does not run this image, change the tag by hand.", what)
	}
	p.Reasons = append(p.Reasons, Reason{
		ID: p.Recipe, Verdict: NeedsPerson, At: at,
		Message: fmt.Sprintf("What this %s says of the image is not known: %s", what, s.Reason), Help: help,
	})
}

// maxTemplates is how many files of a chart are looked through.
const maxTemplates = 300

// hasPorts reports whether templates of a chart name ports of containers, or cannot be
// read.
func hasPorts(tree source.Tree, dir string) bool {
	found, read := false, 0
	err := fs.WalkDir(tree.FS, path.Join(dir, "templates"), func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if read++; read > maxTemplates {
			found = true
			return fs.SkipAll
		}
		text, err := tree.Read(name)
		if err != nil || strings.Contains(text.Text(), "containerPort") {
			found = true
			return fs.SkipAll
		}
		return nil
	})
	return found || err != nil && !errors.Is(err, fs.ErrNotExist)
}

// unknown leaves to a person what may run the image on a port that moves: containers of
// unknown images, and templates that could not be rendered.
func (p *Plan) unknown(all *look) {
	for _, u := range all.uses {
		if u.unknown && u.args != nil && path.Base(u.args.program) == "dotnet" {
			p.given(u)
		}
		for _, o := range u.ports {
			to := p.Ports[o.number]
			if !u.unknown || to == 0 || o.at.IsZero() {
				continue
			}
			p.Reasons = append(p.Reasons, Reason{
				ID: p.Recipe, Verdict: NeedsPerson, At: Place(o.at),
				Message: fmt.Sprintf("The application's port moves from %d to %d, and which Dockerfile builds this container's image, `%s`, is not known.", o.number, to, u.image),
				Help:    fmt.Sprintf("Say `--image %[1]s=PATH` with the Dockerfile that builds it, this one or another, or `--image %[1]s=` if it comes from elsewhere. `images` in the settings says the same for good.", u.image),
			})
		}
	}
	p.unrendered(all, nil)
	p.unlinked(all)
}

// maxNamed is how many images a note names.
const maxNamed = 3

// unlinked notes that the objects which run the image may be among those of which nothing
// is known.
func (p *Plan) unlinked(all *look) {
	var images []string
	for _, u := range all.uses {
		if name := checks.Code(u.image); u.unknown && u.image != "" && !slices.Contains(images, name) {
			images = append(images, name)
		}
	}
	if len(images) == 0 {
		return
	}
	slices.Sort(images)
	named := strings.Join(images[:min(len(images), maxNamed)], ", ")
	if more := len(images) - maxNamed; more > 0 {
		named = fmt.Sprintf("%s and %d more", named, more)
	}
	p.Notes = append(p.Notes, Note{Message: fmt.Sprintf("No chart or manifest is known to run this image, so none was looked at. Which Dockerfile builds %s is not known: if it is this one, say `--image IMAGE=%s`, then ask again.", named, p.File.Path())})
}

// given leaves arguments to a person that the new image takes for something else.
func (p *Plan) given(u use) {
	if p.Args == nil || u.args == nil {
		return
	}
	r := *p.Args
	r.At = p.original(Place(u.args.at))
	if !slices.ContainsFunc(p.Reasons, func(o Reason) bool { return o.ID == r.ID && o.At == r.At }) {
		p.Reasons = append(p.Reasons, r)
	}
}

// unfollowed leaves to a person what the plan would make worse about the image's
// containers.
func (p *Plan) unfollowed(before, after *look, uses []use) {
	for _, f := range checks.Compare(before.result, after.result).New {
		if !about(f, uses) {
			continue
		}
		p.Reasons = append(p.Reasons, Reason{
			ID: f.Rule.ID, URL: f.Rule.URL, Verdict: NeedsPerson, At: p.original(Place{f.File, f.Span}),
			Message: "With the new image: " + f.Message, Help: f.Help,
		})
	}
	p.patched(before, uses)
	p.unrendered(before, uses)
	for _, u := range uses {
		p.given(u)
		p.Notes = append(p.Notes, Note{Message: fmt.Sprintf("`%s` in `%s` runs this image: %s.", u.object, u.home, u.because)})
	}
	p.Notes = slices.Compact(p.Notes)
}
