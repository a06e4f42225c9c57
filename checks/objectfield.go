package checks

import (
	"regexp"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

// Rewrite is the edit that puts another field, or several, in the place of one of the
// object: block is YAML without indentation. Nil where the field, with all that it holds,
// does not stand anywhere as it is, or has comments or anchors that would be lost.
func (p *ObjectPass) Rewrite(field *kube.Node, block string) []source.Edit {
	w, ok := written(p.Object, field)
	if !ok {
		return nil
	}
	text := indented(block, strings.Repeat(" ", w.column), w.eol)
	if w.flow {
		if text, ok = inFlow(block); !ok {
			return nil
		}
	}
	return []source.Edit{{Path: w.file.Path(), Span: w.span, New: text}}
}

// RewriteList is the edit that gives a list of texts others, on one line: where the field
// is written, or in the values that a template takes its value from. Nil as for Rewrite.
func (p *ObjectPass) RewriteList(field *kube.Node, texts []string) []source.Edit {
	list := dockerfile.ExecForm(texts)
	if edits := p.Rewrite(field, field.Key+": "+list); edits != nil {
		return edits
	}
	held, file := heldList(p.Object, field)
	if held == nil {
		return nil
	}
	span := source.Span{Start: held.KeySpan.Start, End: held.Span.End}
	if held.KeySpan.End > held.Span.Start || lost.MatchString(file.Slice(span)) {
		return nil
	}
	return []source.Edit{{Path: file.Path(), Span: span, New: file.Slice(held.KeySpan) + ": " + list}}
}

// heldList is the list of a values file, below a key, of which a list of the object has all
// its items.
func heldList(o *kube.Object, list *kube.Node) (*kube.Node, *source.File) {
	if list.Kind != kube.Sequence || len(list.Items) == 0 {
		return nil, nil
	}
	var file *source.File
	var places []source.Span
	for _, item := range list.Items {
		at := o.Where(item)
		if !at.Verified || at.Value == nil || at.Value.IsZero() || file != nil && at.Value.File != file {
			return nil, nil
		}
		file = at.Value.File
		places = append(places, at.Value.Span)
	}
	var held *kube.Node
	var visit func(n *kube.Node)
	visit = func(n *kube.Node) {
		if n.Kind == kube.Sequence && n.Key != "" && kube.Equal(n, list) && len(n.Items) == len(places) {
			same := true
			for i, item := range n.Items {
				same = same && places[i].Start <= item.Span.Start && item.Span.End <= places[i].End
			}
			if same {
				held = n
			}
		}
		for _, item := range n.Items {
			visit(item)
		}
	}
	roots, _ := kube.Roots(file)
	for _, root := range roots {
		visit(root)
	}
	return held, file
}

// Remove is the edit that takes a field out of the object with its lines; nil as for
// Rewrite, and where the field shares a line with others or a comment above it would be
// left to what follows.
func (p *ObjectPass) Remove(field *kube.Node) []source.Edit {
	w, ok := written(p.Object, field)
	first, last := w.file.LineAt(w.span.Start), w.file.LineAt(w.span.End)
	if !ok || w.flow || w.item {
		return nil
	}
	if strings.HasPrefix(strings.TrimSpace(w.file.LineText(first-1)), "#") {
		return nil
	}
	rest := strings.TrimSpace(w.file.Slice(source.Span{Start: w.span.End, End: w.file.LineSpan(last).End}))
	if rest != "" && rest[0] != '#' {
		return nil
	}
	span := source.Span{Start: w.file.LineSpan(first).Start, End: w.file.LineSpan(last + 1).Start}
	if last >= w.file.Lines() { // the line before becomes the last one
		if first == 1 {
			return nil
		}
		span = source.Span{Start: w.file.LineSpan(first - 1).End, End: w.file.LineSpan(last).End}
	}
	return []source.Edit{{Path: w.file.Path(), Span: span}}
}

// Prepend is the edit that gives a list of a mapping items more, in front of those that it
// has: each is a mapping in YAML without indentation. Nil where it cannot be told where
// they would have to be written.
func (p *ObjectPass) Prepend(mapping *kube.Node, list string, items ...string) []source.Edit {
	o := p.Object
	var n *kube.Node
	for _, field := range mapping.Items {
		if field.Key == list {
			n = field
		}
	}
	for i, item := range items {
		items[i] = "- " + indented(item, "  ", "\n")
	}
	block := strings.Join(items, "\n")
	switch {
	case n == nil:
		at, kept := keptAway(o, mapping, list)
		switch {
		case kept && (at.Value == nil || !printsAll(at)):
			return nil
		case at.Value != nil:
			return fillList(at, block)
		}
		return insert(o, mapping, block, list)
	case n.Kind != kube.Sequence:
		return nil
	case len(n.Items) == 0:
		return fillList(o.WhereKey(n), block)
	}
	for _, field := range n.Items[0].Items {
		at := o.WhereKey(field)
		place := at.Place()
		if !at.Verified || place.IsZero() {
			return nil
		}
		m := itemLine.FindStringSubmatch(place.File.LineText(place.Line()))
		if len(m) == 0 || m[2] != field.Key {
			continue
		}
		line := place.Line() // comments above the item stay with it
		for line > 1 && strings.HasPrefix(strings.TrimSpace(place.File.LineText(line-1)), "#") {
			line--
		}
		start, eol := place.File.LineSpan(line).Start, lineBreak(place.File)
		return []source.Edit{{
			Path: place.File.Path(), Span: source.Span{Start: start, End: start}, New: m[1] + indented(block, m[1], eol) + eol,
		}}
	}
	return nil
}

// itemLine is the first line of an item of a list: its indentation, and its first field.
var itemLine = regexp.MustCompile(`^( *)- +\{? *["']?([\w.-]+)["']? *:`)

// fillList is the edit that gives an empty list, written [] behind its key, its first item.
func fillList(at kube.Origin, block string) []source.Edit {
	place := at.Place()
	if !at.Verified || place.IsZero() {
		return nil
	}
	span := place.File.LineSpan(place.Line())
	line := place.File.Slice(span)
	before, after, ok := strings.Cut(line, "[]")
	key, ok2 := strings.CutSuffix(strings.TrimRight(before, " \t"), ":")
	comment := strings.TrimSpace(after)
	indent := key[:len(key)-len(strings.TrimLeft(key, " "))]
	if !ok || !ok2 || strings.ContainsAny(strings.TrimSpace(key), " \t{[:-") || comment != "" && comment[0] != '#' {
		return nil
	}
	eol := lineBreak(place.File)
	start := span.Start + len(key) + len(":")
	return []source.Edit{{
		Path: place.File.Path(), Span: source.Span{Start: start, End: span.End},
		New: strings.TrimRight(after, " \t") + eol + indent + "  " + indented(block, indent+"  ", eol),
	}}
}

// A text of a field where it is written.
type fieldText struct {
	file *source.File
	span source.Span
	// column is how many columns stand before the name on its line.
	column int
	// flow says that other fields stand before it on its line, item that a dash does.
	flow, item bool
	eol        string
}

// lost are comments, anchors and aliases, and what a template would make something else of.
var lost = regexp.MustCompile(`(?m)(?:^|\s)#|(?:^|[\s\[{,:])[&*]\w|\t|\{\{`)

// written is where a field is written with all that it holds, and nothing else: in the
// template or the manifest, or in the values that are printed there.
func written(o *kube.Object, field *kube.Node) (fieldText, bool) {
	none := fieldText{file: o.Document}
	if field.Key == "" || field.Span.End < field.KeySpan.End {
		return none, false // an item, or an alias for what stands above
	}
	at := o.WhereSpan(source.Span{Start: field.KeySpan.Start, End: field.Span.End})
	if at.Value != nil {
		at = o.WhereKey(field)
	}
	place := at.Place()
	if !at.Verified || place.IsZero() {
		return none, false
	}
	if at.Value != nil {
		n := held(place, field)
		if n == nil {
			return none, false
		}
		place.Span = source.Span{Start: n.KeySpan.Start, End: n.Span.End}
	}
	text := strings.TrimRight(place.File.Slice(place.Span), " \t\r\n")
	place.Span.End = place.Span.Start + len(text)
	start := place.File.LineSpan(place.Line()).Start
	before := place.File.Slice(source.Span{Start: start, End: place.Span.Start})
	w := fieldText{
		file: place.File, span: place.Span, column: len(before), eol: lineBreak(place.File),
		flow: strings.Trim(before, " -") != "", item: strings.Contains(before, "-"),
	}
	if lost.MatchString(text) {
		return none, false
	}
	if at.Value != nil {
		return w, true
	}
	roots, problems := kube.Roots(source.NewFile(place.File.Path(), strings.Repeat(" ", len(before))+text))
	if len(problems) > 0 || len(roots) != 1 || roots[0].Kind != kube.Mapping || len(roots[0].Items) != 1 {
		return none, false
	}
	own := roots[0].Items[0]
	return w, own.Key == field.Key && kube.Equal(own, field)
}

// held is the one field within a place of a values file that is called as a field of the
// object is and holds the same; nil where there is none, or several.
func held(place kube.Place, field *kube.Node) *kube.Node {
	var found []*kube.Node
	var visit func(n *kube.Node)
	visit = func(n *kube.Node) {
		within := n.Key == field.Key && place.Span.Start <= n.KeySpan.Start && n.KeySpan.End <= n.Span.Start && n.Span.End <= place.Span.End
		known := slices.ContainsFunc(found, func(o *kube.Node) bool { return o.KeySpan == n.KeySpan }) // by an alias
		if within && !known && kube.Equal(n, field) {
			found = append(found, n)
		}
		for _, item := range n.Items {
			visit(item)
		}
	}
	roots, _ := kube.Roots(place.File)
	for _, root := range roots {
		visit(root)
	}
	if len(found) != 1 {
		return nil
	}
	return found[0]
}

// insertInFlow is the edit that gives a mapping a field which is written in brackets, on one
// line; nil for any other.
func insertInFlow(o *kube.Object, mapping *kube.Node, value string, path []string) []source.Edit {
	at := o.WhereSpan(mapping.Span)
	if at.Value != nil {
		at = o.WhereAbsent(mapping, path...) // the key that feeds the mapping
	}
	place := at.Place()
	if !at.Verified || place.IsZero() || strings.HasPrefix(value, "- ") {
		return nil
	}
	if at.Value != nil {
		// However the key is called: the template gives it the field's name.
		n := held(place, &kube.Node{Kind: mapping.Kind, Items: mapping.Items, Key: lastName(at.Value.Key)})
		if n == nil {
			return nil
		}
		place.Span = n.Span
	} else if place.File.Slice(place.Span) != o.Document.Slice(mapping.Span) {
		return nil
	}
	text := place.File.Slice(place.Span)
	if !strings.HasPrefix(text, "{") || !strings.HasSuffix(text, "}") || strings.Contains(text, "\n") || lost.MatchString(text) {
		return nil
	}
	for i, name := range slices.Backward(path) {
		value = name + ": " + value
		if i > 0 {
			value = "{" + value + "}"
		}
	}
	end := place.Span.Start + len(strings.TrimRight(strings.TrimSuffix(text, "}"), " "))
	return []source.Edit{{Path: place.File.Path(), Span: source.Span{Start: end, End: end}, New: ", " + value}}
}

// lastName is the last name of a values key.
func lastName(key string) string { return key[strings.LastIndexByte(key, '.')+1:] }

// indented is YAML with an indentation in front of all lines but the first.
func indented(block, indent, eol string) string {
	return strings.ReplaceAll(block, "\n", eol+indent)
}

// inFlow are the fields of a block as they are written within brackets; false where that
// would not say the same.
func inFlow(block string) (string, bool) {
	roots, _ := kube.Roots(source.NewFile("", block))
	if len(roots) != 1 || roots[0].Kind != kube.Mapping {
		return "", false
	}
	const limit = 2000
	text := roots[0].Flow(limit)
	again, _ := kube.Roots(source.NewFile("", text))
	if len(again) != 1 || !kube.Equal(roots[0], again[0]) {
		return "", false
	}
	return strings.TrimSuffix(strings.TrimPrefix(text, "{"), "}"), true
}
