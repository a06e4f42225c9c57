package rules

import (
	"fmt"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// apparmorProfile is the control "AppArmor" of the Pod Security Standard baseline.
// https://kubernetes.io/docs/tutorials/security/apparmor/
var apparmorProfile = page(checks.Rule{
	ID: "apparmor-profile", Title: "AppArmor switched off", Since: "0.1.0", Severity: checks.Warning, Refused: checks.Baseline,
	Replaces: []checks.Replaced{{ID: "KSV-0002", Because: "it reads the field appArmorProfile too, and knows profiles of the node"}},
	Object:   checkAppArmorProfile,
})

// apparmorAnnotation is how profiles were named before Kubernetes 1.30.
const apparmorAnnotation = "container.apparmor.security.beta.kubernetes.io/"

func checkAppArmorProfile(p *checks.ObjectPass) {
	const help = "Delete it: the runtime's profile is applied by itself where AppArmor is there."
	inSecurityContexts(p, func(context *kube.Node, name, key string, _ *kube.Container) {
		n := context.Get("appArmorProfile", "type")
		if n == nil || n.Text() == "RuntimeDefault" || n.Text() == "Localhost" {
			return
		}
		p.Report(p.Object.Where(n), checks.Finding{
			Key:     key + " appArmorProfile",
			Message: fmt.Sprintf("%s is not held by AppArmor: its profile is %s.", name, checks.Code(n.Text())),
			Help:    help,
			Fix:     replaceFix(p, n, "RuntimeDefault", "Use the AppArmor profile `RuntimeDefault`", checks.Unsafe),
		})
	})
	for _, pod := range p.Pods {
		annotations := pod.Node.Get("metadata", "annotations")
		if annotations == nil {
			continue
		}
		for _, a := range annotations.Items {
			container, ok := strings.CutPrefix(a.Key, apparmorAnnotation)
			value := a.Text()
			if !ok || value == "" || value == "runtime/default" || strings.HasPrefix(value, "localhost/") {
				continue
			}
			p.Report(p.Object.Where(a), checks.Finding{
				Key:     "container " + container + " appArmorProfile",
				Message: fmt.Sprintf("The container %s is not held by AppArmor: its annotation says %s.", checks.Code(container), checks.Code(value)),
				Help:    help,
			})
		}
	}
}
