package render

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
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
	} else if list := reflect.ValueOf(value); list.Kind() == reflect.Slice {
		holders, err := t.holders(whole)
		if err != nil {
			return nil, err
		}
		l.item = func(i int) []key { return t.heldBy(holders, list.Index(i).Interface()) }
	}
	t.now.loops[site.slot] = l
	return value, nil
}

// A holder is a key of which items of a collection may have been taken.
type holder struct {
	key   key
	text  string              // of a scalar
	items map[string]struct{} // scalars that a list or a map holds, and the names of a map
}

// holders are the keys of which the items of a collection may have been taken.
func (t *tracer) holders(keys []key) ([]holder, error) {
	all := make([]holder, 0, len(keys))
	for _, k := range keys {
		held := t.keys.values[k]
		h := holder{key: k, text: scalarText(held), items: map[string]struct{}{}}
		for name, item := range asMap(held) {
			h.items[name], h.items[scalarText(item)] = struct{}{}, struct{}{}
		}
		list, _ := held.([]any)
		for _, item := range list {
			h.items[scalarText(item)] = struct{}{}
		}
		if err := t.spend(len(h.items) * wordBytes); err != nil {
			return nil, err
		}
		all = append(all, h)
	}
	return all, nil
}

// heldBy are the keys that hold an item, those of just this value first. A collection
// that was put together of several keys has items of each.
func (t *tracer) heldBy(holders []holder, item any) []key {
	if k := t.keys.of(item); k != noKey {
		return []key{k}
	}
	text := strip(scalarText(item))
	if text == "" {
		return nil
	}
	const longest = 4096 // text that is searched
	var just, part []key
	for _, h := range holders {
		if _, ok := h.items[text]; h.text == text {
			just = append(just, h.key)
		} else if ok || len(h.text) <= longest && strings.Contains(h.text, text) {
			part = append(part, h.key)
		}
	}
	return append(just, part...)
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
