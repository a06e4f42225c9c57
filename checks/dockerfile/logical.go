package dockerfile

import (
	"sort"

	"github.com/chiselbot/chiselbot/checks/source"
)

// Span is the span of the file from the byte that became Text[start] to the byte that
// became Text[end-1]. Continuation lines and comments between them lie inside it. An
// empty range is the place behind the byte that became Text[start-1].
func (l Logical) Span(start, end int) source.Span {
	switch {
	case start < end:
		return source.Span{Start: l.offset(start), End: l.offset(end-1) + 1}
	case start > 0:
		at := l.offset(start-1) + 1
		return source.Span{Start: at, End: at}
	}
	at := l.pieces[0].offset
	return source.Span{Start: at, End: at}
}

// offset is where the byte at an index of Text stands in the file.
func (l Logical) offset(at int) int {
	// Of pieces that begin at the same index the last has the byte: a piece is empty
	// when its line holds nothing but an escape character.
	n := sort.Search(len(l.pieces), func(i int) bool { return l.pieces[i].at > at }) - 1
	return l.pieces[n].offset + at - l.pieces[n].at
}

// slice is a part of the text with its own way back.
func (l Logical) slice(start, end int) Logical {
	part := Logical{Text: l.Text[start:end]}
	for n, p := range l.pieces {
		if p.at >= end && n > 0 {
			break
		}
		if n+1 < len(l.pieces) && l.pieces[n+1].at <= start {
			continue
		}
		skip := max(0, start-p.at)
		part.pieces = append(part.pieces, piece{max(0, p.at-start), p.offset + skip})
	}
	return part
}
