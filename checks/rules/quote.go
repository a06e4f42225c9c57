package rules

import "strings"

// maxQuoted bounds what a message repeats of a Dockerfile, in bytes.
const maxQuoted = 80

// code is text from a Dockerfile as a Markdown code span. Long text is cut, and what
// would end the span or the line is replaced: the text is a stranger's.
func code(s string) string {
	cut := false
	if len(s) > maxQuoted {
		s, cut = strings.ToValidUTF8(s[:maxQuoted], ""), true
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '`':
			return '\''
		case r < ' ' || r == 0x7f:
			return ' '
		}
		return r
	}, s)
	if cut {
		s += "…"
	}
	return "`" + s + "`"
}
