package githubtest

import (
	"bytes"
	"html/template"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// markdown is Markdown as GitHub shows it, near enough: tables, folded parts, patches in
// colors, suggestions, and numbers of pull requests as links. Of HTML only the few tags
// pass that need no attributes; all else is shown as text.
func (r *Repository) markdown(source string) template.HTML {
	m := goldmark.New(
		goldmark.WithExtensions(extension.GFM),
		goldmark.WithParserOptions(parser.WithInlineParsers(util.Prioritized(numbers{r}, 500))),
		goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(htmlRenderer{}, 1))),
	)
	var b bytes.Buffer
	if err := m.Convert([]byte(source), &b); err != nil {
		return template.HTML(template.HTMLEscapeString(source)) //nolint:gosec // it is escaped
	}
	return template.HTML(b.String()) //nolint:gosec // the renderer escapes
}

// numbers are pull requests by their numbers: "#12".
type numbers struct{ repo *Repository }

func (numbers) Trigger() []byte { return []byte{'#'} }

var pullNumber = regexp.MustCompile(`^#[0-9]+\b`)

func (n numbers) Parse(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	line, segment := block.PeekLine()
	found := pullNumber.Find(line)
	if before := block.PrecendingCharacter(); found == nil || before != ' ' && before != '\n' && before != '(' {
		return nil
	}
	block.Advance(len(found))
	link := ast.NewLink()
	link.Destination = []byte(n.repo.html("/pull/%s", found[1:]))
	link.AppendChild(link, ast.NewTextSegment(text.NewSegment(segment.Start, segment.Start+len(found))))
	return link
}

// htmlRenderer writes what GitHub shows otherwise than Markdown does.
type htmlRenderer struct{}

func (htmlRenderer) RegisterFuncs(reg renderer.NodeRendererFuncRegisterer) {
	reg.Register(ast.KindHTMLBlock, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			block := n.(*ast.HTMLBlock)
			writeTags(w, string(block.Lines().Value(source)))
			if block.HasClosure() {
				writeTags(w, string(block.ClosureLine.Value(source)))
			}
		}
		return ast.WalkSkipChildren, nil
	})
	reg.Register(ast.KindRawHTML, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			writeTags(w, string(n.(*ast.RawHTML).Segments.Value(source)))
		}
		return ast.WalkSkipChildren, nil
	})
	reg.Register(ast.KindFencedCodeBlock, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			block := n.(*ast.FencedCodeBlock)
			writeCode(w, string(block.Language(source)), string(block.Lines().Value(source)))
		}
		return ast.WalkSkipChildren, nil
	})
}

var (
	htmlTag     = regexp.MustCompile(`<!--[\s\S]*?-->|</?(?:details|summary|code|b|strong|sub|br|kbd)(?: open)?>`)
	htmlComment = regexp.MustCompile(`^<!--`)
)

// writeTags writes the tags that pass and the text between them.
func writeTags(w util.BufWriter, html string) {
	for html != "" {
		at := htmlTag.FindStringIndex(html)
		if at == nil {
			at = []int{len(html), len(html)}
		}
		_, _ = w.WriteString(template.HTMLEscapeString(html[:at[0]]))
		if tag := html[at[0]:at[1]]; !htmlComment.MatchString(tag) {
			_, _ = w.WriteString(tag)
		}
		html = html[at[1]:]
	}
}

// writeCode writes a block of code: a patch in colors, a suggestion as what it adds.
func writeCode(w util.BufWriter, language, code string) {
	switch language {
	case "diff":
		_, _ = w.WriteString(string(patchHTML(code)))
	case "suggestion":
		_, _ = w.WriteString(`<div class="suggestion"><div>Suggested change</div><pre>`)
		for line := range strings.Lines(code) {
			_, _ = w.WriteString(`<span class="added">` + template.HTMLEscapeString("+"+line) + `</span>`)
		}
		_, _ = w.WriteString("</pre></div>\n")
	default:
		_, _ = w.WriteString("<pre><code>" + template.HTMLEscapeString(code) + "</code></pre>\n")
	}
}

// patchHTML is a patch in colors.
func patchHTML(patch string) template.HTML {
	var b strings.Builder
	b.WriteString(`<pre class="patch">`)
	for line := range strings.Lines(patch) {
		class := "same"
		switch {
		case strings.HasPrefix(line, "+++ "), strings.HasPrefix(line, "--- "), strings.HasPrefix(line, "diff "):
			class = "file"
		case strings.HasPrefix(line, "@@"):
			class = "hunk"
		case strings.HasPrefix(line, "+"):
			class = "added"
		case strings.HasPrefix(line, "-"):
			class = "removed"
		}
		b.WriteString(`<span class="` + class + `">` + template.HTMLEscapeString(line) + "</span>")
	}
	b.WriteString("</pre>\n")
	return template.HTML(b.String()) //nolint:gosec // it is escaped
}
