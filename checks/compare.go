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
	// Ignored are those of the drops that a comment silences since this change. Such a
	// finding is not fixed.
	Ignored []Drop
}

// A Move is a finding in a renamed file.
type Move struct {
	Finding
	From string // the file's path in the base
}

// identity tells findings apart. The line is not in it on purpose: what moves with the
// text around it is the same finding.
type identity struct {
	home, rule, key, set string
}

// sets are the values sets of a finding or a skip; what has none has the empty one.
func sets(names []string) []string {
	if len(names) == 0 {
		return []string{""}
	}
	return names
}

// A part is a finding under some of its values sets.
type part struct{ f, set int }

// Compare says what changed from base to head. A finding's identity is its home, rule
// and key; equal ones are paired in the order in which they stand. Under each values set
// a finding is compared by itself: where only some of them change, it is in two lists.
// What one edit cures is compared one by one and then joined, list by list.
func Compare(base, head *Result) Delta {
	renamed := renames(base.Files, head.Files)
	now := func(path string) string { // the head's name of a file of the base
		if to, ok := renamed[path]; ok {
			return to
		}
		return path
	}
	same := func(path string) string { return path }
	onBase, onHead := skipsByHome(base.Skips, now), skipsByHome(head.Skips, same)
	setsOfBase, setsOfHead := setsByHome(base, now), setsByHome(head, same)
	d := Delta{Skips: slices.Clone(head.Skips), Drops: head.Drops}

	before := map[identity][]part{}
	for i, f := range base.Findings {
		for j, set := range sets(f.Sets) {
			id := identity{now(f.home()), f.Rule.ID, f.Key, set}
			before[id] = append(before[id], part{i, j})
		}
	}
	var silenced map[identity]bool
	d.Ignored, silenced = newlyIgnored(base, head, now)
	paired := map[part]bool{}
	for _, f := range head.Findings {
		var s sorted
		twin := -1
		for _, set := range sets(f.Sets) {
			id := identity{f.home(), f.Rule.ID, f.Key, set}
			twins := before[id]
			switch {
			case len(twins) > 0:
				before[id], paired[twins[0]] = twins[1:], true
				twin = twins[0].f
				s.same = append(s.same, set)
			case skippedOnlyIn(onBase, onHead, id):
				s.unsure = append(s.unsure, set)
			case set != "" && !setsOfBase[f.home()][set]:
				s.added = append(s.added, set)
			default:
				s.changed = append(s.changed, set)
			}
		}
		s.settle()
		d.New = s.put(d.New, f, s.changed)
		d.Unsure = s.put(d.Unsure, f, s.unsure)
		if len(s.same) > 0 {
			if from := base.Findings[twin].home(); from != f.home() {
				d.Moved = append(d.Moved, Move{Finding: f.under(s.same), From: from})
			} else {
				d.Same = s.put(d.Same, f, s.same)
			}
		}
	}
	for i, f := range base.Findings {
		var s sorted
		for j, set := range sets(f.Sets) {
			id := identity{now(f.home()), f.Rule.ID, f.Key, set}
			switch {
			case paired[part{i, j}]:
				s.same = append(s.same, set)
			case silenced[id]:
			case skippedOnlyIn(onHead, onBase, id):
				s.unsure = append(s.unsure, set)
			case set != "" && !setsOfHead[id.home][set]:
				s.added = append(s.added, set)
			default:
				s.changed = append(s.changed, set)
			}
		}
		s.settle()
		d.Fixed = s.put(d.Fixed, f, s.changed)
		d.Unsure = s.put(d.Unsure, f, s.unsure)
	}
	sortFindings(d.Unsure)
	for _, list := range []*[]Finding{&d.New, &d.Fixed, &d.Same, &d.Unsure} {
		*list = join(*list)
	}
	for _, s := range base.Skips {
		if !slices.ContainsFunc(onHead[now(s.home())], func(o skipped) bool { return o.rule == s.Rule && o.reason == s.Reason }) {
			d.Skips = append(d.Skips, s)
		}
	}
	return d
}

// newlyIgnored are the findings that comments of the head silence and comments of the base
// do not, and all that comments of the head silence.
func newlyIgnored(base, head *Result, now func(string) string) (fresh []Drop, silenced map[identity]bool) {
	before := map[identity]int{}
	silenced = map[identity]bool{}
	for _, d := range base.Drops {
		if d.By.File != nil {
			before[identity{now(d.Finding.home()), d.Finding.Rule.ID, d.Finding.Key, ""}]++
		}
	}
	for _, d := range head.Drops {
		if d.By.File == nil {
			continue
		}
		id := identity{d.Finding.home(), d.Finding.Rule.ID, d.Finding.Key, ""}
		if before[id]--; before[id] < 0 {
			fresh = append(fresh, d)
		}
		for _, set := range sets(d.Finding.Sets) {
			id.set = set
			silenced[id] = true
		}
	}
	return fresh, silenced
}

// sorted is what became of a finding under each of its values sets; added are the sets
// that only its own side has.
type sorted struct {
	same, unsure, added, changed []string
}

// settle decides about the sets that only one side has: a values file that comes or goes
// does not change what holds under another one as well.
func (s *sorted) settle() {
	if len(s.same) > 0 {
		s.same = append(s.same, s.added...)
	} else {
		s.changed = append(s.changed, s.added...)
	}
}

// put appends a finding under some of its sets, if there are any.
func (s *sorted) put(to []Finding, f Finding, under []string) []Finding {
	if len(under) == 0 {
		return to
	}
	return append(to, f.under(under))
}

// under is the finding under some of its sets, in their order.
func (f Finding) under(names []string) Finding {
	f.Sets = slices.DeleteFunc(slices.Clone(f.Sets), func(set string) bool { return !slices.Contains(names, set) })
	return f
}

// setsByHome are the values sets of each chart.
func setsByHome(r *Result, now func(string) string) map[string]map[string]bool {
	m := map[string]map[string]bool{}
	for _, rel := range r.Releases {
		if rel.Chart == nil {
			continue
		}
		home := now(rel.Chart.Path())
		if m[home] == nil {
			m[home] = map[string]bool{}
		}
		m[home][rel.Set] = true
	}
	return m
}

// skipped identifies a skip within a home. What both sides skip for the same reason
// they were both blind to, so that what they did find can be compared.
type skipped struct {
	rule, reason, set string
}

func skipsByHome(skips []Skip, now func(string) string) map[string][]skipped {
	m := map[string][]skipped{}
	for _, s := range skips {
		for _, set := range sets(s.Sets) {
			m[now(s.home())] = append(m[now(s.home())], skipped{s.Rule, s.Reason, set})
		}
	}
	return m
}

// skippedOnlyIn reports whether one side could not be checked for such a finding while
// the other could.
func skippedOnlyIn(here, there map[string][]skipped, id identity) bool {
	return slices.ContainsFunc(here[id.home], func(s skipped) bool {
		return (s.rule == "" || s.rule == id.rule) && (s.set == "" || s.set == id.set) && !slices.Contains(there[id.home], s)
	})
}
