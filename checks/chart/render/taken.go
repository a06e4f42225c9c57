package render

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"helm.sh/helm/v4/pkg/chart/common"
)

// asMap is a value as a map of values, nil if it is none.
func asMap(value any) map[string]any {
	switch m := value.(type) {
	case map[string]any:
		return m
	case common.Values:
		return m
	}
	return nil
}

// identity is the address of a map, or of a list that is not empty; nil for anything else.
// Values that have the same address are the same value.
func identity(value any) unsafe.Pointer {
	switch v := value.(type) {
	case map[string]any:
		return reflect.ValueOf(v).UnsafePointer()
	case common.Values:
		return reflect.ValueOf(v).UnsafePointer()
	case []any:
		if len(v) > 0 {
			return reflect.ValueOf(v).UnsafePointer()
		}
	}
	return nil
}

// taken are the keys from which a value was taken that a pipeline made, the likeliest
// first: the key that holds just this value, then those that hold a part of it, then
// those that could have held it, and last those on which it only depends.
func (t *tracer) taken(refs []ref, args []any, value any) []key {
	if k := t.keys.of(value); k > rootKey {
		return []key{k}
	}
	const ranks = 4
	var ranked [ranks][]key
	var text string
	made := false
	for i := range refs {
		keys, held := t.read(&refs[i], args[i])
		if len(keys) == 0 || t.passed[refs[i].at] {
			continue
		}
		if !made {
			text, made = strip(printed(value)), true
		}
		rank := 2
		switch part := strip(scalarText(held)); {
		case refs[i].weak:
			rank = 3
		case held != nil && part == text:
			rank = 0
		case part != "" && strings.Contains(text, part), hasItem(held, text):
			rank = 1
		}
		ranked[rank] = append(ranked[rank], keys...)
	}
	var all []key
	for _, keys := range ranked {
		for _, k := range keys {
			if k != rootKey && !slices.Contains(all, k) {
				all = append(all, k)
			}
		}
	}
	return all
}

// hasItem reports whether a list has a scalar that is printed as a text.
func hasItem(value any, text string) bool {
	list, _ := value.([]any)
	return text != "" && slices.ContainsFunc(list, func(item any) bool { return scalarText(item) == text })
}

// scalarText is a scalar as it is printed, empty for maps and lists.
func scalarText(value any) string {
	switch reflect.ValueOf(value).Kind() {
	case reflect.String, reflect.Bool, reflect.Float64, reflect.Float32, reflect.Int, reflect.Int64, reflect.Int32, reflect.Uint64:
		return printed(value)
	}
	return ""
}

// read follows a reference from where it starts to the value, and gives the keys that
// hold it. They may name what no values hold.
func (t *tracer) read(r *ref, from any) ([]key, any) {
	var keys []key
	value := from
	if k := t.keys.of(value); k != noKey {
		keys = []key{k}
	} else if identity(value) == nil || r.slot >= 0 {
		keys = t.slot(r.slot)
	}
	for _, s := range r.path {
		var next any
		m := asMap(value)
		list, isList := value.([]any)
		switch {
		case m != nil && s.item == None:
			next = m[s.name]
			keys = t.entry(m, s.name, next).keys
		case isList && s.item != None && s.item < len(list):
			next = list[s.item]
			keys = t.entry(list, strconv.Itoa(s.item), next).keys
		case value == nil && s.item == None:
			keys = t.keys.fields(keys, s.name)
		default:
			return nil, nil // a method, or a field of something of Helm's
		}
		if k := t.keys.of(next); k != noKey {
			keys = []key{k}
		}
		value = next
	}
	return keys, value
}

// slot are the keys that a slot of the template being executed holds.
func (t *tracer) slot(slot int) []key {
	switch slot {
	case noSlot:
		return nil
	case dotOfTemplate:
		return t.now.given
	}
	return t.now.slots[slot]
}

func (k *keyring) fields(parents []key, name string) []key {
	var all []key
	for _, p := range parents {
		all = append(all, k.field(p, name))
	}
	return all
}
