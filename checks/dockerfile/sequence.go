package dockerfile

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/chiselbot/chiselbot/checks/source"
)

// Sequence are the commands of a shell form or a here-document where all run one after
// the other, joined by && or ; or a line break, and nothing is piped, decided, repeated
// or written to a file. False means that the script does more than that, or is not one
// for a POSIX shell.
func (i *Instruction) Sequence() ([]ShellCommand, bool) {
	commands, tangle := i.sequence()
	return commands, tangle == nil && len(commands) > 0
}

// Tangle is where a script first does more than to run one command after the other, and
// what it does there as the end of a sentence: "pipes". It is the whole instruction where
// the script cannot be told apart.
func (i *Instruction) Tangle() (source.Span, string) {
	if _, t := i.sequence(); t != nil {
		return t.at, t.does
	}
	return i.Span, "cannot be read"
}

// A tangle is a part of a script that is no simple command.
type tangle struct {
	at   source.Span
	does string
}

func (i *Instruction) sequence() ([]ShellCommand, *tangle) {
	none := &tangle{i.Span, "cannot be read"}
	words := i.Words
	switch i.Keyword {
	case "RUN", "CMD", "ENTRYPOINT":
	case "HEALTHCHECK":
		words = words[1:]
	default:
		return nil, none
	}
	if i.Exec || len(words) == 0 {
		return nil, none
	}
	file, script, ok := i.parsedScript(words[0])
	if !ok {
		return nil, none
	}
	var commands []ShellCommand
	var follow func(*syntax.Stmt) *tangle
	follow = func(s *syntax.Stmt) *tangle {
		here := func(n syntax.Node, does string) *tangle { return &tangle{spanOf(n, script), does} }
		switch r := slices.IndexFunc(s.Redirs, writes); {
		case s.Negated, s.Background, s.Coprocess:
			return here(s, "runs a command in another way than one after the other")
		case r >= 0:
			return here(s.Redirs[r], "redirects what a command reads or writes")
		}
		switch cmd := s.Cmd.(type) {
		case *syntax.CallExpr:
			if len(cmd.Args) == 0 {
				return here(cmd, "sets a variable")
			}
			commands = append(commands, shellCommand(cmd, script))
			return nil
		case *syntax.BinaryCmd:
			switch cmd.Op {
			case syntax.AndStmt:
				if t := follow(cmd.X); t != nil {
					return t
				}
				return follow(cmd.Y)
			case syntax.OrStmt:
				return here(cmd, "runs a command only if another one fails")
			}
			return here(cmd, "pipes")
		case *syntax.IfClause, *syntax.CaseClause, *syntax.TestClause:
			return here(cmd, "decides what to run")
		case *syntax.ForClause, *syntax.WhileClause:
			return here(cmd, "repeats commands")
		}
		return here(s, "is more than one command after the other")
	}
	for _, s := range file.Stmts {
		if t := follow(s); t != nil {
			return nil, t
		}
	}
	return commands, nil
}

// writes reports whether a redirection does more than silence a command.
func writes(r *syntax.Redirect) bool {
	switch r.Op {
	case syntax.DplOut: // 2>&1, but not >&file
		return strings.Trim(r.Word.Lit(), "0123456789-") != "" || r.Word.Lit() == ""
	case syntax.RdrOut, syntax.RdrAll, syntax.RdrClob:
		return r.Word.Lit() != "/dev/null"
	}
	return true
}
