package checks

import (
	"regexp"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

// replace is the edit that gives a node of an object another text, where the node's text
// stands somewhere as it is.
func replace(o *kube.Object, n *kube.Node, text string) []source.Edit {
	at := o.Where(n)
	place := at.Place()
	if !at.Verified || place.IsZero() {
		return nil
	}
	rendered := o.Document.Slice(n.Span)
	span := place.Span
	if written := place.File.Slice(span); written != rendered {
		// The place of a values key is the key and what it holds.
		if at.Value == nil || !strings.HasSuffix(written, rendered) || strings.Contains(written, "\n") {
			return nil
		}
		span.Start = span.End - len(rendered)
	}
	return []source.Edit{{Path: place.File.Path(), Span: span, New: text}}
}

// insert is the edit that gives a mapping a field, named by a path of which as much is
// followed as there is. It goes behind the first field that stands on a line of its own,
// else in front of all fields.
func insert(o *kube.Object, mapping *kube.Node, value string, path ...string) []source.Edit {
	for len(path) > 1 {
		next := mapping.Get(path[0])
		if next == nil {
			break
		}
		mapping, path = next, path[1:]
	}
	switch {
	case mapping.Kind != kube.Mapping, slices.ContainsFunc(mapping.Items, func(n *kube.Node) bool { return n.Key == path[0] }):
		return nil // a field that is null is written already, and a second one of its name would not do
	case len(mapping.Items) == 0:
		return fill(o, mapping, value, path)
	case o.Document.Text()[mapping.Span.Start] == '{':
		return nil
	}
	for _, field := range mapping.Items {
		if field.Kind == kube.Mapping || field.Kind == kube.Sequence || strings.Contains(o.Document.Slice(field.Span), "\n") {
			continue
		}
		l, ok := lineOf(o, field)
		if !ok || !oneLine.MatchString(l.rest) {
			return nil
		}
		return []source.Edit{{
			Path: l.file.Path(), Span: source.Span{Start: l.span.End, End: l.span.End},
			New: l.eol + nested(path, value, l.indent, l.eol),
		}}
	}
	l, ok := lineOf(o, mapping.Items[0])
	if !ok {
		return nil
	}
	text := nested(path, value, l.indent, l.eol)
	if l.item {
		at := l.span.Start + len(l.indent)
		return []source.Edit{{Path: l.file.Path(), Span: source.Span{Start: at, End: at}, New: strings.TrimLeft(text, " ") + l.eol + l.indent}}
	}
	first := l.file.LineAt(l.span.Start) // comments above the field stay with it
	for first > 1 && strings.HasPrefix(strings.TrimSpace(l.file.LineText(first-1)), "#") {
		first--
	}
	at := l.file.LineSpan(first).Start
	return []source.Edit{{Path: l.file.Path(), Span: source.Span{Start: at, End: at}, New: text + l.eol}}
}

// oneLine is what stands behind a key whose value is whole on its line.
var oneLine = regexp.MustCompile(`^[^|>{\[ \t](?:[^,]|,.)*$`)

// A fieldLine is the line on which a field is written: in the values, the template or
// the manifest.
type fieldLine struct {
	file *source.File
	span source.Span
	// indent are the spaces up to the key, item says that one of them is a dash in truth.
	indent string
	item   bool
	// rest is what follows the key.
	rest, eol string
}

func lineOf(o *kube.Object, field *kube.Node) (fieldLine, bool) {
	at := o.WhereKey(field)
	place := at.Place()
	if !at.Verified || place.IsZero() {
		return fieldLine{}, false
	}
	span := place.File.LineSpan(place.Line())
	m := regexp.MustCompile(`^([ \t]*)((?:-[ \t]+)*)["']?` + regexp.QuoteMeta(field.Key) + `["']?[ \t]*:(?:[ \t]+(.*))?$`).FindStringSubmatch(place.File.Slice(span))
	if m == nil {
		return fieldLine{}, false
	}
	return fieldLine{place.File, span, strings.Repeat(" ", len(m[1])+len(m[2])), m[2] != "", m[3], lineBreak(place.File)}, true
}

// fill is the edit that gives an empty mapping, written {}, its first field.
func fill(o *kube.Object, mapping *kube.Node, value string, path []string) []source.Edit {
	at := o.WhereAbsent(mapping, path...)
	place := at.Place()
	if !at.Verified || place.IsZero() {
		return nil
	}
	line := place.File.LineSpan(place.Line())
	m := regexp.MustCompile(`^([ \t]*(?:-[ \t]+)*)[\w.-]+:[ \t]+(\{\})[ \t]*(?:#.*)?$`).FindStringSubmatchIndex(place.File.Slice(line))
	if m == nil {
		return nil
	}
	eol := lineBreak(place.File)
	indent := strings.Repeat(" ", m[3]-m[2]+2)
	// The space before the brackets goes too, or it would end the line.
	start := line.Start + len(strings.TrimRight(place.File.Slice(source.Span{Start: line.Start, End: line.Start + m[4]}), " \t"))
	return []source.Edit{{
		Path: place.File.Path(), Span: source.Span{Start: start, End: line.End},
		New: place.File.Slice(source.Span{Start: line.Start + m[5], End: line.End}) + eol + nested(path, value, indent, eol),
	}}
}

// nested is a field below others, without the last line break. A value that begins with a
// dash is a list, and may have several lines.
func nested(path []string, value, indent, eol string) string {
	var b strings.Builder
	for i, name := range path {
		b.WriteString(indent + strings.Repeat("  ", i) + name + ":")
		switch below := indent + strings.Repeat("  ", i+1); {
		case i < len(path)-1:
			b.WriteString(eol)
		case strings.HasPrefix(value, "- "):
			b.WriteString(eol + below + indented(value, below, eol))
		default:
			b.WriteString(" " + value)
		}
	}
	return b.String()
}

// lineBreak is the line break that a file uses.
func lineBreak(f *source.File) string {
	if strings.Contains(f.Text(), "\r\n") {
		return "\r\n"
	}
	return "\n"
}
