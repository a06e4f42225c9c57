package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/chiselbot/chiselbot/app/review"
	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/source"
)

// What the runner keeps of the annotations of one step: so many of each kind, and so
// many characters of each. The rest is lost without a word.
//
// See https://github.com/actions/runner/blob/main/src/Runner.Worker/ExecutionContext.cs
// and https://github.com/actions/toolkit/blob/main/docs/problem-matchers.md#limitations.
const (
	maxAnnotations       = 10
	maxAnnotationMessage = 4096
)

// GitHub writes the review as workflow commands, which GitHub Actions shows at the lines
// of the change: new findings with their severity, and what could not be checked or
// compared as warnings. What is too much for GitHub stands below them in the log, whose
// last line sums the review up.
//
// See https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions.
func GitHub(w io.Writer, r *review.Review) error {
	out := bufio.NewWriter(w)
	shown := map[string]int{}
	var rest []annotation
	for _, a := range annotations(r.Delta.New, r.Delta) {
		if shown[a.kind]++; shown[a.kind] > maxAnnotations {
			rest = append(rest, a)
			continue
		}
		out.WriteString(a.command() + "\n")
	}
	if len(rest) > 0 {
		fmt.Fprintf(out, "\nGitHub shows %d annotations of a kind. These are the others:\n", maxAnnotations)
	}
	for _, a := range rest {
		out.WriteString(logLine(a.line()) + "\n")
	}
	fmt.Fprintf(out, "chiselbot: %s (%s)\n", title(r), r.Verdict())
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write workflow commands: %w", err)
	}
	return nil
}

// An annotation is one note at a line of a file. Without a file it has no line, and
// without a path no place at all.
type annotation struct {
	kind  string // error, warning or notice
	path  string
	file  *source.File
	span  source.Span
	title string
	says  []string
}

// annotations are those of a review whose new findings stand in the order given.
func annotations(found []checks.Finding, d checks.Delta) []annotation {
	var as []annotation
	for _, f := range checks.Together(found) {
		as = append(as, annotation{f.Severity.String(), f.Path(), f.File, f.Span, f.Rule.ID + ": " + f.Rule.Title, []string{f.Message, provenance(f), f.Help, f.Rule.URL}})
	}
	for _, s := range d.Skips {
		title := "Not checked"
		if s.Rule != "" {
			title += ": " + s.Rule
		}
		as = append(as, annotation{checks.Warning.String(), s.Path, s.File, s.Span, title, []string{s.Reason, s.Help}})
	}
	for _, f := range d.Unsure {
		as = append(as, annotation{checks.Warning.String(), f.Path(), f.File, f.Span, "Not compared: " + f.Rule.ID, []string{f.Message, notCompared}})
	}
	for i := range as {
		as[i].says = slices.DeleteFunc(as[i].says, func(s string) bool { return s == "" })
	}
	return as
}

// command is the annotation as a workflow command. Columns are left out when the place
// has several lines, because GitHub refuses them there.
func (a annotation) command() string {
	var properties []string
	property := func(name, value string) {
		properties = append(properties, name+"="+commandProperty.Replace(printable(value)))
	}
	if a.path != "" {
		property("file", a.path)
	}
	if a.file != nil {
		span := lastLineBreakOff(a.file, a.span)
		start, end := a.file.Position(span.Start), a.file.Position(span.End)
		property("line", strconv.Itoa(start.Line))
		property("endLine", strconv.Itoa(end.Line))
		if start.Line == end.Line {
			property("col", strconv.Itoa(start.Column))
			property("endColumn", strconv.Itoa(end.Column))
		}
	}
	property("title", a.title)

	message := printable(strings.Join(a.says, "\n"))
	if utf8.RuneCountInString(message) > maxAnnotationMessage {
		message = string([]rune(message)[:maxAnnotationMessage-1]) + "…"
	}
	return fmt.Sprintf("::%s %s::%s", a.kind, strings.Join(properties, ","), commandData.Replace(message))
}

// line is the annotation as a line of the log.
func (a annotation) line() string {
	at := a.path
	if a.file != nil {
		at += ":" + strconv.Itoa(a.file.LineAt(a.span.Start))
	}
	if at != "" {
		at += ": "
	}
	return printable(line(fmt.Sprintf("%s: %s%s. %s", a.kind, at, a.title, strings.Join(a.says, " "))))
}

// The runner undoes exactly these, in
// https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs.
var (
	commandData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	commandProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)
