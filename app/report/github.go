package report

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/chiselbot/chiselbot/app/review"
	"github.com/chiselbot/chiselbot/checks/source"
)

// GitHub writes the review as workflow commands, which GitHub Actions shows at the lines
// of the change: new findings with their severity, and what could not be checked or
// compared as warnings. The last line is for people who read the log.
//
// See https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions.
func GitHub(w io.Writer, r *review.Review) error {
	out := bufio.NewWriter(w)
	for _, f := range r.Delta.New {
		workflowCommand(out, f.Severity.String(), f.Path(), f.File, f.Span, f.Rule.ID+": "+f.Rule.Title, f.Message, f.Help, f.Rule.URL)
	}
	for _, f := range r.Delta.Unsure {
		workflowCommand(out, "warning", f.Path(), f.File, f.Span, "Not compared: "+f.Rule.ID, f.Message, notCompared)
	}
	for _, s := range r.Delta.Skips {
		title := "Not checked"
		if s.Rule != "" {
			title += ": " + s.Rule
		}
		workflowCommand(out, "warning", s.Path, s.File, s.Span, title, s.Reason, s.Help)
	}
	fmt.Fprintf(out, "chiselbot: %s (%s)\n", title(r), r.Verdict())
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write workflow commands: %w", err)
	}
	return nil
}

// workflowCommand writes one command. Without a file it has no line, and without a path
// no place at all. Columns are left out when the place has several lines, because GitHub
// refuses them there.
func workflowCommand(w io.Writer, command, path string, f *source.File, s source.Span, title string, says ...string) {
	var properties []string
	property := func(name, value string) {
		properties = append(properties, name+"="+commandProperty.Replace(printable(value)))
	}
	if path != "" {
		property("file", path)
	}
	if f != nil {
		s = lastLineBreakOff(f, s)
		start, end := f.Position(s.Start), f.Position(s.End)
		property("line", strconv.Itoa(start.Line))
		property("endLine", strconv.Itoa(end.Line))
		if start.Line == end.Line {
			property("col", strconv.Itoa(start.Column))
			property("endColumn", strconv.Itoa(end.Column))
		}
	}
	property("title", title)

	var lines []string
	for _, s := range says {
		if s != "" {
			lines = append(lines, printable(s))
		}
	}
	fmt.Fprintf(w, "::%s %s::%s\n", command, strings.Join(properties, ","), commandData.Replace(strings.Join(lines, "\n")))
}

// The runner undoes exactly these, in
// https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs.
var (
	commandData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	commandProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)
