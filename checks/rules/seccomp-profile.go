package rules

import (
	"fmt"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// seccompProfile is the control "Seccomp" of the Pod Security Standards baseline, which
// forbids other values, and restricted, which demands one.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/
var seccompProfile = page(checks.Rule{
	ID: "seccomp-profile", Title: "No filter of system calls", Since: "0.1.0", Severity: checks.Warning, Refused: checks.Restricted,
	Replaces: []checks.Replaced{
		{ID: "KSV-0030", Because: "it says it once for a pod"},
		{ID: "KSV-0104", Because: "it tells a profile that is missing from one that is switched off"},
	},
	Object: checkSeccompProfile,
})

const seccompHelp = "Set `seccompProfile: {type: RuntimeDefault}`: the runtime's filter, which ordinary programs never meet."

func checkSeccompProfile(p *checks.ObjectPass) {
	inSecurityContexts(p, func(context *kube.Node, name, key string, _ *kube.Container) {
		n := context.Get("seccompProfile", "type")
		if n == nil || filters(n) {
			return
		}
		p.Report(p.Object.Where(n), checks.Finding{
			Key:     key + " seccompProfile",
			Message: fmt.Sprintf("%s has no filter of system calls: its seccomp profile is %s.", name, checks.Code(n.Text())),
			Help:    seccompHelp,
			Fix:     replaceFix(p, n, "RuntimeDefault", "Use the seccomp profile `RuntimeDefault`", checks.Unsafe),
		})
	})
	for _, pod := range p.Pods {
		if pod.Windows() {
			continue
		}
		var open []*kube.Container
		for _, c := range pod.Containers {
			if c.Security("seccompProfile").Get("type") == nil {
				open = append(open, c)
			}
		}
		if len(open) > 0 && len(open) == len(pod.Containers) {
			p.Report(p.Object.WhereAbsent(pod.Spec, "securityContext", "seccompProfile"), checks.Finding{
				Key:     "pod seccompProfile",
				Message: "The pod's containers may have no filter of system calls: no seccomp profile is set.",
				Help:    seccompHelp,
				Fix:     insertFix(p, pod.Spec, "RuntimeDefault", "Use the seccomp profile `RuntimeDefault`", "securityContext", "seccompProfile", "type"),
			})
			continue
		}
		for _, c := range open {
			p.Report(p.Object.WhereAbsent(c.Node, "securityContext", "seccompProfile"), checks.Finding{
				Key:     containerKey(c, "seccompProfile"),
				Message: containerName(c) + " may have no filter of system calls: neither it nor the pod sets a seccomp profile.",
				Help:    seccompHelp,
				Fix:     insertFix(p, c.Node, "RuntimeDefault", "Use the seccomp profile `RuntimeDefault`", "securityContext", "seccompProfile", "type"),
			})
		}
	}
}

// filters reports whether a seccomp profile of that type filters system calls.
func filters(n *kube.Node) bool { return n.Text() == "RuntimeDefault" || n.Text() == "Localhost" }
