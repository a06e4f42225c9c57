package report

import (
	"regexp"
	"strconv"
	"strings"
)

// line is printable text in one line.
func line(s string) string {
	return strings.NewReplacer("\r\n", " ", "\n", " ", "\t", " ").Replace(s)
}

// place is a path and a line, 0 for none, as a code span.
func place(path string, line int) string {
	if line > 0 {
		path += ":" + strconv.Itoa(line)
	}
	return CodeSpan(path)
}

// CodeSpan is text of a stranger as a Markdown code span, whatever it holds.
func CodeSpan(s string) string {
	s = printable(line(s))
	if strings.TrimSpace(s) == "" {
		return "(blank)"
	}
	fence := strings.Repeat("`", longestRun(s)+1)
	if s[0] == '`' || s[0] == ' ' || s[len(s)-1] == '`' || s[len(s)-1] == ' ' {
		s = " " + s + " "
	}
	return fence + s + fence
}

// Block is text of a stranger as a block of code, whatever it holds. GitHub colors it as
// the language.
func Block(language, text string) string {
	text = printable(text)
	fence := strings.Repeat("`", max(3, longestRun(text)+1))
	return fence + language + "\n" + text + "\n" + fence + "\n"
}

// longestRun is the length of the longest run of backticks.
func longestRun(s string) int {
	longest, run := 0, 0
	for i := range len(s) {
		if s[i] != '`' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}

// Prose is a message as one line of Markdown in which its code spans stay and nothing
// else has a meaning.
func Prose(s string) string {
	s = strings.TrimSpace(printable(line(s)))
	var b strings.Builder
	if beginsBlock.MatchString(s) {
		end := strings.IndexAny(s, "-+=.)")
		b.WriteString(s[:end] + `\`)
		s = s[end:]
	}
	for s != "" {
		text, rest, found := strings.Cut(s, "`")
		b.WriteString(plain(text))
		if !found {
			break
		}
		code, after, closed := strings.Cut(rest, "`")
		if !closed {
			b.WriteString("\\`" + plain(rest))
			break
		}
		b.WriteString(CodeSpan(code))
		s = after
	}
	return b.String()
}

// beginsBlock tells what at the start of a paragraph makes it a list, a line or the
// heading of what is above it. What [plain] escapes is not in it.
var beginsBlock = regexp.MustCompile(`^(?:[-+=]|[0-9]{1,9}[.)])`)

// plain is text in which no character has a meaning. Mentions and references are found
// by GitHub after Markdown is rendered, so an escape does not stop them; a space of no
// width does.
func plain(s string) string { return plainer.Replace(s) }

var plainer = strings.NewReplacer(
	": ", ": ", "& ", "& ", "&& ", "&& ", // neither the name of an emoji nor of a character
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", `\<`, ">", `\>`,
	"&", `\&`, "~", `\~`, "$", `\$`, "|", `\|`, "!", `\!`, ":", `\:`, "www.", `www\.`, "WWW.", `WWW\.`,
	"@", "@\u200b", "#", "#\u200b", "GH-", "GH\u200b-", "gh-", "gh\u200b-", "Gh-", "Gh\u200b-", "gH-", "gH\u200b-",
)
