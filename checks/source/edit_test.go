package source_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/chiselbot/chiselbot/checks/source"
)

func edit(start, end int, text string) source.Edit {
	return source.Edit{Path: "f", Span: source.Span{Start: start, End: end}, New: text}
}

func TestApply(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		text  string
		edits []source.Edit
		want  string
		err   string
	}{
		{name: "nothing"},
		{name: "no edits", text: "a\r\nb", want: "a\r\nb"},
		{name: "replace", text: "one two", edits: []source.Edit{edit(4, 7, "three")}, want: "one three"},
		{name: "insert", text: "one two", edits: []source.Edit{edit(4, 4, "or ")}, want: "one or two"},
		{name: "delete", text: "one two", edits: []source.Edit{edit(3, 7, "")}, want: "one"},
		{name: "at both ends", text: "b", edits: []source.Edit{edit(1, 1, "c"), edit(0, 0, "a")}, want: "abc"},
		{name: "in any order", text: "abc", edits: []source.Edit{edit(2, 3, "z"), edit(0, 1, "x"), edit(1, 2, "y")}, want: "xyz"},
		{name: "insert before what is replaced", text: "abc", edits: []source.Edit{edit(1, 2, "y"), edit(1, 1, "-")}, want: "a-yc"},
		{name: "equal ones count once", text: "abc", edits: []source.Edit{edit(1, 1, "-"), edit(1, 1, "-")}, want: "a-bc"},
		{name: "two insertions at one place", text: "abc", edits: []source.Edit{edit(1, 1, "-"), edit(1, 1, "+")}, err: "two edits touch byte 1"},
		{name: "overlap", text: "abc", edits: []source.Edit{edit(0, 2, "x"), edit(1, 3, "y")}, err: "two edits touch byte 1"},
		{name: "insert into what is replaced", text: "abc", edits: []source.Edit{edit(0, 3, "x"), edit(1, 1, "y")}, err: "two edits touch byte 1"},
		{name: "replaced in two ways", text: "abc", edits: []source.Edit{edit(0, 3, "x"), edit(0, 3, "y")}, err: "two edits touch byte 0"},
		{name: "outside", text: "abc", edits: []source.Edit{edit(2, 4, "")}, err: "bytes 2 to 4 lie outside the 3 bytes of the file"},
		{name: "before the start", text: "abc", edits: []source.Edit{edit(-1, 0, "")}, err: "lie outside"},
		{name: "backwards", text: "abc", edits: []source.Edit{edit(2, 1, "")}, err: "lie outside"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			before := slices.Clone(tt.edits)
			got, err := source.Apply(tt.text, tt.edits)
			switch {
			case tt.err == "" && err != nil:
				t.Fatal(err)
			case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
				t.Fatalf("got %q, %v, want the error %q", got, err, tt.err)
			case got != tt.want:
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if !slices.Equal(before, tt.edits) {
				t.Errorf("the caller's edits are now %v", tt.edits)
			}
		})
	}
}

// FuzzApply demands that two edits give the same in either order, that what they do not
// touch stays, and that nothing is applied that overlaps.
func FuzzApply(f *testing.F) {
	f.Add("FROM a\r\nUSER b\n", 5, 6, "x", 12, 13, "y")
	f.Add("abc", 1, 1, "-", 1, 1, "+")
	f.Add("abc", 0, 3, "", 1, 2, "z")
	f.Fuzz(func(t *testing.T, text string, s1, e1 int, n1 string, s2, e2 int, n2 string) {
		one, two := edit(s1, e1, n1), edit(s2, e2, n2)
		got, err := source.Apply(text, []source.Edit{one, two})
		back, backErr := source.Apply(text, []source.Edit{two, one})
		if got != back || (err == nil) != (backErr == nil) {
			t.Fatalf("%v and %v on %q: %q, %v; the other way round %q, %v", one, two, text, got, err, back, backErr)
		}
		if err != nil {
			return
		}
		if one == two {
			two = edit(len(text), len(text), "")
		}
		if one.Span.Overlaps(two.Span) {
			t.Fatalf("%v and %v overlap and were applied to %q", one, two, text)
		}
		if one.Span.Start > two.Span.Start || one.Span.Start == two.Span.Start && one.Span.Len() > two.Span.Len() {
			one, two = two, one
		}
		want := text[:one.Span.Start] + one.New + text[one.Span.End:two.Span.Start] + two.New + text[two.Span.End:]
		if got != want {
			t.Errorf("%v and %v on %q: %q, want %q", one, two, text, got, want)
		}
	})
}
