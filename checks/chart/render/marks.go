package render

import (
	"strings"
	"unicode/utf8"
)

// A mark is put behind a part of a text and says where it comes from: an index into the
// tracer's origins. It is written as two characters of the last private plane of Unicode,
// which nothing assigns and whose first byte occurs in no other character of use.
//
// A mark speaks for what stands before it, back to the mark before or to the start of
// the line. It follows text that is not blank, so functions which trim white space do
// not meet it.
type mark int32

const (
	// boundary ends a part that belongs to whatever surrounds it: it stands before the
	// first text of an inclusion.
	boundary mark = 0

	firstHigh, firstLow = 0x100000, 0x108000
	markBits            = 15
	markBytes           = 8
	maxMarks            = 1 << (2 * markBits)
	// lead is the first byte of both characters.
	lead = 0xF4
)

func appendMark(b []byte, m mark) []byte {
	b = utf8.AppendRune(b, firstHigh+rune(m>>markBits))
	return utf8.AppendRune(b, firstLow+rune(m&(1<<markBits-1)))
}

// markAt is the mark at the start of s.
func markAt(s string) (mark, bool) {
	if len(s) < markBytes || s[0] != lead || s[4] != lead || s[1] >= 0x88 || s[5] < 0x88 {
		return 0, false
	}
	high, a := utf8.DecodeRuneInString(s)
	low, b := utf8.DecodeRuneInString(s[4:])
	if a != 4 || b != 4 {
		return 0, false
	}
	return mark(high-firstHigh)<<markBits | mark(low-firstLow), true
}

// nextMark finds the first mark in s at or behind an offset.
func nextMark(s string, from int) (at int, m mark, ok bool) {
	for from < len(s) {
		i := strings.IndexByte(s[from:], lead)
		if i < 0 {
			break
		}
		from += i
		if m, ok := markAt(s[from:]); ok {
			return from, m, true
		}
		from++
	}
	return len(s), 0, false
}

// isMarked reports whether s may hold marks. It is quick and may say yes too often.
func isMarked(s string) bool { return strings.IndexByte(s, lead) >= 0 }

// strip is s without its marks.
func strip(s string) string {
	if !isMarked(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for from := 0; from < len(s); {
		at, _, ok := nextMark(s, from)
		b.WriteString(s[from:at])
		from = at
		if ok {
			from += markBytes
		}
	}
	return b.String()
}

// A segment is a part of a text between two marks, without the white space around it.
type segment struct {
	start, end int
	mark       mark
	marked     bool
}

// unmark is s without its marks, and the segments of that text that are not blank.
func unmark(s string) (string, []segment) {
	if !isMarked(s) {
		return s, nil
	}
	var b strings.Builder
	b.Grow(len(s))
	var segments []segment
	for from := 0; from < len(s); {
		at, m, ok := nextMark(s, from)
		segments = appendLines(segments, s[from:at], b.Len(), m, ok)
		b.WriteString(s[from:at])
		from = at
		if ok {
			from += markBytes
		}
	}
	return b.String(), segments
}

// appendLines adds the segments of a text between two marks: its last line is what the
// mark speaks for, and lines before it have no mark.
func appendLines(segments []segment, text string, base int, m mark, marked bool) []segment {
	for text != "" {
		line, rest, more := strings.Cut(text, "\n")
		if start, end := content(line); start < end {
			s := segment{start: base + start, end: base + end}
			if !more && marked {
				s.mark, s.marked = m, true
			}
			segments = append(segments, s)
		}
		base += len(line) + 1
		text = rest
	}
	return segments
}

const blanks = " \t\r\n"

// content is where the text of a line starts and ends, without white space.
func content(line string) (start, end int) {
	end = len(line)
	for end > 0 && isBlank(line[end-1]) {
		end--
	}
	for start < end && isBlank(line[start]) {
		start++
	}
	return start, end
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// marksOf are the marks of a text, each once, up to a few.
func marksOf(s string) []mark {
	const few = 8
	var marks []mark
	for from := 0; len(marks) < few; {
		at, m, ok := nextMark(s, from)
		if !ok {
			break
		}
		if from = at + markBytes; m != boundary {
			seen := false
			for _, other := range marks {
				seen = seen || other == m
			}
			if !seen {
				marks = append(marks, m)
			}
		}
	}
	return marks
}

// cut is the part of a marked text that stands at [start, end) without marks, with the
// marks of what it takes.
func cut(s string, start, end int) string {
	var b strings.Builder
	plain := 0
	for from := 0; from < len(s); {
		at, _, ok := nextMark(s, from)
		text := s[from:at]
		if lo, hi := max(start-plain, 0), min(end-plain, len(text)); lo < hi {
			b.WriteString(text[lo:hi])
			if ok && hi > strings.LastIndexByte(text, '\n')+1 {
				b.WriteString(s[at : at+markBytes])
			}
		}
		plain += len(text)
		from = at
		if ok {
			from += markBytes
		}
	}
	return b.String()
}
