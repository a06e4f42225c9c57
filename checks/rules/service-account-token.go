package rules

import (
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// serviceAccountToken looks for what the token is good for: without a role that is bound
// to the account, only for whoever breaks in.
// https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#opt-out-of-api-credential-automounting
var serviceAccountToken = page(checks.Rule{
	ID: "service-account-token", Title: "Token of the cluster without need", Since: "0.1.0", Severity: checks.Notice,
	Replaces: []checks.Replaced{{ID: "KSV-0036", Because: "it looks for what the token is good for"}},
	Object:   checkServiceAccountToken,
})

func checkServiceAccountToken(p *checks.ObjectPass) {
	const field = "automountServiceAccountToken"
	for _, pod := range p.Pods {
		n := pod.Spec.Get(field)
		if n.Is(false) || len(pod.Containers) == 0 || tokenNeeded(p, pod) {
			continue
		}
		f := checks.Finding{
			Key:     "pod " + field,
			Message: "The pod's containers get a token for the cluster's API, but nothing here gives its account any rights.",
			Help:    "Set `automountServiceAccountToken: false`, unless the program asks the API all the same.",
		}
		if n == nil {
			f.Fix = insertFix(p, pod.Spec, "false", "Do not mount the token", field)
			p.Report(p.Object.WhereAbsent(pod.Spec, field), f)
			continue
		}
		f.Fix = replaceFix(p, n, "false", "Do not mount the token", checks.Unsafe)
		p.Report(p.Object.Where(n), f)
	}
}

// tokenNeeded reports whether the pod's account may have rights, by what is applied with
// the pod. An account that is made elsewhere may have any.
func tokenNeeded(p *checks.ObjectPass, pod *kube.Pod) bool {
	name := pod.Spec.Text("serviceAccountName")
	if name == "" {
		name = pod.Spec.Text("serviceAccount")
	}
	own := name == "" || name == "default"
	for _, o := range p.Release.Objects {
		switch o.Kind {
		case "ServiceAccount":
			if o.Name != name {
				continue
			}
			own = true
			if o.Root.Is(false, "automountServiceAccountToken") {
				return true // it is not mounted
			}
			// The clouds exchange the token for one of theirs.
			if annotations := o.Root.Get("metadata", "annotations"); annotations != nil {
				for _, a := range annotations.Items {
					if strings.HasPrefix(a.Key, "azure.workload.identity/") || a.Key == "eks.amazonaws.com/role-arn" || a.Key == "iam.gke.io/gcp-service-account" {
						return true
					}
				}
			}
		case "RoleBinding", "ClusterRoleBinding":
			for _, s := range o.Root.List("subjects") {
				if s.Text("kind") != "ServiceAccount" || s.Text("name") == name || name == "" && s.Text("name") == "default" {
					return true
				}
			}
		}
	}
	return !own
}
