package fixes

import (
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"github.com/chiselbot/chiselbot/checks/source"
)

// original is where a place of the files as the plan leaves them is today: people look at
// the files as they are. What the plan inserted is where it was inserted.
func (p *Plan) original(at Place) Place {
	n := slices.IndexFunc(p.Changes, func(c Change) bool { return c.Path == at.Path() })
	if n < 0 || len(at.File.Text()) != len(p.Changes[n].After) {
		return at
	}
	file := source.NewFile(at.Path(), p.Changes[n].Before)
	line := at.File.LineAt(at.Span.Start)
	column := at.Span.Start - at.File.LineSpan(line).Start
	own := file.LineSpan(lineBefore(file, p.Changes[n].After, line))
	same := source.Span{Start: own.Start + column, End: own.Start + column + at.Span.Len()}
	if same.End <= own.End && file.Slice(same) == at.File.Slice(at.Span) {
		return Place{file, same}
	}
	text := file.Slice(own)
	own.Start += len(text) - len(strings.TrimLeft(text, " \t"))
	return Place{file, own}
}

// lineBefore is the line of a file of which a line of its later text was made, or behind
// which it was inserted.
func lineBefore(file *source.File, after string, line int) int {
	lines := func(text string) int {
		n := strings.Count(text, "\n")
		if text != "" && !strings.HasSuffix(text, "\n") {
			n++
		}
		return n
	}
	more := 0
	for _, e := range udiff.Lines(file.Text(), after) {
		first := file.LineAt(e.Start)
		removed, added := lines(file.Text()[e.Start:e.End]), lines(e.New)
		if e.Start == len(file.Text()) && e.Start > 0 { // behind the last line
			first = file.LineAt(e.Start-1) + 1
		}
		into := line - first - more
		if into < 0 {
			break
		}
		if into < added {
			return max(1, first+min(into, removed-1))
		}
		more += added - removed
	}
	return line - more
}
