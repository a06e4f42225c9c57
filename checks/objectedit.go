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
		switch {
		case at.Value == nil:
			return nil
		case strings.HasSuffix(written, rendered) && !strings.Contains(written, "\n"):
			span.Start = span.End - len(rendered)
		default: // all that the key holds was printed together
			if n = held(place, n); n == nil {
				return nil
			}
			span = n.Span
		}
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
	}
	if edits := insertInFlow(o, mapping, value, path); edits != nil || o.Document.Text()[mapping.Span.Start] == '{' {
		return edits
	}
	if at, ok := keptAway(o, mapping, path[0]); ok {
		if len(path) == 1 || at.Value == nil || !printsAll(at) {
			return nil
		}
		return fillAt(at, value, path[1:])
	}
	for _, field := range mapping.Items {
		if field.Kind == kube.Mapping || field.Kind == kube.Sequence || strings.Contains(o.Document.Slice(field.Span), "\n") {
			continue
		}
		l, ok := lineOf(o, field)
		if !ok || !oneLine.MatchString(l.rest) || l.siblings(path[0]) {
			return nil
		}
		return []source.Edit{{
			Path: l.file.Path(), Span: source.Span{Start: l.span.End, End: l.span.End},
			New: l.eol + nested(path, value, l.indent, l.eol),
		}}
	}
	l, ok := lineOf(o, mapping.Items[0])
	if !ok || l.siblings(path[0]) {
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

// oneLine is what stands behind a key whose value is whole on its line: text, or an action
// of a template that leaves the line break behind it.
var oneLine = regexp.MustCompile(`^(?:[^|>{\[ \t](?:[^,]|,.)*|\{\{(?:[^}]*[^}-])\}\}[ \t]*)$`)

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

// siblings reports whether the file has a field of a name beside the one on the line: a
// condition may keep it out of the object.
func (l fieldLine) siblings(name string) bool {
	here := l.file.LineAt(l.span.Start)
	own := regexp.MustCompile(`^[ \t-]*["']?` + regexp.QuoteMeta(name) + `["']?[ \t]*:`)
	beside := func(line int) (found, more bool) {
		text := l.file.LineText(line)
		trimmed := strings.TrimLeft(text, " \t-")
		if trimmed == "" || trimmed[0] == '#' || strings.HasPrefix(trimmed, "{{") {
			return false, true
		}
		column := len(text) - len(trimmed)
		return column == len(l.indent) && own.MatchString(text), column >= len(l.indent)
	}
	for line := here - 1; line >= 1 && !l.item; line-- {
		found, more := beside(line)
		if found {
			return true
		}
		if !more || l.begins(line) {
			break
		}
	}
	for line := here + 1; line <= l.file.Lines(); line++ {
		found, more := beside(line)
		if !more || l.begins(line) {
			return false
		}
		if found {
			return true
		}
	}
	return false
}

// begins reports whether an item of the list begins on a line whose items have their fields
// in the column of this one.
func (l fieldLine) begins(line int) bool {
	text := l.file.LineText(line)
	trimmed := strings.TrimLeft(text, " \t")
	return strings.HasPrefix(trimmed, "- ") && len(text)-len(strings.TrimLeft(trimmed[1:], " ")) == len(l.indent)
}

// keptAway is where a field of a mapping comes from that a condition of the template, which
// is about nothing else, keeps away; false where there is none.
func keptAway(o *kube.Object, mapping *kube.Node, field string) (kube.Origin, bool) {
	at, other := o.WhereAbsent(mapping, field), o.WhereAbsent(mapping, "-")
	return at, at.Template != other.Template
}

var branchEnd = regexp.MustCompile(`\{\{-?\s*end\b`)

// printsAll reports whether the part of a template that a condition keeps away prints all
// that a value holds.
func printsAll(at kube.Origin) bool {
	text := at.Template.File.Text()[at.Template.Span.Start:]
	if end := branchEnd.FindStringIndex(text); end != nil {
		text = text[:end[0]]
	}
	return strings.Contains(text, "toYaml") || strings.Contains(text, "toJson")
}

// fill is the edit that gives an empty mapping, written {}, its first field.
func fill(o *kube.Object, mapping *kube.Node, value string, path []string) []source.Edit {
	return fillAt(o.WhereAbsent(mapping, path...), value, path)
}

// emptyMapping is a line with a key that holds nothing.
var emptyMapping = regexp.MustCompile(`^([ \t]*(?:-[ \t]+)*)[\w.-]+:((?:[ \t]+(?:\{\}|null|~))?)([ \t]+#.*)?[ \t]*$`)

// fillAt is the edit that gives what is empty at a place its first field.
func fillAt(at kube.Origin, value string, path []string) []source.Edit {
	place := at.Place()
	if !at.Verified || place.IsZero() {
		return nil
	}
	line := place.File.LineSpan(place.Line())
	text := place.File.Slice(line)
	m := emptyMapping.FindStringSubmatchIndex(text)
	if m == nil {
		return nil
	}
	eol := lineBreak(place.File)
	comment := ""
	if m[6] >= 0 {
		comment = text[m[6]:m[7]]
	}
	return []source.Edit{{
		Path: place.File.Path(), Span: source.Span{Start: line.Start + m[4], End: line.End},
		New: strings.TrimRight(comment, " \t") + eol + nested(path, value, strings.Repeat(" ", m[3]-m[2]+2), eol),
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
