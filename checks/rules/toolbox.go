package rules

import (
	"path"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
)

// isToolbox reports whether the image is made to work in rather than to run one
// application: the Dockerfile sets no command, or one that opens a shell, waits, builds
// or tests. Such an image needs its compilers.
func isToolbox(s *dockerfile.State) bool {
	entrypoint, cmd := commandWords(s.Entrypoint), commandWords(s.Cmd)
	switch {
	case len(entrypoint) == 0 && len(cmd) == 0:
		return s.Base == nil || s.Base.Role != base.RoleServer // a server image has a command of its own
	case s.Entrypoint.Value.ShellForm && len(entrypoint) > 0: // CMD is not used
		return isWork(entrypoint)
	}
	// CMD may be arguments, or the command that an entry script ends with.
	return isWork(slices.Concat(entrypoint, cmd)) || isWork(cmd)
}

// commandWords are the words of a command that the Dockerfile sets, none for another.
func commandWords(c dockerfile.Setting[dockerfile.Command]) []string {
	switch {
	case c.Origin == nil:
		return nil
	case c.Value.ShellForm:
		return strings.Fields(strings.Join(c.Value.Args, " "))
	}
	return c.Value.Args
}

// isWork reports whether a command is for a person or a pipeline that works with the
// image's tools.
func isWork(words []string) bool {
	words = words[program(words):]
	if len(words) > 1 && words[0] == "exec" {
		words = words[1:]
	}
	if len(words) == 0 {
		return false
	}
	arguments := slices.DeleteFunc(slices.Clone(words[1:]), func(w string) bool { return strings.HasPrefix(w, "-") })
	switch path.Base(words[0]) {
	case "sleep", "tail", "sshd":
		return true
	case "sh", "bash", "zsh", "ash", "pwsh":
		return len(arguments) == 0
	case "dotnet", "go", "cargo", "mvn", "mvnw", "gradle", "gradlew", "swift", "stack", "cabal", "make":
		return len(arguments) > 0 && slices.Contains([]string{
			"bench", "build", "check", "clippy", "compile", "deploy", "ef", "format", "install", "pack",
			"package", "publish", "restore", "test", "verify", "vet", "vstest", "watch",
		}, arguments[0])
	}
	return false
}
