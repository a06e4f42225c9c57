package checks

import (
	"fmt"
	"slices"
	"time"

	"github.com/chiselbot/chiselbot/checks/ignore"
	"github.com/chiselbot/chiselbot/checks/source"
)

// replaced maps the ids of other tools' checks to the rules that stand in for them.
func replaced(rules []*Rule) map[string][]*Rule {
	m := map[string][]*Rule{}
	for _, r := range rules {
		for _, other := range r.Replaces {
			m[other.ID] = append(m[other.ID], r)
		}
	}
	return m
}

// A look is what one file's findings are judged by.
type look struct {
	text     *source.File
	ignores  []ignore.Comment
	silenced [][]bool        // for each comment and each of its ids, whether it silenced something
	said     map[string]bool // the rules that found something
	stands   map[string]bool // the other tools' checks that are not replaced here
	secrets  []source.Span   // what nothing may show
}

// drop decides whether somebody knows better than the finding.
func (r *runner) drop(f Finding, l *look) (Drop, bool) {
	if d, ok := r.dropReplaced(f, l); ok {
		return d, true
	}
	for n, c := range l.ignores {
		if !r.silences(c, f, f.Span) {
			continue
		}
		for k, yes := range namedBy(c, f.Rule) {
			l.silenced[n][k] = l.silenced[n][k] || yes
		}
		return Drop{Finding: f, Reason: c.Reason, By: Related{File: l.text, Span: c.Span}}, true
	}
	return Drop{}, false
}

// dropReplaced drops what one of the rules knows better.
func (r *runner) dropReplaced(f Finding, l *look) (Drop, bool) {
	by := r.replaced[f.Rule.ID]
	if len(by) == 0 || l.stands[f.Rule.ID] {
		return Drop{}, false
	}
	speaker := slices.IndexFunc(by, func(r *Rule) bool { return l.said[r.ID] })
	verdict := "says it instead"
	if speaker < 0 {
		speaker, verdict = 0, "looks at the same and is silent"
	}
	rule := by[speaker]
	other := rule.Replaces[slices.IndexFunc(rule.Replaces, func(o Replaced) bool { return o.ID == f.Rule.ID })]
	return Drop{Finding: f, Reason: fmt.Sprintf("`%s` %s: %s.", rule.ID, verdict, other.Because)}, true
}

// silences reports whether a comment silences a finding whose subject stands at the span.
func (r *runner) silences(c ignore.Comment, f Finding, at source.Span) bool {
	return c.Problem == "" && !c.Expired(r.opts.Now) && c.Covers(at) && names(c, f.Rule)
}

// names reports whether an ignore comment names the rule or, in another tool's dialect,
// a check that the rule replaces.
func names(c ignore.Comment, rule *Rule) bool {
	if c.Names(rule.ID) {
		return true
	}
	return slices.ContainsFunc(rule.Replaces, func(o Replaced) bool { return c.Names(o.ID) })
}

// An Ignore is a rule whose findings are known, in some files.
type Ignore struct {
	// Rule is its id, or that of another tool's check that a rule replaces.
	Rule string
	// In tells the files by their paths; nil stands for all.
	In func(path string) bool
	// Until is the last day on which it holds, in UTC; zero is without an end.
	Until time.Time
	// Reason is the person's own words, By where they stand, nil File where that is not
	// in the tree.
	Reason string
	By     Related
}

func (i Ignore) silences(f Finding, now time.Time) bool {
	if i.Rule != f.Rule.ID && !slices.ContainsFunc(f.Rule.Replaces, func(o Replaced) bool { return o.ID == i.Rule }) {
		return false
	}
	return (i.In == nil || i.In(f.Path())) && (i.Until.IsZero() || now.Before(i.Until.AddDate(0, 0, 1)))
}
