package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// noSuchAccount knows the accounts of images without a shell, in which nothing can
// create another one: chiseled .NET images have root and app. BuildKit does not complain
// of an unknown owner, see readUser in its solver/llbsolver/ops/user_linux.go.
// https://github.com/dotnet/dotnet-docker/blob/main/documentation/distroless.md
// https://github.com/moby/buildkit/pull/2249
var noSuchAccount = page(checks.Rule{
	ID: "no-such-account", Title: "Account that the image does not have", Since: "0.1.0", Severity: checks.Error,
	Dockerfile: checkNoSuchAccount,
})

func checkNoSuchAccount(p *checks.DockerfilePass) {
	for _, stage := range p.File.Stages {
		accounts, ok := fixedAccounts(stage)
		if !ok {
			continue
		}
		for _, i := range stage.Instructions {
			if i.Keyword != "COPY" && i.Keyword != "ADD" {
				continue
			}
			if flag := i.Flag("chown"); flag != nil && missing(flag.Value, accounts) {
				reportAccount(p, stage, flag.Value, flag.ValueSpan, accounts, "--chown", "BuildKit gives the files to root instead, other builders stop")
			}
		}
	}
	user := p.Final.State().User
	accounts, ok := fixedAccounts(p.Final)
	if ok && user.Origin != nil && user.Known && missing(user.Value, accounts) {
		reportAccount(p, p.Final, user.Value, user.Span, accounts, "USER", "the container does not start")
	}
}

func reportAccount(p *checks.DockerfilePass, stage *dockerfile.Stage, value string, at source.Span, accounts []string, where, effect string) {
	name, group, hasGroup := strings.Cut(value, ":")
	f := checks.Finding{
		Span:    at,
		Key:     p.StageKey(stage) + " " + where + " " + name,
		Message: fmt.Sprintf("%s has no account %s, and nothing here can create one: %s.", baseName(stage), checks.Code(name), effect),
		Help:    "Use a number, which needs no account: `10001`.",
	}
	if strings.HasPrefix(p.File.Slice(at), name) {
		f.Span.End = at.Start + len(name)
	}
	accounts = slices.Concat([]string{"root"}, accounts)
	f.Related = []checks.Related{p.Related(stage.Root().From.Words[0].Span, "Its accounts are `"+strings.Join(accounts, "`, `")+"`, and it has no shell.")}
	if stage.State().Scratch {
		f.Related[0].Message = "It has no accounts and no shell."
	}
	if uid, ok := appUID(stage.State()); ok {
		f.Help = fmt.Sprintf("Use `$APP_UID`, the account `app` of the image with the number %s.", uid)
		text := "$APP_UID"
		if hasGroup && group == name {
			text += ":$APP_UID"
		} else if hasGroup {
			text += ":" + group
		}
		// Unsafe: what another number owns, in a volume for one, stays out of reach.
		f.Fix = &checks.Fix{Title: "Use the account `app` of the image", Safety: checks.Unsafe, Edits: []source.Edit{p.Edit(at, text)}}
	}
	p.Report(f)
}
