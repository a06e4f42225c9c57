package rules

import (
	"fmt"
	"time"

	"github.com/chiselbot/chiselbot/checks"
)

// outOfSupport sets the last days of support of .NET versions and of distributions'
// releases, which package base has as data, against the pass's clock.
// https://dotnet.microsoft.com/platform/support/policy/dotnet-core
var outOfSupport = page(checks.Rule{
	ID: "out-of-support", Title: "Base image out of support", Since: "0.1.0", Severity: checks.Warning,
	Dockerfile: checkOutOfSupport,
})

func checkOutOfSupport(p *checks.DockerfilePass) {
	for _, c := range carriers(p) {
		if last := c.facts.EndOfLife; supportEnded(last, p.Now) {
			p.Report(c.finding(p, fmt.Sprintf("Support for %s ended on %s: holes found since then stay open.", c.name, last.Format(time.DateOnly))))
		}
	}
}
