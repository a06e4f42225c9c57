package rules

import (
	"fmt"
	"path"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
)

// noShell knows which images have no shell: chiseled and distroless ones and scratch,
// until the Dockerfile copies one in. Only RUN fails where it stands; the others build
// and fail when the container starts.
// https://github.com/dotnet/dotnet-docker/blob/main/documentation/distroless.md
var noShell = page(checks.Rule{
	ID: "no-shell", Title: "Shell needed where there is none", Since: "0.1.0", Severity: checks.Error,
	Dockerfile: checkNoShell,
})

func checkNoShell(p *checks.DockerfilePass) {
	for _, stage := range p.File.Stages {
		if b := stage.Base(); onWindows(stage.State()) || b != nil && b.Role == base.RoleSDK {
			continue // no SDK is without a shell; of a chiseled one no-such-tag speaks
		}
		for _, i := range stage.Instructions {
			if n, ok := runNeedsShell(i); ok && i.Before().HasShell == base.No && !bringsProgram(stage, n) {
				reportNoShell(p, stage, n)
			}
		}
	}
	if hasNoShell(p.Final) {
		for _, n := range startNeedsShell(p.Final.State()) {
			if !bringsProgram(p.Final, n) {
				reportNoShell(p, p.Final, n)
			}
		}
	}
}

// bringsProgram reports whether the program that is called may have been copied in.
func bringsProgram(stage *dockerfile.Stage, n shellNeed) bool {
	return (n.kind == shellProgram || n.kind == httpClient) && mayBring(stage, path.Base(n.word.Value))
}

func reportNoShell(p *checks.DockerfilePass, stage *dockerfile.Stage, n shellNeed) {
	effect := "the container does not start"
	switch n.Keyword {
	case "RUN":
		effect = "the build fails"
	case "HEALTHCHECK":
		effect = "the container stays unhealthy"
	}
	image := baseName(stage)
	f := checks.Finding{Span: n.at(p.File.File), Key: p.StageKey(stage) + " " + n.Keyword}
	switch n.kind {
	case shellForm:
		f.Message = fmt.Sprintf("`%s` in shell form needs `/bin/sh`, which %s does not have: %s.", n.Keyword, image, effect)
	case shellProgram, httpClient:
		f.Message = fmt.Sprintf("`%s` calls %s, which %s does not have: %s.", n.Keyword, checks.Code(n.word.Value), image, effect)
	case shellScript:
		f.Message = fmt.Sprintf("`%s` calls %s, and %s has no shell to run it: %s.", n.Keyword, checks.Code(n.word.Value), image, effect)
	case shellOperator:
		f.Message = fmt.Sprintf("`%s` gives %s to the program as an argument: only a shell reads it otherwise, and %s has none.", n.Keyword, checks.Code(n.word.Value), image)
	}
	if subject := firstCommand(n.Instruction); n.Keyword == "RUN" && subject != "" {
		f.Key += " " + subject
	}
	if n.Stage.From != stage.Root().From {
		f.Related = append(f.Related, p.Related(stage.Root().From.Words[0].Span, "The image without a shell is inherited from here."))
	}
	if shell := n.Before().Shell; n.kind == shellForm && shell.Origin != nil {
		f.Related = append(f.Related, p.Related(shell.Span, "`SHELL` names a program, it does not bring one."))
	}
	switch n.Keyword {
	case "RUN":
		f.Help = withoutRun(stage, n.Instruction)
	case "HEALTHCHECK":
		f.Help = "Delete it if Kubernetes runs the container: it ignores `HEALTHCHECK`. Otherwise call, in exec form, a small program of your own that asks the application."
	default:
		f.Help = "Start the program itself, in exec form. What the shell does besides belongs into the application, an earlier stage or an init container."
	}
	if fix, text := execFix(p, stage, n); fix != nil {
		f.Fix = fix
		f.Help = "Write it in exec form, which needs no shell: " + checks.Code(text) + "."
	}
	p.Report(f)
}

