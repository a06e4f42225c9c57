package report

import (
	"regexp"
	"strings"
)

// Logs of builds are read by machines that obey what stands in them: GitHub's runner a
// line that begins with "::error" or has "##[error]" anywhere, Azure's "##vso[", and
// TeamCity "##teamcity[". A stranger's text must not reach them like that.
//
// See https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs and
// https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands.
var (
	commandAtStart  = regexp.MustCompile(`^((?:\s|\x1b\[[0-9;]*m)*:):([A-Za-z])`)
	commandAnywhere = regexp.MustCompile(`(?i)#(#(?:\[(?:add|debug|echo|endgroup|error|group|internal|notice|remove|save|set|stop|warning)|[a-z]+\[))`)
)

// Shown is text that may hold a stranger's words, such as an error, fit for a terminal
// and for the log of a build.
func Shown(text string) string {
	var b strings.Builder
	for l := range strings.Lines(printable(text)) {
		b.WriteString(logLine(l))
	}
	return b.String()
}

// logLine is one line of text in which no machine finds a command. A character of what
// would be one becomes U+FFFD.
func logLine(s string) string {
	if strings.Contains(s, "::") {
		s = commandAtStart.ReplaceAllString(s, "$1\ufffd$2")
	}
	if strings.Contains(s, "##") {
		s = commandAnywhere.ReplaceAllString(s, "\ufffd$1")
	}
	return s
}
