package report_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	goldmarktext "github.com/yuin/goldmark/text"

	"github.com/chiselbot/chiselbot/app/report"
	"github.com/chiselbot/chiselbot/app/review"
	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/source"
)

// strangers is a review in which a stranger wrote the path, the source and the words.
func strangers(path, src, words string) *review.Review {
	f := source.NewFile(path, src)
	whole := source.Span{End: len(src)}
	one := finding(rootUser, f, whole, words, words)
	one.Related = []checks.Related{{File: f, Span: whole, Message: words}}
	one.Fix = &checks.Fix{Title: words}
	return &review.Review{
		Base: review.Side{Name: "main"}, Head: review.Side{Name: "HEAD"}, FailOn: checks.Error, Files: 1,
		Delta: checks.Delta{
			New: []checks.Finding{one}, Fixed: []checks.Finding{one}, Same: []checks.Finding{one}, Unsure: []checks.Finding{one},
			Moved: []checks.Move{{Finding: one, From: path}},
			Skips: []checks.Skip{{Path: path, File: f, Span: whole, Rule: words, Reason: words, Help: words}},
			Drops: []checks.Drop{{Finding: one, Reason: words, By: checks.Related{File: f, Span: whole}}},
		},
	}
}

func addStrangers(f *testing.F) {
	f.Helper()
	for _, s := range []string{
		"", "Dockerfile", "FROM x\r\n\tRUN `a` ``b``\n", "[a](https://b) ![c](d) <e@f.g> https://h www.i.j @k #1 GH-2",
		"<!--", "</details>", "&lt;", "```\n~~~", "----", "===", "1) a", "gH-0", "- a\n+ b\n1. c\n# d\n> e\n    f\n| g |\n| - |\n", "\x1b[2J\x07\u009b1m\u202e", "\xff\xfe\u200b",
		"::error::a\n ##[error]b ##vso[c]", "`", "`` `", "\\`a\\`", "a\\", "*a* _b_ ~~c~~ $d$", "[^1]: x", "[a]: https://b", "|", "ftp://a mailto:b@c xmpp:d@e",
	} {
		f.Add(s, s, s)
	}
}

// ours are the addresses that a page may link to.
var ours = regexp.MustCompile(`^https://github\.com/chiselbot/chiselbot/blob/main/checks/rules/[a-z-]+\.md$`)

// fold is the HTML of a section that is folded up.
var fold = regexp.MustCompile(`^(<details>\n<summary>[0-9]+ [a-z ]+</summary>\n|</details>\n)$`)

// reference is what GitHub makes a link or a notification of after Markdown is rendered.
var reference = regexp.MustCompile(`(?i)@[a-z0-9]|#[0-9]|\bgh-[0-9]`)

