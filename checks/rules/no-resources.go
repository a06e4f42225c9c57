package rules

import (
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// noResources asks for what the scheduler needs to know. A limit stands for the request
// where only that is set.
// https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
var noResources = page(checks.Rule{
	ID: "no-resources", Title: "Container without requests or a memory limit", Since: "0.1.0", Severity: checks.Notice,
	Replaces: []checks.Replaced{
		{ID: "KSV-0011", Because: "requests share the CPU out, and a limit of it only throttles"},
		{ID: "KSV-0015", Because: "it says all that is missing at once"},
		{ID: "KSV-0016", Because: "it knows that a limit stands for the request"},
		{ID: "KSV-0018", Because: "it says all that is missing at once"},
	},
	Object: checkNoResources,
})

func checkNoResources(p *checks.ObjectPass) {
	for _, o := range p.Release.Objects {
		if o.Kind == "LimitRange" {
			return // it gives each container what it does not set
		}
	}
	for c := range containers(p) {
		if c.Role == kube.Ephemeral || c.Role == kube.Init && !c.Sidecar() || c.Pod.Spec.Get("resources") != nil {
			continue
		}
		var missing []string
		limit := c.Node.Get("resources", "limits", "memory")
		for _, name := range []string{"cpu", "memory"} {
			if c.Node.Get("resources", "requests", name) == nil && c.Node.Get("resources", "limits", name) == nil {
				missing = append(missing, "no request of "+name)
			}
		}
		if limit == nil {
			missing = append(missing, "no limit of memory")
		}
		if len(missing) == 0 {
			continue
		}
		p.Report(p.Object.WhereAbsent(c.Node, "resources", "requests"), checks.Finding{
			Key:     containerKey(c, "resources"),
			Message: containerName(c) + " has " + list(missing) + ": the scheduler cannot tell whether it fits, and nothing keeps it from taking its neighbours' memory.",
			Help:    "Set `resources.requests` for `cpu` and `memory` to what it takes on an ordinary day, and `resources.limits.memory` to what it must never exceed.",
		})
	}
}

// list is an enumeration in a sentence.
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
