package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/app/review"
	"github.com/chiselbot/chiselbot/checks"
)

// A CheckRun is what a check run shows, in GitHub's words and within GitHub's limits.
// See https://docs.github.com/en/rest/checks/runs.
type CheckRun struct {
	// Conclusion is empty while the run is in progress.
	Conclusion Conclusion
	// Title has at most 255 characters and no markup. Summary and Text are GitHub's
	// Markdown of at most 65,535 characters each.
	Title, Summary, Text string
	// Annotations are those of the whole run in the order of their worth; GitHub takes 50
	// in one request.
	Annotations []Annotation
	// Actions are at most three buttons.
	Actions []Action
}

// A Conclusion is what a check run comes to.
type Conclusion string

// The conclusions we use.
const (
	Success   Conclusion = "success"
	Failure   Conclusion = "failure"
	Neutral   Conclusion = "neutral"
	Cancelled Conclusion = "cancelled" // superseded before it was done
)

// An Annotation is text at lines of a file. Columns are 0 when the lines are several,
// where GitHub refuses them.
type Annotation struct {
	Path                   string
	StartLine, EndLine     int
	StartColumn, EndColumn int
	Level                  Level
	Title, Message         string
}

// A Level is how an annotation looks.
type Level string

// The levels.
const (
	LevelNotice  Level = "notice"
	LevelWarning Level = "warning"
	LevelFailure Level = "failure"
)

// An Action is a button: at most 20 characters of label, 40 of description and 20 of
// identifier.
type Action struct {
	Label, Description, Identifier string
}

// The buttons. Those on the run of a pull request do what the commands do.
var (
	Recheck = Action{Label: "Re-check now", Description: "Review this commit again", Identifier: "recheck"}
	Fix     = Action{Label: "Fix this", Description: "Commit the fixes that are certain", Identifier: "fix"}
	Migrate = Action{Label: "Migrate image", Description: "Open a pull request to a chiseled image", Identifier: "migrate"}
)

const (
	// maxRunAnnotations is how many annotations a run has. Beyond that nobody reads them at
	// their lines, and each fifty cost a request.
	maxRunAnnotations = 150
	// maxTitle and maxMessage are GitHub's limits of an annotation, of which the second is
	// 64 KB.
	maxTitle   = 255
	maxMessage = 16 << 10
)

// CheckRunOf is what a check run shows of a review. Who reads only the title knows how
// much changed; who reads the summary, what got worse, what got better and what to do.
func CheckRunOf(r *review.Review) CheckRun {
	return CheckRun{
		Conclusion:  map[review.Verdict]Conclusion{review.Passed: Success, review.Failed: Failure, review.Unsure: Neutral}[r.Verdict()],
		Title:       deltaTitle(r.Delta),
		Summary:     deltaSummary(r),
		Text:        details(r, true),
		Annotations: runAnnotations(r),
		Actions:     actions(r),
	}
}

// actions are the buttons that would do something.
func actions(r *review.Review) []Action {
	list := []Action{Recheck}
	if slices.ContainsFunc(r.Delta.New, func(f checks.Finding) bool {
		return f.Fix != nil && f.Fix.Safety == checks.Safe
	}) {
		list = append(list, Fix)
	}
	if slices.ContainsFunc(slices.Concat(r.Delta.New, r.Delta.Same), func(f checks.Finding) bool {
		if f.Rule.ID != movable {
			return false
		}
		before, err := r.Base.Tree.Read(f.Path())
		return err != nil || before.Text() != f.File.Text()
	}) {
		list = append(list, Migrate)
	}
	return list
}

// movable is the rule that finds images with a chiseled variant.
const movable = "chiseled-available"

// deltaTitle counts: "2 new · 1 fixed · 14 unchanged".
func deltaTitle(d checks.Delta) string {
	same := len(d.Same) + len(d.Moved)
	parts := []string{"Nothing new"}
	if n := len(d.New); n > 0 {
		parts = []string{fmt.Sprintf("%d new", n)}
	}
	for _, count := range []struct {
		n    int
		what string
	}{
		{len(d.Fixed), "fixed"}, {len(d.Ignored), "newly ignored"}, {same, "unchanged"}, {len(d.Unsure), "not compared"}, {len(d.Skips), "not checked"},
	} {
		if count.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count.n, count.what))
		}
	}
	return strings.Join(parts, " · ")
}

// byWorth are the new findings in the order in which they are worth reading: the severe
// first, and of those the ones on lines that the change wrote.
func byWorth(r *review.Review) []checks.Finding {
	found := checks.Together(r.Delta.New)
	slices.SortStableFunc(found, func(a, b checks.Finding) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), compareBool(r.Touches(&b), r.Touches(&a)))
	})
	return found
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// runAnnotations are those of a check run: new findings, the ones on lines that the change
// wrote before all others, then what could not be checked or compared.
func runAnnotations(r *review.Review) []Annotation {
	found := slices.Clone(r.Delta.New)
	slices.SortStableFunc(found, func(a, b checks.Finding) int {
		return cmp.Or(compareBool(r.Touches(&b), r.Touches(&a)), cmp.Compare(b.Severity, a.Severity))
	})
	var all []Annotation
	for _, a := range annotations(found, r.Delta) {
		if a.file != nil && len(all) < maxRunAnnotations { // GitHub takes none without a line
			all = append(all, a.ofRun())
		}
	}
	return all
}

func (a annotation) ofRun() Annotation {
	span := lastLineBreakOff(a.file, a.span)
	start, end := a.file.Position(span.Start), a.file.Position(span.End)
	out := Annotation{
		Path: strings.ToValidUTF8(a.path, "\ufffd"), StartLine: start.Line, EndLine: end.Line,
		Level: Level(a.kind), Title: cut(line(printable(a.title)), maxTitle), Message: cut(printable(strings.Join(a.says, "\n")), maxMessage),
	}
	if a.kind == checks.Error.String() {
		out.Level = LevelFailure
	}
	if start.Line == end.Line {
		out.StartColumn, out.EndColumn = start.Column, end.Column
	}
	return out
}

// cut shortens text to so many characters.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most-1]) + "…"
}
