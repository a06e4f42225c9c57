package render

import (
	"bytes"
	"fmt"
	"sort"
	"strings"
	"text/template"
	"text/template/parse"
)

// A tplText is a text that `tpl` runs as a template. Its places are offsets in it, and
// its marks say where those come from.
type tplText struct {
	segments []segment
	whole    mark // of what no segment holds
}

// at is the mark of an offset in the text.
func (t *tplText) at(offset int) mark {
	i := sort.Search(len(t.segments), func(i int) bool { return t.segments[i].end > offset })
	if i < len(t.segments) && t.segments[i].marked && t.segments[i].mark != boundary {
		return t.segments[i].mark
	}
	return t.whole
}

// tpl runs a text as a template.
func (t *tracer) tpl(id int, args ...any) (string, error) {
	site := &t.program.sites[id]
	rest := args[len(site.refs):]
	if len(rest) != 2 {
		return "", fmt.Errorf("wrong number of args for tpl: want 2 got %d", len(rest))
	}
	marked, ok := rest[0].(string)
	if !ok {
		return "", fmt.Errorf("wrong type for value; expected string; got %T", rest[0])
	}
	text, segments := unmark(marked)
	if !strings.Contains(text, leftDelim) { // most values that may hold templates hold none
		return marked, t.spend(len(text))
	}
	// Helm's own engine copies its table of templates each time.
	if err := t.spend(len(text) + len(t.root.Templates())*wordBytes); err != nil {
		return "", err
	}
	k := noKey
	if keys := t.taken(site.refs, args, text); len(keys) > 0 {
		k = keys[0]
	}
	whole, err := t.origin(site.place, k)
	if err != nil {
		return "", err
	}
	run, err := t.parseTpl(text)
	if err != nil {
		return "", fmt.Errorf("parse template: %w", err)
	}
	s, err := t.within(site, args, rest[1], &tplText{segments, whole}, func(buf *bytes.Buffer) error {
		return run.Execute(buf, rest[1])
	})
	if err != nil {
		return "", fmt.Errorf("run template: %w", err)
	}
	return strings.ReplaceAll(s, "<no value>", ""), nil
}

// parseTpl parses and instruments the text of a `tpl`.
func (t *tracer) parseTpl(text string) (*template.Template, error) {
	if run, ok := t.tpls[text]; ok {
		return run, nil
	}
	const name = "gotpl"
	trees, err := t.program.parseTemplate(name, text, relative, 0, t.parsing)
	if err != nil {
		return nil, err
	}
	run, err := t.addTpl(trees, fmt.Sprintf("%s %d", name, len(t.tpls)), name)
	if err == nil {
		t.tpls[text] = run
	}
	return run, err
}

// addTpl makes a template of the trees of a text. Those that it defines are added for
// all: Helm forgets them after the call, but a chart that reckons with that is not known.
func (t *tracer) addTpl(trees map[string]*parse.Tree, name, parsed string) (*template.Template, error) {
	var run *template.Template
	for defined, tree := range trees {
		if defined == parsed {
			defined = name
		}
		added, err := t.root.New(defined).AddParseTree(defined, tree)
		if err != nil {
			return nil, err
		}
		if defined == name {
			run = added
		}
	}
	return run, nil
}
