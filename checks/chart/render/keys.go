package render

import (
	"reflect"
	"slices"
	"strconv"
	"unsafe"
)

// A key names a key of the chart's values by its index in a keyring.
type key int32

const (
	noKey   key = None
	rootKey key = 0 // all values
)

// A keyring holds the keys that were met, each with the key that holds it.
type keyring struct {
	keys []keyNode
	// values are what the keys hold before any template has changed it.
	values []any
	index  map[keyNode]key
	// held are the keys whose values are maps and lists, by identity. A template sees the
	// very maps that Helm made of the values, so one that it reaches by whatever way is
	// known by its address. The pointers keep them from being collected, and so their
	// addresses from being used again.
	held map[unsafe.Pointer]key
	// made are the maps that templates made or changed, by identity.
	made map[unsafe.Pointer]map[string]entry
}

// A keyNode is a field of a map, or an item of a list when it has no name.
type keyNode struct {
	parent key
	name   string
	item   int
}

// newKeyring takes the values that templates will see, and the same values once more,
// which no template will change.
func newKeyring(values, pristine map[string]any) *keyring {
	k := &keyring{keys: []keyNode{{parent: noKey}}, values: []any{pristine}, index: map[keyNode]key{}, held: map[unsafe.Pointer]key{}, made: map[unsafe.Pointer]map[string]entry{}}
	k.hold(values, rootKey)
	return k
}

func (k *keyring) child(n keyNode) key {
	if id, ok := k.index[n]; ok {
		return id
	}
	id := key(len(k.keys))
	k.keys = append(k.keys, n)
	var value any
	if m := asMap(k.values[n.parent]); m != nil && n.item == None {
		value = m[n.name]
	} else if list, ok := k.values[n.parent].([]any); ok && n.item != None && n.item < len(list) {
		value = list[n.item]
	}
	k.values = append(k.values, value)
	k.index[n] = id
	return id
}

// holds reports whether a key held the value from the start. Templates change values, and
// what they changed no longer comes from where it was.
func (k *keyring) holds(id key, value any) bool {
	if p := identity(value); p != nil {
		return k.held[p] == id
	}
	switch value.(type) {
	case nil, string, bool, float64, int64, int:
		return k.values[id] == value
	}
	return reflect.DeepEqual(k.values[id], value) // an empty list
}

func (k *keyring) field(parent key, name string) key {
	return k.child(keyNode{parent: parent, name: name, item: None})
}

func (k *keyring) item(parent key, i int) key { return k.child(keyNode{parent: parent, item: i}) }

// hold takes note of a value and all maps and lists in it.
func (k *keyring) hold(value any, id key) {
	p := identity(value)
	if p == nil {
		return
	}
	if _, known := k.held[p]; known {
		return // an alias of YAML: the first place counts
	}
	k.held[p] = id
	if m := asMap(value); m != nil {
		for name, v := range m {
			if identity(v) != nil {
				k.hold(v, k.field(id, name))
			}
		}
		return
	}
	for i, v := range value.([]any) {
		if identity(v) != nil {
			k.hold(v, k.item(id, i))
		}
	}
}

// of is the key that holds the very map or list.
func (k *keyring) of(value any) key {
	if p := identity(value); p != nil {
		if id, ok := k.held[p]; ok {
			return id
		}
	}
	return noKey
}

// path is the way from the root to a key.
func (k *keyring) path(id key) []keyNode {
	var path []keyNode
	for ; id > rootKey; id = k.keys[id].parent {
		path = append(path, k.keys[id])
	}
	slices.Reverse(path)
	return path
}

// keyName writes a path as people do.
func keyName(path []keyNode) string {
	var b []byte
	for i, n := range path {
		if n.item != None {
			b = append(b, '[')
			b = strconv.AppendInt(b, int64(n.item), 10)
			b = append(b, ']')
			continue
		}
		if i > 0 {
			b = append(b, '.')
		}
		b = append(b, n.name...)
	}
	return string(b)
}
