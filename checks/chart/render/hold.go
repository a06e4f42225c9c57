package render

import (
	"fmt"
	"slices"
	"strconv"
	"text/template"
	"text/template/parse"
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
		fnDict: t.dict, fnList: t.list, fnSet: t.put, fnTernary: t.ternary,
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

// ternary chooses one of two values.
func (t *tracer) ternary(id int, args ...any) (any, error) {
	site, rest := t.site(id, args)
	if len(rest) != 3 {
		return nil, fmt.Errorf("wrong number of args for ternary: want 3 got %d", len(rest))
	}
	first, ok := rest[2].(bool)
	if !ok {
		return nil, fmt.Errorf("wrong type for value; expected bool; got %T", rest[2])
	}
	chosen := 1
	if first {
		chosen = 0
	}
	for _, r := range site.refs {
		if r.argument != chosen {
			if t.passed == nil {
				t.passed = map[parse.Pos]bool{}
			}
			t.passed[r.at] = true
		}
	}
	return rest[chosen], nil
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

// spendOn takes what a map or a list holds from the budget.
func (t *tracer) spendOn(value any) error {
	nodes := 0
	if err := t.walk(value, &nodes, 0); err != nil {
		return err
	}
	return t.spend(nodes * wordBytes)
}
