package rules

import (
	"fmt"
	"strings"
	"time"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/dotnet"
)

// chiseledAvailable knows which .NET versions have chiseled images on which Ubuntu
// releases, chooses between plain and -extra by what the projects need, and counts what
// the move has to change. It leaves Alpine images alone: they are no larger.
// https://github.com/dotnet/dotnet-docker/blob/main/documentation/ubuntu-chiseled.md
// https://github.com/dotnet/dotnet-docker/blob/main/documentation/sample-image-size-report.md
var chiseledAvailable = page(checks.Rule{
	ID: "chiseled-available", Title: "Base image has a chiseled variant", Since: "0.1.0", Severity: checks.Notice,
	Dockerfile: checkChiseledAvailable,
})

func checkChiseledAvailable(p *checks.DockerfilePass) {
	b := p.Final.Base()
	if b == nil || b.DotNet == nil || strings.HasPrefix(b.DotNet.Distro, "alpine") || b.DotNet.Missing() != "" {
		return
	}
	needs := p.Projects.For(p.File)
	extra := needs.ICU != base.No || needs.TimeZones != base.No
	arm32 := base.ARM32.MatchString(p.Final.Root().Platform)
	target, _ := b.DotNet.ChiseledTarget(extra, arm32)
	if target == nil {
		return
	}

	f := checks.Finding{
		Span:    p.Final.Root().From.Words[0].Span,
		Key:     p.StageKey(p.Final) + " chiseled",
		Message: fmt.Sprintf("%s has a chiseled variant, which has no shell and no package manager and does not run as root.", baseName(p.Final)),
		Help:    fmt.Sprintf("Take %s%s.", checks.Code(target.Reference().String()), becauseOf(needs)),
	}
	for _, need := range []dotnet.Need{dotnet.ICU, dotnet.TimeZones} {
		f.Related = append(f.Related, relatedEvidence(evidenceFor(needs, need))...)
	}
	if ends, ok := base.SupportEnds(b.DotNet.Version); ok && supportEnded(ends, p.Now) {
		f.Help += withNewer(b.DotNet, ends, p.Now, extra, arm32)
	}
	obstacles := needShell(p.Final)
	switch n := len(obstacles); {
	case n == 1:
		f.Help += " One instruction needs a shell and has to change with it."
	case n > 1:
		f.Help += fmt.Sprintf(" %d instructions need a shell and have to change with it.", n)
	}
	for _, n := range obstacles[:min(len(obstacles), maxRelated)] {
		f.Related = append(f.Related, p.Related(n.at(p.File.File), "`"+n.Keyword+"` needs a shell here."))
	}
	if len(needs.Native) > 0 {
		f.Help += " Look first at the packages that need programs or libraries which it does not have."
		f.Related = append(f.Related, relatedEvidence(needs.Native)...)
	}
	p.Report(f)
}

// becauseOf says why the plain image or the one with -extra is meant.
func becauseOf(needs *dotnet.Needs) string {
	for _, need := range []dotnet.Need{dotnet.ICU, dotnet.TimeZones} {
		if evidence := evidenceFor(needs, need); len(evidence) > 0 {
			return ", which has ICU and time zones: " + evidence[0].Why
		}
	}
	if needs.ICU == base.No && needs.TimeZones == base.No {
		return ", without ICU and time zones: the projects do without them"
	}
	return ", which has ICU and time zones as the full image has: nothing shows that the application can do without"
}

// withNewer says since when the version has no updates, and names the same image of
// the version to move to.
func withNewer(d *base.DotNet, ends, now time.Time, extra, arm32 bool) string {
	s := fmt.Sprintf(" .NET %s is out of support since %s", d.Version, ends.Format(time.DateOnly))
	newer := base.DotNet{Product: d.Product, Version: base.LongestSupported(now)}
	if target, _ := newer.ChiseledTarget(extra, arm32); target != nil {
		s += fmt.Sprintf(": with .NET %s it is %s", newer.Version, checks.Code(target.Reference().String()))
	}
	return s + "."
}

// needShell are the instructions of the final image that need a shell.
func needShell(final *dockerfile.Stage) []shellNeed {
	var needs []shellNeed
	for _, stage := range final.Chain() {
		for _, i := range stage.Instructions {
			if n, ok := runNeedsShell(i); ok {
				needs = append(needs, n)
			}
		}
	}
	return append(needs, startNeedsShell(final.State())...)
}
