package rules

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
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
		Message: fmt.Sprintf("%s runs as %s, a name: %s", baseName(p.Final), code(name), refused),
	}
	literal := false
	if user.Origin != nil {
		f.Message = fmt.Sprintf("The final user is %s, a name: %s", code(name), refused)
		f.Span = user.Span
		if literal = strings.HasPrefix(p.File.Slice(user.Span), name); literal {
			f.Span.End = f.Span.Start + len(name)
		}
	}

	number, safety := "", checks.Unsafe
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
		f.Help = fmt.Sprintf("Write the number that %s has in the image's `/etc/passwd`.", code(name))
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

// wellKnown is the number of an account that the base image is known to have. Debian and
// Alpine fix nobody; the others are the publishers' own.
// https://www.debian.org/doc/debian-policy/ch-opersys.html#uid-and-gid-classes
// https://github.com/nodejs/docker-node/blob/main/docs/BestPractices.md#non-root-user
func wellKnown(final *dockerfile.Stage, name string) string {
	b := final.Base()
	if b == nil {
		return ""
	}
	if own, _, _ := strings.Cut(b.User, ":"); own == name && b.UID > 0 {
		return strconv.Itoa(b.UID)
	}
	repository := repository(final)
	switch {
	case name == "node" && repository == "docker.io/library/node":
		return "1000"
	case name == "nonroot" && strings.HasPrefix(repository, "gcr.io/distroless/"):
		return "65532"
	case name == "nobody" && (b.PackageManager == "apt" || b.PackageManager == "apk" || strings.HasPrefix(repository, "gcr.io/distroless/")):
		return "65534"
	}
	return ""
}

// An account is one that a RUN of the chain makes.
type account struct {
	// number is its number or the variable that holds it, empty where it is not said.
	number string
	stage  *dockerfile.Stage
	at     source.Span
}

// creation is where the chain makes an account of that name, nil where it does not. The
// number is left empty where several places do not agree.
func creation(final *dockerfile.Stage, name string) *account {
	var found *account
	for _, stage := range final.Chain() {
		for _, i := range stage.Instructions {
			if i.Keyword != "RUN" {
				continue
			}
			commands, _ := i.Commands()
			for _, c := range commands {
				login, number := added(c, stage)
				if login != name {
					continue
				}
				if found != nil && found.number != number {
					number = ""
				}
				found = &account{number: number, stage: stage, at: c.Span}
			}
		}
	}
	return found
}

// added reads useradd and adduser, of Debian, of BusyBox and of the others.
func added(c dockerfile.ShellCommand, stage *dockerfile.Stage) (login, number string) {
	switch c.Name[strings.LastIndexByte(c.Name, '/')+1:] {
	case "useradd", "adduser", "usermod":
	default:
		return "", ""
	}
	for n := 0; n < len(c.Args); n++ {
		arg := c.Args[n]
		option, value, joined := strings.Cut(arg.Value, "=")
		switch {
		case strings.HasPrefix(option, "--"):
			if !takesValue(option) {
				continue
			}
		case len(option) > 1 && option[0] == '-':
			at := strings.IndexAny(option, "ugGdsckhbefpKRPZ")
			if at < 0 {
				continue
			}
			value, joined = arg.Value[at+1:], at+1 < len(arg.Value)
			option = "-" + option[at:at+1]
		default:
			if login == "" && arg.Static {
				login = arg.Value
			}
			continue
		}
		if !joined {
			if n++; n == len(c.Args) {
				break
			}
			arg = c.Args[n]
			value = arg.Value
		}
		if option == "-u" || option == "--uid" {
			number = constantOrVariable(strings.Trim(value, `"`), stage)
		}
	}
	return login, number
}

// takesValue reports whether a long option of useradd or adduser has a value.
func takesValue(option string) bool {
	switch option {
	case "--uid", "--gid", "--home", "--home-dir", "--shell", "--gecos", "--comment", "--groups", "--ingroup",
		"--base-dir", "--skel", "--password", "--expiredate", "--inactive", "--key", "--root", "--prefix":
		return true
	}
	return false
}

// constantOrVariable is a value that USER can take as it is: a number, or $X of an ARG
// or ENV of the stage.
func constantOrVariable(value string, stage *dockerfile.Stage) string {
	if n, err := strconv.ParseUint(value, 10, 31); err == nil && n > 0 {
		return value
	}
	name, ok := strings.CutPrefix(value, "$")
	if !ok {
		return ""
	}
	if braced, ok := strings.CutPrefix(name, "{"); ok {
		name = strings.TrimSuffix(braced, "}")
	}
	for _, i := range stage.Instructions {
		for _, pair := range i.Pairs {
			if (i.Keyword == "ARG" || i.Keyword == "ENV") && pair.Name.Value == name {
				return value
			}
		}
	}
	return ""
}
