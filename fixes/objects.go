package fixes

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// A fieldChange is a field of a rendered object that a plan changes.
type fieldChange struct {
	// release is the chart with its values set, or the folder of manifests.
	release, kind, object string
	// field is the path to it: spec.template.spec.containers[cats].ports[http].containerPort.
	field, before, after string
}

// String is the change in words, without the release.
func (c fieldChange) String() string {
	switch {
	case c.before == "":
		return fmt.Sprintf("`%s` `%s` = `%s`", c.object, c.field, c.after)
	case c.after == "":
		return fmt.Sprintf("`%s` `%s` gone", c.object, c.field)
	}
	return fmt.Sprintf("`%s` `%s`: `%s` → `%s`", c.object, c.field, c.before, c.after)
}

// changedFields compares the objects of two trees, field by field. lost are releases that
// only one of them has.
func changedFields(before, after *checks.Result) (changes []fieldChange, lost []string) {
	now := map[string]*checks.Release{}
	for _, r := range after.Releases {
		now[releaseName(r)] = r
	}
	for _, r := range before.Releases {
		name := releaseName(r)
		other := now[name]
		if other == nil {
			lost = append(lost, name)
			continue
		}
		delete(now, name)
		was, is := objects(r), objects(other)
		for key, o := range was {
			d := difference{release: name, kind: o.Kind, object: checks.ObjectKey(o)}
			if is[key] == nil {
				d.add("", "object", "")
			} else {
				d.compare("", o.Root, is[key].Root)
			}
			changes = append(changes, d.changes...)
		}
		for key, o := range is {
			if was[key] == nil {
				changes = append(changes, fieldChange{release: name, kind: o.Kind, object: checks.ObjectKey(o), after: "object"})
			}
		}
	}
	for name := range now {
		lost = append(lost, name)
	}
	slices.SortFunc(changes, func(a, b fieldChange) int {
		return strings.Compare(a.release+a.object+a.field, b.release+b.object+b.field)
	})
	slices.Sort(lost)
	return changes, lost
}

func releaseName(r *checks.Release) string {
	if r.Chart == nil {
		return r.Dir()
	}
	return path.Dir(r.Chart.Path()) + " with " + r.Set
}

// objects are the objects of a release by kind and name, and by their number where there
// are several of one name.
func objects(r *checks.Release) map[string]*kube.Object {
	all := map[string]*kube.Object{}
	for _, o := range r.Objects {
		key := o.Document.Path() + " " + checks.ObjectKey(o)
		for all[key] != nil {
			key += " again"
		}
		all[key] = o
	}
	return all
}

// A difference collects what differs in one object.
type difference struct {
	release, kind, object string
	changes               []fieldChange
}

func (d *difference) add(field, before, after string) {
	d.changes = append(d.changes, fieldChange{d.release, d.kind, d.object, strings.TrimPrefix(field, "."), before, after})
}

func (d *difference) compare(field string, a, b *kube.Node) {
	a, b = absent(a), absent(b)
	switch {
	case a == nil && b == nil:
	case a == nil:
		d.leaves(field, b, func(f, v string) { d.add(f, "", v) })
	case b == nil:
		d.leaves(field, a, func(f, v string) { d.add(f, v, "") })
	case a.Kind != b.Kind || a.Kind != kube.Mapping && a.Kind != kube.Sequence:
		if a.Kind != b.Kind || a.Value != b.Value {
			d.add(field, shown(a), shown(b))
		}
	default:
		was, is := parts(a), parts(b)
		for _, name := range was.names {
			d.compare(field+name, was.nodes[name], is.nodes[name])
		}
		for _, name := range is.names {
			if was.nodes[name] == nil {
				d.compare(field+name, nil, is.nodes[name])
			}
		}
	}
}

// absent is nil for a null, which is none for Kubernetes.
func absent(n *kube.Node) *kube.Node {
	if n != nil && n.Kind == kube.Null {
		return nil
	}
	return n
}

// leaves gives the scalars below a node.
func (d *difference) leaves(field string, n *kube.Node, each func(field, value string)) {
	p := parts(n)
	if len(p.names) == 0 {
		each(field, shown(n))
	}
	for _, name := range p.names {
		d.leaves(field+name, p.nodes[name], each)
	}
}

// named are the parts of a mapping or a list, by what tells them apart: a field's name,
// an item's own name, or its number.
type named struct {
	names []string
	nodes map[string]*kube.Node
}

func parts(n *kube.Node) named {
	p := named{nodes: map[string]*kube.Node{}}
	for i, item := range n.Items {
		name := "." + item.Key
		if n.Kind == kube.Sequence {
			name = fmt.Sprintf("[%d]", i)
			if own := item.Text("name"); own != "" && p.nodes["["+own+"]"] == nil {
				name = "[" + own + "]"
			}
		}
		if p.nodes[name] == nil {
			p.names = append(p.names, name)
		}
		p.nodes[name] = item
	}
	return p
}

func shown(n *kube.Node) string {
	if n.Kind == kube.Mapping || n.Kind == kube.Sequence {
		return n.Kind.String()
	}
	text := n.Value
	if text == "" {
		text = "empty"
	}
	if len(text) > 60 {
		text = strings.ToValidUTF8(text[:60], "") + "…"
	}
	return strings.ReplaceAll(text, "`", "'")
}

// allowed reports whether one of the rules that the plan follows may change the field. The
// port on which callers reach a Service is nobody's.
func (c fieldChange) allowed(follows []Follow, taken []string) bool {
	if c.kind == "Service" && strings.HasSuffix(c.field, ".port") {
		return false
	}
	for _, f := range follows {
		if !slices.Contains(taken, f.Rule) {
			continue
		}
		for _, name := range f.Fields {
			if slices.ContainsFunc(strings.FieldsFunc(c.field, func(r rune) bool { return r == '.' || r == '[' || r == ']' }), func(part string) bool { return part == name }) {
				return true
			}
		}
	}
	return false
}
