package render

import (
	"strconv"

	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

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
