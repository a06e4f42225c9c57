package render

import (
	"slices"
	"strconv"
)

// A loop is a `range` that is being executed.
type loop struct {
	round int
	item  func(round int) []key
}

// enter notes the collection of a loop.
func (t *tracer) enter(id int, args ...any) (any, error) {
	site := &t.program.sites[id]
	value := args[len(args)-1]
	if t.now.loops == nil {
		t.now.loops = map[int]*loop{}
	}
	whole := t.taken(site.refs, args, value)
	l := &loop{round: -1, item: func(int) []key { return whole }}
	if m := asMap(value); m != nil {
		names := sortedNames(m)
		l.item = func(i int) []key { return t.part(m, names[i], m[names[i]]) }
	} else if list, ok := value.([]any); ok && (t.keys.of(list) != noKey || t.keys.made[identity(list)] != nil) {
		l.item = func(i int) []key { return t.part(list, strconv.Itoa(i), list[i]) }
	}
	t.now.loops[site.slot] = l
	return value, nil
}

// part are the keys from which a part of a map or a list was taken.
func (t *tracer) part(in any, name string, value any) []key {
	if k := t.keys.of(value); k != noKey {
		return []key{k}
	}
	return t.entry(in, name, value).keys
}

// round is the start of a round of a loop.
func (t *tracer) round(id int) (string, error) {
	if err := t.spend(1); err != nil {
		return "", err
	}
	slot := t.program.sites[id].slot
	l := t.now.loops[slot]
	l.round++
	t.set(slot, l.item(l.round))
	return "", nil
}

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
