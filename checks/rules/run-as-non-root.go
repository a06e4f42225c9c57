package rules

import (
	"slices"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// runAsNonRoot is the control "Running as Non-root" of the Pod Security Standard
// restricted.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
var runAsNonRoot = page(checks.Rule{
	ID: "run-as-non-root", Title: "Nothing keeps the pod from running as root", Since: "0.1.0", Severity: checks.Warning, Refused: checks.Restricted,
	Replaces: []checks.Replaced{
		{ID: "KSV-0012", Because: "it knows pods in user namespaces, and says it once for a pod"},
		{ID: "KSV-0118", Because: "it says which field of the security context is missing"},
	},
	Object: checkRunAsNonRoot,
})

const nonRootHelp = "Set `runAsNonRoot: true`: a container whose user is root, or cannot be told, is then not started."

func checkRunAsNonRoot(p *checks.ObjectPass) {
	for _, pod := range p.Pods {
		if userNamespace(pod) || len(pod.Containers) == 0 {
			continue
		}
		sayFalse(p, pod)
		var open []*kube.Container
		for _, c := range pod.Containers {
			if c.Security("runAsNonRoot") == nil {
				open = append(open, c)
			}
		}
		if len(open) == len(pod.Containers) {
			p.Report(p.Object.WhereAbsent(pod.Spec, "securityContext", "runAsNonRoot"), checks.Finding{
				Key:     "pod runAsNonRoot",
				Message: "Nothing keeps the pod's containers from running as root: `runAsNonRoot` is not set.",
				Help:    nonRootHelp,
				Fix:     nonRootFix(p, pod.Spec, "Set `runAsNonRoot: true` for the pod", pod.Containers...),
			})
			continue
		}
		for _, c := range open {
			p.Report(p.Object.WhereAbsent(c.Node, "securityContext", "runAsNonRoot"), checks.Finding{
				Key:     containerKey(c, "runAsNonRoot"),
				Message: containerName(c) + " may run as root: neither it nor the pod sets `runAsNonRoot`.",
				Help:    nonRootHelp,
				Fix:     nonRootFix(p, c.Node, "Set `runAsNonRoot: true`", c),
			})
		}
	}
}

// startsAsRoot reports whether one of the containers is known to run as root: it would not
// be started any more.
func startsAsRoot(p *checks.ObjectPass, containers []*kube.Container) bool {
	return slices.ContainsFunc(containers, func(c *kube.Container) bool {
		uid, set := numberOf(c)
		user, known := p.Image(c).User()
		return set && uid == 0 || !set && known && base.IsRoot(user)
	})
}

// nonRootFix sets the field, unless one of the containers would not be started then.
func nonRootFix(p *checks.ObjectPass, mapping *kube.Node, title string, containers ...*kube.Container) *checks.Fix {
	if startsAsRoot(p, containers) {
		return nil
	}
	return insertFix(p, mapping, "true", title, "securityContext", "runAsNonRoot")
}

// sayFalse finds runAsNonRoot where it says false.
func sayFalse(p *checks.ObjectPass, pod *kube.Pod) {
	report := func(n *kube.Node, name, key string, containers ...*kube.Container) {
		if !n.Is(false) {
			return
		}
		var fix *checks.Fix
		if !startsAsRoot(p, containers) {
			fix = replaceFix(p, n, "true", "Set `runAsNonRoot: true`", checks.Unsafe)
		}
		p.Report(p.Object.Where(n), checks.Finding{
			Key:     key,
			Message: name + " says `runAsNonRoot: false`: it may run as root.",
			Help:    nonRootHelp,
			Fix:     fix,
		})
	}
	report(pod.Spec.Get("securityContext", "runAsNonRoot"), "The pod", "pod runAsNonRoot", pod.Containers...)
	for _, c := range pod.Containers {
		report(c.Node.Get("securityContext", "runAsNonRoot"), containerName(c), containerKey(c, "runAsNonRoot"), c)
	}
}
