package command

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/agext/levenshtein"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// Prefix begins every command.
const Prefix = "/chisel"

const (
	// maxBody is the longest comment that is read. GitHub's own limit is 65,536
	// characters. https://github.com/orgs/community/discussions/27190
	maxBody = 4 * 65536
	// maxCommands is how many commands of one comment are read.
	maxCommands = 10
	// maxReason is the longest reason, in bytes.
	maxReason = 500
)

// vocabulary is what arguments may name.
type vocabulary struct {
	rules []string
}

// Parse reads the commands of a comment: those that begin a line of text. What is quoted,
// stands in a block of code or in a comment of HTML is talk about commands. rules are the
// ids that a command may name.
func Parse(body string, rules []string) ([]Command, []Problem) {
	if len(body) > maxBody || !strings.Contains(body, Prefix) {
		return nil, nil
	}
	known := vocabulary{rules}
	var commands []Command
	var problems []Problem
	for _, l := range linesOfText(body) {
		words, ok := call(l.text)
		if !ok {
			continue
		}
		if len(commands)+len(problems) == maxCommands {
			problems = append(problems, Problem{l.number, l.text, fmt.Sprintf("A comment can hold %d commands; this one and those behind it were not read.", maxCommands)})
			break
		}
		c := Command{Line: l.number, Text: l.text}
		if wrong := read(&c, words, known); wrong != "" {
			problems = append(problems, Problem{l.number, l.text, wrong})
		} else {
			commands = append(commands, c)
		}
	}
	return commands, problems
}

// call is the words behind the prefix, if the line is a command.
func call(line string) ([]string, bool) {
	rest, ok := strings.CutPrefix(line, Prefix)
	if !ok || rest != "" && !strings.HasPrefix(rest, " ") && !strings.HasPrefix(rest, "\t") {
		return nil, false
	}
	return strings.Fields(rest), true
}

// read fills in the command, or says what is wrong.
func read(c *Command, words []string, known vocabulary) string {
	if len(words) == 0 {
		words = []string{string(Help)}
	}
	specs := Specs()
	for _, s := range specs {
		verb := strings.Fields(string(s.Verb))
		if len(words) >= len(verb) && slices.EqualFunc(words[:len(verb)], verb, strings.EqualFold) {
			c.Verb = s.Verb
			if wrong := s.parse(c, words[len(verb):], known); wrong != "" {
				return wrong + " " + s.usage()
			}
			return ""
		}
	}
	verbs := make([]string, len(specs))
	for i, s := range specs {
		verbs[i] = string(s.Verb)
	}
	return fmt.Sprintf("There is no command %s; did you mean %s? %s lists them all.",
		code(words[0]), code(Prefix+" "+nearest(words[0], verbs)), code(Prefix+" "+string(Help)))
}

func (s Spec) usage() string { return "Write " + code(s.line()) + "." }

func (s Spec) line() string { return strings.TrimSpace(Prefix + " " + string(s.Verb) + " " + s.Args) }

func noArgs(_ *Command, words []string, _ vocabulary) string {
	if len(words) > 0 {
		return fmt.Sprintf("It takes no arguments, but %s was given.", code(words[0]))
	}
	return ""
}

func oneRule(c *Command, words []string, known vocabulary) string {
	if len(words) != 1 {
		return "It takes the id of one rule."
	}
	return anyRules(c, words, known)
}

func anyRules(c *Command, words []string, known vocabulary) string {
	for _, w := range words {
		rule, wrong := known.rule(w)
		if wrong != "" {
			return wrong
		}
		if !slices.Contains(c.Rules, rule) {
			c.Rules = append(c.Rules, rule)
		}
	}
	return ""
}

func fixing(c *Command, words []string, known vocabulary) string {
	if i := slices.Index(words, "--now"); i >= 0 {
		c.Now = true
		words = slices.Delete(words, i, i+1)
	}
	return anyRules(c, words, known)
}

func (v vocabulary) rule(word string) (id, wrong string) {
	for _, r := range v.rules {
		if strings.EqualFold(r, word) {
			return r, ""
		}
	}
	if len(v.rules) == 0 {
		return "", fmt.Sprintf("There is no rule %s.", code(word))
	}
	return "", fmt.Sprintf("There is no rule %s; did you mean %s?", code(word), code(nearest(word, v.rules)))
}

