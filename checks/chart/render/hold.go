package render

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"text/template"

	"helm.sh/helm/v4/pkg/chart/common"

	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

// An entry is from where a field or an item of a map or list was taken that a template
// made: keys of the values, or places in texts.
type entry struct {
	keys  []key
	marks []mark
}

// entry is where a field or an item was taken from that holds a value. What templates
// put there comes before what was there from the start.
func (t *tracer) entry(in any, name string, value any) entry {
	if e, ok := t.keys.made[identity(in)][name]; ok {
		return e
	}
	k := t.keys.of(in)
	if k == noKey {
		return entry{}
	}
	if asMap(in) != nil {
		k = t.keys.field(k, name)
	} else if i, err := strconv.Atoi(name); err == nil {
		k = t.keys.item(k, i)
	}
	if !t.keys.holds(k, value) {
		return entry{}
	}
	return entry{keys: []key{k}}
}

// note notes where a field or an item was taken from that a template makes or changes.
func (t *tracer) note(in any, name string, e entry) {
	p := identity(in)
	if p == nil {
		return
	}
	if t.keys.made[p] == nil {
		t.keys.made[p] = map[string]entry{}
	}
	t.keys.made[p][name] = e
}

// holding are the functions that put values into maps and lists, or take them out. They
// see maps and lists as they are.
func (t *tracer) holding(functions template.FuncMap) template.FuncMap {
	f := template.FuncMap{
		fnDict: t.dict, fnList: t.list, fnSet: t.put,
		"index": t.index,
		"get": func(m map[string]any, name string) any {
			if value, ok := m[strip(name)]; ok {
				return value
			}
			return ""
		},
		"unset": func(m map[string]any, name string) map[string]any {
			name = strip(name)
			delete(m, name)
			t.note(m, name, entry{})
			return m
		},
		"hasKey": func(m map[string]any, name string) bool { _, ok := m[strip(name)]; return ok },
		"pick": func(m map[string]any, names ...string) map[string]any {
			made := map[string]any{}
			for _, name := range names {
				if value, ok := m[strip(name)]; ok {
					t.carry(m, made, strip(name), value)
				}
			}
			return made
		},
		"omit": func(m map[string]any, names ...string) map[string]any {
			for i := range names {
				names[i] = strip(names[i])
			}
			made := make(map[string]any, len(m))
			for name, value := range m {
				if !slices.Contains(names, name) {
					t.carry(m, made, name, value)
				}
			}
			return made
		},
		"fromYaml":      func(s string) (map[string]any, error) { return t.parsed(s, functions["fromYaml"]) },
		"fromJson":      func(s string) (map[string]any, error) { return t.parsed(s, functions["fromJson"]) },
		"fromYamlArray": func(s string) ([]any, error) { return t.parsedList(s, functions["fromYamlArray"]) },
		"toYaml":        t.toYAML,
	}
	for _, name := range []string{"deepCopy", "mustDeepCopy"} {
		f[name] = t.deepCopy
	}
	for name, overwrites := range map[string]bool{"merge": false, "mustMerge": false, "mergeOverwrite": true, "mustMergeOverwrite": true} {
		f[name] = t.merge(functions[name], overwrites)
	}
	return f
}

// carry puts a field of one map into another.
func (t *tracer) carry(from, to map[string]any, name string, value any) {
	to[name] = value
	if identity(value) == nil {
		t.note(to, name, t.entry(from, name, value))
	}
}

// dict makes a map.
func (t *tracer) dict(id int, args ...any) (map[string]any, error) {
	site, rest := t.site(id, args)
	if err := t.spend(len(rest) * wordBytes); err != nil {
		return nil, err
	}
	m := make(map[string]any, len(rest)/2)
	for i := 0; i < len(rest); i += 2 {
		name := strip(fieldName(rest[i]))
		if i+1 == len(rest) {
			m[name] = ""
			continue
		}
		m[name] = rest[i+1]
		t.noteArgument(m, name, site, args, i+1, rest[i+1])
	}
	return m, nil
}

const wordBytes = 16

// fieldName is a value as the name of a field.
func fieldName(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case error:
		return v.Error()
	case fmt.Stringer:
		return v.String()
	}
	return fmt.Sprintf("%v", v)
}

// list makes a list.
func (t *tracer) list(id int, args ...any) ([]any, error) {
	site, rest := t.site(id, args)
	if err := t.spend(len(rest) * wordBytes); err != nil {
		return nil, err
	}
	list := slices.Clone(rest)
	for i, value := range list {
		t.noteArgument(list, strconv.Itoa(i), site, args, i, value)
	}
	return list, nil
}

// put sets a field of a map.
func (t *tracer) put(id int, args ...any) (map[string]any, error) {
	site, rest := t.site(id, args)
	if len(rest) != 3 {
		return nil, fmt.Errorf("wrong number of args for set: want 3 got %d", len(rest))
	}
	m := asMap(rest[0])
	name, ok := rest[1].(string)
	if m == nil || !ok {
		return nil, fmt.Errorf("wrong type for value; expected map[string]interface {}; got %T", rest[0])
	}
	if err := t.spend(wordBytes); err != nil {
		return nil, err
	}
	name = strip(name)
	m[name] = rest[2]
	t.note(m, name, entry{})
	t.noteArgument(m, name, site, args, 2, rest[2])
	return m, nil
}

// site is an action by its number, and what its function was given behind the starts of
// its references.
func (t *tracer) site(id int, args []any) (*site, []any) {
	site := &t.program.sites[id]
	return site, args[len(site.refs):]
}

