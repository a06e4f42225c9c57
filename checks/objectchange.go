package checks

import (
	"regexp"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks/kube"
)

// An ObjectChange is what a change makes of one Kubernetes object.
type ObjectChange struct {
	// Home is the path of the manifest or of the chart's Chart.yaml: the head's, or the
	// base's where the object is gone.
	Home string
	// Object is kind and name: "Deployment/web".
	Object string
	// Sets name the values sets under which the object changes so.
	Sets []string
	// Added and Removed say that only one side has the object; then there are no fields.
	Added, Removed bool
	Fields         []FieldChange
}

// A FieldChange is one field of an object that changes.
type FieldChange struct {
	// Path names the field: "spec.template.spec.containers[app].image".
	Path string
	// Before and After are its values on one line, empty where there is none.
	Before, After string
	// From and To are where they come from, in the base and in the head.
	From, To kube.Origin
}

// maxFieldBytes bounds what is shown of one value.
const maxFieldBytes = 200

// hidden stands for what nobody is to read: what is in Secrets, and what is called like
// one elsewhere.
const hidden = "(hidden)"

// secretName is what variables and settings with secrets are called.
var secretName = regexp.MustCompile(`(?i)passw|pwd|secret|token|credential|api[_-]?key|access[_-]?key|private[_-]?key|connection[_-]?string|dsn$`)

// withoutSecrets is a node without its secrets.
func withoutSecrets(n *kube.Node, secret bool) *kube.Node {
	if n == nil {
		return nil
	}
	switch n.Kind {
	case kube.Mapping, kube.Sequence:
		shown := *n
		shown.Items = make([]*kube.Node, len(n.Items))
		variable := n.Get("value") != nil && secretName.MatchString(n.Text("name"))
		for i, item := range n.Items {
			text := item.Kind == kube.String
			shown.Items[i] = withoutSecrets(item, secret || text && (secretName.MatchString(item.Key) || variable && item.Key == "value"))
		}
		return &shown
	}
	if secret && n.Kind != kube.Null && n.Kind != kube.Bool {
		shown := *n
		shown.Kind, shown.Value = kube.Int, hidden // a number is not quoted
		return &shown
	}
	return n
}

// CompareObjects says how the objects differ that base and head are rendered to.
func CompareObjects(base, head *Result) []ObjectChange {
	renamed := renames(base.Files, head.Files)
	type id struct{ home, object, set string }
	before := map[id][]*kube.Object{}
	var order []id
	for _, r := range base.Releases {
		for _, o := range r.Objects {
			home := r.home(o).Path()
			if to, ok := renamed[home]; ok {
				home = to
			}
			at := id{home, ObjectKey(o), r.Set}
			before[at] = append(before[at], o)
			order = append(order, at)
		}
	}
	setsOfBase, setsOfHead := setsByHome(base, func(p string) string {
		if to, ok := renamed[p]; ok {
			return to
		}
		return p
	}), setsByHome(head, func(p string) string { return p })

	var changes []ObjectChange
	add := func(at id, c ObjectChange) {
		c.Home, c.Object = at.home, at.object
		if at.set != "" {
			c.Sets = []string{at.set}
		}
		changes = append(changes, c)
	}
	for _, r := range head.Releases {
		for _, o := range r.Objects {
			at := id{r.home(o).Path(), ObjectKey(o), r.Set}
			twins := before[at]
			if len(twins) == 0 {
				if r.Set == "" || setsOfBase[at.home] == nil || setsOfBase[at.home][r.Set] {
					add(at, ObjectChange{Added: true})
				}
				continue
			}
			before[at] = twins[1:]
			if fields := fieldChanges(twins[0], o); len(fields) > 0 {
				add(at, ObjectChange{Fields: fields})
			}
		}
	}
	for _, at := range order {
		if len(before[at]) > 0 && (at.set == "" || setsOfHead[at.home] == nil || setsOfHead[at.home][at.set]) {
			before[at] = before[at][1:]
			add(at, ObjectChange{Removed: true})
		}
	}
	return joinSets(changes)
}

// fieldChanges are the fields that differ between two versions of an object.
func fieldChanges(before, after *kube.Object) []FieldChange {
	var fields []FieldChange
	for _, c := range kube.Diff(before.Root, after.Root) {
		secret := isSecret(after, c.Path)
		f := FieldChange{Path: c.Path, Before: withoutSecrets(c.Before, secret).Flow(maxFieldBytes), After: withoutSecrets(c.After, secret).Flow(maxFieldBytes)}
		if c.Before != nil {
			f.From = before.Where(c.Before)
		}
		if c.After != nil {
			f.To = after.Where(c.After)
		}
		fields = append(fields, f)
	}
	return fields
}

// isSecret reports whether the field at a path holds a secret: one of a Secret, or one
// whose name, or whose variable's name, says so.
func isSecret(o *kube.Object, path string) bool {
	if o.Kind == "Secret" && (strings.HasPrefix(path, "data") || strings.HasPrefix(path, "stringData")) {
		return true
	}
	if strings.HasSuffix(path, "]") && !strings.HasSuffix(path, `"]`) {
		return false // an item of a list, by its name
	}
	last := path[strings.LastIndexAny(path, ".[")+1:]
	if variable, ok := strings.CutSuffix(path, "].value"); ok {
		last = variable[strings.LastIndexByte(variable, '[')+1:]
	}
	return secretName.MatchString(last) && !strings.HasSuffix(last, "Name") && !strings.HasSuffix(last, "Ref")
}

// joinSets makes one of the changes that are the same under several values sets.
func joinSets(changes []ObjectChange) []ObjectChange {
	var joined []ObjectChange
	at := map[string][]int{} // indices in joined by home and object
	for _, c := range changes {
		key := c.Home + "\x00" + c.Object
		i := slices.IndexFunc(at[key], func(i int) bool {
			return !slices.Contains(joined[i].Sets, first(c.Sets)) && sameChange(&joined[i], &c)
		})
		if i < 0 || len(c.Sets) == 0 {
			at[key] = append(at[key], len(joined))
			joined = append(joined, c)
			continue
		}
		to := &joined[at[key][i]]
		to.Sets = append(slices.Clip(to.Sets), c.Sets...)
	}
	return joined
}

func first(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return names[0]
}

func sameChange(a, b *ObjectChange) bool {
	return a.Added == b.Added && a.Removed == b.Removed && slices.EqualFunc(a.Fields, b.Fields, func(x, y FieldChange) bool {
		return x.Path == y.Path && x.Before == y.Before && x.After == y.After && x.From.Place() == y.From.Place() && x.To.Place() == y.To.Place()
	})
}
