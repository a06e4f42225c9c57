package kube

import (
	"strconv"
	"strings"

	"github.com/chiselbot/chiselbot/checks/source"
)

// A Kind is what a node holds.
type Kind int8

// The kinds of nodes. The zero kind is none.
const (
	Null Kind = iota + 1
	Bool
	Int
	Float
	String
	Mapping
	Sequence
)

var kinds = [...]string{"nothing", "null", "boolean", "number", "number", "string", "mapping", "list"}

// String is what a person calls the kind.
func (k Kind) String() string { return kinds[k] }

// A Node is one value of an object. Its methods take a nil node for one that is absent.
type Node struct {
	Kind Kind
	// Value is a scalar's text, unquoted.
	Value string
	// Span is the value in the document, without its key.
	Span source.Span
	// Key is the name of the field whose value the node is, KeySpan where that stands. An
	// item of a sequence has none.
	Key     string
	KeySpan source.Span
	// Items are a sequence's items, or the values of a mapping's fields in their order.
	Items []*Node
}

// Get is the value at a path of field names, nil where there is none. A null is none, as
// it is for Kubernetes.
func (n *Node) Get(path ...string) *Node {
	for _, name := range path {
		n = n.field(name)
		if n == nil || n.Kind == Null {
			return nil
		}
	}
	return n
}

func (n *Node) field(name string) *Node {
	if n == nil || n.Kind != Mapping {
		return nil
	}
	for _, f := range n.Items {
		if f.Key == name {
			return f
		}
	}
	return nil
}

// List is the items of a sequence at a path; nulls are left out.
func (n *Node) List(path ...string) []*Node {
	n = n.Get(path...)
	if n == nil || n.Kind != Sequence {
		return nil
	}
	items := make([]*Node, 0, len(n.Items))
	for _, item := range n.Items {
		if item.Kind != Null {
			items = append(items, item)
		}
	}
	return items
}

// Text is a string, or a number or a boolean as it is written; empty for anything else.
func (n *Node) Text(path ...string) string {
	if n = n.Get(path...); n == nil || n.Kind == Mapping || n.Kind == Sequence {
		return ""
	}
	return n.Value
}

// Is reports whether the value at a path is the boolean.
func (n *Node) Is(want bool, path ...string) bool {
	if n = n.Get(path...); n == nil || n.Kind != Bool {
		return false
	}
	value, _ := truth(n.Value)
	return value == want
}

// Int is the whole number at a path.
func (n *Node) Int(path ...string) (int64, bool) {
	if n = n.Get(path...); n == nil || n.Kind != Int {
		return 0, false
	}
	i, err := strconv.ParseInt(strings.ReplaceAll(n.Value, "_", ""), 0, 64)
	return i, err == nil
}
