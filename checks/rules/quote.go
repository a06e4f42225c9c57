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

// codes lists words as code spans: "`a`, `b` and `c`".
func codes(words []string) string {
	var list []string
	for _, w := range words {
		list = append(list, code(w))
	}
	if n := len(list); n > 1 {
		return strings.Join(list[:n-1], ", ") + " and " + list[n-1]
	}
	return strings.Join(list, "")
}
