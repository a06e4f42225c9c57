package fixes

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// A Proof says in plain words what was tried of a plan.
type Proof struct {
	// Held are what was proven, Open what was not, as sentences with a full stop; one of
	// Held may announce Fields.
	Held, Open []string
	// Fields are the fields of rendered objects that differ, in words.
	Fields []string
	// Failed are what was tried and did not hold; the plan is not applied then.
	Failed []string
	// Images are those that a builder has built with the change.
	Images []Image
}

// Beneath is what a reader lists beneath one of Held: the fields, beneath the one that
// announces them with a colon.
func (p *Proof) Beneath(held string) []string {
	if strings.HasSuffix(held, ":") {
		return p.Fields
	}
	return nil
}

// An Image is one that a builder has built.
type Image struct {
	Target
	// Before is nil where it could not be built without the change.
	Before, After *Built
}

// prove tries a plan on a copy of the tree that is edited in memory: the same checks find
// what the plan cures no more and nothing new, every chart renders with every set of
// values and only the fields differ that the plan means, BuildKit still takes the
// Dockerfile and warns of nothing new, and again, which plans anew, has nothing left to
// do. A plan that does not hold is left to a person and changes nothing. An error means
// that ctx ended or the tree could not be read. before and after are what the checks saw of
// the tree and of the edited one, which who calls has seen already. A builder, where there
// is one, builds the images before and after.
func prove(ctx context.Context, before, after *look, plan *Plan, again func(context.Context, source.Tree) (*Plan, error), builder Builder) error {
	if !plan.Applicable() {
		return nil
	}
	t := trial{plan: plan, before: before, after: after, proof: &Proof{}}
	t.checks()
	t.pins()
	t.objects()
	if err := t.dockerfile(ctx); err != nil {
		return err
	}
	if len(t.proof.Failed) == 0 {
		if err := t.repeats(ctx, again); err != nil {
			return err
		}
	}
	failed := len(t.proof.Failed)
	switch {
	case builder == nil:
		t.open("The image was not built and the application was not started.")
	case failed == 0:
		if err := t.builds(ctx, builder); err != nil {
			return err
		}
		t.open("The application was not started.")
	}
	plan.Proof = t.proof
	help := "Make the change by hand. That a plan cannot be proven is a fault of chiselbot: please report it with the file."
	if plan.recipe == nil {
		help = "Something else has to change with it: ask for the fixes of that finding too, or make both changes by hand."
	}
	for _, failed := range t.proof.Failed[:failed] {
		plan.Reasons = append(plan.Reasons, Reason{ID: "proof", Verdict: NeedsPerson, At: Place{File: plan.File}, Message: failed, Help: help})
	}
	if len(t.proof.Failed) > 0 {
		plan.decide()
	}
	return nil
}

// trial is one attempt to prove a plan.
type trial struct {
	plan          *Plan
	before, after *look
	proof         *Proof
}

func (t *trial) held(format string, args ...any) {
	t.proof.Held = append(t.proof.Held, fmt.Sprintf(format, args...))
}

func (t *trial) open(format string, args ...any) {
	t.proof.Open = append(t.proof.Open, fmt.Sprintf(format, args...))
}

func (t *trial) failed(format string, args ...any) {
	t.proof.Failed = append(t.proof.Failed, fmt.Sprintf(format, args...))
}

