package dockerfile

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/chiselbot/chiselbot/checks/source"
)

// split finds the parts of an instruction in its joined text, as the functions of
// BuildKit's parser/split_command.go and parser/line_parsers.go make them, and compares
// each with what they made.
func (i *Instruction) split(node *parser.Node, escape byte, heredocs []Heredoc) error {
	text := i.Logical.Text
	start := len(text) - len(strings.TrimLeftFunc(text, unicode.IsSpace))
	end := start + len(strings.TrimSpace(text))
	name := start
	for name < end && !isSeparator(text[name]) {
		name++
	}
	if text[start:name] != node.Value {
		return lost(node, "name")
	}
	i.Keyword = strings.ToUpper(node.Value)
	i.KeywordSpan = i.Logical.Span(start, name)
	i.Span.Start = i.KeywordSpan.Start

	args, err := i.splitFlags(node, name, end, escape)
	if err != nil {
		return err
	}
	args += len(text[args:end]) - len(strings.TrimLeftFunc(text[args:end], unicode.IsSpace))
	i.ArgsSpan = i.Logical.Span(args, end)
	i.Exec = node.Attributes["json"]

	w := wordList{i: i, node: node, next: node.Next}
	switch i.Keyword {
	case "ONBUILD":
		if node.Next == nil || len(node.Next.Children) != 1 {
			return lost(node, "trigger")
		}
		trigger := node.Next.Children[0]
		if _, err := instructions.ParseInstruction(trigger); err != nil {
			return nil
		}
		i.Trigger = &Instruction{Span: i.Span, Logical: i.Logical.slice(args, end)}
		return i.Trigger.split(trigger, escape, heredocs)
	case "FROM", "EXPOSE":
		w.delimited(args, end)
	case "COPY", "ADD", "VOLUME":
		if i.Exec {
			w.strings(args, end)
		} else {
			w.delimited(args, end)
		}
	case "RUN", "CMD", "ENTRYPOINT", "SHELL":
		w.command(args, end)
	case "HEALTHCHECK":
		kind := args
		for kind < end && !unicode.IsSpace(rune(text[kind])) {
			kind++
		}
		w.add(args, kind)
		for kind < end && unicode.IsSpace(rune(text[kind])) {
			kind++
		}
		w.command(kind, end)
	case "ENV", "LABEL":
		w.pairs(args, end, escape)
	case "ARG":
		w.names(args, end, escape)
	case "USER", "WORKDIR", "STOPSIGNAL", "MAINTAINER":
		w.rest(args, end)
	}
	if w.failed || w.next != nil {
		return lost(node, "arguments")
	}
	i.Heredocs = heredocs
	return nil
}

// isSeparator reports whether a byte parts the words of an instruction: BuildKit's
// reWhitespace, which is narrower than unicode.IsSpace.
func isSeparator(c byte) bool {
	return c == ' ' || '\t' <= c && c <= '\r' && c != '\n'
}

// splitFlags finds the flags between the name and end, and where the arguments begin.
// It follows extractBuilderFlags byte by byte, which takes every byte for a Latin-1
// character.
func (i *Instruction) splitFlags(node *parser.Node, at, end int, escape byte) (args int, err error) {
	text, want := i.Logical.Text[:end], node.Flags
	for {
		for at < end && unicode.IsSpace(rune(text[at])) {
			at++
		}
		if !strings.HasPrefix(text[at:], "--") {
			if len(want) > 0 {
				return 0, lost(node, "flags")
			}
			return at, nil
		}
		word, start, equals, quote := []byte(nil), at, -1, byte(0)
		quoted := false
		for ; at < end && (quote != 0 || !unicode.IsSpace(rune(text[at]))); at++ {
			c := text[at]
			switch {
			case quote == 0 && (c == '\'' || c == '"'):
				quote, quoted = c, true
				continue
			case quote != 0 && c == quote:
				quote = 0
				continue
			case c == escape && at+1 == end:
				continue
			case c == escape:
				at++
				c = text[at]
			}
			if c == '=' && equals < 0 {
				equals = at
			}
			word = utf8.AppendRune(word, rune(c))
		}
		if string(word) == "--" {
			if len(want) > 0 {
				return 0, lost(node, "flags")
			}
			return at, nil
		}
		if len(want) == 0 || want[0] != string(word) {
			return 0, lost(node, "flags")
		}
		flag := Flag{Span: i.Logical.Span(start, at), at: -1}
		flag.Name, flag.Value, _ = strings.Cut(strings.TrimPrefix(want[0], "--"), "=")
		if equals >= 0 {
			flag.ValueSpan = i.Logical.Span(equals+1, at)
			if !quoted && text[equals+1:at] == flag.Value {
				flag.at = equals + 1
			}
		}
		if equals < 0 || equals+1 == at {
			flag.ValueSpan = source.Span{Start: flag.Span.End, End: flag.Span.End}
		}
		i.Flags = append(i.Flags, flag)
		want = want[1:]
	}
}

// A wordList collects the words of an instruction and compares each with BuildKit's.
type wordList struct {
	i      *Instruction
	node   *parser.Node
	next   *parser.Node // BuildKit's next word
	failed bool
}

