package render

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"text/template"
)

// How the functions of templates deal with marks. A function that is in none of these
// lists sees its arguments without marks, also those within maps and lists, and its result has
// none.
var (
	// passing are the functions that neither look at texts nor make large values.
	passing = []string{
		"default", "empty", "coalesce", "ternary", "first", "last", "mustFirst", "mustLast", "kindOf", "kindIs",
		"typeOf", "typeIs", "typeIsLike", "all", "any", "now", "lookup",
	}
	// moving are the functions that put texts together or into lists and leave them as they
	// are. Marks pass through them.
	moving = []string{
		"list", "tuple", "rest", "initial", "append", "push", "prepend", "concat", "reverse", "compact", "slice", "chunk",
		"mustRest", "mustInitial", "mustAppend", "mustPush", "mustPrepend", "mustReverse", "mustCompact", "mustSlice",
		"mustChunk", "values", "trim", "toString", "toStrings", "join",
	}
	// measured are those of them that go through all of a value.
	measured = []string{"toString", "toStrings", "join"}
	// changing are the functions that make one text of another. The result has the marks of
	// the text, line by line if it has as many.
	changing = []string{
		"quote", "squote", "trunc", "trimSuffix", "trimPrefix", "trimAll", "trimall", "substr", "lower", "upper", "title",
		"untitle", "nospace", "snakecase", "camelcase", "kebabcase", "swapcase", "b64enc", "b64dec", "abbrev",
		"regexFind", "mustRegexFind", "base", "dir", "clean", "wrap",
	}
	// spelling are those of them that change letters only.
	spelling = []string{"lower", "upper", "title", "untitle", "swapcase"}
	// structural are the functions that see the outside of maps and lists only.
	structural = []string{"keys", "pluck", "dig", "get", "set", "unset", "hasKey", "pick", "omit"}
)

// watch wraps functions so that they deal with marks and keep to the budget.
func (t *tracer) watch(functions template.FuncMap) template.FuncMap {
	watched := template.FuncMap{}
	for name, f := range functions {
		watched[name] = f
		if !slices.Contains(passing, name) {
			watched[name] = t.wrap(f, conduct{
				moves: slices.Contains(moving, name), changes: slices.Contains(changing, name), spells: slices.Contains(spelling, name),
				measures: !slices.Contains(moving, name) && !slices.Contains(structural, name) || slices.Contains(measured, name),
			})
		}
	}
	maps.Copy(watched, t.own(functions))
	return watched
}

// A conduct says in which of the lists a function is.
type conduct struct{ moves, changes, spells, measures bool }

// wrap makes a function of the same type around one.
func (t *tracer) wrap(f any, does conduct) any {
	fn := reflect.ValueOf(f)
	typ := fn.Type()
	fails := typ.NumOut() == 2
	return reflect.MakeFunc(typ, func(args []reflect.Value) []reflect.Value {
		c := call{tracer: t, conduct: does}
		for i := range args {
			if args[i] = c.argument(args[i], typ.IsVariadic() && i == len(args)-1); c.err != nil {
				return c.failed(typ, fails)
			}
		}
		if c.err = t.spend(c.bytes); c.err != nil {
			return c.failed(typ, fails)
		}
		var out []reflect.Value
		if typ.IsVariadic() {
			out = fn.CallSlice(args)
		} else {
			out = fn.Call(args)
		}
		if c.err = c.result(out[0]); c.err != nil {
			return c.failed(typ, fails)
		}
		if does.changes && c.marked != "" && out[0].Kind() == reflect.String {
			put := remark
			if does.spells {
				put = respell
			}
			out[0] = reflect.ValueOf(put(out[0].String(), c.marked)).Convert(out[0].Type())
		}
		return out
	}).Interface()
}

// A call is one call of a wrapped function.
type call struct {
	*tracer
	conduct
	bytes  int
	marked string // the last of the arguments that has marks, with those of the others
	err    error
}

// failed is the result of a call that must not be made. Functions that have no error in
// their result panic, of which the template package makes an error.
func (c *call) failed(typ reflect.Type, fails bool) []reflect.Value {
	if !fails {
		panic(c.err)
	}
	return []reflect.Value{reflect.Zero(typ.Out(0)), reflect.ValueOf(&c.err).Elem()}
}

// argument prepares one argument.
func (c *call) argument(v reflect.Value, variadic bool) reflect.Value {
	switch v.Kind() {
	case reflect.String:
		s := v.String()
		c.bytes += len(s)
		if !isMarked(s) {
			return v
		}
		if c.moves {
			c.mixed = true // it may now be in a list
			return v
		}
		c.note(s)
		return reflect.ValueOf(strip(s)).Convert(v.Type())
	case reflect.Interface:
		if v.IsNil() {
			return v
		}
		inner := v.Elem()
		if inner.Kind() == reflect.String {
			made := reflect.New(v.Type()).Elem()
			made.Set(c.argument(inner, false))
			return made
		}
		return c.composite(v)
	case reflect.Slice:
		if variadic {
			made := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
			for i := range v.Len() {
				made.Index(i).Set(c.argument(v.Index(i), false))
			}
			return made
		}
		return c.composite(v)
	case reflect.Map:
		return c.composite(v)
	}
	return v
}

