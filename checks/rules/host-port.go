package rules

import (
	"fmt"

	"github.com/chiselbot/chiselbot/checks"
)

// hostPort is the control "Host Ports" of the Pod Security Standard baseline.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
var hostPort = page(checks.Rule{
	ID: "host-port", Title: "Container listens on a port of the node", Since: "0.1.0", Severity: checks.Warning, Refused: checks.Baseline,
	Replaces: []checks.Replaced{{ID: "KSV-0024", Because: "it names the container that takes the port and not its neighbours"}},
	Object:   checkHostPort,
})

func checkHostPort(p *checks.ObjectPass) {
	for c := range containers(p) {
		for _, port := range c.Ports() {
			n := port.Node.Get("hostPort")
			if n == nil || n.Text() == "0" {
				continue
			}
			p.Report(p.Object.Where(n), checks.Finding{
				Key:     containerKey(c, "hostPort "+n.Text()),
				Message: fmt.Sprintf("%s takes port %s of its node: only one such pod fits on a node, and the port is open to the node's network.", containerName(c), checks.Code(n.Text())),
				Help:    "Delete `hostPort` and reach the pod through a Service.",
				Fix:     removeFix(p, n, "Delete `hostPort`"),
			})
		}
	}
}
