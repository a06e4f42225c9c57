package render

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// include runs a template and gives its text.
func (t *tracer) include(id int, args ...any) (string, error) {
	site := &t.program.sites[id]
	rest := args[len(site.refs):]
	if len(rest) != 2 {
		return "", fmt.Errorf("wrong number of args for include: want 2 got %d", len(rest))
	}
	name, ok := rest[0].(string)
	if !ok {
		return "", fmt.Errorf("wrong type for value; expected string; got %T", rest[0])
	}
	name = strip(name)
	if t.root.Lookup(name) == nil && t.stub {
		t.stubbed[name] = true
		return "", nil
	}
	if t.nesting[name] > maxNesting {
		return "", fmt.Errorf("rendering template has a nested reference name: %s: %w", name, errors.New("unable to execute template"))
	}
	t.nesting[name]++
	defer func() { t.nesting[name]-- }()
	s, err := t.within(site, args, rest[1], nil, func(buf *bytes.Buffer) error {
		return t.root.ExecuteTemplate(buf, name, rest[1])
	})
	return s, err
}

// within runs something as a template that a site includes.
func (t *tracer) within(site *site, args []any, data any, text *tplText, run func(*bytes.Buffer) error) (string, error) {
	caller := t.now
	inner := &activation{frame: caller.frame, depth: caller.depth + 1, tpl: caller.tpl}
	if inner.depth > maxDepth {
		return "", limitError("inclusions nested deeper than %d", maxDepth)
	}
	if text == nil {
		inner.frame = t.frame(site.place)
		if len(site.refs) > 0 && identity(data) == nil {
			inner.given = t.taken(site.refs, args, data)
		}
	} else {
		inner.tpl = text
	}
	passed := t.passed
	t.now, t.passed = inner, nil
	defer func() { t.now, t.passed = caller, passed }()
	var buf bytes.Buffer
	if err := run(&buf); err != nil {
		return "", err
	}
	s := buf.String()
	if err := t.spend(len(s)); err != nil {
		return "", err
	}
	blank := len(s) - len(strings.TrimLeft(s, blanks))
	if blank == len(s) {
		return s, nil
	}
	b := make([]byte, 0, len(s)+markBytes)
	b = appendMark(append(b, s[:blank]...), boundary)
	return string(append(b, s[blank:]...)), nil
}

// frame is the frame of an inclusion at a place of the template that is being executed.
func (t *tracer) frame(p Place) int {
	f := Frame{Site: p, Parent: t.now.frame}
	if p.File == relative {
		o := t.origins[t.now.tpl.at(p.Start)-1]
		f = Frame{Site: o.Place, Parent: o.Frame}
	}
	if i, ok := t.framing[f]; ok {
		return i
	}
	i := len(t.frames)
	t.frames = append(t.frames, f)
	t.framing[f] = i
	return i
}
