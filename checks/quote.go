package checks

import (
	"slices"
	"strings"
)

// maxQuoted bounds what a message repeats of a file, in bytes.
const maxQuoted = 100

// Code is text from a file as a Markdown code span. Long text is cut, and what would end
// the span or the line is replaced: the text is a stranger's.
func Code(s string) string {
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

// Codes lists texts as code spans, each once: "`a`, `b` and `c`".
func Codes(all []string) string {
	var list []string
	for _, s := range all {
		if c := Code(s); !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	if n := len(list); n > 1 {
		return strings.Join(list[:n-1], ", ") + " and " + list[n-1]
	}
	return strings.Join(list, "")
}
