package checks

import (
	"cmp"
	"slices"

	"github.com/chiselbot/chiselbot/checks/source"
)

// Together makes one finding of those about objects that stand at one place, because one
// edit there cures them: a missing security context, a tag that ten containers share. The
// most severe speaks for all, as in [join]; its help is what to do first. They come in the
// order in which the places come first.
func Together(fs []Finding) []Finding {
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
	all := make([]Finding, len(groups))
	for i, g := range groups {
		slices.SortStableFunc(g, func(a, b Finding) int { return cmp.Compare(b.Severity, a.Severity) })
		all[i] = g[0]
		for _, other := range g[1:] {
			all[i].take(other)
		}
		all[i].sayAlso()
	}
	return all
}
