package kube

import (
	"slices"
	"strconv"
	"strings"
)

// A Change is one field that differs between two versions of an object.
type Change struct {
	// Path names the field: "spec.template.spec.containers[app].image". Items of lists go
	// by their names where they have any, else by their numbers.
	Path string
	// Before and After are the field's nodes, nil where a version has none.
	Before, After *Node
}

// Diff lists the fields that differ, in the order of the later version, those that only
// the earlier one has behind their neighbours. Where a version has nothing of a mapping
// or a list, that is one change.
func Diff(before, after *Node) []Change {
	var d differ
	d.diff("", before, after)
	return d.changes
}

type differ struct{ changes []Change }

func (d *differ) diff(path string, before, after *Node) {
	switch {
	case absent(before) && absent(after):
	case absent(before) || absent(after) || before.Kind != after.Kind || before.Kind != Mapping && before.Kind != Sequence:
		if !Equal(before, after) {
			d.changes = append(d.changes, Change{path, before, after})
		}
	case before.Kind == Mapping:
		d.items(before.Items, after.Items, func(n *Node) string { return n.Key }, func(key string) string { return join(path, key) })
	default:
		if name := identity(before.Items, after.Items); name != nil && !replaced(before.Items, after.Items, name) {
			d.items(before.Items, after.Items, name, func(key string) string { return path + "[" + key + "]" })
			return
		}
		for i := range max(len(before.Items), len(after.Items)) {
			var b, a *Node
			if i < len(before.Items) {
				b = before.Items[i]
			}
			if i < len(after.Items) {
				a = after.Items[i]
			}
			d.diff(path+"["+strconv.Itoa(i)+"]", b, a)
		}
	}
}

// items compares two lists whose items have names.
func (d *differ) items(before, after []*Node, name func(*Node) string, path func(string) string) {
	index := make(map[string]*Node, len(before))
	for _, b := range before {
		index[name(b)] = b
	}
	seen := make(map[string]bool, len(after))
	for _, a := range after {
		key := name(a)
		seen[key] = true
		d.diff(path(key), index[key], a)
	}
	for _, b := range before {
		if key := name(b); !seen[key] {
			d.diff(path(key), b, nil)
		}
	}
}

// absent reports whether a node says nothing: it is not there, or null.
func absent(n *Node) bool { return n == nil || n.Kind == Null }

// join adds a name to a path. One with dots is quoted, as labels have them.
func join(path, name string) string {
	if strings.ContainsAny(name, ".[]/\" ") {
		return path + "[" + strconv.Quote(name) + "]"
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

// identity tells the items of two lists apart by the first of these fields that all of
// them have, each another; nil where there is none. They are the merge keys of
// Kubernetes' own lists.
func identity(lists ...[]*Node) func(*Node) string {
	for _, field := range []string{"name", "mountPath", "devicePath", "containerPort", "port", "key", "ip", "host", "topologyKey", "type"} {
		if slices.ContainsFunc(lists, func(items []*Node) bool { return !distinct(items, field) }) {
			continue
		}
		return func(n *Node) string { return n.Text(field) }
	}
	return nil
}

// replaced reports whether two lists of one length have no item in common: then it is
// the names that changed.
func replaced(before, after []*Node, name func(*Node) string) bool {
	return len(before) == len(after) && !slices.ContainsFunc(after, func(a *Node) bool {
		return slices.ContainsFunc(before, func(b *Node) bool { return name(a) == name(b) })
	})
}

func distinct(items []*Node, field string) bool {
	seen := make(map[string]bool, len(items))
	for _, n := range items {
		value := n.Text(field)
		if value == "" || seen[value] {
			return false
		}
		seen[value] = true
	}
	return true
}

// Equal reports whether two nodes say the same, however they are written.
func Equal(a, b *Node) bool {
	if absent(a) || absent(b) {
		return absent(a) && absent(b)
	}
	if a.Kind == Mapping && b.Kind == Mapping {
		return len(Diff(a, b)) == 0
	}
	if a.Kind != b.Kind || a.Value != b.Value || len(a.Items) != len(b.Items) {
		return false
	}
	for i := range a.Items {
		if !Equal(a.Items[i], b.Items[i]) {
			return false
		}
	}
	return true
}

// Flow is the node on one line, of at most so many bytes; longer text is cut. Nil is
// empty.
func (n *Node) Flow(limit int) string {
	if n == nil {
		return ""
	}
	var b strings.Builder
	n.flow(&b, limit)
	if b.Len() <= limit {
		return b.String()
	}
	return strings.ToValidUTF8(b.String()[:limit], "") + "…"
}

func (n *Node) flow(b *strings.Builder, limit int) {
	if b.Len() > limit {
		return
	}
	switch n.Kind {
	case Mapping, Sequence:
		open, end := "{", "}"
		if n.Kind == Sequence {
			open, end = "[", "]"
		}
		b.WriteString(open)
		for i, item := range n.Items {
			if i > 0 {
				b.WriteString(", ")
			}
			if n.Kind == Mapping {
				b.WriteString(item.Key + ": ")
			}
			item.flow(b, limit)
		}
		b.WriteString(end)
	case Null:
		b.WriteString("null")
	case String:
		if n.Value == "" || strings.ContainsAny(n.Value, "\n\r\t\"{}[],#&*!|>%@`") || strings.Contains(n.Value, ": ") || strings.TrimSpace(n.Value) != n.Value {
			b.WriteString(strconv.Quote(n.Value))
			return
		}
		b.WriteString(n.Value)
	default:
		b.WriteString(n.Value)
	}
}
