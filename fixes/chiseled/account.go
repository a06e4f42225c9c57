package chiseled

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
)

const appUID = "$APP_UID"

// previewUIDs are the numbers that the account app had in chiseled images before they were
// released.
// https://github.com/dotnet/dotnet-docker/commit/6da64f3194
var previewUIDs = []string{"101", "64198"}

// accounts makes the image's own account do what accounts did that the Dockerfile makes:
// chiseled images have root and app, and nothing in them can make another one.
// https://github.com/dotnet/dotnet-docker/blob/main/documentation/distroless.md
func (m *migration) accounts() {
	m.created = map[string]bool{}
	for _, s := range m.stages {
		for _, i := range s.Instructions {
			commands, _ := i.Commands()
			for _, c := range commands {
				for _, name := range creates(c) {
					m.created[name] = true
				}
			}
		}
	}
	m.owner = appUID + ":" + appUID
	for _, s := range m.stages {
		for n, i := range s.Instructions {
			switch i.Keyword {
			case "USER":
				m.user(s, n, i)
			case "COPY", "ADD":
				m.chown(i)
				m.passwd(i)
			}
		}
	}
}

// user rewrites one USER.
func (m *migration) user(s *dockerfile.Stage, n int, i *dockerfile.Instruction) {
	word := i.Words[0]
	value := word.Value
	if resolved := s.State().User; resolved.Origin == i && resolved.Known {
		value = resolved.Value
	}
	name, group, hasGroup := strings.Cut(strings.Trim(value, `"'`), ":")
	switch {
	case isApp(name) && (!hasGroup || isApp(group) || isNumber(group)):
		return
	case base.IsRoot(name):
		if keepsExec(s.Instructions[n+1:]) {
			return
		}
		m.step(i.Span, "Leave out `USER "+clip(word.Value)+"`", "Only a shell needed root: the chiseled image runs as its own account `app`, with the number 1654.", m.remove(i))
		if m.File.Final() == s && s.State().User.Origin == i {
			m.note(m.at(i.Span), "The image was told to run as root. Look at what the application does that only root may.")
		}
	case strings.Contains(name, "$"):
		m.person(m.at(word.Span), "Which user "+checks.Code(word.Value)+" is cannot be told.", "Write `USER $APP_UID`.")
	case isNumber(name) && !m.created[name] && !slices.Contains(previewUIDs, name):
		m.owner = name + ":" + name
		if isNumber(group) {
			m.owner = name + ":" + group
		}
		m.note(m.at(word.Span), "The image has no account with the number %s, so its home is `/`. `USER $APP_UID` would be the account `app`, with a home of its own.", name)
	default:
		text := appUID
		if hasGroup {
			text = m.ownerText(name, group)
		}
		m.step(word.Span, "Run as `"+appUID+"` instead of "+checks.Code(word.Value), because(name, m.created[name]), m.edit(word.Span, text))
		if m.created[name] {
			m.note(m.at(word.Span), "Files in volumes that belong to %s stay so: give them to 1654, the number of `app`.", checks.Code(name))
		}
	}
}

func because(name string, created bool) string {
	switch {
	case slices.Contains(previewUIDs, name):
		return "`app` had this number only in previews; it has been 1654 since."
	case name == "app":
		return "It is the same account by its number, which Kubernetes can tell from root."
	case created:
		return "The image cannot make accounts; it has one for the application."
	}
	return "The chiseled image has no such account; it has `app` for the application."
}

// chown rewrites --chown of COPY and ADD.
func (m *migration) chown(i *dockerfile.Instruction) {
	flag := i.Flag("chown")
	if flag == nil {
		return
	}
	name, group, hasGroup := strings.Cut(strings.Trim(flag.Value, `"'`), ":")
	switch {
	case isApp(name) && (!hasGroup || isApp(group) || base.IsRoot(group)):
		return
	case base.IsRoot(name) && (!hasGroup || base.IsRoot(group)):
		return
	case isNumber(name) && !m.created[name] && !slices.Contains(previewUIDs, name) && (!hasGroup || isNumber(group)):
		return
	case strings.Contains(flag.Value, "$") && !isApp(name):
		m.person(m.at(flag.Span), "Whom "+checks.Code("--chown="+flag.Value)+" means cannot be told.", "Write `--chown=$APP_UID:$APP_UID`.")
		return
	}
	text := appUID
	if base.IsRoot(name) {
		text = name
	}
	if hasGroup {
		text = m.ownerText(name, group)
	}
	m.step(flag.Span, "Give the files to `"+appUID+"`", because(name, m.created[name]), m.edit(flag.ValueSpan, text))
}