// FuzzMarkdown demands that a stranger's text makes no link, mention, reference, image or
// HTML, and does not end the parts that it stands in.
func FuzzMarkdown(f *testing.F) {
	addStrangers(f)
	md := goldmark.New(goldmark.WithExtensions(extension.GFM))
	f.Fuzz(func(t *testing.T, path, src, words string) {
		page := report.Markdown(strangers(path, src, words))
		for _, part := range []string{page.Summary, page.Text} {
			body := []byte(part)
			kinds := map[ast.NodeKind]int{}
			err := ast.Walk(md.Parser().Parse(goldmarktext.NewReader(body)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
				if !entering {
					return ast.WalkContinue, nil
				}
				kinds[n.Kind()]++
				switch n := n.(type) {
				case *ast.Link:
					if !ours.Match(n.Destination) {
						t.Errorf("a link to %q in\n%s", n.Destination, part)
					}
				case *ast.AutoLink:
					t.Errorf("a link to %q in\n%s", n.URL(body), part)
				case *ast.HTMLBlock:
					if html := n.Lines().Value(body); !fold.Match(html) {
						t.Errorf("HTML %q in\n%s", html, part)
					}
				case *ast.Image, *ast.RawHTML, *ast.ThematicBreak:
					t.Errorf("%s in\n%s", n.Kind(), part)
				case *ast.Text:
					if n.Parent().Kind() != ast.KindCodeSpan && reference.Match(n.Value(body)) {
						t.Errorf("%q is a mention or a reference in\n%s", n.Value(body), part)
					}
				}
				return ast.WalkContinue, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(part, "\n<details>\n<summary>"); kinds[ast.KindHTMLBlock] != 2*n {
				t.Errorf("%d parts of HTML, want 2 for each of %d sections, in\n%s", kinds[ast.KindHTMLBlock], n, part)
			}
			if kinds[ast.KindHeading] > 0 {
				t.Errorf("a heading in\n%s", part)
			}
		}
	})
}

// FuzzText demands that a terminal is sent nothing that it would obey but our own colors
// and links, and that these change nothing else.
func FuzzText(f *testing.F) {
	addStrangers(f)
	f.Fuzz(func(t *testing.T, path, src, words string) {
		write := func(terminal report.Terminal) string {
			var out bytes.Buffer
			if err := report.Text(&out, strangers(path, src, words), terminal, true); err != nil {
				t.Fatal(err)
			}
			return out.String()
		}
		plain := write(report.Terminal{Width: 60})
		harmless(t, plain)
		if pretty := ansi.Strip(write(report.Terminal{Width: 60, Colors: true, Links: true})); pretty != plain {
			t.Errorf("with colors:\n%q\nwithout:\n%q", pretty, plain)
		}
	})
}

// FuzzExcerpt demands that signs stand exactly below a span of one line, and that no row
// is wider than the terminal.
func FuzzExcerpt(f *testing.F) {
	f.Add("FROM debian\nUSER root\n", 5, 6, 40)
	f.Add("RUN \\\n\techo 猫 \\\n\techo\r\n", 4, 14, 80)
	f.Add("\ufeffRUN\techo 👩‍👩‍👧‍👦 e\u0301 \xff", 8, 9, 41)
	f.Add(strings.Repeat("x", 5000), 4990, 5, 50)
	f.Add("", 0, 0, 0)
	f.Fuzz(func(t *testing.T, src string, start, length, width int) {
		if start < 0 || start > len(src) || length < 0 || length > len(src)-start || width > 1000 {
			t.Skip()
		}
		file := source.NewFile("Dockerfile", src)
		span := source.Span{Start: start, End: start + length}
		var out bytes.Buffer
		r := &review.Review{Delta: checks.Delta{New: []checks.Finding{finding(rootUser, file, span, "Here.", "")}}}
		if err := report.Text(&out, r, report.Terminal{Width: width}, false); err != nil {
			t.Fatal(err)
		}
		if width <= 0 {
			width = 100
		}
		var rows []string
		for l := range strings.Lines(out.String()) {
			if _, row, ok := strings.Cut(strings.TrimSuffix(l, "\n"), " │"); ok {
				if w := ansi.StringWidth(strings.TrimSuffix(l, "\n")); w > max(width, 40) {
					t.Errorf("%d columns in %q", w, l)
				}
				rows = append(rows, strings.TrimPrefix(row, " "))
			}
		}
		// What is seen can be compared where nothing had to be changed to show it.
		seen := file.Slice(span)
		line := file.LineText(file.LineAt(start))
		if len(rows) != 2 || rows[0] != strings.TrimRight(line, " ") || seen == "" || strings.TrimSpace(seen) != seen {
			return
		}
		under := strings.TrimLeft(rows[1], " ")
		from := len(rows[1]) - len(under)
		if strings.Trim(under, "^") != "" || !strings.HasPrefix(ansi.Cut(rows[0], from, from+len(under)), firstSeen(seen)) {
			t.Errorf("signs are not below %q:\n%s\n%s", seen, rows[0], rows[1])
		}
		if isASCII(seen) && len(under) != len(seen) {
			t.Errorf("%d signs below %q", len(under), seen)
		}
	})
}

// firstSeen is the first character of a span if it begins one.
func firstSeen(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	if r >= utf8.RuneSelf || unicode.IsMark(r) {
		return "" // it may be part of one with what is before it
	}
	return s[:size]
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}
