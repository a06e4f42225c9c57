package render

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strings"
	"text/template"
)

// Guards keep functions that make much of little, or go over a list once for each of its
// items, from doing so beyond all use. Each says no before it starts.

// guarded are functions with guards in front of them.
func (t *tracer) guarded(functions template.FuncMap) template.FuncMap {
	untilStep := functions["untilStep"].(func(int, int, int) []int)
	seq := functions["seq"].(func(...int) string)
	f := template.FuncMap{
		"indent":  t.indent,
		"nindent": func(n int, s string) (string, error) { s, err := t.indent(n, s); return "\n" + s, err },
		"repeat":  t.repeat,
		"until": func(n int) ([]int, error) {
			step := 1
			if n < 0 {
				step = -1
			}
			return t.steps(untilStep, 0, n, step)
		},
		"untilStep": func(start, stop, step int) ([]int, error) { return t.steps(untilStep, start, stop, step) },
		"seq": func(numbers ...int) (string, error) {
			if len(numbers) > 0 {
				step := 1
				if len(numbers) == 3 {
					step = numbers[1]
				}
				if _, err := t.steps(nil, numbers[0], numbers[len(numbers)-1], step); err != nil {
					return "", err
				}
				if len(numbers) == 1 {
					if _, err := t.steps(nil, 1, numbers[0], 1); err != nil {
						return "", err
					}
				}
			}
			return seq(numbers...), nil
		},
		"replace": func(from, to, s string) (string, error) {
			plain, from, to := strip(s), strip(from), strip(to)
			if err := t.grows(len(plain), strings.Count(plain, from)*len(to)); err != nil {
				return "", err
			}
			put := remark
			if len(from) == len(to) {
				put = respell
			}
			return put(strings.ReplaceAll(plain, from, to), s), nil
		},
		"fromToml": func(s string) (map[string]any, error) {
			s = strip(s)
			if strings.Count(s, "[")+strings.Count(s, "{") > maxNest*maxNest {
				return nil, limitError("a text of TOML with more than %d brackets", maxNest*maxNest)
			}
			m := functions["fromToml"].(func(string) map[string]any)(s)
			return m, t.spend(len(s) * wordBytes)
		},
	}
	for _, name := range []string{"regexReplaceAll", "regexReplaceAllLiteral", "mustRegexReplaceAll", "mustRegexReplaceAllLiteral"} {
		f[name] = t.replacing(name, functions[name])
	}
	for _, name := range []string{"uniq", "mustUniq", "without", "mustWithout"} {
		f[name] = t.comparing(functions[name])
	}
	for _, name := range []string{"wrapWith"} {
		wrap := functions[name].(func(int, string, string) string)
		f[name] = func(n int, with, s string) (string, error) {
			s, with = strip(s), strip(with)
			if err := t.grows(len(s), len(s)*len(with)); err != nil {
				return "", err
			}
			return wrap(n, with, s), nil
		}
	}
	return f
}

// grows takes a text from the budget that is made of another and longer by some bytes.
func (t *tracer) grows(from, by int) error {
	if from+by > maxString {
		return limitError("a text of more than %d MiB", maxString>>20)
	}
	return t.spend(from + by)
}

func (t *tracer) indent(n int, s string) (string, error) {
	if n > 0 {
		if n > maxString || n*(strings.Count(s, "\n")+1) > maxString {
			return "", limitError("a text indented by %d", n)
		}
		if err := t.grows(len(s), n*(strings.Count(s, "\n")+1)); err != nil {
			return "", err
		}
	}
	pad := strings.Repeat(" ", n)
	return pad + strings.ReplaceAll(s, "\n", "\n"+pad), nil
}

func (t *tracer) repeat(n int, s string) (string, error) {
	if n > 0 && s != "" {
		if n > maxString/len(s) {
			return "", limitError("a text repeated %d times", n)
		}
		if err := t.grows(0, n*len(s)); err != nil {
			return "", err
		}
	}
	return strings.Repeat(s, n), nil
}

