package rules

import (
	"fmt"
	"slices"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

// misplacedSecurity knows which fields of a security context exist for a container only
// and which for a pod only.
// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
var misplacedSecurity = page(checks.Rule{
	ID: "misplaced-security", Title: "Security setting where it has no effect", Since: "0.1.0", Severity: checks.Error,
	Object: checkMisplacedSecurity,
})

func checkMisplacedSecurity(p *checks.ObjectPass) {
	ofContainers := []string{"allowPrivilegeEscalation", "capabilities", "privileged", "procMount", "readOnlyRootFilesystem"}
	ofPods := []string{"fsGroup", "fsGroupChangePolicy", "seLinuxChangePolicy", "supplementalGroups", "supplementalGroupsPolicy", "sysctls"}
	inSecurityContexts(p, func(context *kube.Node, _, key string, c *kube.Container) {
		fix := moveSecurity(p, context, c, ofContainers, ofPods)
		for _, n := range context.Items {
			f := checks.Finding{Key: key + " " + n.Key, Fix: fix}
			switch {
			case c == nil && slices.Contains(ofContainers, n.Key):
				f.Message = fmt.Sprintf("`%s` has no effect for the whole pod: only containers have this field, and Kubernetes refuses or ignores it here.", n.Key)
				f.Help = "Move it to the `securityContext` of each container."
			case c != nil && slices.Contains(ofPods, n.Key):
				f.Message = fmt.Sprintf("`%s` has no effect for a container: only pods have this field, and Kubernetes refuses or ignores it here.", n.Key)
				f.Help = "Move it to the `securityContext` of the pod."
			default:
				continue
			}
			p.Report(p.Object.WhereKey(n), f)
		}
	})
}

// moveSecurity moves all that is misplaced in a security context to where it has an effect:
// from the pod to each of its containers, from a container to the pod. Nil where that
// changes what is said there already, or where it cannot be told where to write it. It is
// unsafe: what had no effect has one then.
func moveSecurity(p *checks.ObjectPass, context *kube.Node, c *kube.Container, ofContainers, ofPods []string) *checks.Fix {
	misplaced, title := ofContainers, "Move %s to the containers"
	var targets []*kube.Node
	for _, pod := range p.Pods {
		switch {
		case c == nil && pod.Spec.Get("securityContext") == context:
			for _, own := range pod.Containers {
				targets = append(targets, own.Node)
			}
		case c != nil && c.Pod == pod:
			misplaced, title = ofPods, "Move %s to the pod"
			targets = append(targets, pod.Spec)
		}
	}
	var edits []source.Edit
	var names []string
	for _, n := range context.Items {
		if !slices.Contains(misplaced, n.Key) {
			continue
		}
		names = append(names, "`"+n.Key+"`")
		path := []string{"securityContext", n.Key}
		value := n
		if n.Kind == kube.Mapping && len(n.Items) == 1 { // capabilities
			value = n.Items[0]
			path = append(path, value.Key)
		}
		removed := p.Remove(n)
		if removed == nil || value.Kind == kube.Mapping || value.Kind == kube.Null {
			return nil
		}
		edits = append(edits, removed...)
		for _, to := range targets {
			if to.Get("securityContext", n.Key) != nil {
				continue // which counts already
			}
			text := p.Object.Document.Slice(value.Span)
			if value.Kind == kube.Sequence {
				const limit = 200
				text = value.Flow(limit)
			}
			inserted := p.Insert(to, text, path...)
			if inserted == nil {
				return nil
			}
			edits = together(edits, inserted)
		}
	}
	if len(edits) == 0 {
		return nil
	}
	return &checks.Fix{Title: fmt.Sprintf(title, list(names)), Safety: checks.Unsafe, Edits: edits}
}
