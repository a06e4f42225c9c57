package render

import (
	"slices"
	"strconv"
	"strings"

	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/strvals"

	"github.com/chiselbot/chiselbot/checks/kube"
)

// Layers are where a chart's values are set, as Helm lays them over each other
// (https://helm.sh/docs/chart_template_guide/values_files/).
type layers struct {
	run      *run
	assigned map[string]any
	user     []int // values files of the set, the strongest first
	root     *chartLayer
}

// A chartLayer is the values.yaml of a chart.
type chartLayer struct {
	name    string
	file    int
	imports []imported
	subs    map[string]*chartLayer
}

// An imported part of the values of a dependency shows up in those of its chart.
type imported struct{ from, to []keyNode }

func (r *run) layers(l *loaded) *layers {
	all := &layers{run: r, assigned: map[string]any{}, root: newChartLayer(l.Chart, l.files)}
	all.user = slices.Clone(r.set.Values)
	slices.Reverse(all.user)
	for _, a := range r.set.Assignments {
		_ = strvals.ParseInto(a, all.assigned) // it went well when the values were made
	}
	return all
}

func newChartLayer(c *chart.Chart, files map[*byte]int) *chartLayer {
	l := &chartLayer{name: c.Name(), file: None, subs: map[string]*chartLayer{}}
	for _, f := range c.Raw {
		if f.Name == "values.yaml" && len(f.Data) > 0 {
			l.file = files[&f.Data[0]]
		}
	}
	for _, d := range c.Dependencies() {
		l.subs[d.Name()] = newChartLayer(d, files)
	}
	for _, d := range c.Metadata.Dependencies {
		for _, v := range d.ImportValues {
			if i, ok := v.(map[string]string); ok {
				from := append([]keyNode{{name: d.Name, item: None}}, splitKey(i["child"])...)
				l.imports = append(l.imports, imported{from, splitKey(i["parent"])})
			}
		}
	}
	return l
}

// splitKey reads the path of an import.
func splitKey(s string) []keyNode {
	var path []keyNode
	for name := range strings.SplitSeq(s, ".") {
		if name != "" {
			path = append(path, keyNode{name: name, item: None})
		}
	}
	return path
}

// keys are the keys that origins and branches name, with their places.
func (r *run) keys(ring *keyring, l *loaded, marked map[string]*traced) []Key {
	layers := r.layers(l)
	used := make([]bool, len(ring.keys))
	for _, m := range marked {
		for _, s := range m.skips {
			if s.key != noKey {
				used[s.key] = true
			}
		}
	}
	for _, o := range r.out.Origins {
		if o.Key != None {
			used[o.Key] = true
		}
	}
	all := make([]Key, len(ring.keys))
	for i := len(all) - 1; i >= 0; i-- { // a key stands behind the one that holds it
		n := ring.keys[i]
		if used[i] {
			all[i] = layers.key(ring.path(key(i)), ring.values[i])
			if n.parent != noKey {
				used[n.parent] = true
			}
		}
		all[i].Parent, all[i].Field = int(n.parent), n.name
	}
	return all
}

// key says where a key is set that holds a value.
func (l *layers) key(path []keyNode, value any) Key {
	k := Key{Name: keyName(path), Place: Place{File: None}}
	if _, ok := follow(l.assigned, path); ok {
		k.Assigned = true
		return k
	}
	found, file, own := l.find(path)
	if found == nil || !same(found, value) {
		return k
	}
	k.Name = keyName(own)
	start := found.Span.Start
	if found.Key != "" {
		start = found.KeySpan.Start
	}
	k.Place = Place{File: file, Start: start, End: found.Span.End}
	return k
}

// follow is the value at a path.
func follow(values any, path []keyNode) (any, bool) {
	for _, n := range path {
		m, list := asMap(values), []any(nil)
		if m == nil {
			list, _ = values.([]any)
		}
		var ok bool
		switch {
		case m != nil && n.item == None:
			values, ok = m[n.name]
		case n.item != None && n.item < len(list):
			values, ok = list[n.item], true
		}
		if !ok {
			return nil, false
		}
	}
	return values, true
}

// find finds the node that sets a key, its file, and the key as the chart of that file
// calls it. Global values of a chart are laid over those of its dependencies.
func (l *layers) find(path []keyNode) (*kube.Node, int, []keyNode) {
	if at := globalAt(l.root, path); at > 0 {
		for depth := range at {
			if n, file, own := l.level(slices.Concat(path[:depth], path[at:])); n != nil {
				return n, file, own
			}
		}
	}
	return l.level(path)
}

// globalAt is where in a path "global" stands behind names of dependencies, 0 if nowhere.
func globalAt(c *chartLayer, path []keyNode) int {
	for i, n := range path {
		if n.name == "global" {
			return i
		}
		if c = c.subs[n.name]; c == nil {
			return 0
		}
	}
	return 0
}

// level finds a key in the files of the set and in the charts' own values.
func (l *layers) level(path []keyNode) (*kube.Node, int, []keyNode) {
	for _, file := range l.user {
		if n := l.node(file, path); n != nil {
			return n, file, path
		}
	}
	return l.chart(l.root, path, 0)
}

func (l *layers) chart(c *chartLayer, path []keyNode, depth int) (*kube.Node, int, []keyNode) {
	if c.file != None {
		if n := l.node(c.file, path); n != nil {
			return n, c.file, path
		}
	}
	const most = 20
	if len(path) == 0 || depth > most {
		return nil, None, nil
	}
	for _, i := range c.imports {
		if len(path) > len(i.to) && slices.Equal(names0(path[:len(i.to)]), names0(i.to)) {
			if n, file, own := l.chart(c, slices.Concat(i.from, path[len(i.to):]), depth+1); n != nil {
				return n, file, own
			}
		}
	}
	if sub := c.subs[path[0].name]; sub != nil {
		return l.chart(sub, path[1:], depth+1)
	}
	return nil, None, nil
}

func names0(path []keyNode) []string {
	all := make([]string, len(path))
	for i, n := range path {
		all[i] = n.name
	}
	return all
}

// node is the node at a path of a values file. Of several documents the last one counts
// that has the path.
func (l *layers) node(file int, path []keyNode) *kube.Node {
	for _, root := range slices.Backward(l.run.program.values(file, l.run.req.Files[file]).roots) {
		if n := nodeAt(root, path); n != nil {
			return n
		}
	}
	return nil
}

func nodeAt(n *kube.Node, path []keyNode) *kube.Node {
	for _, step := range path {
		var next *kube.Node
		switch {
		case n.Kind == kube.Sequence && step.item != None && step.item < len(n.Items):
			next = n.Items[step.item]
		case n.Kind == kube.Mapping && step.item == None:
			if i := slices.IndexFunc(n.Items, func(f *kube.Node) bool { return f.Key == step.name }); i >= 0 {
				next = n.Items[i]
			}
		}
		if next == nil {
			return nil
		}
		n = next
	}
	return n
}

// same reports whether a node stands for a value. It is the proof that the layers were
// gone through as Helm does.
func same(n *kube.Node, value any) bool {
	switch v := value.(type) {
	case nil:
		return n.Kind == kube.Null
	case string:
		return n.Value == v
	case bool:
		return n.Kind == kube.Bool
	case float64:
		f, err := strconv.ParseFloat(strings.ReplaceAll(n.Value, "_", ""), 64)
		return err != nil || f == v // other notations of numbers are not worth a doubt
	case []any:
		return n.Kind == kube.Sequence && len(n.Items) == len(v)
	}
	return asMap(value) == nil || n.Kind == kube.Mapping
}
