package rules

import (
	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// hostProcess is the control "HostProcess" of the Pod Security Standard baseline.
// https://kubernetes.io/docs/tasks/configure-pod-container/create-hostprocess-pod/
var hostProcess = page(checks.Rule{
	ID: "host-process", Title: "Container is a process of the Windows node", Since: "0.1.0", Severity: checks.Warning, Refused: checks.Baseline,
	Replaces: []checks.Replaced{{ID: "KSV-0103", Because: "it looks into the pods of controllers too"}},
	Object:   checkHostProcess,
})

func checkHostProcess(p *checks.ObjectPass) {
	inSecurityContexts(p, func(context *kube.Node, name, key string, _ *kube.Container) {
		n := context.Get("windowsOptions", "hostProcess")
		if !n.Is(true) {
			return
		}
		p.Report(p.Object.Where(n), checks.Finding{
			Key:     key + " hostProcess",
			Message: name + " has `hostProcess: true`: it is an ordinary process of the Windows node and may do there what its account may.",
			Help:    "Delete the field; only tools that set up nodes need it.",
			Fix:     replaceFix(p, n, "false", "Set `hostProcess: false`", checks.Unsafe),
		})
	})
}
