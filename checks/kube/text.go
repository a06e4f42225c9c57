package kube

import (
	"errors"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/chiselbot/chiselbot/checks/source"
)

const byteOrderMark = "\ufeff"

// A text is one YAML document within a file: it finds where the parser's nodes stand,
// which come with the line and column of their start only.
type text struct {
	body  string
	base  int   // where the body starts in the file
	lines []int // offsets in the body
	// marks are the offsets of every 256th column of a line, as far as one was asked
	// for: a line may have millions of columns, and every node is looked up in it.
	marks map[int][]int
}

// markEvery is how many columns lie between two marks.
const markEvery = 256

func newText(body string, base int) *text {
	t := &text{body: body, base: base, lines: []int{0}, marks: map[int][]int{}}
	for i := range len(body) {
		// The parser's idea of a line break, which is that of YAML 1.1.
		switch rest := body[i:]; {
		case rest[0] == '\n',
			rest[0] == '\r' && !strings.HasPrefix(rest, "\r\n"):
			t.lines = append(t.lines, i+1)
		case strings.HasPrefix(rest, "\u0085"):
			t.lines = append(t.lines, i+len("\u0085"))
		case strings.HasPrefix(rest, "\u2028"), strings.HasPrefix(rest, "\u2029"):
			t.lines = append(t.lines, i+len("\u2028"))
		}
	}
	return t
}

// input is what the parser is given: the body without a byte order mark.
func (t *text) input() string { return strings.TrimPrefix(t.body, byteOrderMark) }

// offset is the place in the body of a line and column of the parser, both from one and
// the column in code points.
func (t *text) offset(line, column int) int {
	line = max(1, min(line, len(t.lines)))
	at := t.lines[line-1]
	if line == 1 && strings.HasPrefix(t.body, byteOrderMark) {
		at = len(byteOrderMark)
	}
	column--
	if mark := column / markEvery; mark > 0 {
		marks := t.marks[line]
		for len(marks) < mark {
			from := at
			if n := len(marks); n > 0 {
				from = marks[n-1]
			}
			marks = append(marks, t.right(from, markEvery))
		}
		t.marks[line] = marks
		at, column = marks[mark-1], column%markEvery
	}
	return t.right(at, column)
}

// right is the place some code points behind another one.
func (t *text) right(at, columns int) int {
	for range columns {
		_, width := utf8.DecodeRuneInString(t.body[at:])
		at += width
	}
	return at
}

func (t *text) span(start, end int) source.Span {
	return source.Span{Start: t.base + start, End: t.base + max(start, end)}
}

// start is the empty span where a node starts.
func (t *text) start(y *yaml.Node) source.Span {
	at := t.offset(y.Line, y.Column)
	return t.span(at, at)
}

// failure is where and why the parser gave up.
func (t *text) failure(err error) (source.Span, string) {
	if e := (*yaml.LoadError)(nil); errors.As(err, &e) {
		at := t.offset(e.Mark.Line, e.Mark.Column)
		return t.span(at, at), strings.TrimSpace(e.Message + " " + e.ContextMsg)
	}
	return t.span(0, 0), err.Error()
}

// content is where a node's own text starts, behind anchors and tags.
func (t *text) content(y *yaml.Node) int {
	at := t.offset(y.Line, y.Column)
	for at < len(t.body) && (t.body[at] == '&' || t.body[at] == '!') {
		at = t.skip(at, func(c byte) bool { return !isSpace(c) })
		at = t.skip(at, isSpace)
	}
	return at
}

// skip is the first place from at on whose byte is not of the kind.
func (t *text) skip(at int, kind func(byte) bool) int {
	for at < len(t.body) && kind(t.body[at]) {
		at++
	}
	return at
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// collection is the span of a mapping or sequence whose parts are known.
func (t *text) collection(y *yaml.Node, items []*Node) source.Span {
	start := t.content(y)
	end := start
	for _, item := range items {
		end = max(end, item.Span.End-t.base, item.KeySpan.End-t.base)
	}
	if y.Style&yaml.FlowStyle == 0 {
		return t.span(start, end)
	}
	if end == start {
		end++ // the opening bracket
	}
	for end < len(t.body) {
		switch t.body[end] {
		case '}', ']':
			return t.span(start, end+1)
		case '#':
			end = t.skip(end, func(c byte) bool { return c != '\n' })
		default:
			end++
		}
	}
	return t.span(start, len(t.body))
}

// scalar is the span of a scalar, quotes included, or of an alias's name. indent is the
// column from zero of the block that holds it.
func (t *text) scalar(y *yaml.Node, indent int) source.Span {
	start := t.content(y)
	rest := t.body[start:]
	switch {
	case y.Kind == yaml.AliasNode:
		return t.span(start, start+len("*")+len(y.Value))
	case y.Style&yaml.DoubleQuotedStyle != 0:
		for i := 1; i < len(rest); i++ {
			switch rest[i] {
			case '\\':
				i++
			case '"':
				return t.span(start, start+i+1)
			}
		}
	case y.Style&yaml.SingleQuotedStyle != 0:
		for i := 1; i < len(rest); i++ {
			switch {
			case strings.HasPrefix(rest[i:], "''"):
				i++
			case rest[i] == '\'':
				return t.span(start, start+i+1)
			}
		}
	case y.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return t.span(start, start+block(rest, indent))
	default:
		// A plain scalar may go on over lines; the parser folds what is between words.
		end := 0
		for word := range strings.FieldsSeq(y.Value) {
			at := strings.Index(rest[end:], word)
			if at < 0 {
				break
			}
			end += at + len(word)
		}
		return t.span(start, start+end)
	}
	return t.span(start, len(t.body))
}

// block is the length of a block scalar: its head and the lines that are indented more
// than the block which holds it, without the empty ones at its end.
func block(rest string, indent int) int {
	end, at := 0, 0
	for line := range strings.Lines(rest) {
		trimmed := strings.TrimSpace(line)
		if at > 0 && trimmed != "" && len(line)-len(strings.TrimLeft(line, " ")) <= indent {
			break
		}
		if trimmed != "" {
			end = at + len(strings.TrimRight(line, " \t\r\n"))
		}
		at += len(line)
	}
	return end
}
