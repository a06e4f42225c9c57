package rules

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/source"
)

// userName knows that the kubelet does not read the image's /etc/passwd: with
// runAsNonRoot and no runAsUser it refuses an image whose user is not a number.
// https://github.com/kubernetes/kubernetes/pull/56503
var userName = page(checks.Rule{
	ID: "user-name", Title: "User by name instead of number", Since: "0.1.0", Severity: checks.Notice,
	Dockerfile: checkUserName,
})

func checkUserName(p *checks.DockerfilePass) {
	state := p.Final.State()
	user := state.User
	name, _, _ := strings.Cut(user.Value, ":")
	if _, err := strconv.ParseInt(name, 10, 64); err == nil || !user.Known || base.IsRoot(user.Value) || neverRuns(state) {
		return
	}
	if onWindows(state) || p.File.Escape == '`' || strings.Contains(name, `\`) || strings.HasPrefix(strings.ToLower(name), "container") {
		return // ContainerUser and ContainerAdministrator are accounts of Windows
	}
	if accounts, ok := fixedAccounts(p.Final); ok && user.Origin != nil && missing(user.Value, accounts) {
		return // no-such-account says worse
	}

	const refused = "Kubernetes cannot tell it from root and refuses the image under `runAsNonRoot` unless `runAsUser` is set."
	f := checks.Finding{
		Span:    p.Final.From.Words[0].Span,
		Key:     p.StageKey(p.Final) + " user",
		Message: fmt.Sprintf("%s runs as %s, a name: %s", baseName(p.Final), checks.Code(name), refused),
	}
	literal := false
	if user.Origin != nil {
		f.Message = fmt.Sprintf("The final user is %s, a name: %s", checks.Code(name), refused)
		f.Span = user.Span
		if literal = strings.HasPrefix(p.File.Slice(user.Span), name); literal {
			f.Span.End = f.Span.Start + len(name)
		}
	}

	var number string
	safety := checks.Unsafe
	if by := creation(p.Final, name); by != nil {
		number = by.number
		f.Related = append(f.Related, p.Related(by.at, "The account is made here."))
		f.Help = "Give the account a number where it is made, such as `--uid 10001`, and write that number here."
		if strings.HasPrefix(number, "$") && (user.Origin == nil || by.stage != user.Origin.Stage) {
			number = "" // an ARG ends with its stage
		}
	} else if uid, ok := appUID(state); ok && name == "app" {
		number = "$APP_UID"
		safety = checks.Safe // the image itself says that this is the number of app
		f.Help = fmt.Sprintf("Write `USER $APP_UID`: the image sets it to %s, the number of `app`.", uid)
	} else if number = wellKnown(p.Final, name); number == "" {
		f.Help = fmt.Sprintf("Write the number that %s has in the image's `/etc/passwd`.", checks.Code(name))
	}
	if number != "" {
		if f.Help == "" || safety == checks.Unsafe {
			f.Help = fmt.Sprintf("Write `USER %s`, the number of the account.", number)
		}
		fix := &checks.Fix{Title: "Write `USER " + number + "`", Safety: safety}
		switch {
		case literal:
			fix.Edits = []source.Edit{p.Edit(f.Span, number)}
			f.Fix = fix
		case user.Origin == nil:
			fix.Edits = []source.Edit{beforeStart(p, "USER", number)}
			f.Fix = fix
		}
	}
	p.Report(f)
}