// noteArgument notes where an argument was taken from that is put into a map or a list.
func (t *tracer) noteArgument(in any, name string, site *site, args []any, argument int, value any) {
	if s, ok := value.(string); ok && isMarked(s) {
		t.mixed = true
	}
	if identity(value) != nil {
		return // it is known by itself
	}
	var refs []ref
	var from []any
	for i, r := range site.refs {
		if r.argument == argument {
			refs, from = append(refs, r), append(from, args[i])
		}
	}
	if keys := t.taken(refs, from, value); len(keys) > 0 {
		t.note(in, name, entry{keys: keys})
	}
}

// index is the template package's, which takes a field or an item out of a value.
func (t *tracer) index(in reflect.Value, names ...reflect.Value) (reflect.Value, error) {
	in = bare(in)
	if !in.IsValid() {
		return reflect.Value{}, fmt.Errorf("index of untyped nil")
	}
	for _, name := range names {
		name = bare(name)
		for in.Kind() == reflect.Pointer || in.Kind() == reflect.Interface {
			if in.IsNil() {
				return reflect.Value{}, fmt.Errorf("index of nil pointer")
			}
			in = in.Elem()
		}
		switch in.Kind() {
		case reflect.Slice, reflect.Array, reflect.String:
			var i int64
			switch {
			case name.IsValid() && name.CanInt():
				i = name.Int()
			case name.IsValid() && name.CanUint():
				i = int64(min(name.Uint(), 1<<40))
			case !name.IsValid():
				return reflect.Value{}, fmt.Errorf("cannot index slice/array with nil")
			default:
				return reflect.Value{}, fmt.Errorf("cannot index slice/array with type %s", name.Type())
			}
			if i < 0 || i >= int64(in.Len()) {
				return reflect.Value{}, fmt.Errorf("index out of range: %d", i)
			}
			in = in.Index(int(i))
		case reflect.Map:
			at, err := mapKey(name, in.Type().Key())
			if err != nil {
				return reflect.Value{}, err
			}
			if found := in.MapIndex(at); found.IsValid() {
				in = found
			} else {
				in = reflect.Zero(in.Type().Elem())
			}
		case reflect.Invalid:
			return reflect.Value{}, fmt.Errorf("index of nil pointer")
		default:
			return reflect.Value{}, fmt.Errorf("can't index item of type %s", in.Type())
		}
		in = bare(in)
		if !in.IsValid() { // nil, which the template package passes on as a nil value
			in = reflect.Zero(reflect.TypeFor[any]())
		}
	}
	return in, nil
}

// bare is the value in an interface, without marks if it is a text.
func bare(v reflect.Value) reflect.Value {
	if v.Kind() == reflect.Interface {
		if v.IsNil() {
			return reflect.Value{}
		}
		v = v.Elem()
	}
	return v
}

func mapKey(name reflect.Value, typ reflect.Type) (reflect.Value, error) {
	switch {
	case !name.IsValid():
		return name, fmt.Errorf("value is nil; should be of type %s", typ)
	case name.Kind() == reflect.String && typ.Kind() == reflect.String:
		return reflect.ValueOf(strip(name.String())).Convert(typ), nil
	case name.Type().AssignableTo(typ):
		return name, nil
	}
	return name, fmt.Errorf("value has type %s; should be %s", name.Type(), typ)
}

// deepCopy copies a value and keeps in mind where its parts came from.
func (t *tracer) deepCopy(value any) (any, error) {
	if err := t.spendOn(value); err != nil {
		return nil, err
	}
	return t.copied(value), nil
}

// spendOn takes what a map or a list holds from the budget.
func (t *tracer) spendOn(value any) error {
	nodes := 0
	if err := t.walk(value, &nodes, 0); err != nil {
		return err
	}
	return t.spend(nodes * wordBytes)
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

// parsed reads a text as a map. Where the text has marks, the fields have them too.
func (t *tracer) parsed(s string, f any) (map[string]any, error) {
	plain, segments := unmark(s)
	if err := t.spend(len(plain)); err != nil {
		return nil, err
	}
	m := f.(func(string) map[string]any)(plain)
	if err := t.spendOn(m); err != nil {
		return nil, err
	}
	t.noteText(m, plain, segments)
	return m, nil
}

func (t *tracer) parsedList(s string, f any) ([]any, error) {
	plain, segments := unmark(s)
	if err := t.spend(len(plain)); err != nil {
		return nil, err
	}
	list := f.(func(string) []any)(plain)
	if err := t.spendOn(list); err != nil {
		return nil, err
	}
	t.noteText(list, plain, segments)
	return list, nil
}

// noteText notes from which segments of a text the parts of a value were read.
func (t *tracer) noteText(value any, text string, segments []segment) {
	if len(segments) == 0 || identity(value) == nil {
		return
	}
	roots, _ := kube.Roots(source.NewFile("", text))
	if len(roots) == 1 {
		t.noteNode(value, roots[0], &tplText{segments: segments}, 0)
	}
}

func (t *tracer) noteNode(value any, n *kube.Node, text *tplText, depth int) {
	if depth > maxNest {
		return
	}
	m := asMap(value)
	list, _ := value.([]any)
	for i, item := range n.Items {
		name, at := item.Key, item.Span.Start
		var part any
		switch {
		case n.Kind == kube.Mapping && m != nil:
			part = m[name]
		case n.Kind == kube.Sequence && i < len(list):
			name, part = strconv.Itoa(i), list[i]
		default:
			continue
		}
		if identity(part) != nil && item.Key != "" {
			at = item.KeySpan.Start // its items speak for themselves
		}
		var e entry
		if m := text.at(at); m != boundary {
			e.marks = []mark{m}
			if k := t.origins[m-1].Key; k != None {
				e.keys = []key{key(k)}
			}
		}
		t.note(value, name, e)
		t.noteNode(part, item, text, depth+1)
	}
}
