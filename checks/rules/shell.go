package rules

import (
	"path"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// A shellNeed is an instruction that cannot do its work in an image without a shell and
// the programs that come with one.
type shellNeed struct {
	*dockerfile.Instruction
	kind shellNeedKind
	// word is what needs it: the program, the operator; the whole command in shell form.
	word dockerfile.Word
}

// shellNeedKind says what is needed.
type shellNeedKind int8

const (
	shellForm     shellNeedKind = iota // /bin/sh, to run a command in shell form
	shellProgram                       // a shell that an exec form calls
	shellScript                        // a shell to run a script
	shellOperator                      // a shell to understand && or || in an exec form
	httpClient                         // curl or wget
)

// at is the text to mark: the command where it stands on one line, otherwise the keyword.
func (n shellNeed) at(f *source.File) source.Span {
	if n.kind == shellForm && (n.Keyword == "RUN" || f.LineAt(n.word.Span.Start) != f.LineAt(n.word.Span.End)) {
		return n.KeywordSpan
	}
	return n.word.Span
}

// runNeedsShell says what a RUN needs of a shell, if anything. A mount may bring one.
func runNeedsShell(i *dockerfile.Instruction) (shellNeed, bool) {
	if i.Keyword != "RUN" || len(i.Words) == 0 || mountsShell(i) {
		return shellNeed{}, false
	}
	return commandNeedsShell(i, i.Words)
}

// startNeedsShell lists what ENTRYPOINT, CMD and HEALTHCHECK of an image need of a shell.
func startNeedsShell(s *dockerfile.State) []shellNeed {
	var needs []shellNeed
	add := func(i *dockerfile.Instruction, words []dockerfile.Word) {
		if len(words) == 0 {
			return
		}
		if n, ok := commandNeedsShell(i, words); ok {
			needs = append(needs, n)
		}
	}
	if i := s.Entrypoint.Origin; i != nil {
		add(i, i.Words)
	}
	if i := s.Cmd.Origin; i != nil && cmdStarts(s) {
		add(i, i.Words)
	}
	if i := s.Health.Origin; i != nil && len(s.Health.Value.Args) > 0 {
		add(i, i.Words[1:])
	}
	return needs
}

// cmdStarts reports whether CMD says what is started rather than what an ENTRYPOINT of
// the Dockerfile is given.
func cmdStarts(s *dockerfile.State) bool {
	if s.Entrypoint.Origin == nil {
		return true
	}
	args := s.Entrypoint.Value.Args
	return !s.Entrypoint.Value.ShellForm && program(args) == len(args)
}

// commandNeedsShell says what one command needs of a shell, if anything.
func commandNeedsShell(i *dockerfile.Instruction, words []dockerfile.Word) (shellNeed, bool) {
	if !i.Exec {
		return shellNeed{i, shellForm, words[0]}, usesSystemShell(i)
	}
	args := make([]string, len(words))
	for n, w := range words {
		args[n] = w.Value
	}
	if n := program(args); n < len(args) {
		switch name := path.Base(args[n]); {
		case isSystemProgram(args[n], "sh", "bash", "dash", "ash"):
			return shellNeed{i, shellProgram, words[n]}, true
		case path.Ext(name) == ".sh":
			return shellNeed{i, shellScript, words[n]}, true
		case i.Keyword == "HEALTHCHECK" && isSystemProgram(args[n], "curl", "wget"):
			return shellNeed{i, httpClient, words[n]}, true
		}
	}
	for n, arg := range args {
		if arg == "||" || arg == "&&" {
			return shellNeed{i, shellOperator, words[n]}, true
		}
	}
	return shellNeed{}, false
}

// usesSystemShell reports whether the shell form is run by the shell of the system: a
// SHELL may name a program that the Dockerfile brings along.
func usesSystemShell(i *dockerfile.Instruction) bool {
	shell := i.Before().Shell
	return len(shell.Value) > 0 && isSystemProgram(shell.Value[0], "sh", "bash", "dash", "ash")
}

// isSystemProgram reports whether a command is one of the programs, where a
// distribution installs it.
func isSystemProgram(command string, names ...string) bool {
	switch path.Dir(command) {
	case ".", "/bin", "/usr/bin":
		return !strings.HasPrefix(command, "./") && slices.Contains(names, path.Base(command))
	}
	return false
}

// program is the index of the program in a command line, behind those that only start
// another one; len(args) where there is none.
func program(args []string) int {
	for n := 0; n < len(args); n++ {
		switch path.Base(args[n]) {
		case "tini", "dumb-init", "env", "catatonit":
			for n+1 < len(args) && (strings.HasPrefix(args[n+1], "-") || strings.Contains(args[n+1], "=")) {
				n++
			}
		default:
			return n
		}
	}
	return len(args)
}

// mountsShell reports whether a --mount of RUN may put a shell where it is looked for.
// https://docs.docker.com/reference/dockerfile/#run---mounttypebind
func mountsShell(i *dockerfile.Instruction) bool {
	for _, flag := range i.Flags {
		if flag.Name != "mount" {
			continue
		}
		for field := range strings.SplitSeq(flag.Value, ",") {
			key, value, _ := strings.Cut(field, "=")
			switch key {
			case "target", "dst", "destination":
				switch dir := path.Clean("/" + value); {
				case strings.Contains(value, "$"), dir == "/", dir == "/usr", dir == "/bin", dir == "/usr/bin",
					strings.HasPrefix(dir, "/bin/"), strings.HasPrefix(dir, "/usr/bin/"):
					return true
				}
			}
		}
	}
	return false
}

// mayBring reports whether the chain may have copied the program to a folder of PATH.
func mayBring(stage *dockerfile.Stage, name string) bool {
	if v, ok := stage.State().Env["PATH"]; ok && v.Origin != nil {
		return true
	}
	for _, s := range stage.Chain() {
		for _, i := range s.Instructions {
			if i.Keyword != "COPY" && i.Keyword != "ADD" {
				continue
			}
			for _, w := range i.Words {
				if path.Base(w.Value) == name || strings.HasPrefix(w.Value, "/usr/local") {
					return true
				}
			}
		}
	}
	return false
}

// hasNoShell reports whether the image of a stage is known to have no shell at its end.
func hasNoShell(s *dockerfile.Stage) bool {
	return s.State().HasShell == base.No && !onWindows(s.State())
}
