package kube

import "github.com/chiselbot/chiselbot/checks/source"

// An Object is one Kubernetes object of a document.
type Object struct {
	APIVersion, Kind string
	// Namespace and Name are as written; the namespace is empty where the object leaves
	// it to whoever applies it.
	Namespace, Name string
	Root            *Node
	// Document is the text in which the object's spans lie: a manifest, or what a
	// template rendered to under the template's path.
	Document *source.File

	origins Origins
}

// Where is where a node comes from: a scalar's value, and the key of a mapping or
// sequence.
func (o *Object) Where(n *Node) Origin {
	switch {
	case n.Kind != Mapping && n.Kind != Sequence, n.Key == "":
		return o.origins.Of(n.Span)
	}
	return o.origins.Of(n.KeySpan)
}

// WhereKey is where the name of a field comes from.
func (o *Object) WhereKey(n *Node) Origin { return o.origins.Of(n.KeySpan) }

// WhereAbsent is where a field would come from that the mapping lacks; the field may be
// a dotted path.
func (o *Object) WhereAbsent(mapping *Node, field string) Origin {
	return o.origins.Absent(mapping.Span, field)
}

// A Problem is something in a document that Kubernetes would refuse or people would
// misread.
type Problem struct {
	// Span is where it stands in the document.
	Span source.Span
	// Message says what is wrong, as a sentence with a full stop.
	Message string
	// Lost says that an object, or all that follows, could not be read because of it.
	Lost bool
}
