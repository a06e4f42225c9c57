package rules

import (
	"fmt"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/source"
)

// buildPlatform looks at the FROM that decides for which machine the final image is.
// BuildKit's own checks do not: RedundantTargetPlatform and
// FromPlatformFlagConstDisallowed are about other values of the flag.
// https://docs.docker.com/build/building/multi-platform/#cross-compilation
var buildPlatform = page(checks.Rule{
	ID: "build-platform", Title: "Final stage is for the machine that builds", Since: "0.1.0", Severity: checks.Error,
	Dockerfile: checkBuildPlatform,
})

func checkBuildPlatform(p *checks.DockerfilePass) {
	root := p.Final.Root()
	flag := root.From.Flag("platform")
	state := p.Final.State()
	if flag == nil || !namesBuildPlatform(flag.Value) || state.Entrypoint.Origin == nil && state.Cmd.Origin == nil && (root != p.Final || isToolbox(state)) {
		return // without a command, a child of a build stage is a step of the build, and others carry files or are to work in
	}
	f := checks.Finding{
		Span:    flag.Span,
		Key:     p.StageKey(p.Final) + " platform",
		Message: fmt.Sprintf("The final stage starts from %s for the machine that builds (%s), so a build for another architecture gives an image of the wrong one.", baseName(p.Final), checks.Code(flag.Value)),
	}
	if root != p.Final {
		f.Help = "Start the final stage from an image of its own, without `--platform`, and copy into it what the build stage made."
		f.Related = append(f.Related, p.Related(p.Final.From.Words[0].Span, "The final stage inherits it here."))
		p.Report(f)
		return
	}
	f.Help = "Remove the flag: only stages that compile for another architecture need it."
	end := flag.Span.End
	for rest := p.File.Text()[end:]; strings.HasPrefix(rest, " ") || strings.HasPrefix(rest, "\t"); rest = rest[1:] {
		end++
	}
	// Unsafe: what is copied in may itself have been compiled for the building machine.
	f.Fix = &checks.Fix{
		Title:  "Remove `--platform` from the final stage",
		Safety: checks.Unsafe,
		Edits:  []source.Edit{p.Edit(source.Span{Start: flag.Span.Start, End: end}, "")},
	}
	p.Report(f)
}

// namesBuildPlatform reports whether a value of --platform is that of the machine that
// builds: $BUILDPLATFORM, ${BUILDPLATFORM}, linux/$BUILDARCH.
func namesBuildPlatform(value string) bool {
	for _, name := range []string{"BUILDPLATFORM", "BUILDARCH"} {
		if strings.Contains(value, "$"+name) || strings.Contains(value, "${"+name) {
			return true
		}
	}
	return false
}
