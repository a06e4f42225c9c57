// Package ignore reads the comments with which people silence findings: chiselbot's own
// in Dockerfiles, manifests, charts' values and templates, and in Dockerfiles Trivy's and
// BuildKit's.
//
// It says what a comment covers and whether it is well formed. It does not know which
// rules exist, what day it is, or what was found.
//
// # chiselbot's own
//
//	# chiselbot:ignore RULE[,RULE...] [until=YYYY-MM-DD] reason in your own words
//
// The reason is required. The last day counts, in UTC. Where the comment stands decides
// what it covers:
//
//   - Before the first instruction: the whole file, findings that have no line included.
//   - Between the lines of a continued instruction: that instruction.
//   - Anywhere else: the next instruction, whether or not blank lines or other comments
//     stand between.
//
// Docker knows no comment behind an instruction: what follows on its line belongs to it.
// So a comment there, or in a here-document, is a comment of the shell at best and is
// reported, not honoured.
//
// In YAML and in templates, where the comment may also be {{/* one of the template */}},
// it covers:
//
//   - Behind something on its line: that line and what is nested below it.
//   - On a line of its own: the next line and what is nested below it. A template's line
//     that opens a block, such as {{ if }}, counts up to its end.
//   - Before the first line of a YAML document: that document.
//
// # Trivy's
//
//	# trivy:ignore:DS-0002 trivy:ignore:AVD-DS-0001:exp:2027-01-31
//
// Read as Trivy reads it: in any line of the file, for what starts on that line or the
// next one, a block of such lines counting as its last. It names Trivy's checks by any
// of their names, in any case, with * for anything; ws: and other keys change nothing
// in a Dockerfile. On the day of exp it holds no more. It cannot cover a finding
// without a line. (https://trivy.dev/latest/docs/scanner/misconfiguration/#inline-ignores)
//
// # BuildKit's
//
//	# check=skip=JSONArgsRecommended,StageNameCasing;error=true
//
// As a parser directive it covers the whole file; as the first of its kind among the
// comments before an instruction, the instruction. There, what follows a space is a
// remark. It names BuildKit's checks by their exact names or all of them.
// (https://docs.docker.com/reference/dockerfile/#check)
package ignore

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/chiselbot/chiselbot/checks/dockerfile"
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
	// IDs are the checks it names, as written; IDSpans is where each of them stands.
	IDs     []string
	IDSpans []source.Span
	// Until is the last day on which it holds, in UTC, zero where it has no end.
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

// Bounds on what is read. A person needs far less; a file made to be slow is stopped.
const (
	maxComments     = 1000
	maxIDs          = 50
	maxIDBytes      = 100
	maxCommentBytes = 500
)

// In reads the ignore comments of a Dockerfile, in the order in which they stand.
func In(f *dockerfile.File) []Comment {
	all := slices.Concat(chiselbotComments(f), trivyComments(f), buildkitComments(f))
	slices.SortStableFunc(all, func(a, b Comment) int { return cmp.Compare(a.Span.Start, b.Span.Start) })
	if len(all) > maxComments {
		last := all[maxComments-1]
		all = append(all[:maxComments-1:maxComments-1], broken(last.Tool, last.Span,
			fmt.Sprintf("The file has more than %d ignore comments; this one and those below are not read.", maxComments)))
	}
	return all
}

// Expired reports whether the comment's last day is over at the given time.
func (c Comment) Expired(now time.Time) bool {
	return !c.Until.IsZero() && !now.Before(c.Until.AddDate(0, 0, 1))
}

// Covers reports whether a finding at the span stands where the comment holds. What
// counts is where the finding starts; the zero span is a finding without a line.
func (c Comment) Covers(at source.Span) bool {
	if at == (source.Span{}) {
		return c.WholeFile
	}
	return c.WholeFile || c.Scope.Start <= at.Start && at.Start < c.Scope.End
}

// Names reports whether the comment names the check with the given id: one of ours,
// Trivy's ("DS-0002") or BuildKit's ("StageNameCasing"). The other tools' dialects name
// only their own checks. A check of Trivy's goes by each of its names.
func (c Comment) Names(id string) bool {
	return slices.ContainsFunc(c.IDs, func(written string) bool {
		switch c.Tool {
		case Trivy:
			return trivyNames(written, id)
		case BuildKit:
			return buildkitNames(written, id)
		}
		return written == id || slices.ContainsFunc(trivyAliases(id), func(a string) bool { return a == written })
	})
}

// broken is a comment that silences nothing.
func broken(tool Tool, at source.Span, problem string) Comment {
	return Comment{Tool: tool, Span: at, Problem: problem, ProblemSpan: at}
}

// next is the first instruction that starts at or behind the offset, nil when there is
// none.
func next(f *dockerfile.File, offset int) *dockerfile.Instruction {
	i, _ := slices.BinarySearchFunc(f.Instructions, offset, func(i *dockerfile.Instruction, offset int) int {
		return cmp.Compare(i.Span.Start, offset)
	})
	if i == len(f.Instructions) {
		return nil
	}
	return f.Instructions[i]
}

// date reads YYYY-MM-DD. Years before 2000 are slips of the hand.
func date(s string) (time.Time, bool) {
	day, err := time.Parse(time.DateOnly, s)
	return day, err == nil && day.Year() >= 2000
}
