// Package fixes turns what the checks know into changes of files: plans, each of them
// whole, consistent, explained and proven, or refused with the reason.
//
// A plan never leaves a half: what stands in the way of one of its steps stands in the
// way of all. Nothing here writes a file, knows git, GitHub or how a plan is shown; a plan
// is data, and the same tree gives the same plan.
package fixes

import (
	"cmp"
	"slices"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/source"
)

// Verdict says what may be done with a plan.
type Verdict int8

// The verdicts, from the most careful on. Only plans that are safe or safe with edits
// change anything.
const (
	// Refuse: the change would break what runs.
	Refuse Verdict = iota
	// NeedsPerson: whether it would, only a person can tell, or how to avoid it.
	NeedsPerson
	// SafeWithEdits: other lines have to change with it, and the plan changes them; or the
	// application runs under other conditions, which the notes name.
	SafeWithEdits
	// Safe: nothing else has to change, and nothing else does.
	Safe
)

var verdicts = []string{"refuse", "needs a person", "safe with edits", "safe"}

// String is the verdict's name: refuse, needs a person, safe with edits, safe.
func (v Verdict) String() string { return verdicts[v] }

// MarshalText is the verdict's name.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// A Place is part of a file, or nothing where File is nil.
type Place struct {
	File *source.File
	Span source.Span
}

// Path is the path of the place's file, empty where there is none.
func (p Place) Path() string {
	if p.File == nil {
		return ""
	}
	return p.File.Path()
}

// Line is the one-based line on which the place begins, 0 where there is none.
func (p Place) Line() int {
	if p.File == nil {
		return 0
	}
	return p.File.LineAt(p.Span.Start)
}

// A Plan is one consistent change of all files that belong to one image, or the reasons
// why there is none.
type Plan struct {
	// Recipe is the id of the recipe that made the plan.
	Recipe string
	// File is the Dockerfile that the plan is about; of a plan for findings, their file or
	// the chart's Chart.yaml.
	File *source.File
	// Title says what the plan does, in the imperative.
	Title   string
	Verdict Verdict
	// Steps are what is done, in the order in which a person would read it. Where the
	// verdict is NeedsPerson or Refuse they are what would have been done.
	Steps []Step
	// Reasons are what stands in the way, the gravest first.
	Reasons []Reason
	// Notes are what to know although nothing stands in the way.
	Notes []Note
	// Behaves says that the application runs under other conditions than before: another
	// user, another port. The notes say which.
	Behaves bool
	// Cures are the findings that the plan takes away.
	Cures []Cure
	// Shows are findings that were true before and hidden by what the plan takes away.
	Shows []Cure
	// Changes are the files as they are and as they would be, by path; none where the
	// verdict is NeedsPerson or Refuse.
	Changes []Change
	// Targets are the stages whose images the plan is about, by name or number and empty
	// for the last one; none stands for that too.
	Targets []string
	// Ports are the ports that the application listens on no more, and the ones instead.
	Ports map[int]int
	// Mounts are what stands in the way unless volumes are mounted.
	Mounts []Mount
	// Args is what stands in the way where a container gives the image arguments and no
	// command of its own; nil where they mean what they meant.
	Args *Reason
	// Proof is what was proven of the plan, nil before that was tried.
	Proof *Proof

	recipe   *Recipe
	followed []checks.Finding // whose fixes were taken
	then     []string         // the rules whose fixes have to be taken with those of findings
	pinned   []pinned
	kept     []checks.Finding // which say something else of what the plan cures, and have no fix
	follows  []string         // the rules whose fixes were taken for the objects that run the image
}

// A Mount is folders to which the application writes and may not in the new image, and the
// reason that this is, unless every container that runs the image has volumes there.
type Mount struct {
	Folders []string
	Reason  Reason
}

// A Step is one thing that a plan does and why.
type Step struct {
	// ID is the step's page.
	ID string
	// Title says what is done, in the imperative, without a full stop; it may use
	// Markdown code spans, as all texts here may.
	Title string
	// Because says why, as a sentence with a full stop.
	Because string
	// URL is the address of the page.
	URL string
	// At is what is changed.
	At Place
	// Edits are the edits, of one or several files.
	Edits []source.Edit
}

// A Reason is something that stands in the way of a plan.
type Reason struct {
	// ID is the page of the step that could not be taken.
	ID  string
	URL string
	// Verdict is NeedsPerson or Refuse.
	Verdict Verdict
	At      Place
	// Message says what it is, as a sentence with a full stop; Help what a person would
	// do, likewise.
	Message, Help string
}

// A Note is something to know about a plan.
type Note struct {
	At Place
	// Message is a sentence with a full stop, or several.
	Message string
}

// A Cure is a finding that a plan takes away.
type Cure struct {
	// Rule is the rule's id, Key the finding's key; without a key all findings of the
	// rule in the plan's file are meant.
	Rule, Key string
}

// A Change is one file before and after.
type Change struct {
	Path          string
	Before, After string
}

// Applicable reports whether the plan changes anything.
func (p *Plan) Applicable() bool { return len(p.Changes) > 0 }

// Alone is what a step changes where it is taken without the others, false where it cannot
// be: it needs them, changes more files than one, or the plan changes nothing.
func (p *Plan) Alone(s Step) (Change, bool) {
	if p.recipe != nil || len(p.then) > 0 || len(s.Edits) == 0 {
		return Change{}, false
	}
	path := s.Edits[0].Path
	n := slices.IndexFunc(p.Changes, func(c Change) bool { return c.Path == path })
	if n < 0 || len(only(s.Edits, path)) < len(s.Edits) {
		return Change{}, false
	}
	after, err := source.Apply(p.Changes[n].Before, s.Edits)
	return Change{Path: path, Before: p.Changes[n].Before, After: after}, err == nil
}

// decide sets the verdict by the reasons and the number of steps, sorts what has no order
// of its own, and drops the changes of a plan that may not be applied.
func (p *Plan) decide() {
	slices.SortStableFunc(p.Reasons, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(a.Verdict, b.Verdict), cmp.Compare(a.At.Path(), b.At.Path()), cmp.Compare(a.At.Span.Start, b.At.Span.Start), cmp.Compare(a.Message, b.Message))
	})
	p.Reasons = slices.Compact(p.Reasons)
	switch {
	case len(p.Reasons) > 0:
		p.Verdict, p.Changes = p.Reasons[0].Verdict, nil
	case len(p.Steps) > 1 || p.Behaves:
		p.Verdict = SafeWithEdits
	default:
		p.Verdict = Safe
	}
}