// take compares a word with BuildKit's next one.
func (w *wordList) take(value string) bool {
	if w.failed || w.next == nil || !utf8Equal(w.next.Value, value) {
		w.failed = true
		return false
	}
	w.next = w.next.Next
	return true
}

// utf8Equal reports whether two strings are equal once bytes that are not UTF-8 have
// become replacement characters, as BuildKit makes them of some and not of others.
func utf8Equal(a, b string) bool {
	return a == b || !utf8.ValidString(b) && a == string([]rune(b))
}

func (w *wordList) word(start, end int) Word {
	return Word{Value: w.i.Logical.Text[start:end], Span: w.i.Logical.Span(start, end), at: start}
}

func (w *wordList) add(start, end int) {
	if word := w.word(start, end); w.take(word.Value) {
		w.i.Words = append(w.i.Words, word)
	}
}

// rest takes everything as one word, nothing as none.
func (w *wordList) rest(start, end int) {
	if start < end {
		w.add(start, end)
	}
}

func (w *wordList) delimited(start, end int) {
	text := w.i.Logical.Text
	for start < end {
		stop := start
		for stop < end && !isSeparator(text[stop]) {
			stop++
		}
		w.add(start, stop)
		for stop < end && isSeparator(text[stop]) {
			stop++
		}
		start = stop
	}
}

func (w *wordList) command(start, end int) {
	w.i.run = w.i.Logical.Span(start, end)
	if w.i.Exec {
		w.strings(start, end)
	} else {
		w.rest(start, end)
	}
}

// strings takes the strings of a JSON array that BuildKit has parsed.
func (w *wordList) strings(start, end int) {
	text := w.i.Logical.Text
	for at := start; at < end; at++ {
		if text[at] != '"' {
			continue
		}
		open, escaped := at, false
		for at++; at < end && text[at] != '"'; at++ {
			if text[at] == '\\' {
				escaped = true
				at++
			}
		}
		if at >= end {
			w.failed = true
			return
		}
		word := w.word(open, at+1)
		word.Value = text[open+1 : at]
		if escaped || !utf8.ValidString(word.Value) {
			if json.Unmarshal([]byte(text[open:at+1]), &word.Value) != nil {
				w.failed = true
				return
			}
		}
		if w.take(word.Value) {
			w.i.Words = append(w.i.Words, word)
		}
	}
}

// quoted finds the words between start and end where quotes and escapes hold words
// together, as parseWords does.
func quoted(text string, start, end int, escape byte) []source.Span {
	var words []source.Span
	for at := start; ; {
		for at < end {
			r, n := utf8.DecodeRuneInString(text[at:end])
			if !unicode.IsSpace(r) {
				break
			}
			at += n
		}
		if at >= end {
			return words
		}
		begin, stop, quote := at, end, rune(0)
		for at < end {
			r, n := utf8.DecodeRuneInString(text[at:end])
			if quote == 0 && unicode.IsSpace(r) {
				stop = at
				break
			}
			switch {
			case r == rune(escape) && quote != '\'':
				if at+n == end {
					stop = at // an escape at the very end is dropped
					break
				}
				at += n
				_, n = utf8.DecodeRuneInString(text[at:end])
			case quote == 0 && (r == '\'' || r == '"'):
				quote = r
			case quote != 0 && r == quote:
				quote = 0
			}
			at += n
		}
		if stop > begin {
			words = append(words, source.Span{Start: begin, End: stop})
		}
	}
}

func (w *wordList) pairs(start, end int, escape byte) {
	text := w.i.Logical.Text
	words := quoted(text, start, end, escape)
	if len(words) > 0 && strings.IndexByte(text[words[0].Start:words[0].End], '=') < 0 {
		name := start
		for name < end && !isSeparator(text[name]) {
			name++
		}
		value := name
		for value < end && isSeparator(text[value]) {
			value++
		}
		w.add(start, name)
		w.add(value, end)
		w.pair(start, name, value, end)
		w.take("") // the separator, which stands behind the value
		return
	}
	for _, word := range words {
		equals := strings.IndexByte(text[word.Start:word.End], '=')
		if equals < 0 {
			w.failed = true
			return
		}
		equals += word.Start
		w.i.Words = append(w.i.Words, w.word(word.Start, word.End))
		w.take(text[word.Start:equals])
		w.take(text[equals+1 : word.End])
		w.pair(word.Start, equals, equals+1, word.End)
		w.take("=")
	}
}

func (w *wordList) pair(start, name, value, end int) {
	w.i.Pairs = append(w.i.Pairs, Pair{
		Name: w.word(start, name), Value: w.word(value, end), HasValue: true,
		Span: w.i.Logical.Span(start, end),
	})
}

func (w *wordList) names(start, end int, escape byte) {
	text := w.i.Logical.Text
	for _, word := range quoted(text, start, end, escape) {
		w.add(word.Start, word.End)
		if equals := strings.IndexByte(text[word.Start:word.End], '='); equals >= 0 {
			w.pair(word.Start, word.Start+equals, word.Start+equals+1, word.End)
			continue
		}
		name := w.word(word.Start, word.End)
		w.i.Pairs = append(w.i.Pairs, Pair{Name: name, Span: name.Span})
	}
}
