package dockerfile

import (
	"path"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"mvdan.cc/sh/v3/syntax"

	"github.com/chiselbot/chiselbot/checks/source"
)

// The longest script that is parsed, and the most brackets in it: the shell parser
// recurses on each, and a stack that overflows ends the process.
const (
	maxScript   = 32 << 10
	maxBrackets = 1_000
)

// A ShellCommand is one command with its arguments.
type ShellCommand struct {
	// Name is the command as called: "apt-get", "/usr/bin/apt-get". It is empty where
	// only running the script would tell.
	Name string
	Args []ShellWord
	// Span runs from the first word, or the first assignment before it, to the last
	// word; NameSpan is where the name stands.
	Span, NameSpan source.Span
	// Assigns says that variables are assigned before the name, for this command alone.
	Assigns bool
	// Output is the file to which the command's output goes in a [Instruction.Script];
	// it is empty where that is none.
	Output string
}

// A ShellWord is one argument of a command.
type ShellWord struct {
	// Value is the argument without quotes and escapes. Where Static is false it has
	// parts that only running the script would tell, and stands as written.
	Value  string
	Static bool
	Span   source.Span
}

// Commands are the commands that a RUN, CMD, ENTRYPOINT or HEALTHCHECK calls, in the
// order in which they stand: those of pipes, lists, conditions, loops, functions,
// subshells and substitutions of a shell form or a here-document, the one of an exec
// form. Whether a command is reached is not told. False means that the script is not
// one for a POSIX shell or bash, or could not be parsed. The slice is shared: it must
// not be changed.
func (i *Instruction) Commands() ([]ShellCommand, bool) {
	i.once.Do(func() { i.commands, i.parsed = i.parseCommands() })
	return i.commands, i.parsed
}

func (i *Instruction) parseCommands() ([]ShellCommand, bool) {
	words := i.Words
	switch i.Keyword {
	case "RUN", "CMD", "ENTRYPOINT":
	case "HEALTHCHECK":
		words = words[1:]
	default:
		return nil, false
	}
	if len(words) == 0 {
		return nil, true
	}
	if i.Exec {
		c := ShellCommand{Name: words[0].Value, NameSpan: words[0].Span}
		c.Span = source.Span{Start: words[0].Span.Start, End: words[len(words)-1].Span.End}
		for _, w := range words[1:] {
			c.Args = append(c.Args, ShellWord{Value: w.Value, Static: true, Span: w.Span})
		}
		return []ShellCommand{c}, true
	}
	file, script, ok := i.parsedScript(words[0])
	if !ok {
		return nil, false
	}
	var commands []ShellCommand
	syntax.Walk(file, func(n syntax.Node) bool {
		if call, ok := n.(*syntax.CallExpr); ok && len(call.Args) > 0 {
			commands = append(commands, shellCommand(call, script))
		}
		return true
	})
	return commands, true
}

// parsedScript is the script that begins with a word, parsed, and its way back to the
// file.
func (i *Instruction) parsedScript(word Word) (*syntax.File, Logical, bool) {
	script, ok := i.script(word)
	if !ok {
		return nil, script, false
	}
	return parsed(script)
}

func parsed(script Logical) (*syntax.File, Logical, bool) {
	if len(script.Text) > maxScript || brackets(script.Text) > maxBrackets {
		return nil, script, false
	}
	file, err := parseScript(syntax.LangBash, script.Text)
	if err != nil {
		if file, err = parseScript(syntax.LangPOSIX, script.Text); err != nil {
			return nil, script, false
		}
	}
	return file, script, true
}

func parseScript(lang syntax.LangVariant, text string) (*syntax.File, error) {
	return syntax.NewParser(syntax.Variant(lang)).Parse(strings.NewReader(text), "")
}

func brackets(s string) int {
	return strings.Count(s, "(") + strings.Count(s, "[") + strings.Count(s, "{")
}

// script is what the shell is given to run: the command, with its here-documents as
// BuildKit's dispatchRun puts them back together. False means that it is not for a
// shell that can be parsed.
func (i *Instruction) script(command Word) (Logical, bool) {
	line := i.Logical.slice(command.at, command.at+len(command.Value))
	if len(i.Heredocs) == 0 || parser.MustParseHeredoc(command.Value) == nil {
		for _, doc := range i.Heredocs {
			n := len(line.Text)
			line.pieces = append(line.pieces, piece{n, doc.Span.Start - 1})
			line.Text += "\n" + doc.Content
			n = len(line.Text)
			line.pieces = append(line.pieces, piece{n, doc.nameAt})
			line.Text += doc.Name
		}
		return line, i.posixShell()
	}
	doc := i.Heredocs[0]
	body := Logical{Text: doc.Content, pieces: []piece{{0, doc.Span.Start}}}
	first := doc.Content
	if doc.Chomp {
		first = strings.TrimLeft(first, "\t")
	}
	if first, ok := strings.CutPrefix(first, "#!"); ok {
		first, _, _ = strings.Cut(first, "\n")
		fields := strings.Fields(first)
		if len(fields) > 1 && path.Base(fields[0]) == "env" {
			fields = fields[1:]
		}
		return body, len(fields) > 0 && isPOSIXShell(fields[0])
	}
	return body, i.posixShell()
}

