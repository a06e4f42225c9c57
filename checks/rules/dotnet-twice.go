package rules

import (
	"fmt"
	"path"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// dotnetTwice knows that chiseled runtime and aspnet images have dotnet for ENTRYPOINT,
// which full ones have not, so that the CMD that starts an application on a full image
// becomes an argument.
// https://github.com/dotnet/dotnet-docker/blob/main/src/runtime/10.0/noble-chiseled/amd64/Dockerfile
var dotnetTwice = page(checks.Rule{
	ID: "dotnet-twice", Title: "CMD repeats the dotnet of the base image", Since: "0.1.0", Severity: checks.Error,
	Dockerfile: checkDotnetTwice,
})

func checkDotnetTwice(p *checks.DockerfilePass) {
	state := p.Final.State()
	entrypoint, cmd := state.Entrypoint, state.Cmd
	if !entrypoint.Known || entrypoint.Origin != nil || len(entrypoint.Value.Args) != 1 || !isDotnet(entrypoint.Value.Args[0]) {
		return
	}
	if cmd.Origin == nil || cmd.Value.ShellForm || len(cmd.Value.Args) < 2 || !isDotnet(cmd.Value.Args[0]) {
		return
	}
	p.Report(checks.Finding{
		Span: cmd.Origin.Words[0].Span,
		Key:  p.StageKey(p.Final) + " CMD",
		Message: fmt.Sprintf("The container runs %s and ends at once: `dotnet` is already the `ENTRYPOINT` of %s.",
			checks.Code("dotnet dotnet "+cmd.Value.Args[1]), baseName(p.Final)),
		Help: "Make it the `ENTRYPOINT`, which replaces that of the image.",
		Related: []checks.Related{p.Related(p.Final.Root().From.Words[0].Span,
			"Its `ENTRYPOINT` is "+checks.Code(dockerfile.ExecForm(entrypoint.Value.Args))+".")},
		Fix: &checks.Fix{ // safe: the container did not run
			Title:  "Write `ENTRYPOINT` instead of `CMD`",
			Safety: checks.Safe,
			Edits:  []source.Edit{keywordEdit(p, cmd.Origin, "ENTRYPOINT")},
		},
	})
}

func isDotnet(command string) bool { return path.Base(command) == "dotnet" }
