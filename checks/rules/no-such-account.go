package rules

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
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
		Message: fmt.Sprintf("%s has no account %s, and nothing here can create one: %s.", baseName(stage), code(name), effect),
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

// fixedAccounts are the accounts besides root that can exist in a stage, where that is
// certain: the base has no shell, nothing was run, and no file was put over /etc/passwd.
func fixedAccounts(stage *dockerfile.Stage) (accounts []string, ok bool) {
	b := stage.Base()
	switch {
	case stage.State().Scratch:
	case b != nil && b.Accounts != nil && b.Shell == base.No:
		accounts = b.Accounts
	default:
		return nil, false
	}
	for _, s := range stage.Chain() {
		for _, i := range s.Instructions {
			if i.Keyword == "RUN" || (i.Keyword == "COPY" || i.Keyword == "ADD") && mayWritePasswd(i) {
				return nil, false
			}
		}
	}
	return accounts, true
}

// mayWritePasswd reports whether COPY or ADD may bring an /etc/passwd: by its target or
// with a whole folder put over the root or /etc.
func mayWritePasswd(i *dockerfile.Instruction) bool {
	if len(i.Words) == 0 {
		return true
	}
	target := i.Words[len(i.Words)-1].Value
	if strings.Contains(target, "$") {
		return true
	}
	if !path.IsAbs(target) {
		dir := i.Before().Workdir
		if !dir.Known {
			return true
		}
		target = path.Join(dir.Value, target)
	}
	switch path.Clean(target) {
	case "/", "/etc", "/etc/passwd":
		return true
	}
	return false
}

// missing reports whether a user, "user[:group]", is a name that is not among the
// accounts. Names with variables are not judged.
func missing(user string, accounts []string) bool {
	name, _, _ := strings.Cut(strings.Trim(user, `"'`), ":")
	if name == "" || name == "root" || strings.Contains(name, "$") {
		return false
	}
	_, err := strconv.ParseUint(name, 10, 32)
	return err != nil && !slices.Contains(accounts, name)
}
