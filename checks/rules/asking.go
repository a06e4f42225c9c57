package rules

import (
	"strconv"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

// askedPorts are the TCP ports on which somebody expects the container to listen: its
// own containerPort, its probes and hooks, the Services and NetworkPolicies that select
// its pod, and the annotations of Prometheus and Dapr. A port that is given by a name is
// the containerPort of that name, and is not listed again.
func askedPorts(p *checks.ReleasePass, c *kube.Container) []saidPort {
	var asked []saidPort
	object := c.Pod.Object
	add := func(o *kube.Object, n *kube.Node, what string, hint bool) {
		if port, err := strconv.ParseUint(n.Text(), 10, 16); err == nil && port > 0 {
			said := saidIn(o, n, 0, n.Text(), int(port), what)
			said.hint = hint
			asked = append(asked, said)
		}
	}
	for _, port := range c.Ports() {
		if port.Protocol == "TCP" {
			add(object, port.Node.Get("containerPort"), "`containerPort`", false)
		}
	}
	for _, h := range c.Handlers() {
		for _, action := range []string{"httpGet", "tcpSocket", "grpc"} {
			add(object, h.Node.Get(action, "port"), "the `"+h.Name+"`", false)
		}
		if n := len(asked); n > 0 && h.Node.Text("httpGet", "scheme") == "HTTPS" {
			asked[n-1].tls = true
		}
	}
	if len(c.Pod.Containers) > 1 && regular(c.Pod) > 1 {
		return asked // which of the containers is meant cannot be told
	}
	if annotations := c.Pod.Node.Get("metadata", "annotations"); annotations != nil {
		for _, name := range []string{"prometheus.io/port", "dapr.io/app-port"} {
			add(object, annotations.Get(name), "the annotation `"+name+"`", true)
		}
	}
	for _, o := range p.Release.Objects {
		switch {
		case o.Kind == "Service" && o.Group() == "" && selects(o.Root.Get("spec", "selector"), c.Pod):
			for _, port := range o.Root.List("spec", "ports") {
				if protocol := port.Text("protocol"); protocol != "" && protocol != "TCP" {
					continue
				}
				if target := port.Get("targetPort"); target != nil {
					add(o, target, "`targetPort` of the Service "+checks.Code(o.Name), false)
					continue
				}
				before := len(asked)
				add(o, port.Get("port"), "the Service "+checks.Code(o.Name)+" without a `targetPort`", false)
				for n := range asked[before:] {
					// Its own port is the callers'.
					asked[before+n].key = ""
					asked[before+n].edits = func(number string) []source.Edit { return p.Insert(o, port, number, "targetPort") }
				}
			}
		case o.Kind == "NetworkPolicy" && selects(o.Root.Get("spec", "podSelector", "matchLabels"), c.Pod):
			for _, rule := range o.Root.List("spec", "ingress") {
				for _, port := range rule.List("ports") {
					if protocol := port.Text("protocol"); (protocol == "" || protocol == "TCP") && port.Get("endPort") == nil {
						add(o, port.Get("port"), "the NetworkPolicy "+checks.Code(o.Name), true)
					}
				}
			}
		}
	}
	return asked
}

// regular is how many containers of a pod may be meant by a Service: init containers that
// end are not.
func regular(pod *kube.Pod) int {
	n := 0
	for _, c := range pod.Containers {
		if c.Role == kube.Regular || c.Sidecar() {
			n++
		}
	}
	return n
}

// selects reports whether a selector's labels are all among the pod's. An empty one
// selects nothing that is certain.
func selects(selector *kube.Node, pod *kube.Pod) bool {
	return labelled(selector, pod.Node.Get("metadata", "labels"))
}

// labelled reports whether all of some labels are among others.
func labelled(wanted, labels *kube.Node) bool {
	if wanted == nil || wanted.Kind != kube.Mapping || len(wanted.Items) == 0 {
		return false
	}
	for _, w := range wanted.Items {
		if strings.TrimSpace(w.Text()) == "" || labels.Text(w.Key) != w.Text() {
			return false
		}
	}
	return true
}
