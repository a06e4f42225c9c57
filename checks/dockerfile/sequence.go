package dockerfile

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/chiselbot/chiselbot/checks/source"
)

// Sequence are the commands of a shell form, a here-document or an exec form that calls a
// shell, as ["sh", "-c", "…"], where all run one after the other, joined by && or ; or a
// line break, and nothing is piped, decided, repeated or written to a file. False means
// that the script does more than that, or is not one for a POSIX shell.
func (i *Instruction) Sequence() ([]ShellCommand, bool) {
	commands, ok := i.Script()
	return commands, ok && !slices.ContainsFunc(commands, func(c ShellCommand) bool { return c.Output != "" })
}

// Script is as Sequence, and its commands may write what they print to a file that is
// named as it is.
func (i *Instruction) Script() ([]ShellCommand, bool) {
	commands, _, tangle := i.sequence()
	return commands, tangle == nil && len(commands) > 0
}

// Tangle is where a script first does more than to run one command after the other, and
// what it does there as the end of a sentence: "pipes". It is the whole instruction where
// the script cannot be told apart.
func (i *Instruction) Tangle() (source.Span, string) {
	_, output, t := i.sequence()
	switch {
	case t != nil:
		return t.at, t.does
	case output != nil:
		return output.at, output.does
	}
	return i.Span, "cannot be read"
}

// A tangle is a part of a script that is no simple command.
type tangle struct {
	at   source.Span
	does string
}

// sequence are the commands, the first of the files that they write, and what makes the
// script more than that; both nil where there is none.
func (i *Instruction) sequence() (commands []ShellCommand, output, more *tangle) {
	none := &tangle{i.Span, "cannot be read"}
	words := i.Words
	switch i.Keyword {
	case "RUN", "CMD", "ENTRYPOINT":
	case "HEALTHCHECK":
		words = words[1:]
	default:
		return nil, nil, none
	}
	if len(words) == 0 {
		return nil, nil, none
	}
	var file *syntax.File
	var script Logical
	var ok bool
	if i.Exec {
		file, script, ok = i.calledScript(words)
	} else {
		file, script, ok = i.parsedScript(words[0])
	}
	if !ok {
		return nil, nil, none
	}
	var follow func(*syntax.Stmt) *tangle
	follow = func(s *syntax.Stmt) *tangle {
		here := func(n syntax.Node, does string) *tangle { return &tangle{spanOf(n, script), does} }
		written, redirect := outputs(s.Redirs)
		switch {
		case s.Negated, s.Background, s.Coprocess:
			return here(s, "runs a command in another way than one after the other")
		case redirect != nil && written == "":
			return here(redirect, "redirects what a command reads or writes")
		case redirect != nil && output == nil:
			output = here(redirect, "redirects what a command reads or writes")
		}
		switch cmd := s.Cmd.(type) {
		case *syntax.CallExpr:
			if len(cmd.Args) == 0 {
				return here(cmd, "sets a variable")
			}
			c := shellCommand(cmd, script)
			c.Output = written
			commands = append(commands, c)
			return nil
		case *syntax.BinaryCmd:
			switch {
			case cmd.Op == syntax.OrStmt:
				return here(cmd, "runs a command only if another one fails")
			case cmd.Op != syntax.AndStmt:
				return here(cmd, "pipes")
			}
			if t := follow(cmd.X); t != nil {
				return t
			}
			return follow(cmd.Y)
		case *syntax.IfClause, *syntax.CaseClause, *syntax.TestClause:
			return here(cmd, "decides what to run")
		case *syntax.ForClause, *syntax.WhileClause:
			return here(cmd, "repeats commands")
		}
		return here(s, "is more than one command after the other")
	}
	for _, s := range file.Stmts {
		if t := follow(s); t != nil {
			return nil, nil, t
		}
	}
	return commands, output, nil
}

// outputs is the file that redirections write to and the one that does; without a file, the
// redirection that does more than that or than to silence a command.
func outputs(redirections []*syntax.Redirect) (file string, by *syntax.Redirect) {
	for _, r := range redirections {
		name := r.Word.Lit()
		switch r.Op {
		case syntax.DplOut: // 2>&1, but not >&file
			if name == "" || strings.Trim(name, "0123456789-") != "" {
				return "", r
			}
		case syntax.RdrOut, syntax.AppOut, syntax.RdrAll, syntax.RdrClob:
			if name == "/dev/null" {
				continue
			}
			if name == "" || file != "" || r.N != nil {
				return "", r
			}
			file, by = name, r
		default:
			return "", r
		}
	}
	return file, by
}

// calledScript is the script of an exec form that calls a shell with it. It must stand
// there as it is, without escapes.
func (i *Instruction) calledScript(words []Word) (*syntax.File, Logical, bool) {
	if len(words) != 3 || !isPOSIXShell(words[0].Value) || words[1].Value != "-c" {
		return nil, Logical{}, false
	}
	text, at := words[2].Value, words[2].Span
	if i.Stage.file.Slice(at) != `"`+text+`"` {
		return nil, Logical{}, false
	}
	return parsed(Logical{Text: text, pieces: []piece{{0, at.Start + 1}}})
}