// checks compares what the checks find.
func (t *trial) checks() {
	before, after := t.before.result, t.after.result
	delta := checks.Compare(before, after)
	gone := slices.Clone(delta.Fixed)
	for _, f := range delta.New {
		if n := slices.IndexFunc(gone, func(g checks.Finding) bool { return t.reworded(g, f) }); n >= 0 {
			gone = slices.Delete(gone, n, n+1)
			continue
		}
		if n := slices.IndexFunc(gone, func(g checks.Finding) bool { return g.Rule == f.Rule && g.Message == f.Message }); n >= 0 && matches(t.plan.Shows, f) {
			gone = slices.Delete(gone, n, n+1) // it was about the image under another name
			t.open("`%s` stays: %s", f.Rule.ID, f.Message)
			continue
		}
		if matches(t.plan.Shows, f) {
			t.open("`%s` is found from now on, which was true before and hidden: %s", f.Rule.ID, f.Message)
			continue
		}
		t.failed("The edited file has a new finding, `%s` on line %d: %s", f.Rule.ID, f.Line(), f.Message)
	}
	for _, s := range after.Skips {
		known := slices.ContainsFunc(before.Skips, func(o checks.Skip) bool { return o.Path == s.Path && o.Rule == s.Rule && o.Reason == s.Reason })
		if !known {
			t.failed("Something in the edited file can no longer be checked: %s", s.Reason)
		}
	}
	for _, f := range after.Findings {
		if (t.plan.cures(f) || t.plan.tried(f)) && !t.plan.leaves(f) {
			t.failed("`%s` is still found on line %d of the edited file: %s", f.Rule.ID, f.Line(), f.Message)
		}
	}
	if len(t.proof.Failed) > 0 {
		return
	}
	var ids []string
	for _, f := range gone {
		ids = append(ids, "`"+f.Rule.ID+"`")
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	switch len(ids) {
	case 0:
		t.held("The rules find nothing new.")
	default:
		t.held("The rules find nothing new, and these findings are gone: %s.", strings.Join(ids, ", "))
	}
}

// reworded reports whether a finding is one that was there before: what another tool finds
// is known by the words of an instruction, of which the plan may have changed some.
func (t *trial) reworded(before, after checks.Finding) bool {
	theirs := after.Rule.URL != checks.PageURL(after.Rule.ID)
	return theirs && before.Rule.ID == after.Rule.ID && home(before).Path() == home(after).Path() && !t.plan.cures(before)
}

// objects compares what charts render to and what manifests say.
func (t *trial) objects() {
	before, after := t.before.result, t.after.result
	if len(before.Releases) == 0 {
		return
	}
	for _, r := range before.Releases {
		if !slices.ContainsFunc(after.Releases, func(o *checks.Release) bool { return o.Dir() == r.Dir() && o.Set == r.Set }) {
			t.failed("`%s` renders no more.", strings.TrimSpace(r.Dir()+" "+r.Set))
		}
	}
	changes := checks.CompareObjects(before, after)
	configured := map[string]bool{} // homes in which configuration changes that pods may have a checksum of
	for _, o := range changes {
		if strings.HasPrefix(o.Object, "ConfigMap/") || strings.HasPrefix(o.Object, "Secret/") {
			configured[o.Home] = true
		}
	}
	for _, o := range changes {
		if o.Added || o.Removed {
			t.failed("An object comes or goes that the plan does not mean: `%s` in `%s`.", o.Object, o.Home)
		}
		for _, f := range o.Fields {
			if f.Before == "null" { // which is none for Kubernetes
				f.Before = ""
			}
			said := fieldChange(o, f)
			switch sum := configured[o.Home] && isChecksum(f); {
			case sum:
				said = fmt.Sprintf("`%s` `%s`, a checksum of what else changes", o.Object, f.Path)
			case t.plan.recipe != nil && !t.plan.means(o.Object, f):
				t.failed("A field changes that the plan does not mean, in what `%s` renders to: %s.", o.Home, said)
			}
			if !slices.Contains(t.proof.Fields, said) {
				t.proof.Fields = append(t.proof.Fields, said)
			}
		}
	}
	if len(t.proof.Failed) > 0 {
		return
	}
	slices.Sort(t.proof.Fields)
	rendered := plural(len(before.Releases), "set of objects was", "sets of objects were") + " rendered or read before and after"
	if len(t.proof.Fields) == 0 {
		t.held("%s, charts with each of their values files, and nothing in them differs.", rendered)
		return
	}
	t.held("%s, charts with each of their values files, and only these fields differ:", rendered)
}

// isChecksum reports whether a field is an annotation of pods with a checksum, which has
// them started anew when their configuration changes.
// https://helm.sh/docs/howto/charts_tips_and_tricks/#automatically-roll-deployments
func isChecksum(f checks.FieldChange) bool {
	return strings.HasPrefix(f.Path, "spec.template.metadata.annotations[") && checksum.MatchString(f.Before) && checksum.MatchString(f.After)
}

// checksum is one in hexadecimal digits, from MD5 to SHA-512.
var checksum = regexp.MustCompile(`^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128})$`)

// fieldChange is a change of a rendered object in words.
func fieldChange(o checks.ObjectChange, f checks.FieldChange) string {
	path := strings.TrimPrefix(f.Path, "spec.template.spec.")
	switch {
	case f.Before == "":
		return fmt.Sprintf("`%s` gets `%s: %s`", o.Object, path, f.After)
	case f.After == "":
		return fmt.Sprintf("`%s` loses `%s`", o.Object, path)
	}
	return fmt.Sprintf("`%s` `%s`: `%s` → `%s`", o.Object, path, f.Before, f.After)
}

// means reports whether one of the rules that the plan follows may change the field, or
// all of a block that is new. The port on which callers reach a Service is nobody's.
func (p *Plan) means(object string, f checks.FieldChange) bool {
	if strings.HasPrefix(object, "Service/") && strings.HasSuffix(f.Path, ".port") {
		return false
	}
	fields := map[string]bool{}
	for _, r := range p.recipe.Follows {
		if slices.Contains(p.follows, r.Rule) {
			for _, name := range r.Fields {
				fields[name] = true
			}
		}
	}
	for _, part := range strings.FieldsFunc(f.Path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		if fields[part] {
			return true
		}
	}
	for name := range fields { // annotations have dots in their names
		if strings.Contains(name, ".") && strings.Contains(f.Path, name) {
			return true
		}
	}
	if f.Before != "" || !strings.HasSuffix(f.Path, "securityContext") {
		return false
	}
	for _, m := range regexp.MustCompile(`([\w.-]+):`).FindAllStringSubmatch(f.After, -1) {
		if !fields[m[1]] && m[1] != "drop" && m[1] != "type" {
			return false
		}
	}
	return true
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// cures reports whether the plan promises that a finding goes.
func (p *Plan) cures(f checks.Finding) bool {
	return home(f).Path() == p.File.Path() && matches(p.Cures, f)
}

// leaves reports whether the plan knew of a finding and let it be: under one set of values
// something can be mended that under another one cannot.
func (p *Plan) leaves(f checks.Finding) bool {
	return slices.ContainsFunc(p.kept, func(o checks.Finding) bool { return o.Rule == f.Rule && o.Key == f.Key && o.Message == f.Message })
}

func matches(cures []Cure, f checks.Finding) bool {
	return slices.ContainsFunc(cures, func(c Cure) bool {
		return c.Rule == f.Rule.ID && (c.Key == "" || c.Key == f.Key)
	})
}

// dockerfile parses the Dockerfile before and after and compares what BuildKit says of
// both. A plan about another kind of file has nothing to be parsed.
func (t *trial) dockerfile(ctx context.Context) error {
	name := t.plan.File.Path()
	was, err := t.before.dockerfile(name)
	if err != nil {
		return nil
	}
	is, err := t.after.dockerfile(name)
	if err != nil {
		t.failed("The edited Dockerfile cannot be read: %v.", err)
		return nil
	}
	before, beforeErr := was.Lint(ctx)
	after, err := is.Lint(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	switch {
	case beforeErr != nil && err != nil: // it was refused for something that the plan leaves alone
		t.open("BuildKit's linter refuses the file before and after: %v.", err)
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

// unseen reports whether a reason against another plan says what the plan does not note.
func (t *trial) unseen(r Reason) bool {
	return !slices.ContainsFunc(t.plan.Notes, func(n Note) bool { return n.Message == r.Message })
}

// repeats plans anew in the edited tree.
func (t *trial) repeats(ctx context.Context, again func(context.Context, source.Tree) (*Plan, error)) error {
	second, err := again(ctx, t.after.tree)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		t.failed("The edited file cannot be planned for again: %v.", err)
	case second != nil && second.Applicable():
		t.failed("A second run would change the file again: %s.", second.Steps[0].Title)
	case second != nil && slices.ContainsFunc(second.Reasons, t.unseen):
		r := second.Reasons[slices.IndexFunc(second.Reasons, t.unseen)]
		t.failed("After the edit there is something in the way that was not seen before: %s", r.Message)
	default:
		t.held("A second run has nothing left to change.")
	}
	return nil
}

// dockerfile reads one Dockerfile.
func (l *look) dockerfile(name string) (*dockerfile.File, error) {
	text, err := l.tree.Read(name)
	if err != nil {
		return nil, err
	}
	return dockerfile.Parser{Mirrors: l.mirrors}.Parse(text)
}
