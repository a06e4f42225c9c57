package checktest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
	"golang.org/x/tools/txtar"

	"github.com/chiselbot/chiselbot/checks"
)

// Page runs the examples of a rule's page. A fenced block whose info string is
// "dockerfile bad" or "yaml bad" must give a finding and a good one none; a fixed one
// must be, byte for byte, what the fixes make of the bad block before it. Where an
// example needs more files than the Dockerfile or the manifest the language is txtar.
func Page(t *testing.T, rule *checks.Rule, known []*checks.Rule) {
	if !strings.HasPrefix(rule.Doc, "# "+rule.ID+"\n") {
		t.Errorf("the page must begin with the heading %q", "# "+rule.ID)
	}
	var bad *checks.Result
	var badFiles map[string]string
	seen := map[string]int{}
	for _, block := range Blocks(rule.Doc) {
		lang, role, ok := strings.Cut(block.Info, " ")
		if !ok {
			continue
		}
		files := block.Files(lang)
		seen[role]++
		t.Run(fmt.Sprintf("%s-%d", role, seen[role]), func(t *testing.T) {
			switch role {
			case "bad":
				badFiles = files
				bad = Run(t, Now, rule, files, known...)
				if len(bad.Findings) == 0 {
					t.Errorf("no finding in the bad example:\n%s", block.Text)
				}
			case "good":
				if res := Run(t, Now, rule, files, known...); len(res.Findings)+len(res.Skips) > 0 {
					t.Errorf("the good example is not quiet:\n%s", Describe(res))
				}
			case "fixed":
				if bad == nil {
					t.Fatal("a fixed example without a bad one before it")
				}
				got := Fix(t, bad, badFiles)
				for name, text := range badFiles {
					if _, ok := got[name]; !ok {
						got[name] = text
					}
				}
				if diff := cmp.Diff(files, got); diff != "" {
					t.Errorf("the fixed example (-page +fix):\n%s", diff)
				}
			default:
				t.Errorf("info string %q: want bad, fixed or good", block.Info)
			}
		})
	}
	if seen["bad"] == 0 || seen["good"]+seen["fixed"] == 0 {
		t.Error("the page needs a bad example and a good or fixed one")
	}
}

// A Block is a fenced code block: the words behind the fence and the text between.
type Block struct {
	Info, Text string
}

// Files are the files that a block in the language stands for: a Dockerfile, a manifest,
// or those of an archive.
func (b Block) Files(lang string) map[string]string {
	switch lang {
	case "yaml":
		return map[string]string{"manifest.yaml": b.Text}
	case "txtar":
		files := map[string]string{}
		for _, f := range txtar.Parse([]byte(b.Text)).Files {
			files[f.Name] = string(f.Data)
		}
		return files
	default:
		return map[string]string{"Dockerfile": b.Text}
	}
}

// Blocks are the fenced code blocks of a Markdown text.
func Blocks(markdown string) []Block {
	src := []byte(markdown)
	var out []Block
	// Walk fails only with what the function returns.
	_ = ast.Walk(goldmark.DefaultParser().Parse(text.NewReader(src)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if fence, ok := n.(*ast.FencedCodeBlock); ok && entering && fence.Info != nil {
			out = append(out, Block{string(fence.Info.Segment.Value(src)), string(fence.Lines().Value(src))})
		}
		return ast.WalkContinue, nil
	})
	return out
}
