package rules

import (
	"fmt"
	"time"

	"github.com/chiselbot/chiselbot/checks"
)

// supportEndsSoon says half a year ahead what out-of-support will say: long enough to
// plan the move, and about as long as .NET's last phase of support.
// https://dotnet.microsoft.com/platform/support/policy/dotnet-core
var supportEndsSoon = page(checks.Rule{
	ID: "support-ends-soon", Title: "Base image soon out of support", Since: "0.1.0", Severity: checks.Notice,
	Dockerfile: checkSupportEndsSoon,
})

// monthsAhead is how long before the last day of support the rule speaks.
const monthsAhead = 6

func checkSupportEndsSoon(p *checks.DockerfilePass) {
	for _, c := range carriers(p) {
		if last := c.facts.EndOfLife; !supportEnded(last, p.Now) && !p.Now.AddDate(0, monthsAhead, 0).Before(last) {
			p.Report(c.finding(p, fmt.Sprintf("Support for %s ends on %s: after that day nothing in it is mended any more.", c.name, last.Format(time.DateOnly))))
		}
	}
}