// ownerText is a user and a group with both as the chiseled image knows them.
func (m *migration) ownerText(name, group string) string {
	user := appUID
	if base.IsRoot(name) {
		user = name
	}
	switch {
	case base.IsRoot(group), isNumber(group) && !m.created[group] && !slices.Contains(previewUIDs, group):
		return user + ":" + group
	}
	return user + ":" + appUID
}

// passwd leaves out a copied list of accounts: it would take the image's own away.
func (m *migration) passwd(i *dockerfile.Instruction) {
	if len(i.Words) < 2 {
		return
	}
	if to := path.Clean(i.Words[len(i.Words)-1].Value); path.IsAbs(to) && !strings.Contains(to, "$") && to != "/" && to != "/etc" && path.Dir(to) != "/etc" {
		return // the image keeps its own
	}
	if from := path.Clean(i.Words[0].Value); i.Flag("from") != nil && len(i.Words) == 2 && (from == "/" || from == "/etc") && path.Clean(i.Words[1].Value) == from {
		m.person(m.at(i.Span), fmt.Sprintf("All of %s of another image is copied over that of this one, its list of accounts with it, and what it has besides is not known.", checks.Code(from)), "Copy only what the application needs.")
		return
	}
	for _, w := range i.Words {
		switch path.Clean(w.Value) {
		case "/etc/passwd", "/etc/group", "/etc/shadow":
			if len(i.Words) > 2 {
				m.person(m.at(i.Span), "The list of accounts is copied into the image together with other files.", "Leave `"+w.Value+"` out: the image has an account of its own, `app`.")
				return
			}
			m.step(i.Span, "Leave out "+checks.Code(w.Value)+" of another image", "The chiseled image has its own, with the account `app`.", m.remove(i))
			return
		}
	}
}

// creates are the accounts and groups that a command makes, by name and by number.
func creates(c dockerfile.ShellCommand) []string {
	switch path.Base(c.Name) {
	case "useradd", "adduser", "groupadd", "addgroup":
	default:
		return nil
	}
	var names []string
	for n := 0; n < len(c.Args); n++ {
		a := c.Args[n].Value
		option, value, joined := strings.Cut(a, "=")
		switch {
		case !strings.HasPrefix(a, "-"):
			if c.Args[n].Static {
				names = append(names, a)
			}
			continue
		case option == "-u" || option == "--uid" || option == "-g" || option == "--gid":
			if !joined && n+1 < len(c.Args) {
				n++
				value = c.Args[n].Value
			}
			if isNumber(value) && value != "0" {
				names = append(names, value)
			}
		case takesValue(option) && !joined:
			n++
		}
	}
	return names
}

// takesValue reports whether an option of useradd or adduser has its value in the next
// word.
func takesValue(option string) bool {
	if strings.HasPrefix(option, "--") {
		return slices.Contains([]string{"--home", "--home-dir", "--shell", "--gecos", "--comment", "--groups", "--ingroup", "--base-dir", "--skel", "--password"}, option)
	}
	return len(option) > 1 && strings.ContainsAny(option[len(option)-1:], "dsckbGhp")
}

// isApp reports whether a user or group is the image's own.
func isApp(name string) bool {
	return name == appUID || name == "${APP_UID}" || name == "1654"
}

func isNumber(s string) bool {
	_, err := strconv.ParseUint(s, 10, 32)
	return err == nil
}

// keepsExec reports whether a RUN that needs no shell follows, which root may be for.
func keepsExec(rest []*dockerfile.Instruction) bool {
	return slices.ContainsFunc(rest, func(i *dockerfile.Instruction) bool { return i.Keyword == "RUN" && i.Exec })
}

func clip(s string) string { return strings.Trim(checks.Code(s), "`") }
