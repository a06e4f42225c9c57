package rules

import (
	"fmt"

	"github.com/chiselbot/chiselbot/checks"
)

// procMount is the control "/proc Mount Type" of the Pod Security Standard baseline.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
var procMount = page(checks.Rule{
	ID: "proc-mount", Title: "Unmasked /proc", Since: "0.1.0", Severity: checks.Warning, Refused: checks.Restricted,
	Replaces: []checks.Replaced{{ID: "KSV-0027", Because: "it lets the value Default pass"}},
	Object:   checkProcMount,
})

func checkProcMount(p *checks.ObjectPass) {
	for c := range containers(p) {
		n := c.Node.Get("securityContext", "procMount")
		if n == nil || n.Text() == "Default" {
			continue
		}
		p.Report(p.Object.Where(n), checks.Finding{
			Key:     containerKey(c, "procMount"),
			Message: fmt.Sprintf("%s has `procMount` %s: the kernel's files that runtimes hide are open to it.", containerName(c), checks.Code(n.Text())),
			Help:    "Delete the field; only containers that run containers need it, in a user namespace of their own.",
			Fix:     replaceFix(p, n, "Default", "Set `procMount: Default`", checks.Unsafe),
		})
	}
}
