package rules

import (
	"slices"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// privilegeEscalation is the control "Privilege Escalation" of the Pod Security Standard
// restricted.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
var privilegeEscalation = page(checks.Rule{
	ID: "privilege-escalation", Title: "Container may gain privileges", Since: "0.1.0", Severity: checks.Warning, Refused: checks.Restricted,
	Replaces: []checks.Replaced{{ID: "KSV-0001", Because: "it leaves Windows out, where the field is refused"}},
	Object:   checkPrivilegeEscalation,
})

func checkPrivilegeEscalation(p *checks.ObjectPass) {
	const field = "allowPrivilegeEscalation"
	for c := range linuxContainers(p) {
		n := c.Node.Get("securityContext", field)
		f := checks.Finding{
			Key:  containerKey(c, field),
			Help: "Set `allowPrivilegeEscalation: false`: programs with the set-user-ID bit, such as `sudo`, then run without it.",
		}
		refused := refusesFalse(c)
		if refused {
			f.Help = "Take away `privileged` or the capability `SYS_ADMIN` first: beside them Kubernetes refuses the value `false` or does not heed it."
		}
		switch {
		case n == nil:
			f.Message = containerName(c) + " may gain privileges: `allowPrivilegeEscalation` is not set, which allows it."
			if !refused {
				f.Fix = insertFix(p, c.Node, "false", "Set `allowPrivilegeEscalation: false`", "securityContext", field)
			}
			p.Report(p.Object.WhereAbsent(c.Node, "securityContext", field), f)
		case n.Is(true):
			f.Message = containerName(c) + " may gain privileges: `allowPrivilegeEscalation` is `true`."
			if !refused {
				f.Fix = replaceFix(p, n, "false", "Set `allowPrivilegeEscalation: false`", checks.Unsafe)
			}
			p.Report(p.Object.Where(n), f)
		}
	}
}

// refusesFalse reports whether the value false would be refused, because the container is
// privileged, or not be heeded, because of the capability SYS_ADMIN.
// https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
func refusesFalse(c *kube.Container) bool {
	if c.Node.Get("securityContext").Is(true, "privileged") {
		return true
	}
	return slices.ContainsFunc(c.Node.List("securityContext", "capabilities", "add"), func(n *kube.Node) bool {
		return n.Text() == "SYS_ADMIN" || n.Text() == "CAP_SYS_ADMIN"
	})
}
