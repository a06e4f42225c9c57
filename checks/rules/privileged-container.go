package rules

import (
	"github.com/chiselbot/chiselbot/checks"
)

// privilegedContainer is the control "Privileged Containers" of the Pod Security
// Standard baseline.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
var privilegedContainer = page(checks.Rule{
	ID: "privileged-container", Title: "Privileged container", Since: "0.1.0", Severity: checks.Warning, Refused: checks.Baseline,
	Replaces: []checks.Replaced{{ID: "KSV-0017", Because: "it is an error where the namespace refuses the pod"}},
	Object:   checkPrivilegedContainer,
})

func checkPrivilegedContainer(p *checks.ObjectPass) {
	for c := range containers(p) {
		n := c.Node.Get("securityContext", "privileged")
		if !n.Is(true) {
			continue
		}
		p.Report(p.Object.Where(n), checks.Finding{
			Key:     containerKey(c, "privileged"),
			Message: containerName(c) + " is privileged: it can do on the node what root can do there.",
			Help:    "Delete `privileged` and add the capabilities that the program needs, one by one.",
			Fix:     replaceFix(p, n, "false", "Set `privileged: false`", checks.Unsafe),
		})
	}
}
