package rules

import (
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// plainCommand splits a shell form that any shell would split the same way into a
// program and its arguments.
func plainCommand(f *source.File, n shellNeed) ([]string, bool) {
	text := f.Slice(n.word.Span)
	if strings.HasPrefix(text, "[") && !strings.Contains(text, "$") { // an array with the wrong quotes is a shell form
		var args []string
		err := json.Unmarshal([]byte(strings.ReplaceAll(text, "'", `"`)), &args)
		return args, err == nil && len(args) > 0 && !needsSystem(args[0])
	}
	commands, ok := n.Commands()
	if !ok || len(commands) != 1 || text != n.word.Value || strings.ContainsAny(text, "*?[]{}~") {
		return nil, false
	}
	c := commands[0]
	if c.Span != n.word.Span || c.NameSpan.Start != c.Span.Start {
		return nil, false // redirections, operators and assignments
	}
	args := []string{c.Name}
	for _, a := range c.Args {
		if !a.Static {
			return nil, false
		}
		args = append(args, a.Value)
	}
	if args[0] == "exec" && len(args) > 1 && !strings.HasPrefix(args[1], "-") {
		args = args[1:]
	}
	return args, !needsSystem(args[0])
}

// needsSystem reports whether a command is a part of the shell, a script for it, or a
// program that images without a shell do not have.
func needsSystem(name string) bool {
	if path.Ext(name) == ".sh" {
		return true
	}
	return slices.Contains([]string{
		"", ".", ":", "[", "cd", "eval", "exec", "exit", "export", "false", "set", "source", "test", "trap", "true", "ulimit", "umask", "wait",
		"ash", "bash", "dash", "sh", "cat", "curl", "echo", "env", "grep", "nc", "pgrep", "ps", "sleep", "tail", "wget",
	}, path.Base(name))
}

// keywordEdit replaces the keyword of an instruction in the case that it has.
func keywordEdit(p *checks.DockerfilePass, i *dockerfile.Instruction, keyword string) source.Edit {
	if written := p.File.Slice(i.KeywordSpan); written == strings.ToLower(written) {
		keyword = strings.ToLower(keyword)
	}
	return p.Edit(i.KeywordSpan, keyword)
}
