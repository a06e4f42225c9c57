package rules

import (
	"fmt"
	"slices"

	"github.com/chiselbot/chiselbot/checks"
)

// addedCapabilities is the control "Capabilities" of the Pod Security Standard baseline
// and the second half of that of restricted.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/
var addedCapabilities = page(checks.Rule{
	ID: "added-capabilities", Title: "Container has more capabilities than it should", Since: "0.1.0", Severity: checks.Warning, Refused: checks.Restricted,
	Replaces: []checks.Replaced{
		{ID: "KSV-0005", Because: "it speaks of each capability by name, with what the standards say of it"},
		{ID: "KSV-0022", Because: "it lets NET_BIND_SERVICE pass, as the standards do"},
		{ID: "KSV-0119", Because: "it speaks of each capability by name, with what the standards say of it"},
		{ID: "KSV-0120", Because: "it speaks of each capability by name, with what the standards say of it"},
	},
	Object: checkAddedCapabilities,
})

// baselineCapabilities are those that the standard baseline lets a container add. They
// are what runtimes give anyway, without NET_RAW.
var baselineCapabilities = []string{
	"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE",
	"SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
}

func checkAddedCapabilities(p *checks.ObjectPass) {
	for c := range containers(p) {
		for _, n := range c.Node.List("securityContext", "capabilities", "add") {
			name := n.Text()
			if name == "NET_BIND_SERVICE" || c.Pod.Windows() && slices.Contains(baselineCapabilities, name) {
				continue // restricted leaves Windows out
			}
			f := checks.Finding{
				Key:  containerKey(c, "capabilities.add "+name),
				Help: "Take it away if the program works without; otherwise say in an ignore comment what it is for.",
			}
			if slices.Contains(baselineCapabilities, name) {
				f.Message = fmt.Sprintf("%s adds the capability %s, which the Pod Security Standard `restricted` refuses.", containerName(c), checks.Code(name))
			} else {
				f.Message = fmt.Sprintf("%s adds the capability %s, which even the Pod Security Standard `baseline` refuses.", containerName(c), checks.Code(name))
			}
			p.Report(p.Object.Where(n), f)
		}
	}
}
