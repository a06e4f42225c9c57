package rules

import (
	"github.com/chiselbot/chiselbot/checks"
)

// writableRoot asks for what no standard demands but most break-ins would meet.
// https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
var writableRoot = page(checks.Rule{
	ID: "writable-root", Title: "Container can change its own files", Since: "0.1.0", Severity: checks.Notice,
	Replaces: []checks.Replaced{{ID: "KSV-0014", Because: "it leaves Windows out, and is a notice: no standard demands it"}},
	Object:   checkWritableRoot,
})

func checkWritableRoot(p *checks.ObjectPass) {
	const field = "readOnlyRootFilesystem"
	for c := range linuxContainers(p) {
		n := c.Node.Get("securityContext", field)
		if n.Is(true) {
			continue
		}
		f := checks.Finding{
			Key:     containerKey(c, field),
			Message: containerName(c) + " can change the files of its image: `readOnlyRootFilesystem` is not set.",
			Help:    "Set `readOnlyRootFilesystem: true` and mount an `emptyDir` where the program writes, `/tmp` above all.",
		}
		at := p.Object.WhereAbsent(c.Node, "securityContext", field)
		if n != nil {
			f.Message = containerName(c) + " can change the files of its image: `readOnlyRootFilesystem` is `false`."
			at = p.Object.Where(n)
		}
		p.Report(at, f)
	}
}
