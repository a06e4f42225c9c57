package chiseled

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
)

// starts makes every image start its application without a shell, and not as an argument
// of the dotnet that chiseled runtime and aspnet images have for ENTRYPOINT.
// https://docs.docker.com/reference/dockerfile/#shell-and-exec-form
// https://github.com/dotnet/dotnet-docker/blob/main/src/runtime/10.0/noble-chiseled/amd64/Dockerfile
func (m *migration) starts() {
	done := map[*dockerfile.Instruction]bool{}
	for _, i := range m.images {
		st := i.leaf.State()
		entrypoint, cmd := st.Entrypoint.Origin, st.Cmd.Origin
		if entrypoint == nil && cmd == nil {
			if !i.from.Chiseled && !i.adopted {
				m.person(m.at(i.leaf.From.Words[0].Span), "Neither `ENTRYPOINT` nor `CMD` says what the image starts, so whoever uses it may need its shell.", "Look at what builds on the image and at what runs it, then change the tag by hand.")
			}
			continue
		}
		if entrypoint != nil && !done[entrypoint] {
			done[entrypoint] = true
			m.start(i, entrypoint, cmd)
		}
		if cmd != nil && !done[cmd] && (entrypoint == nil || wrapsOnly(entrypoint)) {
			done[cmd] = true
			m.start(i, cmd, nil)
		}
	}
}

// wrapsOnly reports whether an ENTRYPOINT is a program that starts what CMD says.
func wrapsOnly(i *dockerfile.Instruction) bool {
	return i.Exec && len(i.Words) > 0 && slices.Contains([]string{"tini", "dumb-init", "env"}, path.Base(i.Words[0].Value)) && len(i.Words) <= 2
}

// start rewrites an ENTRYPOINT, or a CMD that is what starts. ignored is the CMD that a
// shell-form ENTRYPOINT takes no notice of.
func (m *migration) start(i *image, at, ignored *dockerfile.Instruction) {
	args, ok := m.words(i, at)
	if !ok || !m.runnable(i, at, args) {
		return
	}
	keyword := at.Keyword
	inherits := i.to.Product != "runtime-deps" && i.leaf.State().Entrypoint.Origin == nil
	if keyword == "CMD" && inherits && !isArgument(args[0]) {
		keyword = "ENTRYPOINT"
	}
	var edits []source.Edit
	if keyword != at.Keyword {
		edits = append(edits, m.edit(at.KeywordSpan, m.keyword(keyword)))
	}
	_, called := at.Sequence()
	shell := !at.Exec || called
	if shell {
		edits = append(edits, m.edit(source.Span{Start: at.ArgsSpan.Start, End: m.end(at)}, dockerfile.ExecForm(args)))
	}
	if len(edits) == 0 {
		return
	}
	m.arguments(at, keyword)
	title, why := fmt.Sprintf("Write `%s` in exec form", at.Keyword), "The shell form is run by `/bin/sh`, which the image does not have: the container would not start."
	if at.Exec && called {
		title, why = fmt.Sprintf("Write `%s` without a shell", at.Keyword), fmt.Sprintf("The image does not have %s, which only starts the application: the container would not start.", checks.Code(at.Words[0].Value))
	}
	switch {
	case keyword != at.Keyword && !shell:
		title, why = "Write `ENTRYPOINT` instead of `CMD`", "The chiseled image has `dotnet` for `ENTRYPOINT`, so it would run "+checks.Code("dotnet "+strings.Join(args, " "))+"."
	case keyword != at.Keyword:
		title = strings.Replace(title, "`CMD`", "`CMD` as `ENTRYPOINT`", 1)
		why += "\nAs a `CMD` it would be an argument of `dotnet`, the `ENTRYPOINT` of the chiseled image."
	}
	if shell && at.Keyword == "ENTRYPOINT" && ignored != nil {
		edits = append(edits, m.remove(ignored))
		why += "\n`CMD` goes: an `ENTRYPOINT` in a shell took no notice of it, one without would be given it."
	}
	m.step(at.Span, title, why, edits...)
}

