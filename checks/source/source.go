// Package source is the ground every check stands on: files as bytes with
// positions, edits of byte ranges, and trees of files at one commit.
//
// It knows nothing of Dockerfiles, charts, rules or git. A tree is an [io/fs.FS],
// so a rule cannot tell a working directory from a git object store, a GitHub
// blob cache or a txtar archive in a test.
package source

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// A Span is the half-open range [Start, End) of byte offsets in one file.
type Span struct {
	Start, End int
}

// Len is the number of bytes the span covers.
func (s Span) Len() int { return s.End - s.Start }

// Contains reports whether other lies entirely inside s.
func (s Span) Contains(other Span) bool {
	return s.Start <= other.Start && other.End <= s.End
}

// Overlaps reports whether the two spans share at least one byte.
func (s Span) Overlaps(other Span) bool {
	return s.Start < other.End && other.Start < s.End
}

// A Position is where a person finds a byte: line and column, both counted from
// one, the column in Unicode code points.
type Position struct {
	Line, Column int
}

// A File is one file's path and text. It is immutable and safe for concurrent use.
type File struct {
	path  string
	text  string
	lines []int // offset of each line's first byte
}

// NewFile makes a File of text, kept byte for byte. The path is slash-separated
// and relative to the root of its tree.
func NewFile(path, text string) *File {
	lines := make([]int, 1, 1+strings.Count(text, "\n"))
	for i := range len(text) {
		if text[i] == '\n' {
			lines = append(lines, i+1)
		}
	}
	return &File{path: path, text: text, lines: lines}
}

// Path is the file's slash-separated path from the root of its tree.
func (f *File) Path() string { return f.path }

// Text is the whole file.
func (f *File) Text() string { return f.text }

// Slice is the text of the span, which must lie inside the file.
func (f *File) Slice(s Span) string { return f.text[s.Start:s.End] }

// Lines is the number of lines, counting an empty last line only when the file is
// empty or does not end in a line break.
func (f *File) Lines() int {
	n := len(f.lines)
	if n > 1 && f.lines[n-1] == len(f.text) {
		n--
	}
	return n
}

// LineAt is the one-based number of the line that holds the byte at offset. Offsets
// outside the file are taken to its nearest end.
func (f *File) LineAt(offset int) int {
	offset = max(0, min(offset, len(f.text)))
	return sort.Search(len(f.lines), func(i int) bool { return f.lines[i] > offset })
}

// Position is the line and column of the byte at offset.
func (f *File) Position(offset int) Position {
	offset = max(0, min(offset, len(f.text)))
	line := f.LineAt(offset)
	return Position{Line: line, Column: 1 + utf8.RuneCountInString(f.text[f.lines[line-1]:offset])}
}

// LineSpan is the span of a one-based line without its line break. A line that the
// file does not have is the empty span at the file's end.
func (f *File) LineSpan(line int) Span {
	if line < 1 || line > len(f.lines) {
		return Span{len(f.text), len(f.text)}
	}
	end := len(f.text)
	if line < len(f.lines) {
		end = f.lines[line] - 1
		if end > f.lines[line-1] && f.text[end-1] == '\r' {
			end--
		}
	}
	return Span{f.lines[line-1], end}
}

// LineText is the text of a one-based line without its line break.
func (f *File) LineText(line int) string { return f.Slice(f.LineSpan(line)) }
