package rules

import (
	"fmt"
	"strconv"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// runAsUser compares the number that a pod sets with the account that an image of .NET has
// for its application.
// https://github.com/dotnet/dotnet-docker/blob/main/documentation/distroless.md
var runAsUser = page(checks.Rule{
	ID: "run-as-user", Title: "Another user than the image's own", Since: "0.1.0", Severity: checks.Warning,
	Replaces: []checks.Replaced{
		{ID: "KSV-0020", Because: "the right number is the account that the image has, and need not be above 10000"},
		{ID: "KSV-0021", Because: "the right group is the one that the image has, and need not be above 10000"},
	},
	Object: checkRunAsUser,
})

func checkRunAsUser(p *checks.ObjectPass) {
	told := map[*kube.Node]bool{}
	for c := range linuxContainers(p) {
		n := c.Security("runAsUser")
		set, ok := numberOf(c)
		image := p.Image(c)
		if !ok || set == 0 || image == nil || told[n] {
			continue
		}
		// Of .NET's images it is known that they need their account's home. Others are mostly
		// made for any number, as platforms such as OpenShift choose one.
		if b := image.Base(); b == nil || b.DotNet == nil {
			continue
		}
		own := accountOf(image)
		if own == "" || own == strconv.FormatInt(set, 10) {
			continue
		}
		told[n] = true
		p.Report(p.Object.Where(n), checks.Finding{
			Key: containerKey(c, "runAsUser"),
			Message: fmt.Sprintf("%s runs as the user %d, but the account of %s has the number %s: its home folder and what belongs to it cannot be written.",
				containerName(c), set, imageOf(image), own),
			Help:    fmt.Sprintf("Write %s, or nothing: the image brings its user. Volumes that the old number owns need `fsGroup`.", own),
			Related: userAt(image),
			Fix:     replaceFix(p, n, own, fmt.Sprintf("Run as %s, the image's own user", own), checks.Unsafe),
		})
	}
}