// arguments tells what becomes of the arguments that containers give the image: they took
// the place of CMD, or a shell took no notice of them, and now ENTRYPOINT gets them.
// https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/
// https://docs.docker.com/reference/dockerfile/#shell-form-entrypoint-example
func (m *migration) arguments(at *dockerfile.Instruction, keyword string) {
	var message, help string
	switch {
	case keyword != at.Keyword:
		message = "The container gives the image arguments in the place of its `CMD`. That becomes the `ENTRYPOINT`, and they would be added to it."
		help = "Name them `command` instead of `args`, in a compose file `entrypoint` instead of `command`, then ask again: that means the same with both images."
	case at.Keyword == "ENTRYPOINT":
		message = "The container gives the image arguments, of which the shell in its `ENTRYPOINT` takes no notice. Without the shell the application would get them."
		help = "Take them away, then ask again. If the application should get them, add them again once it has moved."
	default:
		return
	}
	m.plan.Args = &fixes.Reason{ID: m.rewrite.ID, URL: m.rewrite.URL, Verdict: fixes.NeedsPerson, Message: message, Help: help}
	for _, s := range m.services() {
		if n := s.node.Get("command"); n != nil && s.node.Get("entrypoint") == nil && (n.Text() != "" || len(n.List()) > 0) {
			m.person(s.place(n), message, help)
		}
	}
}

// words are the program and the arguments that an instruction starts, where no shell is
// needed to tell.
func (m *migration) words(i *image, at *dockerfile.Instruction) ([]string, bool) {
	var args []string
	commands, ok := at.Sequence()
	if at.Exec && !ok {
		for _, w := range at.Words {
			args = append(args, w.Value)
		}
		return args, len(args) > 0
	}
	text := m.File.Slice(at.ArgsSpan)
	if !at.Exec && strings.HasPrefix(text, "[") && !strings.Contains(text, "$") { // an array with the wrong quotes
		if json.Unmarshal([]byte(strings.ReplaceAll(text, "'", `"`)), &args) == nil && len(args) > 0 {
			return args, true
		}
	}
	stuck := func(why string) ([]string, bool) {
		m.person(m.at(at.Span), fmt.Sprintf("`%s` needs a shell, which the chiseled image does not have: it %s.", m.File.Slice(at.KeywordSpan), why),
			"Start the program itself, in exec form. What the shell does besides belongs into the application, an earlier stage or the environment.")
		return nil, false
	}
	switch {
	case !ok, len(commands) != 1 && !(len(commands) == 2 && commands[0].Name == "cd"):
		return stuck("is more than one command")
	case commands[0].Assigns:
		return stuck("sets variables")
	}
	if len(commands) == 2 {
		return stuck("changes the folder first")
	}
	args = []string{commands[0].Name}
	for _, a := range commands[0].Args {
		value := a.Value
		if !a.Static {
			if value, ok = m.variables(i, a.Value); !ok {
				return stuck("uses " + checks.Code(a.Value))
			}
			if name := m.givenIn(i, a.Value); name != "" {
				return stuck(fmt.Sprintf("uses %s, which comes from %s, and builds give that another value", checks.Code(a.Value), checks.Code(name)))
			}
		} else if strings.ContainsAny(m.File.Slice(a.Span), "*?[]{}~") {
			return stuck("uses " + checks.Code(a.Value))
		}
		args = append(args, value)
	}
	if args[0] == "exec" && len(args) > 1 {
		args = args[1:]
	}
	if args[0] == "" {
		return stuck("calls what only running it would tell")
	}
	return args, true
}

