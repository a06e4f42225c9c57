package checks

import (
	"cmp"
	"slices"

	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

// A Finding is one thing that is wrong at one place.
type Finding struct {
	Rule *Rule
	// Severity is the rule's, or what the settings made of it.
	Severity Severity
	// File is the file with its secrets hidden, to show and to find places in. Edits are
	// made on the file of the tree.
	File *source.File
	Span source.Span
	// Key is what the finding is about, apart from where it stands: the stage and the
	// subject ("final user"). Together with the rule and the file it is the finding's
	// identity, so it must not change when lines move.
	Key string
	// Message says what is wrong here, as a sentence with a full stop; it may use
	// Markdown code spans.
	Message string
	// Help says what to do about it, likewise. Empty when Message already does.
	Help string
	// Home is the file within which the key tells findings apart, nil where it is the
	// file in which the finding stands. A chart's findings have its Chart.yaml, so that
	// they stay the same when what they are about moves from a template to the values.
	Home *source.File
	// Problem names what is wrong where several rules say it: findings about objects that
	// have a problem and a place in common are cured by one edit. Empty where the rule
	// alone says it.
	Problem string
	// Also are the other rules whose findings this one stands for, because one edit cures
	// them all.
	Also []*Rule
	// Origin is where the subject of a finding about an object comes from, nil for others.
	Origin *kube.Origin
	// Sets name the values sets of the chart under which the finding occurs.
	Sets []string
	// Related are other places that explain the finding.
	Related []Related
	// Fix is the edit that cures it, nil where a person must decide.
	Fix *Fix
	// Pin is what would make a fix of a digest that is not known here; nil for most.
	Pin *Pin
}

// Path is the path of the finding's file.
func (f *Finding) Path() string { return f.File.Path() }

func (f *Finding) home() string {
	if f.Home != nil {
		return f.Home.Path()
	}
	return f.Path()
}

// Line is the one-based line on which the finding starts.
func (f *Finding) Line() int { return f.File.LineAt(f.Span.Start) }

// Related is another place that explains a finding.
type Related struct {
	File    *source.File
	Span    source.Span
	Message string
}

// A Fix is a set of edits that belong together.
type Fix struct {
	// Title says what the fix does, in the imperative: "Listen on 8080".
	Title  string
	Safety Safety
	Edits  []source.Edit
	// Then are the rules whose fixes have to be made with it in the objects that run the
	// image: where a Dockerfile's port moves, that of its Service's target moves too.
	Then []string
}

// Safety says who must agree to a fix.
type Safety int8

// A safe fix cannot change what a working image does and may be committed unasked; an
// unsafe one is applied only on a person's command.
const (
	Unsafe Safety = iota
	Safe
)

// A Skip is something that could not be checked. It is shown and never green.
type Skip struct {
	Path string
	// File and Span are where the obstacle stands; File is nil when it has no place.
	File *source.File
	Span source.Span
	// Home is the file whose findings are affected, nil where it is the one at Path.
	Home *source.File
	// Sets name the values sets that are affected, none for all.
	Sets []string
	// Rule is the id of the rule that could not be applied, empty for all.
	Rule string
	// Reason says why, as a sentence with a full stop; Help what to do, likewise.
	Reason, Help string
}

func (s *Skip) home() string {
	if s.Home != nil {
		return s.Home.Path()
	}
	return s.Path
}

// Line is the one-based line of the obstacle, 0 when it has none.
func (s *Skip) Line() int {
	if s.File == nil {
		return 0
	}
	return s.File.LineAt(s.Span.Start)
}

// A Drop is a finding that was not reported because somebody knew better: another
// rule, or a person with an ignore comment.
type Drop struct {
	Finding Finding
	// Reason says why, as a sentence with a full stop or in the person's own words.
	Reason string
	// By is the ignore comment's place, nil File when no comment did it.
	By Related
}

func compareFindings(a, b Finding) int {
	return cmp.Or(
		cmp.Compare(a.Path(), b.Path()),
		cmp.Compare(a.Span.Start, b.Span.Start),
		cmp.Compare(b.Severity, a.Severity),
		cmp.Compare(a.Rule.ID, b.Rule.ID),
		cmp.Compare(a.Key, b.Key),
		cmp.Compare(a.Message, b.Message),
		cmp.Compare(a.Span.End, b.Span.End),
	)
}

func sortFindings(fs []Finding) { slices.SortFunc(fs, compareFindings) }

func sortSkips(ss []Skip) {
	slices.SortFunc(ss, func(a, b Skip) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Span.Start, b.Span.Start), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Reason, b.Reason))
	})
}

func sortDrops(ds []Drop) {
	slices.SortFunc(ds, func(a, b Drop) int {
		return cmp.Or(compareFindings(a.Finding, b.Finding), cmp.Compare(a.Reason, b.Reason))
	})
}
