package source

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// An Edit replaces the bytes of Span in the file at Path by New. An empty span is
// an insertion before the byte at its start.
type Edit struct {
	Path string
	Span Span
	New  string
}

// Apply returns text with the edits made, whatever their order. Every byte outside
// the edits stays as it is, so no edits give the same text. Equal edits count once;
// edits that overlap, two different insertions at one place, and an edit outside
// the text are errors, because there the order would decide the result.
func Apply(text string, edits []Edit) (string, error) {
	sorted := slices.Clone(edits)
	slices.SortStableFunc(sorted, func(a, b Edit) int {
		return cmp.Or(cmp.Compare(a.Span.Start, b.Span.Start), cmp.Compare(a.Span.End, b.Span.End), cmp.Compare(a.New, b.New))
	})
	sorted = slices.Compact(sorted)

	var out strings.Builder
	done := 0
	for i, e := range sorted {
		if e.Span.Start < 0 || e.Span.End < e.Span.Start || e.Span.End > len(text) {
			return "", fmt.Errorf("apply edit of %s: bytes %d to %d lie outside the %d bytes of the file", e.Path, e.Span.Start, e.Span.End, len(text))
		}
		if e.Span.Start < done || (i > 0 && e.Span == sorted[i-1].Span) {
			return "", fmt.Errorf("apply edit of %s: two edits touch byte %d", e.Path, e.Span.Start)
		}
		out.WriteString(text[done:e.Span.Start])
		out.WriteString(e.New)
		done = e.Span.End
	}
	out.WriteString(text[done:])
	return out.String(), nil
}