// variables replaces the variables of a word by what ENV sets; false where one is set
// elsewhere or the word is more than that.
func (m *migration) variables(i *image, word string) (string, bool) {
	word = strings.TrimSuffix(strings.TrimPrefix(word, `"`), `"`)
	if strings.ContainsAny(word, "`()\"'\\:*?[~ ") {
		return "", false
	}
	ok := true
	value := os.Expand(word, func(name string) string {
		v, set := i.leaf.State().Env[name]
		if !set || !v.Known || v.Origin == nil {
			ok = false
		}
		return v.Value
	})
	if ok {
		m.note(m.at(i.leaf.State().Entrypoint.Span), "The start command has the value of %s written out: without a shell nothing replaces the variable when the container starts.", checks.Code(word))
	}
	return value, ok
}

// givenIn is the ARG behind a variable of a word that some build in the repository gives a
// value of its own; empty where there is none.
func (m *migration) givenIn(i *image, word string) (found string) {
	os.Expand(word, func(name string) string {
		set := i.leaf.State().Env[name]
		if set.Origin == nil {
			return ""
		}
		os.Expand(m.File.Slice(set.Span), func(arg string) string {
			if len(m.buildArguments(arg)) > 0 {
				found = arg
			}
			return ""
		})
		return ""
	})
	return found
}

// runnable reports whether the image has what the command calls, and says so where not.
func (m *migration) runnable(i *image, at *dockerfile.Instruction, args []string) bool {
	program := args[0]
	name := path.Base(program)
	span := at.ArgsSpan
	switch {
	case strings.HasSuffix(name, ".sh"), m.isScript(at, program):
		m.refuse(m.at(span), fmt.Sprintf("%s starts the application, and a chiseled image has no shell to run it.", checks.Code(program)),
			"Move what the script does into the application, its settings or an init container, and start the application itself. Until then keep the full image.")
		return false
	case slices.Contains([]string{"sh", "bash", "ash", "dash", "zsh", "pwsh", "powershell", "busybox"}, name):
		m.refuse(m.at(span), fmt.Sprintf("The image starts %s, which a chiseled image does not have.", checks.Code(program)), "Start the application itself, in exec form. Until then keep the full image.")
		return false
	case slices.Contains([]string{"tini", "dumb-init", "gosu", "su-exec", "s6-svscan", "supervisord", "catatonit", "env", "sudo", "cron", "crond", "nginx", "node", "java", "python", "python3", "tail", "sleep", "cat"}, name) && isSystem(program):
		m.refuse(m.at(span), fmt.Sprintf("The image starts %s, which a chiseled image does not have.", checks.Code(program)), "Start the application itself: .NET handles the signals of a first process. Until then keep the full image.")
		return false
	case name == "dotnet":
		if i.to.Product == "runtime-deps" {
			m.person(m.at(span), "The image starts `dotnet`, which the `runtime-deps` image does not have.", "Take the `runtime` or `aspnet` image.")
			return false
		}
		if len(args) > 1 && slices.Contains([]string{"run", "watch", "test", "ef", "build", "publish", "tool"}, args[1]) {
			m.person(m.at(span), fmt.Sprintf("The image starts `dotnet %s`, which needs an SDK.", clip(args[1])), "Start what `dotnet publish` made.")
			return false
		}
		return true
	case strings.Contains(program, "/"), isArgument(program) && at.Keyword == "CMD":
		return true
	case isArgument(program):
		m.person(m.at(span), fmt.Sprintf("%s is no program.", checks.Code(program)), "Write `ENTRYPOINT [\"dotnet\", …]`.")
		return false
	}
	if dir := i.leaf.State().Env["PATH"]; dir.Origin != nil {
		return true // found where the Dockerfile says
	}
	m.person(m.at(span), fmt.Sprintf("Where the image finds %s is not known.", checks.Code(program)), "Write the whole path, such as `./"+clip(program)+"`, or `dotnet` and the name of the assembly.")
	return false
}

// isSystem reports whether a program is called by its name alone or where distributions
// install programs.
func isSystem(program string) bool {
	return !strings.Contains(program, "/") || slices.Contains([]string{"/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin"}, path.Dir(program))
}

// isArgument reports whether a word is what dotnet is given rather than a program.
func isArgument(word string) bool {
	return strings.HasPrefix(word, "-") || path.Ext(word) == ".dll"
}
