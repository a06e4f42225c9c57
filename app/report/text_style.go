package report

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/chiselbot/chiselbot/checks"
)

// The colors are those that every terminal's theme chooses to be readable.
const (
	colorNew     = ansi.AttrRedForegroundColor
	colorFixed   = ansi.AttrGreenForegroundColor
	colorUnknown = ansi.AttrMagentaForegroundColor
	colorRelated = ansi.AttrBlueForegroundColor
	colorCode    = ansi.AttrCyanForegroundColor
)

func colorOf(s checks.Severity) ansi.Attr {
	switch s {
	case checks.Error:
		return ansi.AttrRedForegroundColor
	case checks.Warning:
		return ansi.AttrYellowForegroundColor
	}
	return ansi.AttrCyanForegroundColor
}

// style is text in a style, where the terminal has any.
func (p *textPage) style(s string, attrs ...ansi.Attr) string {
	if !p.terminal.Colors || s == "" {
		return s
	}
	return ansi.NewStyle(attrs...).Styled(s)
}

// wrap breaks the text at its spaces into lines of that width. A longer word, such as
// the name of an image, stays whole, so that it can be copied. Code spans stand out.
func (p *textPage) wrap(text string, width int) []string {
	var lines []string
	var b strings.Builder
	column, code := 0, false
	for word := range strings.FieldsSeq(printable(line(text))) {
		w := ansi.StringWidth(word)
		switch {
		case column == 0:
		case column+1+w > width:
			lines = append(lines, b.String())
			b.Reset()
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		column += w
		for i, part := range strings.Split(word, "`") {
			if i > 0 {
				code = !code
				b.WriteByte('`')
			}
			if code {
				part = p.style(part, colorCode)
			}
			b.WriteString(part)
		}
	}
	return append(lines, b.String())
}
