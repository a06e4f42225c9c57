package report

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"github.com/chiselbot/chiselbot/checks/source"
)

// The limits of one excerpt. Of a longer line, only what is around the span is laid out.
const (
	tabWidth        = 4
	maxLineBytes    = 4096
	maxClusterBytes = 64
	maxSpanLines    = 8
)

// A mark is a span of a file that an excerpt underlines with a sign, and what is to be
// noted beside it.
type mark struct {
	file  *source.File
	span  source.Span
	sign  string
	color ansi.Attr
	note  string
}

// excerpts writes the lines of all marks in one frame:
//
//	   ┌─ src/Dockerfile:9:6
//	 9 │ FROM debian
//	   │      ^^^^^^
//	12 │ USER root
//	   │      ---- note
func (p *textPage) excerpts(marks []mark) {
	digits := 0
	for i, m := range marks {
		marks[i].span = lastLineBreakOff(m.file, m.span)
		digits = max(digits, len(strconv.Itoa(m.file.LineAt(marks[i].span.End))))
	}
	e := excerpt{page: p, digits: digits, width: p.width - digits - 4}
	path := ""
	for i, m := range marks {
		if i == 0 || m.file.Path() != path {
			path = m.file.Path()
			at := m.file.Position(m.span.Start)
			corner := "├─ "
			if i == 0 {
				corner = "┌─ "
			}
			place := fmt.Sprintf("%s:%d:%d", printable(line(path)), at.Line, at.Column)
			p.line(strings.Repeat(" ", digits+2), p.style(corner, ansi.AttrFaint), place)
		}
		e.mark(m)
	}
	p.line(strings.Repeat(" ", digits+2), p.style("╵", ansi.AttrFaint))
}

// An excerpt is a frame that is being written. Its width is that of the source lines.
type excerpt struct {
	page          *textPage
	digits, width int
}

// row writes one row of the frame. A number of 0 is left out.
func (e *excerpt) row(number int, text string) {
	shown := ""
	if number > 0 {
		shown = strconv.Itoa(number)
	}
	e.page.line(e.page.style(fmt.Sprintf(" %*s │", e.digits, shown), ansi.AttrFaint), " ", text)
}

func (e *excerpt) mark(m mark) {
	first, last := m.file.LineAt(m.span.Start), m.file.LineAt(m.span.End)
	if first == last {
		e.line(m, first)
	} else {
		e.lines(m, first, last)
	}
}

// line writes a span within one line.
func (e *excerpt) line(m mark, number int) {
	at := m.file.LineSpan(number)
	l := layOut(m.file, number, m.span.Start-at.Start)
	start, end := l.columns(m.span.Start-at.Start, m.span.End-at.Start)
	from := l.window(start, end, e.width)
	e.row(number, l.crop(from, e.width))

	start, end = max(0, start-from), min(end-from, e.width)
	under := strings.Repeat(" ", start) + e.page.style(strings.Repeat(m.sign, max(1, end-start)), m.color)
	e.noted(under, max(1, end-start)+start, start, m)
}

// noted writes a row of signs and the note on it: beside them if there is room, else in
// rows of its own.
func (e *excerpt) noted(under string, end, start int, m mark) {
	if m.note == "" {
		e.row(0, under)
		return
	}
	if room := e.width - end - 1; room >= ansi.StringWidth(printable(line(m.note))) {
		e.row(0, under+" "+strings.Join(e.page.wrap(m.note, room), ""))
		return
	}
	e.row(0, under)
	start = max(0, min(start, e.width-maxProse/2))
	for _, l := range e.page.wrap(m.note, e.width-start) {
		e.row(0, strings.Repeat(" ", start)+l)
	}
}

