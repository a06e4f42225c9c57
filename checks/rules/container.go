package rules

import (
	"iter"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// containers are all containers of the object's pods.
func containers(p *checks.ObjectPass) iter.Seq[*kube.Container] {
	return func(yield func(*kube.Container) bool) {
		for _, pod := range p.Pods {
			for _, c := range pod.Containers {
				if !yield(c) {
					return
				}
			}
		}
	}
}

// linuxContainers leaves out the pods on Windows, where the kernel's means do not exist.
func linuxContainers(p *checks.ObjectPass) iter.Seq[*kube.Container] {
	return func(yield func(*kube.Container) bool) {
		for c := range containers(p) {
			if !c.Pod.Windows() && !yield(c) {
				return
			}
		}
	}
}

var roleNames = map[kube.Role]string{kube.Regular: "container", kube.Init: "init container", kube.Ephemeral: "ephemeral container"}

// containerKey names a part of a container in a finding's key.
func containerKey(c *kube.Container, field string) string {
	return roleNames[c.Role] + " " + c.Name + " " + field
}

// containerName is the container at the beginning of a sentence.
func containerName(c *kube.Container) string {
	name := roleNames[c.Role]
	return "The " + name + " " + checks.Code(c.Name)
}

// inSecurityContexts calls each for the security context of the pods and of their
// containers, with what has it as the beginning of a sentence and in a key.
func inSecurityContexts(p *checks.ObjectPass, each func(context *kube.Node, name, key string, c *kube.Container)) {
	for _, pod := range p.Pods {
		if n := pod.Spec.Get("securityContext"); n != nil {
			each(n, "The pod", "pod", nil)
		}
		for _, c := range pod.Containers {
			if n := c.Node.Get("securityContext"); n != nil {
				each(n, containerName(c), strings.TrimSpace(containerKey(c, "")), c)
			}
		}
	}
}

// userNamespace reports whether the pod has user namespaces, in which root is not the
// node's root.
// https://kubernetes.io/docs/concepts/workloads/pods/user-namespaces/
func userNamespace(p *kube.Pod) bool { return p.Spec.Is(false, "hostUsers") }

// replaceFix is the fix that gives a node another text; nil where the text does not
// stand anywhere as it is.
func replaceFix(p *checks.ObjectPass, n *kube.Node, text, title string, safety checks.Safety) *checks.Fix {
	edits := p.Replace(n, text)
	if edits == nil {
		return nil
	}
	return &checks.Fix{Title: title, Safety: safety, Edits: edits}
}

// insertFix is the fix that gives a mapping a field; nil where it cannot be told where
// the field would have to be written. What a container may no longer do can break it.
func insertFix(p *checks.ObjectPass, mapping *kube.Node, value, title string, path ...string) *checks.Fix {
	edits := p.Insert(mapping, value, path...)
	if edits == nil {
		return nil
	}
	return &checks.Fix{Title: title, Safety: checks.Unsafe, Edits: edits}
}

// removeFix is the fix that takes a field away; nil where the field is not written on lines
// of its own.
func removeFix(p *checks.ObjectPass, n *kube.Node, title string) *checks.Fix {
	edits := p.Remove(n)
	if edits == nil {
		return nil
	}
	return &checks.Fix{Title: title, Safety: checks.Unsafe, Edits: edits}
}
