package app

import (
	"time"

	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
)

// SuggestionsOf are what GitHub can suggest of plans, or why it cannot.
func SuggestionsOf(base source.Tree, plans []*fixes.Plan) ([]Suggestion, string) {
	return suggestions(base, plans)
}

// Unasked is a step of a plan as an unasked suggestion, false where it cannot be one.
func Unasked(base, head source.Tree, plan *fixes.Plan, step fixes.Step) (Suggestion, bool) {
	one, mark := ofStep(base, head, plan, step)
	return one, mark != ""
}

// ForPublishing is what a job keeps of its time when it builds.
const ForPublishing = publishing

// Hurried is a builder that has until then.
func Hurried(b fixes.Builder, until time.Time) fixes.Builder {
	return hurried{Builder: b, until: until}
}
