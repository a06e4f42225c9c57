// Package kube reads Kubernetes objects and knows where each of their fields comes from.
//
// An object is read from a document: a manifest, or what a chart's template rendered to.
// Every node of it has its place in that document, and the document's [Origins] lead from
// there to the line that a person would edit. The package knows pods wherever they occur
// and what their fields come to; it knows neither charts nor rules, and it does not judge.
package kube

import "github.com/chiselbot/chiselbot/checks/source"

// A Place is a part of a file of the tree.
type Place struct {
	File *source.File
	Span source.Span
}

// IsZero reports whether the place is nowhere.
func (p Place) IsZero() bool { return p.File == nil }

// Line is the one-based line on which the place starts, 0 when it is nowhere.
func (p Place) Line() int {
	if p.File == nil {
		return 0
	}
	return p.File.LineAt(p.Span.Start)
}

// A Value is a key of a chart's values.
type Value struct {
	// Key is the key as a person would write it behind .Values in the chart that the
	// place's file belongs to: "image.containerPort", "subchart.service.port".
	Key string
	// Place is where the values in force set the key, the key and what it holds; zero
	// when nothing sets it.
	Place
	// Set names the values set that was in force.
	Set string
}

// An Origin is where a part of a document comes from.
type Origin struct {
	// Template is where the part is written: text or action of a template, or the part
	// itself in a plain manifest. Zero where it is not known.
	Template Place
	// Includes are the actions that led to the template, the outermost first.
	Includes []Place
	// Value is the values key that the part was taken from, nil where the template alone
	// gives it.
	Value *Value
	// Verified says that the origin is proven and not only likely.
	Verified bool
}

// Place is where a person would edit the part: in the values if it comes from there and
// they set it, else in the template.
func (o Origin) Place() Place {
	if o.Value != nil && !o.Value.IsZero() {
		return o.Value.Place
	}
	return o.Template
}

// Origins says where the parts of one document come from. It is safe for concurrent use.
type Origins interface {
	// Of is the origin of a part of the document's text. Where it is known for whole
	// lines only, it is that of the line on which the part starts.
	Of(part source.Span) Origin
	// Absent is the origin that a field would have if a person added it to a mapping
	// that lacks it. The field is a dotted path below the mapping, mapping the span of its
	// text, and head what stands for it where nothing better is known: its key, or the
	// first line of an item of a list. Where a values key feeds the mapping, or would feed
	// the field but is empty, the origin has that key.
	Absent(head, mapping source.Span, field string) Origin
}

// itself are the origins of a plain manifest: every part comes from where it stands.
type itself struct{ file *source.File }

func (m itself) Of(part source.Span) Origin {
	return Origin{Template: Place{m.file, part}, Verified: true}
}

func (m itself) Absent(head, _ source.Span, _ string) Origin { return m.Of(head) }

// Parse reads the objects of a document, which may hold several YAML documents and lists
// of objects. Without origins the document is a plain manifest.
func Parse(document *source.File, origins Origins) ([]*Object, []Problem) {
	if origins == nil {
		origins = itself{document}
	}
	p := objectParser{parser: parser{file: document}, origins: origins}
	p.parse(p.object)
	return p.objects, p.problems
}

// Roots reads a file of YAML that holds no objects, such as a chart's values: the root of
// each YAML document in it that has content.
func Roots(file *source.File) ([]*Node, []Problem) {
	p := parser{file: file}
	var roots []*Node
	p.parse(func(root *Node) { roots = append(roots, root) })
	return roots, p.problems
}
