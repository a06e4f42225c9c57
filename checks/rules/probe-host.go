package rules

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
)

// probeHost is the control "Host Probes / Lifecycle Hooks" of the Pod Security Standard
// baseline since Kubernetes 1.34.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
var probeHost = page(checks.Rule{
	ID: "probe-host", Title: "Probe of another host", Since: "0.1.0", Severity: checks.Warning,
	Object: checkProbeHost,
})

func checkProbeHost(p *checks.ObjectPass) {
	for c := range containers(p) {
		for _, h := range c.Handlers() {
			for _, action := range []string{"httpGet", "tcpSocket"} {
				n := h.Node.Get(action, "host")
				if n.Text() == "" || loopback(n.Text()) && c.Pod.Spec.Is(true, "hostNetwork") {
					continue
				}
				var fix *checks.Fix
				if loopback(n.Text()) { // the pod itself is meant
					fix = removeFix(p, n, "Delete `host`")
				}
				p.Report(p.Object.Where(n), checks.Finding{
					Fix:     fix,
					Key:     containerKey(c, h.Name+" host"),
					Message: fmt.Sprintf("The %s of %s goes to the host %s: the node sends a request there, whatever that is.", checks.Code(h.Name), checks.Code(c.Name), checks.Code(n.Text())),
					Help:    "Delete `host`: the pod's own address is taken. For a virtual host set the header `Host` in `httpHeaders`.",
				})
			}
		}
	}
}

// loopback reports whether a host is the machine itself. In the node's network that is
// where the pod listens, often nowhere else.
func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback() || strings.EqualFold(host, "localhost")
}
