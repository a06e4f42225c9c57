package dotnet

import (
	"cmp"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks/dockerfile"
)

// verbs are those of dotnet's commands that name a project, the one that says most of
// what is in the image first.
var verbs = []string{"publish", "build", "pack", "msbuild", "run", "restore"}

// takesValue are the options whose value is the next word.
var takesValue = map[string]bool{
	"-c": true, "--configuration": true, "-o": true, "--output": true, "-r": true, "--runtime": true,
	"-f": true, "--framework": true, "-a": true, "--arch": true, "--os": true, "-v": true, "--verbosity": true,
	"-s": true, "--source": true, "--version-suffix": true, "--packages": true, "--configfile": true,
	"--artifacts-path": true, "--manifest": true, "--launch-profile": true,
}

// words are the name and the arguments of a command, variables replaced where their
// values are known.
func (v variables) words(c dockerfile.ShellCommand) []string {
	all := []string{v.expand(c.Name)}
	for _, a := range c.Args {
		value := a.Value
		if !a.Static {
			value = v.expand(strings.Trim(value, `"'`))
		}
		all = append(all, value)
	}
	return all
}

// dotnetCommand is the verb and the project or folder that a command gives to dotnet; an
// empty target is the folder in which it runs. The verb is empty for other commands.
func dotnetCommand(words []string) (verb, target string) {
	n := slices.IndexFunc(words, func(w string) bool { return path.Base(w) == "dotnet" }) // first, or behind time and the like
	if n < 0 || n+1 == len(words) || !slices.Contains(verbs, words[n+1]) {
		return "", ""
	}
	verb = words[n+1]
	for words = words[n+2:]; len(words) > 0; words = words[1:] {
		switch w := words[0]; {
		case w == "--":
			return verb, ""
		case verb == "run" && (w == "--project" || w == "-p") && len(words) > 1:
			return verb, words[1]
		case verb == "run":
		case takesValue[strings.ToLower(w)] && len(words) > 1:
			words = words[1:]
		case strings.HasPrefix(w, "-") || isSwitch(w):
		default:
			return verb, w
		}
	}
	return verb, ""
}

// isSwitch reports whether a word is an option in MSBuild's older form, /p:Name=Value.
func isSwitch(w string) bool {
	name, _, _ := strings.Cut(strings.TrimPrefix(w, "/"), ":")
	switch strings.ToLower(name) {
	case "p", "property", "t", "target", "m", "maxcpucount", "v", "verbosity", "r", "restore", "nologo", "bl", "nr":
		return strings.HasPrefix(w, "/")
	}
	return false
}

// variables are the values of ARG and ENV as far as the file gives them.
type variables map[string]string

// Bounds on variables: their number, and the length of a word with them replaced.
const (
	maxVariables = 1000
	maxWord      = 1024
)

func (v variables) set(name, value string) {
	if _, ok := v[name]; ok || len(v) < maxVariables {
		v[name] = v.expand(value)
	}
}

// expand replaces $NAME, ${NAME} and ${NAME:-default}. A variable without a value stays
// as it is, and so does a word that would be too long: such a word names nothing.
func (v variables) expand(s string) string {
	if len(s) > maxWord || !strings.Contains(s, "$") {
		return s
	}
	length := 0
	out := os.Expand(s, func(name string) string {
		name, fallback, _ := strings.Cut(name, ":-")
		value := cmp.Or(v[name], fallback, "$"+name)
		if length += len(value); length > maxWord {
			return ""
		}
		return value
	})
	if length > maxWord {
		return s
	}
	return out
}
