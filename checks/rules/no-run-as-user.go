package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

// noRunAsUser is off until somebody asks for it: an image of today brings its user by
// number. It speaks only where the number would stand in the values of a chart, from which
// a cluster that gives numbers of its own can take it away again.
// https://docs.openshift.com/container-platform/latest/authentication/managing-security-context-constraints.html
var noRunAsUser = page(checks.Rule{
	ID: "no-run-as-user", Title: "User left to the image", Since: "0.1.0", Severity: checks.Off,
	Object: checkNoRunAsUser,
})

func checkNoRunAsUser(p *checks.ObjectPass) {
	if slices.ContainsFunc(p.Release.Objects, func(o *kube.Object) bool { return strings.HasSuffix(o.Group(), ".openshift.io") }) {
		return // there each namespace has numbers of its own
	}
	for c := range linuxContainers(p) {
		image := p.Image(c)
		if b := image.Base(); b == nil || b.DotNet == nil || c.Security("runAsUser") != nil || !c.Security("runAsNonRoot").Is(true) {
			continue
		}
		own := accountOf(image)
		if own == "" {
			continue
		}
		mapping, key := c.Node, containerKey(c, "runAsUser unset")
		if c.Node.Get("securityContext", "runAsNonRoot") == nil {
			if len(c.Pod.Containers) > 1 {
				continue // the pod's user would be the others' too
			}
			mapping, key = c.Pod.Spec, "pod runAsUser unset"
		}
		at := p.Object.Where(c.Security("runAsNonRoot"))
		fix := insertFix(p, mapping, own, fmt.Sprintf("Run as %s, the image's own user", own), "securityContext", "runAsUser")
		if fix == nil || at.Value == nil || slices.ContainsFunc(fix.Edits, func(e source.Edit) bool { return e.Path != at.Value.File.Path() }) {
			continue
		}
		p.Report(at, checks.Finding{
			Key:     key,
			Message: fmt.Sprintf("%s takes its user from the image: an older image, which ran as root, is not started with these values.", containerName(c)),
			Help:    fmt.Sprintf("Set `runAsUser: %s`, the number of the image's account.", own),
			Fix:     fix,
		})
	}
}
