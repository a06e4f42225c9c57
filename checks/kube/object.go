package kube

import (
	"strings"

	"github.com/chiselbot/chiselbot/checks/source"
)

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

// Where is where a node comes from: a scalar's value, and the head of a mapping or a
// list.
func (o *Object) Where(n *Node) Origin {
	if n.Kind == Mapping || n.Kind == Sequence {
		return o.origins.Of(o.head(n))
	}
	return o.origins.Of(n.Span)
}

// WhereSpan is where a part of the object's document comes from.
func (o *Object) WhereSpan(part source.Span) Origin { return o.origins.Of(part) }

// WhereKey is where the name of a field comes from.
func (o *Object) WhereKey(n *Node) Origin { return o.origins.Of(n.KeySpan) }

// WherePart is where a part of a scalar comes from, given by its text: the tag of an image,
// say. It is the last place in the scalar that has the text, or the whole scalar where
// none has.
func (o *Object) WherePart(n *Node, text string) Origin {
	if i := strings.LastIndex(o.Document.Slice(n.Span), text); i >= 0 && text != "" {
		return o.origins.Of(source.Span{Start: n.Span.Start + i, End: n.Span.Start + i + len(text)})
	}
	return o.origins.Of(n.Span)
}

// WhereAbsent is where a field would come from that a mapping lacks, given by its path.
// As much of the path as there is is followed first.
func (o *Object) WhereAbsent(mapping *Node, path ...string) Origin {
	for len(path) > 1 {
		next := mapping.field(path[0])
		if next == nil || next.Kind != Mapping && next.Kind != Null {
			break
		}
		mapping, path = next, path[1:]
	}
	return o.origins.Absent(o.head(mapping), mapping.Span, strings.Join(path, "."))
}

// head is what a person takes for the beginning of a mapping or a list: its key, or for
// an item of a list its name, else its first line.
func (o *Object) head(n *Node) source.Span {
	if n.Key != "" {
		return n.KeySpan
	}
	if name := n.field("name"); name != nil && name.Kind != Mapping && name.Kind != Sequence {
		n = &Node{Span: source.Span{Start: name.KeySpan.Start, End: name.Span.End}}
	}
	line := o.Document.LineSpan(o.Document.LineAt(n.Span.Start))
	return source.Span{Start: n.Span.Start, End: max(n.Span.Start, min(n.Span.End, line.End))}
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
	// Other says that what stands there is YAML but no object.
	Other bool
	// Excessive says that there is too much to be read, whether or not it is right.
	Excessive bool
}
