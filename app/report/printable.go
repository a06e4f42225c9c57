package report

import (
	"strings"
	"unicode"
)

// printable is text without what a reader cannot see and a terminal or a browser would
// obey. Tabs and line feeds stay, the rest becomes U+FFFD.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && r != '\n' && unseen(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// unseen tells the characters that show nothing themselves: controls, separators of
// lines, and those that format others. The latter turn the direction of writing
// (https://trojansource.codes/) or hide text in text. Excepted are the two joiners that
// emoji and some scripts cannot be written without.
func unseen(r rune) bool {
	const nonJoiner, joiner = '\u200c', '\u200d'
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' ||
		unicode.Is(unicode.Cf, r) && r != nonJoiner && r != joiner
}
