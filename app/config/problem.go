package config

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/agext/levenshtein"

	"github.com/chiselbot/chiselbot/checks/source"
)

// A Problem is one thing that is wrong with a settings file.
type Problem struct {
	File *source.File
	Span source.Span
	// Key is the path of the setting: "rules.root-user", "dockerfiles.include[2]". It is
	// empty where the file as a whole is wrong, and fit to be shown.
	Key string
	// Message says what is wrong and Help what to do about it, each in sentences with a
	// full stop; Help may be empty.
	Message, Help string
}

// String is the problem on one line, after its path, line and column.
func (p Problem) String() string {
	at := p.File.Position(p.Span.Start)
	return strings.TrimSpace(fmt.Sprintf("%s:%d:%d: %s %s", p.File.Path(), at.Line, at.Column, p.Message, p.Help))
}

// clean makes a stranger's text fit to be shown: short, on one line, and without what
// could end a code span or steer a terminal.
func clean(text string) string {
	const most = 60
	if utf8.RuneCountInString(text) > most {
		text = string([]rune(text)[:most-1]) + "…"
	}
	return strings.Map(func(r rune) rune {
		if r == '`' || !unicode.IsPrint(r) {
			return utf8.RuneError
		}
		return r
	}, text)
}

// code shows a stranger's text as code.
func code(text string) string { return "`" + clean(text) + "`" }

// codes shows names of our own as "`a`, `b` or `c`".
func codes(names []string) string {
	var b strings.Builder
	for i, name := range names {
		switch i {
		case 0:
		case len(names) - 1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		b.WriteString("`" + name + "`")
	}
	return b.String()
}

// nearest is the candidate that written is most likely a slip of the pen for, or empty.
// As in compilers, about one letter in three may differ; case and the kind of dash do
// not count.
func nearest(written string, candidates []string) string {
	const longest = 100
	if len(written) > longest {
		return ""
	}
	folded := fold(written)
	best, least := "", 1+max(1, utf8.RuneCountInString(written)/3)
	for _, c := range candidates {
		if d := levenshtein.Distance(folded, fold(c), nil); d < least {
			best, least = c, d
		}
	}
	return best
}

func fold(s string) string { return strings.ReplaceAll(strings.ToLower(s), "_", "-") }

// didYouMean is the help for a name that does not exist: the nearest one, or else what
// otherwise says.
func didYouMean(written string, candidates []string, otherwise string) string {
	if best := nearest(written, candidates); best != "" {
		return fmt.Sprintf("Did you mean `%s`?", best)
	}
	return otherwise
}
