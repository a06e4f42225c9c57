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
// ports below 1024, unlike Docker and containerd 2.
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
	for _, port := range c.Ports() {
		if port.Number <= 0 || port.Number >= unprivilegedStart {
			continue
		}
		object := c.Pod.Object
		p.Report(object, object.Where(port.Node.Get("containerPort")), checks.Finding{
			Key: containerKey(c, fmt.Sprintf("containerPort %d", port.Number)),
			Message: fmt.Sprintf("%s listens on port %d and does not run as root: containerd before 2.0 and CRI-O, OpenShift's runtime, do not let it.",
				containerName(c), port.Number),
			Help: fmt.Sprintf("Listen on %d and keep the Service's `port`: callers see no difference. Or allow it with the sysctl `net.ipv4.ip_unprivileged_port_start`, which is a safe one.", instead(int(port.Number))),
			Fix:  listenAbove(p, c, int(port.Number)),
		})
	}
}

// listenAbove is the fix that has the application listen on a higher port and moves with
// it what names the port; nil where the objects are not what tells the application to
// listen there, and there alone.
func listenAbove(p *checks.ReleasePass, c *kube.Container, port int) *checks.Fix {
	if c.Role != kube.Regular || regular(c.Pod) > 1 {
		return nil // which container a Service means cannot be told
	}
	heard, sure := listening(p, c)
	if !sure || len(heard) == 0 || slices.ContainsFunc(heard, func(h saidPort) bool { return h.port != port || h.object == nil }) {
		return nil
	}
	asked := slices.DeleteFunc(askedPorts(p, c), func(s saidPort) bool { return s.port != port })
	return movePorts(p, c, append(heard, asked...), []saidPort{{port: instead(port)}})
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