// composite prepares a map or a list.
func (c *call) composite(v reflect.Value) reflect.Value {
	if !c.measures {
		return v
	}
	value := v.Interface()
	if c.err == nil {
		c.err = c.measure(value)
	}
	if c.err != nil || c.moves || !c.mixed {
		return v
	}
	if clean := stripAll(value); clean != nil {
		made := reflect.New(v.Type()).Elem()
		made.Set(reflect.ValueOf(clean))
		return made
	}
	return v
}

// stripAll is a copy of a value without marks, nil if that is not of a type that holds
// texts which templates have put there.
func stripAll(value any) any {
	switch v := value.(type) {
	case string:
		return strip(v)
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			if list[i] = stripAll(item); list[i] == nil {
				list[i] = item
			}
		}
		return list
	case []string:
		list := make([]string, len(v))
		for i, item := range v {
			list[i] = strip(item)
		}
		return list
	}
	if m := asMap(value); m != nil {
		made := make(map[string]any, len(m))
		for name, item := range m {
			if made[name] = stripAll(item); made[name] == nil {
				made[name] = item
			}
		}
		return made
	}
	return nil
}

func (c *call) note(s string) {
	if c.marked != "" {
		var b []byte
		for _, m := range marksOf(c.marked) {
			b = appendMark(b, m)
		}
		s += string(b)
	}
	c.marked = s
}

// result takes the size of a result from the budget.
func (c *call) result(v reflect.Value) error {
	if v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.String:
		return c.spend(v.Len())
	case reflect.Slice, reflect.Map:
		const each = 16
		if v.Len() > maxList {
			return limitError("a list of more than %d items", maxList)
		}
		return c.spend(each * v.Len())
	}
	return nil
}

// remark puts the marks of a text into what was made of it: where they were if it still
// holds the text or is a part of it, or else behind the lines that come from one place
// only. What comes from several is left to the action that prints it.
func remark(s, from string) string {
	if was := strip(from); s == "" || was == "" {
		return s
	} else if strings.HasPrefix(was, s) {
		return cut(from, 0, len(s))
	} else if strings.HasSuffix(was, s) {
		return cut(from, len(was)-len(s), len(was))
	} else if before, after, ok := strings.Cut(s, was); ok && !strings.Contains(from, "\n") {
		return before + string(appendMark(nil, boundary)) + from + after
	}
	lines, sources := strings.Split(s, "\n"), strings.Split(from, "\n")
	if len(lines) != len(sources) {
		lines, sources = []string{s}, []string{from}
	}
	for i, line := range lines {
		start, end := content(line)
		marks := marksOf(sources[i])
		if start >= end || len(marks) != 1 || strings.Contains(line, "\n") {
			continue
		}
		b := appendMark([]byte(line[:end]), marks[0])
		lines[i] = string(append(b, line[end:]...))
	}
	return strings.Join(lines, "\n")
}

// respell is a text with the marks of another of the same length, of which each character
// was made of the one at its place.
func respell(s, from string) string {
	if len(s) != len(strip(from)) {
		return remark(s, from)
	}
	var b strings.Builder
	done := 0
	for at := 0; at < len(from); {
		next, _, ok := nextMark(from, at)
		b.WriteString(s[done : done+next-at])
		done += next - at
		if at = next; ok {
			b.WriteString(from[at : at+markBytes])
			at += markBytes
		}
	}
	return b.String()
}

// plainVerbs are formats whose verbs print a text as it is.
var plainVerbs = regexp.MustCompile(`^(?:[^%]|%[svdt%])*$`)

// own are the functions that deal with marks, keys or their budget in ways of their own.
func (t *tracer) own(functions template.FuncMap) template.FuncMap {
	f := template.FuncMap{
		"print":   func(args ...any) (string, error) { return t.join(fmt.Sprint, args) },
		"println": func(args ...any) (string, error) { return t.join(fmt.Sprintln, args) },
		"printf":  t.printf,
		"cat": func(args ...any) (string, error) {
			args = slices.DeleteFunc(slices.Clone(args), func(v any) bool { return v == nil })
			return t.join(func(args ...any) string { return strings.TrimSuffix(fmt.Sprintln(args...), "\n") }, args)
		},
	}
	maps.Copy(f, t.holding(functions))
	maps.Copy(f, t.guarded(functions))
	return f
}

func (t *tracer) join(write func(...any) string, args []any) (string, error) {
	for _, arg := range args {
		if err := t.measure(arg); err != nil {
			return "", err
		}
	}
	s := write(args...)
	return s, t.spend(len(s))
}

var width = regexp.MustCompile(`%[^a-zA-Z%]*(?:\d{5}|\*)`)

func (t *tracer) printf(format string, args ...any) (string, error) {
	format = strip(format)
	if width.MatchString(format) {
		return "", limitError("a text of a width that is given or large")
	}
	if plainVerbs.MatchString(format) {
		return t.join(func(args ...any) string { return fmt.Sprintf(format, args...) }, args)
	}
	var c call
	clean := make([]any, len(args))
	for i, arg := range args {
		clean[i] = arg
		if s, ok := arg.(string); ok && isMarked(s) {
			c.note(s)
			clean[i] = strip(s)
		}
	}
	s, err := t.join(func(args ...any) string { return fmt.Sprintf(format, args...) }, clean)
	if c.marked != "" {
		s = remark(s, c.marked)
	}
	return s, err
}
