package rules

import (
	"fmt"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
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
		f.Fix = readOnlyFix(p, c, n)
		p.Report(at, f)
	}
}

// readOnlyFix makes the root file system of an application of .NET read-only, and gives it
// the folder that .NET needs. Of other programs nothing is known.
func readOnlyFix(p *checks.ObjectPass, c *kube.Container, set *kube.Node) *checks.Fix {
	image := p.Image(c)
	dir, known := temporary(c, image)
	if !onDotNet(image) || !known {
		return nil
	}
	var edits []source.Edit
	if set != nil {
		edits = p.Replace(set, "true")
	} else {
		edits = p.Insert(c.Node, "true", "securityContext", "readOnlyRootFilesystem")
	}
	if needsTmp(p, c) && edits != nil {
		mounts := mountTmp(p, c, func(p *checks.ObjectPass, c *kube.Container) bool {
			return !c.Node.Is(true, "securityContext", "readOnlyRootFilesystem") && needsTmp(p, c)
		})
		if mounts == nil {
			return nil
		}
		edits = together(edits, mounts)
	}
	if edits == nil {
		return nil
	}
	return &checks.Fix{Title: fmt.Sprintf("Make the root file system read-only, with an `emptyDir` at %s", checks.Code(dir)), Safety: checks.Unsafe, Edits: edits}
}
