package config

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"

	"github.com/chiselbot/chiselbot/checks/source"
)

const (
	// maxBytes is the largest settings file. One that names every rule has about 4 KiB.
	maxBytes = 64 << 10
	tooLarge = "The file is larger than 64 KiB."
	// maxDepth is how deep YAML may nest; settings nest three deep.
	maxDepth = 16

	byteOrderMark = "\ufeff"
)

// load is the root of the file's only document, or nil where the file sets nothing or
// is not YAML.
func (p *reading) load() *yaml.Node {
	if !p.readable() {
		return nil
	}
	loader, err := yaml.NewLoader(strings.NewReader(strings.TrimPrefix(p.file.Text(), byteOrderMark)),
		yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxDepth))))
	if err != nil {
		panic(err) // the options are constant
	}
	var first, second yaml.Node
	if err := loader.Load(&first); err != nil {
		p.syntax(err)
		return nil
	}
	if err := loader.Load(&second); err != nil {
		p.syntax(err)
	} else {
		p.problem(p.span(&second), "", "The file holds more than one YAML document.", "Keep one of them.")
	}
	root := first.Content[0]
	if root.Tag == "!!null" && root.Value == "" {
		return nil
	}
	return root
}

// readable refuses what the YAML parser would read otherwise than people, editors and
// our own count of lines do: it guesses encodings, and it ends lines at characters that
// others show within a line.
func (p *reading) readable() bool {
	text := p.file.Text()
	if len(text) > maxBytes {
		p.problem(source.Span{}, "", tooLarge, "")
		return false
	}
	for i, r := range text {
		switch rest := text[i:]; r {
		case utf8.RuneError:
			if !strings.HasPrefix(rest, string(utf8.RuneError)) {
				p.problem(source.Span{Start: i, End: i + 1}, "", "The file is not text in UTF-8.", "Save it in that encoding.")
				return false
			}
		case '\r', '\u0085', '\u2028', '\u2029':
			if !strings.HasPrefix(rest, "\r\n") {
				p.problem(source.Span{Start: i, End: i + utf8.RuneLen(r)}, "",
					fmt.Sprintf("The character %U ends a line for some programs and not for others.", r), "Replace it by a line feed.")
				return false
			}
		}
	}
	return true
}

// syntax reports an error of the YAML parser; the end of the file is none.
func (p *reading) syntax(err error) {
	if errors.Is(err, io.EOF) {
		return
	}
	var at source.Span
	message := err.Error()
	if e := (*yaml.LoadError)(nil); errors.As(err, &e) {
		at.Start = p.offset(e.Mark.Line, e.Mark.Column)
		at.End = at.Start
		message = strings.TrimSpace(e.Message + " " + e.ContextMsg)
	}
	p.problem(at, "", "The file is not valid YAML: "+message+".", "")
}

// offset is the byte at a line and column of the YAML parser, which counts columns in
// code points and does not see the byte order mark.
func (p *reading) offset(line, column int) int {
	at := p.file.LineSpan(max(1, line))
	if at.Start == 0 && strings.HasPrefix(p.file.Text(), byteOrderMark) {
		at.Start = len(byteOrderMark)
	}
	for range column - 1 {
		_, width := utf8.DecodeRuneInString(p.file.Slice(at))
		at.Start += width
	}
	return at.Start
}

// span is where a node stands, up to the end of its first line.
func (p *reading) span(n *yaml.Node) source.Span {
	start := p.offset(n.Line, n.Column)
	line := p.file.LineSpan(p.file.LineAt(start))
	rest := strings.TrimRight(p.file.Slice(source.Span{Start: start, End: max(start, line.End)}), " \t")
	width := len(rest)
	switch {
	case n.Kind == yaml.AliasNode:
		width = len("*") + len(n.Value)
	case n.Kind == yaml.ScalarNode && n.Style == 0 && strings.HasPrefix(rest, n.Value):
		width = len(n.Value)
	case n.Kind == yaml.ScalarNode && n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 && rest != "":
		if i := strings.IndexByte(rest[1:], rest[0]); i >= 0 {
			width = i + len(`""`)
		}
	}
	return source.Span{Start: start, End: start + min(width, len(rest))}
}

// refuse reports what YAML allows and settings have no use for: anchors, whose aliases
// can make a small file huge, and explicit types.
func (p *reading) refuse(n *yaml.Node) {
	switch {
	case len(p.problems) == maxProblems:
		return
	case n.Anchor != "" && n.Kind != yaml.AliasNode:
		p.problem(p.span(n), "", "Anchors and aliases are not supported.", "Write the value out where it is needed.")
	case n.Style&yaml.TaggedStyle != 0:
		p.problem(p.span(n), "", "Tags are not supported.", fmt.Sprintf("Remove %s.", code(n.Tag)))
	}
	for _, child := range n.Content {
		p.refuse(child)
	}
}
