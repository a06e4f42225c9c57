package rules

import (
	"fmt"
	"slices"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
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
		for _, n := range context.Items {
			f := checks.Finding{Key: key + " " + n.Key}
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