func migration(c *Command, words []string, _ vocabulary) string {
	for i := 0; i < len(words); i++ {
		flag, value, joined := strings.Cut(words[i], "=")
		switch {
		case words[i] == "--upgrade":
			c.Upgrade = true
		case words[i] == "--read-only":
			c.ReadOnly = true
		case words[i] == "--now":
			c.Now = true
		case flag == "--variant":
			if !joined && i+1 < len(words) {
				i++
				value = words[i]
			}
			if value != "extra" && value != "plain" {
				return "The variant is `extra`, with ICU and time zones, or `plain`."
			}
			c.Variant = value
		case strings.HasPrefix(words[i], "-"):
			return fmt.Sprintf("There is no flag %s.", code(flag))
		case c.Image != "":
			return "It takes one image at most."
		default:
			c.Image = words[i]
		}
	}
	return ""
}

func suppression(c *Command, words []string, known vocabulary) string {
	if len(words) == 0 {
		return "It takes the id of a rule and a reason."
	}
	rule, wrong := known.rule(words[0])
	if wrong != "" {
		return wrong
	}
	c.Rules, words = []string{rule}, words[1:]
	if len(words) > 0 && strings.EqualFold(words[0], "until") {
		if len(words) == 1 {
			return "The date behind `until` is missing."
		}
		day, err := time.Parse(time.DateOnly, words[1])
		if err != nil {
			return fmt.Sprintf("%s is not a date; write it as 2027-01-31.", code(words[1]))
		}
		c.Until, words = day, words[2:]
	}
	c.Reason = strings.Join(words, " ")
	switch {
	case c.Reason == "":
		return "The reason is missing: somebody will want to know it."
	case len(c.Reason) > maxReason:
		return fmt.Sprintf("The reason is longer than %d bytes.", maxReason)
	}
	return ""
}

// textLine is a line of a comment that is read as text.
type textLine struct {
	number int
	text   string
}

// linesOfText are the lines of paragraphs that are not inside anything, in order.
func linesOfText(body string) []textLine {
	source := []byte(shallow(body))
	var out []textLine
	number, at := 1, 0
	// Only blocks matter, and inlines are what a stranger can make slow.
	blocks := parser.NewParser(parser.WithBlockParsers(parser.DefaultBlockParsers()...))
	for node := blocks.Parse(text.NewReader(source)).FirstChild(); node != nil; node = node.NextSibling() {
		if node.Kind() != ast.KindParagraph && node.Kind() != ast.KindHeading {
			continue
		}
		for _, segment := range node.Lines().Sliced(0, node.Lines().Len()) {
			if segment.Start > 0 && source[segment.Start-1] != '\n' {
				continue // indented, or behind a heading's sign
			}
			for ; at < segment.Start; at++ {
				if source[at] == '\n' {
					number++
				}
			}
			out = append(out, textLine{number, strings.TrimRight(string(segment.Value(source)), "\r\n\t ")})
		}
	}
	return out
}

// maxMarkers is how many bytes of markers may begin a line, far more than anyone quotes.
const maxMarkers = 100

// shallow is the text with those lines empty that open so many quotes and lists that
// parsing them would take long. Nothing in them is read.
func shallow(body string) string {
	lines := strings.SplitAfter(body, "\n")
	for i, l := range lines {
		if len(l)-len(strings.TrimLeft(l, " \t>-*+.)0123456789")) > maxMarkers {
			lines[i] = strings.Repeat("\n", strings.Count(l, "\n"))
		}
	}
	return strings.Join(lines, "")
}

// nearest is the candidate that a mistyped word most likely means.
func nearest(word string, candidates []string) string {
	word = strings.ToLower(word)
	return slices.MinFunc(candidates, func(a, b string) int {
		return levenshtein.Distance(word, strings.ToLower(a), nil) - levenshtein.Distance(word, strings.ToLower(b), nil)
	})
}

// maxShown is how much of a stranger's word an answer repeats, in bytes.
const maxShown = 60

// code is a word as a code span, cut where it is long. Backticks cannot be in it.
func code(s string) string {
	if len(s) > maxShown {
		s = strings.ToValidUTF8(s[:maxShown], "") + "…"
	}
	return "`" + strings.ReplaceAll(s, "`", "'") + "`"
}