// steps is a list of numbers, or only its guard.
func (t *tracer) steps(list func(start, stop, step int) []int, start, stop, step int) ([]int, error) {
	if step == 0 {
		step = 1 // which is none, and gives an empty list
	}
	n := (float64(stop) - float64(start)) / float64(step)
	if n > maxList || math.MaxInt-abs(stop) <= abs(step) {
		return nil, limitError("a list of %.0f numbers", n)
	}
	if err := t.spend(max(0, int(n)) * wordBytes); err != nil || list == nil {
		return nil, err
	}
	return list(start, stop, step), nil
}

func abs(n int) int {
	if n < 0 {
		return max(0, -n)
	}
	return n
}

// replacing guards a function of regular expressions whose result can be longer than the
// text by the replacement at every place.
func (t *tracer) replacing(name string, f any) any {
	fn := reflect.ValueOf(f)
	return func(pattern, s, with string) (string, error) {
		pattern, plain, with := strip(pattern), strip(s), strip(with)
		re, err := regexp.Compile(pattern)
		if err != nil {
			if strings.HasPrefix(name, "must") {
				return "", fmt.Errorf("compile pattern: %w", err)
			}
			panic(err) // as the function does; the template package makes an error of it
		}
		places := len(re.FindAllStringIndex(plain, maxString/(len(with)+1)+1))
		longest := len(with)
		if !strings.HasSuffix(name, "Literal") {
			longest += strings.Count(with, "$") * len(plain)
		}
		if places > 0 && longest > maxString/places {
			return "", limitError("a text of more than %d MiB", maxString>>20)
		}
		if err := t.grows(len(plain), places*longest); err != nil {
			return "", err
		}
		out := fn.Call([]reflect.Value{reflect.ValueOf(pattern), reflect.ValueOf(plain), reflect.ValueOf(with)})
		return remark(out[0].String(), s), nil
	}
}

// comparing guards a function that compares each item of a list with others.
func (t *tracer) comparing(f any) any {
	fn := reflect.ValueOf(f)
	return func(list any, others ...any) ([]any, error) {
		if err := t.measure(list); err != nil {
			return nil, err
		}
		clean := stripAll(list)
		if clean == nil {
			clean = list
		}
		n := 1
		if v := reflect.ValueOf(clean); v.Kind() == reflect.Slice {
			n = v.Len()
		}
		m := n
		if fn.Type().IsVariadic() {
			m = len(others)
		}
		if n*m > maxList*maxNest {
			return nil, limitError("%d comparisons of items of lists", n*m)
		}
		if err := t.spend(n * m); err != nil {
			return nil, err
		}
		args := []reflect.Value{reflect.ValueOf(&clean).Elem()}
		for i := range others {
			others[i] = t.look(others[i])
			args = append(args, reflect.ValueOf(&others[i]).Elem())
		}
		out := fn.Call(args)
		if len(out) == 2 && !out[1].IsNil() {
			return nil, out[1].Interface().(error)
		}
		made, _ := reflect.TypeAssert[[]any](out[0])
		return made, nil
	}
}

// nested reports whether the actions of a template nest deeper than a person writes them.
// The parser and whatever walks its trees recurse as deep.
func nested(text string, all []Place) bool {
	var open []int // for each open action, how many it has opened with its alternatives
	depth := 0
	for _, at := range all {
		inner := strings.TrimLeft(strings.TrimPrefix(strings.TrimPrefix(text[at.Start:at.End], leftDelim), "-"), blanks)
		word := inner
		if i := strings.IndexFunc(inner, func(r rune) bool { return r < 'a' || r > 'z' }); i >= 0 {
			word = inner[:i]
		}
		switch word {
		case "if", "with", "range", "define", "block":
			open = append(open, 1)
			depth++
		case "else":
			if rest := strings.TrimLeft(inner[len(word):], blanks); len(open) > 0 && (strings.HasPrefix(rest, "if") || strings.HasPrefix(rest, "with")) {
				open[len(open)-1]++
				depth++
			}
		case "end":
			if len(open) > 0 {
				depth -= open[len(open)-1]
				open = open[:len(open)-1]
			}
		}
		if depth > maxNest {
			return true
		}
	}
	return false
}
