package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// MarkdownText writes Markdown that was made for GitHub as a person reads it at a
// terminal. What is folded up there is here no more than its heading.
func MarkdownText(w io.Writer, markdown string, t Terminal) error {
	p := &markdownPage{textPage: newTextPage(w, t), source: []byte(strings.ReplaceAll(markdown, "\u200b", ""))}
	parser := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser()
	p.blocks(parser.Parse(text.NewReader(p.source)), "", "")
	if err := p.out.Flush(); err != nil {
		return fmt.Errorf("write text: %w", err)
	}
	return nil
}

// A markdownPage is Markdown on its way to a terminal.
type markdownPage struct {
	*textPage
	source []byte
	begun  bool // something was written
	folded bool // what comes is not shown
}

// blocks writes what is in a block. The first line begins with first, the others with
// rest.
func (p *markdownPage) blocks(parent ast.Node, first, rest string) {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		if html, ok := n.(*ast.HTMLBlock); ok {
			p.html(string(html.Lines().Value(p.source)), first)
			continue
		}
		if p.folded {
			continue
		}
		_, tight := n.(*ast.TextBlock)
		if p.begun && !tight && (n != parent.FirstChild() || first == "") && !within(n) {
			p.line(strings.TrimRight(rest, " "))
		}
		p.block(n, first, rest)
		p.begun = true
		first = rest
	}
}

// within reports whether a block is a list in an item, which follows without a gap.
func within(n ast.Node) bool {
	_, list := n.(*ast.List)
	_, item := n.Parent().(*ast.ListItem)
	return list && item
}

func (p *markdownPage) block(n ast.Node, first, rest string) {
	switch n := n.(type) {
	case *ast.Heading:
		p.flow(n, first, rest, ansi.AttrBold)
	case *ast.Paragraph, *ast.TextBlock:
		p.flow(n, first, rest)
	case *ast.List:
		p.list(n, first, rest)
	case *ast.FencedCodeBlock:
		p.code(string(n.Language(p.source)), string(n.Lines().Value(p.source)), rest)
	case *extast.Table:
		p.table(n, rest)
	case *ast.Blockquote:
		p.blocks(n, first+"> ", rest+"> ")
	case *ast.ThematicBreak:
		p.section("")
	default:
		p.blocks(n, first, rest)
	}
}

// list writes the items of a list.
func (p *markdownPage) list(n *ast.List, first, rest string) {
	number := n.Start
	for item := n.FirstChild(); item != nil; item = item.NextSibling() {
		marker := "- "
		if n.IsOrdered() {
			marker = fmt.Sprintf("%d. ", number)
			number++
		}
		if item != n.FirstChild() {
			first = rest
			if !n.IsTight {
				p.line(strings.TrimRight(rest, " "))
			}
		}
		p.blocks(item, first+marker, rest+strings.Repeat(" ", len(marker)))
	}
}

// html follows what is folded up.
func (p *markdownPage) html(block, first string) {
	if strings.Contains(block, "</details>") {
		p.folded = false
	}
	_, summary, ok := strings.Cut(block, "<summary>")
	if !ok || p.folded {
		return
	}
	summary, _, _ = strings.Cut(summary, "</summary>")
	summary = strings.NewReplacer("<code>", "`", "</code>", "`", "<b>", "", "</b>", "").Replace(summary)
	if p.begun {
		p.line("")
	}
	p.line(first, p.style("▸ "+printable(summary), ansi.AttrFaint))
	p.begun, p.folded = true, true
}

// code writes a block of code, a patch in its colors.
func (p *markdownPage) code(language, code, indent string) {
	for l := range strings.Lines(code) {
		l = strings.TrimRight(l, "\r\n")
		if language == "diff" {
			p.line(indent, "    ", p.patchLine(l))
			continue
		}
		p.line(indent, "    ", p.style(printable(l), colorCode))
	}
}

// table writes a table whose columns are as wide as what is in them.
func (p *markdownPage) table(t *extast.Table, indent string) {
	var rows [][]string
	var widths []int
	for row := t.FirstChild(); row != nil; row = row.NextSibling() {
		var cells []string
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			words := p.words(cell)
			if _, head := row.(*extast.TableHeader); head {
				words = p.words(cell, ansi.AttrFaint)
			}
			shown := strings.Join(words, " ")
			if len(widths) == len(cells) {
				widths = append(widths, 0)
			}
			widths[len(cells)] = max(widths[len(cells)], ansi.StringWidth(shown))
			cells = append(cells, shown)
		}
		rows = append(rows, cells)
	}
	for _, cells := range rows {
		parts := []string{indent, "  "}
		for i, cell := range cells {
			parts = append(parts, cell, strings.Repeat(" ", widths[i]-ansi.StringWidth(cell)+2))
		}
		p.line(parts...)
	}
}

// flow writes text, wrapped.
func (p *markdownPage) flow(n ast.Node, first, rest string, attrs ...ansi.Attr) {
	width := min(p.width, maxProse)
	l, column := first, ansi.StringWidth(first)
	begun := false
	for _, word := range p.words(n, attrs...) {
		w := ansi.StringWidth(word)
		if word == "\n" || begun && column+1+w > width {
			p.line(l)
			l, column, begun = rest, ansi.StringWidth(rest), false
		}
		if word == "\n" {
			continue
		}
		if begun {
			l += " "
			column++
		}
		l += word
		column += w
		begun = true
	}
	p.line(l)
}

// words are the words of text with their styles; a line feed alone is a hard break.
func (p *markdownPage) words(n ast.Node, attrs ...ansi.Attr) []string {
	var words []string
	glued := false // the next piece belongs to the last word
	add := func(s string, attrs []ansi.Attr) {
		if s == "" {
			return
		}
		spaced := strings.HasPrefix(s, " ")
		for i, word := range strings.Fields(s) {
			word = p.style(printable(word), attrs...)
			if i == 0 && glued && !spaced && len(words) > 0 {
				words[len(words)-1] += word
				continue
			}
			words = append(words, word)
		}
		glued = !strings.HasSuffix(s, " ")
	}
	var walk func(n ast.Node, attrs []ansi.Attr)
	walk = func(n ast.Node, attrs []ansi.Attr) {
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			switch c := c.(type) {
			case *ast.Text:
				s := string(util.UnescapePunctuations(c.Value(p.source)))
				if c.SoftLineBreak() {
					s += " "
				}
				add(s, attrs)
				if c.HardLineBreak() {
					words = append(words, "\n")
					glued = false
				}
			case *ast.String:
				add(string(c.Value), attrs)
			case *ast.CodeSpan:
				var code strings.Builder
				for t := c.FirstChild(); t != nil; t = t.NextSibling() {
					if t, ok := t.(*ast.Text); ok {
						code.Write(t.Value(p.source))
					}
				}
				if p.terminal.Colors {
					add(code.String(), append(slices.Clip(attrs), colorCode))
				} else {
					add("`"+code.String()+"`", attrs)
				}
			case *ast.Emphasis:
				walk(c, append(slices.Clip(attrs), ansi.AttrBold))
			case *extast.Strikethrough:
				if p.terminal.Colors {
					walk(c, append(slices.Clip(attrs), ansi.AttrFaint, ansi.AttrStrikethrough))
					continue
				}
				add(" ~~", attrs)
				walk(c, attrs)
				add("~~", attrs)
			case *ast.AutoLink:
				add(string(c.URL(p.source)), attrs)
			case *ast.RawHTML:
			default: // a link is its text
				walk(c, attrs)
			}
		}
	}
	walk(n, attrs)
	return words
}
