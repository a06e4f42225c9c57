package fixes

import (
	"fmt"
	"path"
	"slices"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// An override is what a patch says about a container that may not go with another image: a
// port, a program, or that it runs as root.
type override struct {
	port    int
	program string
	root    bool
	at      kube.Place
}

// overrides are what a container without an image says: it belongs to a patch, which
// kustomize lays over the object of the same kind and name.
// https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/
func overrides(c *kube.Container, where func(*kube.Node) kube.Place) []override {
	var all []override
	for _, p := range c.Ports() {
		if p.Number > 0 {
			all = append(all, override{port: int(p.Number), at: where(p.Node.Get("containerPort"))})
		}
	}
	for _, h := range c.Handlers() {
		for _, way := range []string{"httpGet", "tcpSocket", "grpc"} {
			if n, ok := h.Node.Get(way).Int("port"); ok {
				all = append(all, override{port: int(n), at: where(h.Node.Get(way, "port"))})
			}
		}
		if words := h.Node.List("exec", "command"); len(words) > 0 {
			all = append(all, override{program: words[0].Text(), at: where(words[0])})
		}
	}
	if words := c.Node.List("command"); len(words) > 0 {
		all = append(all, override{program: words[0].Text(), at: where(words[0])})
	}
	if n, ok := c.Node.Int("securityContext", "runAsUser"); ok && n == 0 {
		all = append(all, override{root: true, at: where(c.Node.Get("securityContext", "runAsUser"))})
	}
	return all
}

// patched leaves to a person what patches say about the image's containers and the plan
// does not change.
func (p *Plan) patched(all *look, uses []use) {
	for _, u := range all.uses {
		if u.image != "" || !slices.ContainsFunc(uses, func(o use) bool { return o.object == u.object && o.container == u.container }) {
			continue
		}
		p.given(u)
		for _, o := range u.overrides {
			says, help := "", "Take it away or say it without that program, then ask again."
			switch {
			case p.Ports[o.port] != 0:
				says = fmt.Sprintf("says port %d, from which the application moves to %d", o.port, p.Ports[o.port])
				help = fmt.Sprintf("Name the port here instead of its number, or take it away, then ask again. Or make the whole change by hand, with %d here.", p.Ports[o.port])
			case o.root:
				says, help = "has it run as root, and the plan has the pod refuse that", "Take it away, then ask again."
			case slices.Contains([]string{"sh", "bash", "ash", "cat", "curl", "nc", "pgrep", "sleep", "wget"}, path.Base(o.program)):
				says = fmt.Sprintf("calls %s, which a chiseled image does not have", checks.Code(o.program))
			default:
				continue
			}
			r := Reason{
				ID: p.Recipe, Verdict: NeedsPerson, At: Place(o.at), Help: help,
				Message: fmt.Sprintf("This patch of the container `%s` of `%s`, which runs the image, %s.", u.container, u.object, says),
			}
			if !slices.Contains(p.Reasons, r) {
				p.Reasons = append(p.Reasons, r)
			}
		}
	}
}
