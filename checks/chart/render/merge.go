package render

import (
	"reflect"
	"slices"
	"strconv"

	"helm.sh/helm/v4/pkg/chart/common"
)

// deepCopy copies a value and keeps in mind where its parts came from.
func (t *tracer) deepCopy(value any) (any, error) {
	if err := t.spendOn(value); err != nil {
		return nil, err
	}
	return t.copied(value), nil
}

func (t *tracer) copied(value any) any {
	if m := asMap(value); m != nil {
		made := make(map[string]any, len(m))
		for name, item := range m {
			made[name] = t.copied(item)
			t.note(made, name, t.entry(m, name, item))
		}
		if _, ok := value.(common.Values); ok {
			return common.Values(made)
		}
		return made
	}
	if list, ok := value.([]any); ok && list != nil {
		made := make([]any, len(list))
		for i, item := range list {
			made[i] = t.copied(item)
			t.note(made, strconv.Itoa(i), t.entry(list, strconv.Itoa(i), item))
		}
		return made
	}
	return value // nobody can change it
}

// A shape is a map before it is merged with others.
type shape struct {
	values  map[string]any
	entries map[string]entry
	subs    map[string]*shape
}

func (t *tracer) shape(m map[string]any) *shape {
	s := &shape{values: make(map[string]any, len(m)), entries: make(map[string]entry, len(m)), subs: map[string]*shape{}}
	for name, value := range m {
		s.values[name] = value
		s.entries[name] = t.entry(m, name, value)
		if sub := asMap(value); sub != nil {
			s.subs[name] = t.shape(sub)
		}
	}
	return s
}

// merge lays maps over the first one, and keeps in mind from which each field came.
func (t *tracer) merge(f any, overwrites bool) func(map[string]any, ...map[string]any) (any, error) {
	fn := reflect.ValueOf(f)
	return func(to map[string]any, from ...map[string]any) (any, error) {
		shapes := make([]*shape, 0, 1+len(from))
		for _, m := range append([]map[string]any{to}, from...) {
			if err := t.measure(m); err != nil {
				return nil, err
			}
			shapes = append(shapes, t.shape(m))
		}
		if overwrites {
			slices.Reverse(shapes)
		}
		out := fn.CallSlice([]reflect.Value{reflect.ValueOf(to), reflect.ValueOf(from)})
		if len(out) == 2 && !out[1].IsNil() {
			return nil, out[1].Interface().(error)
		}
		if err := t.measure(to); err != nil {
			return nil, err
		}
		t.merged(to, shapes, 0)
		return out[0].Interface(), nil
	}
}

// merged notes where the fields of a map come from that was merged of others, of which
// the first ones win.
func (t *tracer) merged(m map[string]any, shapes []*shape, depth int) {
	if depth > maxNest {
		return
	}
	for name, value := range m {
		var e entry
		var subs []*shape
		for _, s := range slices.Backward(shapes) {
			if was, ok := s.values[name]; ok && identicalValues(was, value) {
				e = s.entries[name]
			}
		}
		for _, s := range shapes {
			if sub := s.subs[name]; sub != nil {
				subs = append(subs, sub)
			}
		}
		t.note(m, name, e)
		if sub := asMap(value); sub != nil {
			t.merged(sub, subs, depth+1)
		}
	}
}

func identicalValues(a, b any) bool {
	if p := identity(b); p != nil || asMap(b) != nil {
		return identity(a) == p
	}
	if list, ok := b.([]any); ok {
		was, ok := a.([]any)
		return ok && len(was) == len(list)
	}
	switch b.(type) {
	case nil, string, bool, float64, int, int64:
		return a == b
	}
	return false
}
