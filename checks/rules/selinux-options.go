package rules

import (
	"fmt"
	"slices"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// selinuxOptions is the control "SELinux" of the Pod Security Standard baseline.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
var selinuxOptions = page(checks.Rule{
	ID: "selinux-options", Title: "SELinux label of its own", Since: "0.1.0", Severity: checks.Warning, Refused: checks.Baseline,
	Replaces: []checks.Replaced{{ID: "KSV-0025", Because: "it names the field, and knows the type container_engine_t"}},
	Object:   checkSELinuxOptions,
})

func checkSELinuxOptions(p *checks.ObjectPass) {
	types := []string{"container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
	inSecurityContexts(p, func(context *kube.Node, name, key string, _ *kube.Container) {
		for _, field := range []string{"type", "user", "role"} {
			n := context.Get("seLinuxOptions", field)
			if n.Text() == "" || field == "type" && slices.Contains(types, n.Text()) {
				continue
			}
			gone := n
			if options := context.Get("seLinuxOptions"); len(options.Items) == 1 {
				gone = options
			}
			p.Report(p.Object.Where(n), checks.Finding{
				Fix:     removeFix(p, gone, "Delete the SELinux "+field),
				Key:     key + " seLinuxOptions." + field,
				Message: fmt.Sprintf("%s sets the SELinux %s %s: that may allow it what containers may not.", name, field, checks.Code(n.Text())),
				Help:    "Delete it: the runtime gives each pod a label of its own. The types `container_t`, `container_init_t`, `container_kvm_t` and `container_engine_t` are in order.",
			})
		}
	})
}