// posixShell reports whether the shell form of an instruction is run by a shell whose
// scripts can be parsed. A Dockerfile with "`" for escape is one for Windows.
func (i *Instruction) posixShell() bool {
	shell := i.Before().Shell
	if len(shell.Value) == 0 || shell.Origin == nil && i.Stage.file.Escape == '`' {
		return false
	}
	return isPOSIXShell(shell.Value[0])
}

func isPOSIXShell(program string) bool {
	return slices.Contains([]string{"sh", "bash", "dash", "ash", "ksh", "mksh", "zsh"}, path.Base(program))
}

func shellCommand(call *syntax.CallExpr, script Logical) ShellCommand {
	span := func(n syntax.Node) source.Span { return spanOf(n, script) }
	c := ShellCommand{Span: span(call), NameSpan: span(call.Args[0]), Assigns: len(call.Assigns) > 0}
	for n, arg := range call.Args {
		w := ShellWord{Span: span(arg)}
		if w.Value, w.Static = static(arg.Parts, false); !w.Static {
			w.Value = script.Text[min(int(arg.Pos().Offset()), len(script.Text)):min(int(arg.End().Offset()), len(script.Text))]
		}
		switch {
		case n > 0:
			c.Args = append(c.Args, w)
		case w.Static:
			c.Name = w.Value
		}
	}
	return c
}

// spanOf is where a part of a script stands in the file.
func spanOf(n syntax.Node, script Logical) source.Span {
	start := min(int(n.Pos().Offset()), len(script.Text))
	return script.Span(start, max(start, min(int(n.End().Offset()), len(script.Text))))
}

// static is the value of a word without quotes, if nothing in it has to be run or
// replaced to tell.
func static(parts []syntax.WordPart, quoted bool) (string, bool) {
	if len(parts) == 1 {
		if lit, ok := parts[0].(*syntax.Lit); ok && strings.IndexByte(lit.Value, '\\') < 0 {
			return lit.Value, true
		}
	}
	var value strings.Builder
	for _, part := range parts {
		switch p := part.(type) {
		case *syntax.Lit:
			for s := p.Value; s != ""; {
				before, after, found := strings.Cut(s, `\`)
				value.WriteString(before)
				if s = after; !found || s == "" {
					break
				}
				if quoted && strings.IndexByte("$`\"\\\n", s[0]) < 0 {
					value.WriteByte('\\')
				}
				if s[0] != '\n' {
					value.WriteByte(s[0])
				}
				s = s[1:]
			}
		case *syntax.SglQuoted:
			if p.Dollar {
				return "", false
			}
			value.WriteString(p.Value)
		case *syntax.DblQuoted:
			inner, ok := static(p.Parts, true)
			if !ok || p.Dollar {
				return "", false
			}
			value.WriteString(inner)
		default:
			return "", false
		}
	}
	return value.String(), true
}

// SimpleCommand splits a script into words where it is one command that any shell would
// split the same way, with nothing that only running it would tell.
func SimpleCommand(script string) ([]string, bool) {
	if len(script) > maxScript || brackets(script) > maxBrackets {
		return nil, false
	}
	file, err := parseScript(syntax.LangPOSIX, script)
	if err != nil || len(file.Stmts) != 1 {
		return nil, false
	}
	s := file.Stmts[0]
	call, ok := s.Cmd.(*syntax.CallExpr)
	if !ok || s.Negated || s.Background || len(s.Redirs) > 0 || len(call.Assigns) > 0 {
		return nil, false
	}
	var words []string
	for _, arg := range call.Args {
		for _, part := range arg.Parts {
			lit, ok := part.(*syntax.Lit)
			if !ok {
				continue
			}
			address := strings.Contains(lit.Value, "://") && !strings.ContainsAny(lit.Value, "[]{}") // no file is called so
			if strings.ContainsAny(lit.Value, "*?[]{}~") && !address {
				return nil, false // patterns of file names
			}
		}
		word, ok := static(arg.Parts, false)
		if !ok {
			return nil, false
		}
		words = append(words, word)
	}
	return words, true
}
