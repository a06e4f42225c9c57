package checks

import (
	"fmt"

	"github.com/chiselbot/chiselbot/checks/kube"
)

// The labels of a namespace that decide which pods are created in it.
// https://kubernetes.io/docs/concepts/security/pod-security-admission/#pod-security-admission-labels-for-namespaces
const (
	enforceLabel        = "pod-security.kubernetes.io/enforce"
	enforceVersionLabel = "pod-security.kubernetes.io/enforce-version"
)

// An admission is what a namespace of the tree enforces.
type admission struct {
	standard Standard
	name     string
	at       kube.Place
}

// admissions are the namespaces of the tree that enforce a standard in its latest version.
// Of several that have one name, as for several clusters, the one that allows most counts.
func admissions(releases []*Release) map[string]admission {
	all := map[string]admission{}
	for _, r := range releases {
		for _, o := range r.Objects {
			if o.Kind != "Namespace" || o.Group() != "" {
				continue
			}
			labels := o.Root.Get("metadata", "labels")
			label := labels.Get(enforceLabel)
			a := admission{standard: standards[label.Text()], name: label.Text()}
			if version := labels.Text(enforceVersionLabel); version != "" && version != "latest" {
				a.standard = Privileged // an older version may allow what ours knows
			}
			if known, ok := all[o.Name]; ok && known.standard <= a.standard {
				continue
			}
			if label != nil {
				a.at = o.Where(label).Place()
			}
			all[o.Name] = a
		}
	}
	return all
}

// refused makes an error of a finding about a pod that its namespace does not let in.
func (r *runner) refused(f Finding, o *kube.Object) Finding {
	a := r.admissions[o.Namespace]
	if f.Rule.Refused == Privileged || a.standard < f.Rule.Refused {
		return f
	}
	f.Severity = Error
	if !a.at.IsZero() {
		f.Related = append(f.Related, Related{
			File: a.at.File, Span: a.at.Span,
			Message: fmt.Sprintf("The namespace %s enforces `%s` and refuses the pod.", Code(o.Namespace), a.name),
		})
	}
	return f
}
