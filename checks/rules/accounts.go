package rules

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

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

// wellKnown is the number of an account that the base image is known to have. Debian fixes
// the accounts below 100, it and Alpine nobody; the others are the publishers' own.
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
	case b.PackageManager == "apt" && name == "www-data":
		return "33"
	case b.PackageManager == "apt" && name == "daemon":
		return "1"
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
