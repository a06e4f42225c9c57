package rules

import (
	"fmt"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// runAsRoot is the control "Running as Non-root user" of the Pod Security Standard
// restricted.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
var runAsRoot = page(checks.Rule{
	ID: "run-as-root", Title: "Pod runs as root", Since: "0.1.0", Severity: checks.Warning, Refused: checks.Restricted,
	Replaces: []checks.Replaced{{ID: "KSV-0105", Because: "it knows pods in user namespaces"}},
	Object:   checkRunAsRoot,
})

func checkRunAsRoot(p *checks.ObjectPass) {
	for _, pod := range p.Pods {
		if userNamespace(pod) {
			continue
		}
		report := func(n *kube.Node, name, key string, c *kube.Container) {
			if uid, ok := n.Int(); !ok || uid != 0 {
				return
			}
			f := checks.Finding{
				Key:     key,
				Message: name + " runs as root: `runAsUser` is 0.",
				Help:    "Delete it if the image has a user of its own, otherwise write that user's number.",
			}
			if c != nil {
				image := p.Image(c)
				if user, known := image.User(); known && !base.IsRoot(user) {
					if own := accountOf(image); own != "" {
						f.Fix = replaceFix(p, n, own, fmt.Sprintf("Run as %s, the image's own user", own), checks.Unsafe)
					}
				}
			}
			p.Report(p.Object.Where(n), f)
		}
		report(pod.Spec.Get("securityContext", "runAsUser"), "The pod", "pod runAsUser", only(pod))
		for _, c := range pod.Containers {
			report(c.Node.Get("securityContext", "runAsUser"), containerName(c), containerKey(c, "runAsUser"), c)
		}
	}
}

// only is the one container of a pod, nil where it has several.
func only(pod *kube.Pod) *kube.Container {
	if len(pod.Containers) != 1 {
		return nil
	}
	return pod.Containers[0]
}
