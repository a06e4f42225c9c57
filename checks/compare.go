package checks

import (
	"slices"
)

// A Delta is what a change makes worse and better, each list in a fixed order.
type Delta struct {
	// New are the findings of the head that the base does not have.
	New []Finding
	// Fixed are the findings of the base that the head does not have.
	Fixed []Finding
	// Same are the findings of the head that the base has in the same file.
	Same []Finding
	// Moved are those that the base has in a file the change renamed.
	Moved []Move
	// Unsure are the findings of either side that cannot be called new or fixed, because
	// the other side could not be checked there.
	Unsure []Finding
	// Skips are what could not be checked: the head's, then those of the base alone.
	Skips []Skip
	// Drops are the findings of the head that somebody knew better about.
	Drops []Drop
}

// A Move is a finding in a renamed file.
type Move struct {
	Finding
	From string // the file's path in the base
}

// identity tells findings apart. The line is not in it on purpose: what moves with the
// text around it is the same finding.
type identity struct {
	path, rule, key string
}

// Compare says what changed from base to head. A finding's identity is its file, rule
// and key; equal ones are paired in the order in which they stand.
func Compare(base, head *Result) Delta {
	renamed := renames(base.Files, head.Files)
	now := func(path string) string { // the head's name of a file of the base
		if to, ok := renamed[path]; ok {
			return to
		}
		return path
	}
	onBase, onHead := skipsByPath(base.Skips, now), skipsByPath(head.Skips, func(p string) string { return p })

	d := Delta{Skips: slices.Clone(head.Skips), Drops: head.Drops}
	before := map[identity][]int{}
	for i, f := range base.Findings {
		id := identity{now(f.Path()), f.Rule.ID, f.Key}
		before[id] = append(before[id], i)
	}
	paired := make([]bool, len(base.Findings))
	for _, f := range head.Findings {
		id := identity{f.Path(), f.Rule.ID, f.Key}
		twins := before[id]
		switch {
		case len(twins) > 0:
			before[id], paired[twins[0]] = twins[1:], true
			if from := base.Findings[twins[0]].Path(); from != f.Path() {
				d.Moved = append(d.Moved, Move{Finding: f, From: from})
			} else {
				d.Same = append(d.Same, f)
			}
		case skippedOnlyIn(onBase, onHead, id):
			d.Unsure = append(d.Unsure, f)
		default:
			d.New = append(d.New, f)
		}
	}
	for i, f := range base.Findings {
		id := identity{now(f.Path()), f.Rule.ID, f.Key}
		switch {
		case paired[i]:
		case skippedOnlyIn(onHead, onBase, id):
			d.Unsure = append(d.Unsure, f)
		default:
			d.Fixed = append(d.Fixed, f)
		}
	}
	sortFindings(d.Unsure)

	for _, s := range base.Skips {
		if !slices.Contains(onHead[now(s.Path)], skipped{s.Rule, s.Reason}) {
			d.Skips = append(d.Skips, s)
		}
	}
	return d
}

// skipped identifies a skip within a file. What both sides skip for the same reason
// they were both blind to, so that what they did find can be compared.
type skipped struct {
	rule, reason string
}

func skipsByPath(skips []Skip, now func(string) string) map[string][]skipped {
	m := map[string][]skipped{}
	for _, s := range skips {
		m[now(s.Path)] = append(m[now(s.Path)], skipped{s.Rule, s.Reason})
	}
	return m
}

// skippedOnlyIn reports whether one side could not be checked for such a finding while
// the other could.
func skippedOnlyIn(here, there map[string][]skipped, id identity) bool {
	return slices.ContainsFunc(here[id.path], func(s skipped) bool {
		return (s.rule == "" || s.rule == id.rule) && !slices.Contains(there[id.path], s)
	})
}
