package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// containerLowPort knows that containerd 1.x and CRI-O do not let anybody but root open
// ports below 1024, unlike Docker and containerd 2. Where the application is told its port
// by the chart or manifest, it moves with everything that asks there.
// https://github.com/kubernetes/kubernetes/pull/102612
var containerLowPort = page(checks.Rule{
	ID: "container-low-port", Title: "Port below 1024 without root", Since: "0.1.0", Severity: checks.Warning,
	Replaces: []checks.Replaced{{ID: "KSV-0117", Because: "it knows who runs as root, and which runtimes let others open low ports"}},
	Release:  checkContainerLowPort,
})

func checkContainerLowPort(p *checks.ReleasePass) {
	for _, pod := range p.Release.Pods {
		for _, c := range pod.Containers {
			if !pod.Windows() && withoutRoot(c, p.Image(c)) && !mayBindLow(c) {
				checkLowPorts(p, c)
			}
		}
	}
}

func checkLowPorts(p *checks.ReleasePass, c *kube.Container) {
	heard, sure := listening(p, c)
	said := map[int]bool{}
	report := func(port int, o *kube.Object, origin kube.Origin) {
		if port <= 0 || port >= unprivilegedStart || said[port] {
			return
		}
		said[port] = true
		var fix *checks.Fix
		if sure {
			fix = liftPort(p, c, heard, port)
		}
		p.Report(o, origin, checks.Finding{
			Key: containerKey(c, fmt.Sprintf("containerPort %d", port)),
			Message: fmt.Sprintf("%s listens on port %d and does not run as root: containerd before 2.0 and CRI-O, OpenShift's runtime, do not let it.",
				containerName(c), port),
			Help: fmt.Sprintf("Listen on %d and keep the Service's `port`: callers see no difference. Or allow it with the sysctl `net.ipv4.ip_unprivileged_port_start`, which is a safe one.", instead(port)),
			Fix:  fix,
		})
	}
	for _, port := range c.Ports() {
		if sure && len(heard) > 0 && port.Protocol == "TCP" && !slices.Contains(portsOf(heard), int(port.Number)) {
			continue // it listens elsewhere, of which ports-apart speaks
		}
		report(int(port.Number), c.Pod.Object, c.Pod.Object.Where(port.Node.Get("containerPort")))
	}
	for _, s := range heard {
		if s.object != nil { // what the Dockerfile says is privileged-port's
			report(s.port, c.Pod.Object, s.origin) // the pod's, though it may stand in a ConfigMap
		}
	}
}

// liftPort is the fix that has the application listen on a port that is free to all, and
// moves whoever asks on the old one with it; nil where one of the places cannot be changed
// or the new port is taken. All that is heard must be known.
func liftPort(p *checks.ReleasePass, c *kube.Container, heard []saidPort, from int) *checks.Fix {
	if c.Role != kube.Regular || regular(c.Pod) > 1 {
		return nil // which container a Service means cannot be told
	}
	to := instead(from)
	told := slices.ContainsFunc(heard, func(s saidPort) bool { return s.port == from })
	if !told || slices.Contains(portsOf(heard), to) {
		return nil
	}
	places := slices.DeleteFunc(slices.Concat(heard, askedPorts(p, c)), func(s saidPort) bool { return s.port != from })
	edits := renumber(p, places, to)
	if edits == nil {
		return nil
	}
	return &checks.Fix{
		Title:  fmt.Sprintf("Have %s listen on %d instead of %d, and be asked there", checks.Code(c.Name), to, from),
		Safety: checks.Unsafe, Edits: edits,
	}
}

// withoutRoot reports whether a container is known not to run as root.
func withoutRoot(c *kube.Container, image *checks.Image) bool {
	if uid, ok := numberOf(c); ok {
		return uid != 0
	}
	if c.Security("runAsNonRoot").Is(true) {
		return true
	}
	user, known := image.User()
	return known && !base.IsRoot(user)
}

// mayBindLow reports whether the container may open low ports all the same. A capability
// helps only a program whose file has it too, but whoever adds it has thought of it.
func mayBindLow(c *kube.Container) bool {
	add := c.Node.List("securityContext", "capabilities", "add")
	if slices.ContainsFunc(add, func(n *kube.Node) bool {
		return slices.Contains([]string{"NET_BIND_SERVICE", "CAP_NET_BIND_SERVICE", "ALL"}, strings.ToUpper(n.Text()))
	}) {
		return true
	}
	return slices.ContainsFunc(c.Pod.Spec.List("securityContext", "sysctls"), func(n *kube.Node) bool {
		return n.Text("name") == "net.ipv4.ip_unprivileged_port_start"
	}) || c.Pod.Spec.Is(true, "hostNetwork")
}
