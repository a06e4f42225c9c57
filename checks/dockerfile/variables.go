package dockerfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// maxExpansion bounds the work of replacing variables in one file: values can be built
// from values, and a pattern is matched against each.
const maxExpansion = 1 << 22

const tooMany = "the file replaces too many variables"

// A variable is what is known of one variable at a place in a Dockerfile.
type variable struct {
	value string
	kind  variableKind
	// why says, for an unknown one, where that comes from.
	why string
}

type variableKind int8

const (
	unset   variableKind = iota // has no value here, but a build may give it one
	absent                      // is known not to be set
	known                       // has a value
	unknown                     // is set, to what cannot be told
)

// automatic are the ARGs that BuildKit declares by itself, before the first FROM.
// https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope
func automatic(name string) bool {
	switch name {
	case "BUILDPLATFORM", "BUILDOS", "BUILDOSVERSION", "BUILDARCH", "BUILDVARIANT",
		"TARGETPLATFORM", "TARGETOS", "TARGETOSVERSION", "TARGETARCH", "TARGETVARIANT", "TARGETSTAGE":
		return true
	}
	return false
}

// An expander replaces variables as BuildKit does.
type expander struct {
	lex    *shell.Lex
	escape byte
	budget int
}

func newExpander(escape rune) *expander {
	return &expander{lex: shell.NewLex(escape), escape: byte(escape), budget: maxExpansion}
}

// word replaces the variables of a word and takes its quotes away. The result is known
// when its value does not depend on a variable without a known one.
func (x *expander) word(word string, look func(name string) variable) variable {
	if !strings.ContainsAny(word, "$'\"") && strings.IndexByte(word, x.escape) < 0 {
		return variable{value: word, kind: known}
	}
	env := &lookup{x: x, look: look, cost: 1, mark: "a"}
	uses := x.uses(word)
	for _, u := range uses {
		if u.plain {
			env.plain = append(env.plain, u.name)
		}
	}
	if len(uses) > 0 && strings.ContainsAny(word, "#%/") {
		env.cost = len(word)
	}
	if env.cost*len(word) > x.budget {
		return variable{kind: unknown, why: tooMany}
	}
	x.budget -= len(word)
	value, _, err := x.lex.ProcessWord(word, env)
	if err == nil && env.why != "" {
		// What is not known may not matter: "${X:+set}" is the same for every X.
		env.mark = "bc"
		var again string
		if again, _, err = x.lex.ProcessWord(word, env); err == nil && again != value {
			return variable{kind: unknown, why: env.why}
		}
	}
	if err != nil {
		return variable{kind: unknown, why: reason(err)}
	}
	return variable{value: value, kind: known}
}

// reason is the innermost error: those around it only repeat the word.
func reason(err error) string {
	s := err.Error()
	if strings.Contains(s, "\uFFFD") { // the lexer's name for the end of the word
		return "a substitution is not closed"
	}
	if n := strings.LastIndex(s, `": `); n >= 0 {
		s = s[n+len(`": `):]
	}
	return s
}

// lookup gives BuildKit's lexer the variables and stands in for those that are not known.
type lookup struct {
	x     *expander
	look  func(string) variable
	plain []string // names that are used without a default or alternative
	cost  int      // of one byte of a value
	mark  string   // the value of what is not known
	why   string   // of the first one
}

func (l *lookup) Keys() []string { return nil }

func (l *lookup) Get(name string) (string, bool) {
	v := l.look(name)
	l.x.budget -= l.cost * (1 + len(v.value))
	if l.x.budget < 0 {
		v = variable{kind: unknown, why: tooMany}
	}
	switch v.kind {
	case known:
		return v.value, true
	case absent:
		return "", false
	case unset:
		if !slices.Contains(l.plain, name) {
			return "", false
		}
	}
	if l.why == "" {
		if l.why = v.why; l.why == "" {
			l.why = fmt.Sprintf("`%s` has no default value", name)
		}
	}
	return l.mark, true
}

// A use is a variable that a word names.
type use struct {
	name  string
	plain bool // "$X" or "${X}", without a default or alternative
}

// uses are the variables in a word, in order.
func (x *expander) uses(word string) []use {
	var found []use
	quote := byte(0)
	for n := 0; n < len(word); n++ {
		switch c := word[n]; {
		case quote == '\'':
			if c == '\'' {
				quote = 0
			}
		case c == x.escape:
			n++
		case c == '"' || c == '\'' && quote == 0:
			quote ^= c
		case c == '$':
			brace := strings.HasPrefix(word[n+1:], "{")
			start := n + 1
			if brace {
				start++
			}
			end := start
			for end < len(word) && isName(word[end]) {
				end++
			}
			if end > start {
				found = append(found, use{word[start:end], !brace || end < len(word) && word[end] == '}'})
			}
			n = end - 1
		}
	}
	return found
}

func isName(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