// firstCommand is the first command of a RUN with its first argument that is no flag.
func firstCommand(i *dockerfile.Instruction) string {
	commands, _ := i.Commands()
	if len(commands) == 0 {
		return ""
	}
	for _, a := range commands[0].Args {
		if a.Static && !strings.HasPrefix(a.Value, "-") {
			return commands[0].Name + " " + a.Value
		}
	}
	return commands[0].Name
}

// withoutRun is what takes the place of a RUN in an image without a shell.
// https://github.com/dotnet/dotnet-docker/blob/main/documentation/distroless.md
func withoutRun(stage *dockerfile.Stage, i *dockerfile.Instruction) string {
	commands, _ := i.Commands()
	for _, c := range commands {
		switch path.Base(c.Name) {
		case "apt-get", "apt", "apk", "dnf", "microdnf", "tdnf", "yum":
			return "Install it in an earlier stage and copy the files that the application needs; ICU and time zones come with the `-extra` images."
		case "useradd", "adduser", "groupadd", "addgroup":
			if _, ok := appUID(stage.State()); ok {
				return "Delete it and use the account that the image has: `USER $APP_UID` and `COPY --chown=$APP_UID:$APP_UID`."
			}
			return "Delete it and use a number, which needs no account: `USER 10001` and `COPY --chown=10001:10001`."
		case "chown":
			return "Set the owner where the files are copied: `COPY --chown=…`."
		case "chmod":
			return "Set the mode where the files are copied: `COPY --chmod=…`."
		case "mkdir":
			return "Make the folder in an earlier stage and copy it: `COPY --from=build --chown=… /folder /folder`."
		case "update-ca-certificates":
			return "Run it in an earlier stage and copy `/etc/ssl/certs/ca-certificates.crt` from there."
		}
	}
	return "Run it in an earlier stage that has a shell, and copy the result with `COPY --from`."
}

// execFix rewrites a shell form as an exec form where the command is a program with
// constant arguments and nothing else. text is the instruction that results.
func execFix(p *checks.DockerfilePass, stage *dockerfile.Stage, n shellNeed) (fix *checks.Fix, text string) {
	if n.kind != shellForm || n.Keyword == "RUN" {
		return nil, "" // what RUN calls is mostly not there either
	}
	args, ok := plainCommand(p.File.File, n)
	if !ok {
		return nil, ""
	}
	keyword, entrypoint := n.Keyword, stage.State().Entrypoint
	fix = &checks.Fix{Title: "Write `" + keyword + "` in exec form", Safety: checks.Safe} // the container did not start
	switch {
	case keyword == "HEALTHCHECK", keyword == "ENTRYPOINT" && stage.State().Cmd.Origin != nil:
		fix.Safety = checks.Unsafe // a shell form takes no arguments, an exec form takes those of CMD
	case keyword == "ENTRYPOINT", entrypoint.Origin != nil, entrypoint.Known && len(entrypoint.Value.Args) == 0:
	case !entrypoint.Known || !isDotnet(entrypoint.Value.Args[0]):
		return nil, "" // who gets the command as arguments cannot be told
	case !isArgument(args[0]):
		keyword = "ENTRYPOINT" // the base's own would get the command as its arguments
		fix.Title = "Write `CMD` as `ENTRYPOINT` in exec form"
		fix.Edits = append(fix.Edits, keywordEdit(p, n.Instruction, keyword))
	}
	form := dockerfile.ExecForm(args)
	fix.Edits = append(fix.Edits, p.Edit(n.word.Span, form))
	if keyword == "HEALTHCHECK" {
		keyword += " CMD"
	}
	return fix, keyword + " " + form
}

// isArgument reports whether a word is what dotnet is given rather than a program.
func isArgument(word string) bool {
	return strings.HasPrefix(word, "-") || path.Ext(word) == ".dll"
}
