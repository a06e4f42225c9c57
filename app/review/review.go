// Package review is the main job as one pure function: two trees, settings and a
// clock's reading go in, and what the change makes better and worse comes out. The
// same function serves a pull request, a sweep and a laptop.
//
// It knows neither git nor GitHub, and nothing of how a review is shown.
package review

import (
	"time"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/source"
)

// A Side is one of the two trees under review.
type Side struct {
	// Name is how a person calls it: "origin/main", "working tree".
	Name string
	Tree source.Tree
}

// Options are what a review needs beside the trees.
type Options struct {
	// Rules are our own rules, Scanners the other tools' checks.
	Rules    []*checks.Rule
	Scanners []checks.Scanner
	// KnownIDs are all ids that settings may name.
	KnownIDs []string
	// FailOn overrides the settings when it is not empty: error, warning, notice or none.
	FailOn string
	// Now is taken for the present.
	Now time.Time
}

// A Review is what a change makes better and worse.
type Review struct {
	Base, Head Side
	Delta      checks.Delta
	// Rules are our own rules that ran or were switched off, for their pages.
	Rules []*checks.Rule
	// Files is how many Dockerfiles the head has.
	Files int
	// FailOn is the least severity of a new finding that fails the review; [checks.Off]
	// means that none does.
	FailOn checks.Severity
}

// A Verdict is what a review comes to.
type Verdict string

// The verdicts. Unsure wins over Passed: what could not be checked is never green.
const (
	Passed Verdict = "passed"
	Failed Verdict = "failed"
	Unsure Verdict = "unsure"
)

// Verdict is what the review comes to.
func (r *Review) Verdict() Verdict {
	for _, f := range r.Delta.New {
		if r.FailOn != checks.Off && f.Severity >= r.FailOn {
			return Failed
		}
	}
	if len(r.Delta.Skips) > 0 {
		return Unsure
	}
	return Passed
}
