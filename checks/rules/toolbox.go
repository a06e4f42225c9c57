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
	var words []string
	for _, command := range []dockerfile.Setting[dockerfile.Command]{s.Entrypoint, s.Cmd} {
		if command.Origin == nil {
			continue
		}
		if command.Value.ShellForm {
			words = append(words, strings.Fields(strings.Join(command.Value.Args, " "))...)
			break // a CMD behind an ENTRYPOINT in shell form is not used
		}
		words = append(words, command.Value.Args...)
	}
	words = words[program(words):]
	if len(words) > 1 && words[0] == "exec" {
		words = words[1:]
	}
	if len(words) == 0 {
		return s.Base == nil || s.Base.Role != base.RoleServer // a server image has a command of its own
	}
	arguments := slices.DeleteFunc(slices.Clone(words[1:]), func(w string) bool { return strings.HasPrefix(w, "-") })
	switch path.Base(words[0]) {
	case "sleep", "tail", "sshd":
		return true
	case "sh", "bash", "zsh", "ash", "pwsh":
		return len(arguments) == 0
	case "dotnet", "go", "cargo", "mvn", "mvnw", "gradle", "gradlew", "swift", "stack", "cabal", "make":
		return len(arguments) > 0 && slices.Contains([]string{
			"bench", "build", "check", "clippy", "compile", "deploy", "ef", "format", "install", "pack", "package", "publish", "restore", "test", "verify", "vet", "vstest", "watch",
		}, arguments[0])
	}
	return false
}
