package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// probeHandler knows that Kubernetes takes a probe or a hook only with exactly one handler.
// Charts get two of them where values are laid over others: mappings are merged.
// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Probe
var probeHandler = page(checks.Rule{
	ID: "probe-handler", Title: "Probe or hook without exactly one handler", Since: "0.1.0", Severity: checks.Error,
	Object: checkProbeHandler,
})

func checkProbeHandler(p *checks.ObjectPass) {
	for c := range containers(p) {
		for _, h := range c.Handlers() {
			if h.Node.Kind != kube.Mapping || len(h.Node.Items) == 0 {
				continue // an empty one is none
			}
			var names []string
			for _, n := range h.Node.Items {
				if slices.Contains([]string{"exec", "grpc", "httpGet", "sleep", "tcpSocket"}, n.Key) && n.Kind != kube.Null {
					names = append(names, "`"+n.Key+"`")
				}
			}
			f := checks.Finding{Key: containerKey(c, h.Name)}
			switch {
			case len(names) == 0:
				f.Message = fmt.Sprintf("The `%s` of the %s %s does not say how to ask: Kubernetes refuses the object.", h.Name, roleNames[c.Role], checks.Code(c.Name))
				f.Help = "Give it `httpGet`, `tcpSocket`, `grpc` or `exec`, or take it away."
				if h.Name == "preStop" || h.Name == "postStart" {
					f.Message = fmt.Sprintf("The `%s` hook of the %s %s does not say what to do: Kubernetes refuses the object.", h.Name, roleNames[c.Role], checks.Code(c.Name))
					f.Help = "Give it `exec`, `httpGet` or `sleep`, or take it away."
				}
			case len(names) > 1:
				f.Message = fmt.Sprintf("The `%s` of the %s %s has %s: Kubernetes takes only one of them, and refuses the object.",
					h.Name, roleNames[c.Role], checks.Code(c.Name), strings.Join(names[:len(names)-1], ", ")+" and "+names[len(names)-1])
				f.Help = "Keep one. Where values are laid over others, set the key of the other one to `null`: Helm merges mappings."
			default:
				continue
			}
			p.Report(p.Object.Where(h.Node), f)
		}
	}
}
