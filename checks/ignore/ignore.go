// Package ignore reads the comments with which people silence findings in a
// Dockerfile: chiselbot's own, Trivy's and BuildKit's.
//
// It says what a comment covers and whether it is well formed. It does not know which
// rules exist, what day it is, or what was found.
package ignore

import (
	"time"

	"github.com/chiselbot/chiselbot/checks/source"
)

// A Tool is whose dialect a comment is written in.
type Tool string

// The dialects.
const (
	Chiselbot Tool = "chiselbot"
	Trivy     Tool = "trivy"
	BuildKit  Tool = "buildkit"
)

// A Comment is one ignore comment.
type Comment struct {
	Tool Tool
	// IDs are the checks it names, as written.
	IDs []string
	// Until is the last day on which it holds, zero where it has no end.
	Until time.Time
	// Reason is the person's own words, empty in the other tools' dialects.
	Reason string
	// Problem says what is wrong with the comment, as a sentence with a full stop; such
	// a comment silences nothing. ProblemSpan is the part that is wrong.
	Problem     string
	ProblemSpan source.Span
	// Span is the comment, Scope what it covers.
	Span, Scope source.Span
	// WholeFile says that it covers the file, findings without a line included.
	WholeFile bool
}
