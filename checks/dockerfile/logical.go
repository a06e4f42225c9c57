package dockerfile

import (
	"sort"

	"github.com/chiselbot/chiselbot/checks/source"
)

// Span is the span of the file from the byte that became Text[start] to the byte that
// became Text[end-1]. Continuation lines and comments between them lie inside it. An
// empty range is the empty span before the byte that became Text[start].
func (l Logical) Span(start, end int) source.Span {
	s := source.Span{Start: l.offset(start)}
	if s.End = s.Start; end > start {
		s.End = l.offset(end-1) + 1
	}
	return s
}

// offset is where the byte at an index of Text stands in the file. The index behind the
// last byte is the place behind that byte.
func (l Logical) offset(at int) int {
	if at > 0 && at == len(l.Text) {
		return l.offset(at-1) + 1
	}
	n := sort.Search(len(l.pieces), func(i int) bool { return l.pieces[i].at > at }) - 1
	// A piece is empty when its line held nothing but an escape character.
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
