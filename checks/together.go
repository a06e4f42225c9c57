package checks

import (
	"cmp"
	"slices"

	"github.com/chiselbot/chiselbot/checks/source"
)

// Together groups findings about objects that stand at one place, because one edit there
// cures them: a missing security context, a tag that ten containers share. Any other
// finding is a group of its own. Groups come in the order of their first findings; in a
// group the most severe come first.
func Together(fs []Finding) [][]Finding {
	type place struct {
		file *source.File
		span source.Span
	}
	at := map[place]int{}
	var groups [][]Finding
	for _, f := range fs {
		here := place{f.File, f.Span}
		if i, ok := at[here]; ok && f.Origin != nil {
			groups[i] = append(groups[i], f)
			continue
		}
		if f.Origin != nil {
			at[here] = len(groups)
		}
		groups = append(groups, []Finding{f})
	}
	for _, g := range groups {
		slices.SortStableFunc(g, func(a, b Finding) int { return cmp.Compare(b.Severity, a.Severity) })
	}
	return groups
}
