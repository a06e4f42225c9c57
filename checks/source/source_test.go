package source_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks/source"
)

func TestLines(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want []string
	}{
		{"", []string{""}},
		{"a", []string{"a"}},
		{"a\n", []string{"a"}},
		{"\n", []string{""}},
		{"a\nb", []string{"a", "b"}},
		{"a\r\nb\r\n", []string{"a", "b"}},
		{"a\n\nb\n\n", []string{"a", "", "b", ""}},
		{"a\rb\r", []string{"a\rb\r"}}, // a return alone ends no line
		{"\r\n", []string{""}},
	}
	for _, tt := range tests {
		f := source.NewFile("f", tt.text)
		var got []string
		for n := 1; n <= f.Lines(); n++ {
			got = append(got, f.LineText(n))
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("lines of %q (-want +got):\n%s", tt.text, diff)
		}
		for _, n := range []int{-1, 0, f.Lines() + 2} {
			if s := f.LineSpan(n); s.Len() != 0 || s.Start != len(tt.text) {
				t.Errorf("line %d of %q is %v, want nothing at the end", n, tt.text, s)
			}
		}
	}
}

func TestPosition(t *testing.T) {
	t.Parallel()
	f := source.NewFile("f", "ab\r\n猫x\n\xffy\n")
	tests := []struct {
		offset int
		want   source.Position
	}{
		{0, source.Position{Line: 1, Column: 1}},
		{2, source.Position{Line: 1, Column: 3}}, // the return
		{3, source.Position{Line: 1, Column: 4}}, // the line feed belongs to its line
		{4, source.Position{Line: 2, Column: 1}},
		{7, source.Position{Line: 2, Column: 2}}, // after a character of three bytes
		{9, source.Position{Line: 3, Column: 1}},
		{10, source.Position{Line: 3, Column: 2}}, // a byte that is no character counts as one
		{12, source.Position{Line: 4, Column: 1}},
		{-5, source.Position{Line: 1, Column: 1}},
		{99, source.Position{Line: 4, Column: 1}},
	}
	for _, tt := range tests {
		if got := f.Position(tt.offset); got != tt.want {
			t.Errorf("position of byte %d: %v, want %v", tt.offset, got, tt.want)
		}
	}
}

func TestSpans(t *testing.T) {
	t.Parallel()
	span := func(start, end int) source.Span { return source.Span{Start: start, End: end} }
	tests := []struct {
		a, b               source.Span
		contains, overlaps bool
	}{
		{span(0, 4), span(1, 3), true, true},
		{span(0, 4), span(0, 4), true, true},
		{span(1, 3), span(0, 4), false, true},
		{span(0, 2), span(2, 4), false, false}, // they only touch
		{span(0, 3), span(2, 4), false, true},
		{span(0, 4), span(2, 2), true, true}, // a place within
		{span(0, 4), span(4, 4), true, false},
	}
	for _, tt := range tests {
		if got := tt.a.Contains(tt.b); got != tt.contains {
			t.Errorf("%v contains %v: %v", tt.a, tt.b, got)
		}
		if got := tt.a.Overlaps(tt.b); got != tt.overlaps {
			t.Errorf("%v overlaps %v: %v", tt.a, tt.b, got)
		}
	}
}
