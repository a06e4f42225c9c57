package rules

import (
	"fmt"

	"github.com/chiselbot/chiselbot/checks"
)

// hostNamespaces is the control "Host Namespaces" of the Pod Security Standard baseline.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
var hostNamespaces = page(checks.Rule{
	ID: "host-namespaces", Title: "Pod shares namespaces of the node", Since: "0.1.0", Severity: checks.Warning, Refused: checks.Baseline,
	Replaces: []checks.Replaced{
		{ID: "KSV-0008", Because: "it says what the pod can do with it"},
		{ID: "KSV-0009", Because: "it says what the pod can do with it"},
		{ID: "KSV-0010", Because: "it says what the pod can do with it"},
	},
	Object: checkHostNamespaces,
})

func checkHostNamespaces(p *checks.ObjectPass) {
	for _, pod := range p.Pods {
		for _, shared := range []struct{ field, effect string }{
			{"hostNetwork", "it sees the node's traffic, and reaches what listens on the node's loopback only"},
			{"hostPID", "it sees all processes of the node, their environment included, and may end them"},
			{"hostIPC", "it reads and writes the shared memory of the node's processes"},
		} {
			n := pod.Spec.Get(shared.field)
			if !n.Is(true) {
				continue
			}
			p.Report(p.Object.Where(n), checks.Finding{
				Key:     "pod " + shared.field,
				Message: fmt.Sprintf("The pod has `%s: true`: %s.", shared.field, shared.effect),
				Help:    "Delete the field. A Service reaches a pod on any port; a debugger can be attached with `kubectl debug`.",
				Fix:     replaceFix(p, n, "false", fmt.Sprintf("Set `%s: false`", shared.field), checks.Unsafe),
			})
		}
	}
}