// lines writes a span of several lines, held by a bracket. Where it does not begin with
// the text of its first line or end with that of its last, a sign says where it does.
func (e *excerpt) lines(m mark, first, last int) {
	const gap = 2 // of the bracket
	width := e.width - gap
	p := e.page
	bracket := func(s string) string { return p.style(s, m.color) + " " }

	head, tail := m.file.LineSpan(first), m.file.LineSpan(last)
	startsLine := strings.TrimSpace(m.file.Slice(source.Span{Start: head.Start, End: m.span.Start})) == ""
	endsLine := strings.TrimSpace(m.file.Slice(source.Span{Start: m.span.End, End: max(m.span.End, tail.End)})) == ""

	for n := first; n <= last; n++ {
		if cut := last - first + 1 - maxSpanLines; cut > 0 && n == first+maxSpanLines-2 {
			e.row(0, bracket("│")+p.style(fmt.Sprintf("… %s", plural(cut+1, "line")), ansi.AttrFaint))
			n += cut
			continue
		}
		at := m.file.LineSpan(n)
		l := layOut(m.file, n, 0)
		sign := "│"
		switch {
		case n == first && startsLine:
			sign = "┌"
		case n == first:
			sign = " "
		case n == last && endsLine:
			sign = "└"
		}
		e.row(n, bracket(sign)+l.crop(0, width))

		if n == first && !startsLine {
			if start, _ := l.columns(m.span.Start-at.Start, at.End-at.Start); start < width {
				e.row(0, p.style("┌"+strings.Repeat("─", start+1)+m.sign, m.color))
			}
		}
		if n == last && !endsLine {
			if _, end := l.columns(0, m.span.End-at.Start); end <= width {
				e.row(0, p.style("└"+strings.Repeat("─", end)+m.sign, m.color))
			}
		}
	}
	if m.note != "" {
		for _, l := range p.wrap(m.note, width) {
			e.row(0, "  "+l)
		}
	}
}

// A cell is what a terminal shows of one character as people perceive it.
type cell struct {
	offset int // of its first byte in the line
	column int
	width  int
	shown  string
}

// A shownLine is a line of a file as a terminal shows it.
type shownLine struct {
	cells []cell
	width int
	end   int // offset of the first byte that has no cell
}

// layOut lays out a line of a file, or of a very long one what is around a byte of it.
// Tabs become spaces; what cannot be seen or would be obeyed becomes U+FFFD.
func layOut(f *source.File, number, around int) shownLine {
	text := f.LineText(number)
	first, last := 0, len(text)
	if len(text) > maxLineBytes {
		first = max(0, min(around, len(text))-maxLineBytes/2)
		last = min(len(text), first+maxLineBytes)
		for first > 0 && !utf8.RuneStart(text[first]) {
			first--
		}
	}
	l := shownLine{end: last}
	add := func(offset int, shown string, width int) {
		l.cells = append(l.cells, cell{offset: offset, column: l.width, width: width, shown: shown})
		l.width += width
	}
	if first > 0 {
		add(0, "…", 1)
	}
	for at := first; at < last; {
		cluster, width := ansi.FirstGraphemeCluster(text[at:last], ansi.GraphemeWidth)
		shown := printable(cluster)
		switch {
		case cluster == "\t":
			width = tabWidth - l.width%tabWidth
			shown = strings.Repeat(" ", width)
		case cluster == byteOrderMark && number == 1 && at == 0:
			shown, width = "", 0
		case len(cluster) > maxClusterBytes, width == 0, shown != cluster:
			shown, width = string(utf8.RuneError), 1
		}
		add(at, shown, width)
		at += len(cluster)
	}
	if last < len(text) {
		add(last, "…", 1)
		l.end = len(text)
	}
	return l
}

const byteOrderMark = "\ufeff"

// columns are the columns from the cell that holds the byte at start to the one that
// holds the byte before end.
func (l shownLine) columns(start, end int) (from, to int) {
	from, to = l.width, 0
	for i, c := range l.cells {
		next := l.end
		if i+1 < len(l.cells) {
			next = l.cells[i+1].offset
		}
		if c.offset <= start && start < next {
			from = c.column
		}
		if c.offset < end {
			to = c.column + c.width
		}
	}
	return from, max(from, to)
}

// window is the first column to show so that the columns from start to end, or the
// first of them, can be seen.
func (l shownLine) window(start, end, width int) int {
	whole := max(l.width, start+1) // with the column after the line, where a span may be
	if whole <= width || end < width {
		return 0
	}
	before := max(width/4, width-2-(end-start)) / 2
	return max(0, min(start-before, whole-width))
}

// crop is the part of the line from a column on that is that wide. Dots stand for what
// is left out.
func (l shownLine) crop(from, width int) string {
	to := from + width
	cutLeft, cutRight := from > 0, l.width > to
	if cutLeft {
		from++
	}
	if cutRight {
		to--
	}
	var b strings.Builder
	if cutLeft {
		b.WriteString("…")
	}
	for _, c := range l.cells {
		switch {
		case c.column >= from && c.column+c.width <= to:
			b.WriteString(c.shown)
		case c.column < to && c.column+c.width > from: // a wide one at the edge
			b.WriteString(strings.Repeat(" ", min(to, c.column+c.width)-max(from, c.column)))
		}
	}
	if cutRight {
		b.WriteString("…")
	}
	return b.String()
}
