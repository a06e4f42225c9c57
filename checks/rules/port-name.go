package rules

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// portName looks for names of ports that no container has: Kubernetes accepts them, and
// the probe fails or the Service has no endpoint.
// https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports
var portName = page(checks.Rule{
	ID: "port-name", Title: "Name of a port that no container has", Since: "0.1.0", Severity: checks.Error,
	Release: checkPortName,
})

func checkPortName(p *checks.ReleasePass) {
	for _, pod := range p.Release.Pods {
		for _, c := range pod.Containers {
			for _, h := range c.Handlers() {
				for _, action := range []string{"httpGet", "tcpSocket"} {
					n := h.Node.Get(action, "port")
					if name, ok := named(n); ok && !hasPort(c, name) {
						p.Report(pod.Object, pod.Object.Where(n), checks.Finding{
							Key:     containerKey(c, h.Name+" port"),
							Message: fmt.Sprintf("The `%s` asks the port %s, but the container %s has no port of that name: it always fails.", h.Name, checks.Code(name), checks.Code(c.Name)),
							Help:    portNameHelp(c),
							Fix:     onlyNameFix(p, pod.Object, n, c),
						})
					}
				}
			}
		}
	}
	for _, o := range p.Release.Objects {
		switch {
		case o.Kind == "Service" && o.Group() == "":
			checkTargetPorts(p, o)
		case (o.Kind == "ServiceMonitor" || o.Kind == "PodMonitor") && o.Group() == "monitoring.coreos.com":
			checkMonitored(p, o)
		}
	}
}

// checkTargetPorts looks at the ports to which a Service sends.
func checkTargetPorts(p *checks.ReleasePass, service *kube.Object) {
	if service.Root.Text("spec", "clusterIP") == "None" {
		return // callers of a headless Service get the pods' addresses, and choose the port
	}
	pods := selected(p, service.Root.Get("spec", "selector"))
	for _, port := range service.Root.List("spec", "ports") {
		n := port.Get("targetPort")
		name, ok := named(n)
		if !ok || len(pods) == 0 || anyHasPort(pods, name) {
			continue
		}
		p.Report(service, service.Where(n), checks.Finding{
			Key:     "targetPort " + name,
			Message: fmt.Sprintf("The Service %s sends to the port %s, but no container of the pods that it selects has a port of that name: nothing answers.", checks.Code(service.Name), checks.Code(name)),
			Help:    portNameHelp(pods[0].Containers...),
			Fix:     onlyNameFix(p, service, n, containersOf(pods)...),
		})
	}
}

// meshPorts are names of ports of containers that service meshes add to pods.
var meshPorts = []string{"http-envoy-prom", "linkerd-admin"}

// checkMonitored looks at the ports of pods that the operator of Prometheus is told.
// https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PodMetricsEndpoint
func checkMonitored(p *checks.ReleasePass, monitor *kube.Object) {
	selector := monitor.Root.Get("spec", "selector")
	if selector.Get("matchExpressions") != nil || monitor.Root.Get("spec", "namespaceSelector") != nil {
		return // pods from elsewhere may be meant
	}
	list, fields := "podMetricsEndpoints", []string{"port", "targetPort"}
	pods := selected(p, selector.Get("matchLabels"))
	if monitor.Kind == "ServiceMonitor" {
		list, fields, pods = "endpoints", []string{"targetPort"}, nil // its `port` is one of the Service
		for _, o := range p.Release.Objects {
			if o.Kind == "Service" && o.Group() == "" && labelled(selector.Get("matchLabels"), o.Root.Get("metadata", "labels")) {
				pods = append(pods, selected(p, o.Root.Get("spec", "selector"))...)
			}
		}
	}
	for _, endpoint := range monitor.Root.List("spec", list) {
		for _, field := range fields {
			n := endpoint.Get(field)
			name, ok := named(n)
			if !ok || len(pods) == 0 || anyHasPort(pods, name) || slices.Contains(meshPorts, name) {
				continue
			}
			p.Report(monitor, monitor.Where(n), checks.Finding{
				Severity: checks.Warning, // the application itself works
				Key:      field + " " + name,
				Message:  fmt.Sprintf("The %s %s asks the port %s, but no container of the pods that it selects has a port of that name: Prometheus gets no metrics.", monitor.Kind, checks.Code(monitor.Name), checks.Code(name)),
				Help:     portNameHelp(pods[0].Containers...),
			})
		}
	}
}

// named is the name in a port that is given by one.
func named(n *kube.Node) (string, bool) {
	name := n.Text()
	_, err := strconv.Atoi(name)
	return name, name != "" && err != nil
}

func hasPort(c *kube.Container, name string) bool {
	return slices.ContainsFunc(c.Ports(), func(p kube.Port) bool { return p.Name == name })
}

func anyHasPort(pods []*kube.Pod, name string) bool {
	return slices.ContainsFunc(pods, func(pod *kube.Pod) bool {
		return slices.ContainsFunc(pod.Containers, func(c *kube.Container) bool { return hasPort(c, name) })
	})
}

// selected are the pods of the release that have the labels of a selector.
func selected(p *checks.ReleasePass, selector *kube.Node) []*kube.Pod {
	var pods []*kube.Pod
	for _, pod := range p.Release.Pods {
		if selects(selector, pod) {
			pods = append(pods, pod)
		}
	}
	return pods
}

func containersOf(pods []*kube.Pod) []*kube.Container {
	var all []*kube.Container
	for _, pod := range pods {
		all = append(all, pod.Containers...)
	}
	return all
}

// onlyNameFix writes the name of the port of containers that have one port and a name for
// it; nil where they have several.
func onlyNameFix(p *checks.ReleasePass, o *kube.Object, n *kube.Node, containers ...*kube.Container) *checks.Fix {
	name := ""
	for _, c := range containers {
		for _, port := range c.Ports() {
			if port.Name == "" || name != "" && port.Name != name {
				return nil
			}
			name = port.Name
		}
	}
	edits := p.Replace(o, n, name)
	if name == "" || edits == nil {
		return nil
	}
	return &checks.Fix{Title: "Write " + checks.Code(name) + ", the name of the port", Safety: checks.Unsafe, Edits: edits}
}

func portNameHelp(containers ...*kube.Container) string {
	var names []string
	for _, c := range containers {
		for _, p := range c.Ports() {
			if p.Name != "" {
				names = append(names, checks.Code(p.Name))
			}
		}
	}
	if len(names) == 0 {
		return "Give the container's port that name in `ports`."
	}
	return "Write one of the names that there are, " + list(names) + ", or give the container's port that name."
}
