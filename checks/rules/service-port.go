package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// servicePort looks at those who reach a Service by one of its ports: Ingresses, and
// Prometheus by the objects of its operator.
// https://kubernetes.io/docs/concepts/services-networking/ingress/#the-ingress-resource
var servicePort = page(checks.Rule{
	ID: "service-port", Title: "Port that the Service does not have", Since: "0.1.0", Severity: checks.Error,
	Release: checkServicePort,
})

func checkServicePort(p *checks.ReleasePass) {
	for _, o := range p.Release.Objects {
		switch {
		case o.Kind == "Ingress" && (o.Group() == "networking.k8s.io" || o.Group() == "extensions"):
			for _, backend := range backends(o.Root.Get("spec")) {
				checkBackend(p, o, backend)
			}
		case o.Kind == "ServiceMonitor" && o.Group() == "monitoring.coreos.com":
			checkMonitor(p, o)
		}
	}
}

// backends are all backends of an Ingress.
func backends(spec *kube.Node) []*kube.Node {
	var all []*kube.Node
	for _, name := range []string{"defaultBackend", "backend"} { // the second until networking.k8s.io/v1
		if b := spec.Get(name); b != nil {
			all = append(all, b)
		}
	}
	for _, rule := range spec.List("rules") {
		for _, path := range rule.List("http", "paths") {
			if b := path.Get("backend"); b != nil {
				all = append(all, b)
			}
		}
	}
	return all
}

func checkBackend(p *checks.ReleasePass, ingress *kube.Object, backend *kube.Node) {
	name, port := backend.Text("service", "name"), backend.Get("service", "port", "name")
	if port == nil {
		port = backend.Get("service", "port", "number")
	}
	if old := backend.Text("serviceName"); old != "" {
		name, port = old, backend.Get("servicePort")
	}
	want := port.Text()
	// With `use-annotation` the AWS Load Balancer Controller takes the backend from an
	// annotation (https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#actions).
	if name == "" || want == "" || want == "use-annotation" {
		return
	}
	var services []*kube.Object
	for _, o := range p.Release.Objects {
		if isService(o) && o.Name == name && o.Namespace == ingress.Namespace {
			services = append(services, o)
		}
	}
	if len(services) == 0 || offered(services, want) {
		return
	}
	p.Report(ingress, ingress.Where(port), checks.Finding{
		Key:     "backend " + name + " port " + want,
		Message: fmt.Sprintf("The Ingress %s sends to the port %s of the Service %s, which has no such port: whoever calls gets an error.", checks.Code(ingress.Name), checks.Code(want), checks.Code(name)),
		Help:    servicePortHelp(services),
		Related: servicesAt(services),
		Fix:     onlyPort(p, ingress, port, services, port.Key == "name"),
	})
}

// onlyPort is the fix that names the one port that there is; nil where there are several.
// A person may rather want to give the Service the other one.
func onlyPort(p *checks.ReleasePass, o *kube.Object, n *kube.Node, services []*kube.Object, byName bool) *checks.Fix {
	ports := services[0].Root.List("spec", "ports")
	if len(services) > 1 || len(ports) > 1 {
		return nil
	}
	text := ports[0].Text("port")
	if byName {
		text = ports[0].Text("name")
	}
	edits := p.Replace(o, n, text)
	if text == "" || edits == nil {
		return nil
	}
	return &checks.Fix{Title: fmt.Sprintf("Name the Service's port, %s", checks.Code(text)), Safety: checks.Unsafe, Edits: edits}
}

// checkMonitor looks at the endpoints of a ServiceMonitor, whose `port` is the name of a
// Service's port.
// https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.Endpoint
func checkMonitor(p *checks.ReleasePass, monitor *kube.Object) {
	selector := monitor.Root.Get("spec", "selector")
	if selector.Get("matchExpressions") != nil || monitor.Root.Get("spec", "namespaceSelector") != nil {
		return // Services from elsewhere may be meant
	}
	var services []*kube.Object
	for _, o := range p.Release.Objects {
		if isService(o) && o.Namespace == monitor.Namespace && labelled(selector.Get("matchLabels"), o.Root.Get("metadata", "labels")) {
			services = append(services, o)
		}
	}
	if len(services) == 0 {
		return
	}
	for _, endpoint := range monitor.Root.List("spec", "endpoints") {
		port := endpoint.Get("port")
		name := port.Text()
		if name == "" || slices.ContainsFunc(services, func(s *kube.Object) bool {
			return slices.ContainsFunc(s.Root.List("spec", "ports"), func(p *kube.Node) bool { return p.Text("name") == name })
		}) {
			continue
		}
		p.Report(monitor, monitor.Where(port), checks.Finding{
			Severity: checks.Warning, // the application itself works
			Key:      "endpoint port " + name,
			Message:  fmt.Sprintf("The ServiceMonitor %s asks the port %s, but none of the Services that it selects has a port of that name: Prometheus gets no metrics.", checks.Code(monitor.Name), checks.Code(name)),
			Help:     servicePortHelp(services),
			Related:  servicesAt(services),
			Fix:      onlyPort(p, monitor, port, services, true),
		})
	}
}

// isService reports whether the object is a Service with ports of its own.
func isService(o *kube.Object) bool {
	return o.Kind == "Service" && o.Group() == "" && o.Root.Text("spec", "type") != "ExternalName" && len(o.Root.List("spec", "ports")) > 0
}

// offered reports whether a Service has a port of that number or name. Some controllers
// take the number or name of a target for it too
// (https://github.com/kubernetes/ingress-nginx/blob/main/internal/ingress/controller/controller.go).
func offered(services []*kube.Object, want string) bool {
	return slices.ContainsFunc(services, func(s *kube.Object) bool {
		return slices.ContainsFunc(s.Root.List("spec", "ports"), func(port *kube.Node) bool {
			return port.Text("port") == want || port.Text("name") == want || port.Text("targetPort") == want
		})
	})
}

func servicePortHelp(services []*kube.Object) string {
	var ports []string
	for _, s := range services {
		for _, port := range s.Root.List("spec", "ports") {
			text := checks.Code(port.Text("port"))
			if name := port.Text("name"); name != "" {
				text = checks.Code(name) + " (" + port.Text("port") + ")"
			}
			if !slices.Contains(ports, text) {
				ports = append(ports, text)
			}
		}
	}
	if len(ports) == 1 {
		return "Write the Service's port, " + ports[0] + ", or give the Service that port."
	}
	return "Write one of the Service's ports, " + strings.Join(ports[:min(len(ports), maxNamed)], ", ") + ", or give the Service that port."
}

// maxNamed is how many ports a help names.
const maxNamed = 8

// servicesAt are the places of the ports of Services.
func servicesAt(services []*kube.Object) []checks.Related {
	var at []checks.Related
	for _, s := range services[:min(len(services), maxNamed)] {
		if place := s.WhereKey(s.Root.Get("spec", "ports")).Place(); !place.IsZero() {
			at = append(at, checks.Related{File: place.File, Span: place.Span, Message: fmt.Sprintf("The ports of the Service %s.", checks.Code(s.Name))})
		}
	}
	return at
}
