package app_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/checktest"
	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
	"github.com/chiselbot/chiselbot/fixes/plantest"
)

// wordRules have fixes of every kind: each "one=bad" is a finding, all "pair=bad" are one
// together, "gone" stands on a line that goes, "top" and "end" ask for a line at the file's ends, and "twice" for one in b too.
func wordRules() []*checks.Rule {
	words := func(p *checks.DockerfilePass, word string) []source.Span {
		var found []source.Span
		for at := 0; ; {
			n := strings.Index(p.File.Text()[at:], word)
			if n < 0 {
				return found
			}
			found = append(found, source.Span{Start: at + n, End: at + n + len(word)})
			at += n + len(word)
		}
	}
	rule := func(id string, fix func(p *checks.DockerfilePass)) *checks.Rule {
		return &checks.Rule{ID: id, Title: id, Severity: checks.Warning, Dockerfile: fix}
	}
	report := func(p *checks.DockerfilePass, at source.Span, key string, edits ...source.Edit) {
		p.Report(checks.Finding{Span: at, Key: key, Message: "It is bad.", Fix: &checks.Fix{Title: "Mend it", Safety: checks.Safe, Edits: edits}})
	}
	return []*checks.Rule{
		rule("one", func(p *checks.DockerfilePass) {
			for n, at := range words(p, "one=bad") {
				report(p, at, fmt.Sprint(n), p.Edit(at, "one=good"))
			}
		}),
		rule("pair", func(p *checks.DockerfilePass) {
			var edits []source.Edit
			for _, at := range words(p, "pair=bad") {
				edits = append(edits, p.Edit(at, "pair=good"))
			}
			if len(edits) > 0 {
				report(p, edits[0].Span, "pair", edits...)
			}
		}),
		rule("gone", func(p *checks.DockerfilePass) {
			for _, at := range words(p, "LABEL gone=bad\n") {
				report(p, at, "gone", p.Edit(at, ""))
			}
		}),
		rule("top", func(p *checks.DockerfilePass) {
			if found := words(p, "top"); len(found) > 0 && !strings.HasPrefix(p.File.Text(), "# new") {
				report(p, found[0], "top", p.Edit(source.Span{}, "# new\n"))
			}
		}),
		rule("end", func(p *checks.DockerfilePass) {
			end := len(p.File.Text())
			if found := words(p, "end"); len(found) > 0 && !strings.HasSuffix(p.File.Text(), "# new\n") {
				report(p, found[0], "end", p.Edit(source.Span{Start: end, End: end}, "# new\n"))
			}
		}),
		rule("twice", func(p *checks.DockerfilePass) {
			for _, at := range words(p, "twice=bad") {
				report(p, at, "twice", p.Edit(at, "twice=good"), source.Edit{Path: "b/Dockerfile", Span: source.Span{Start: 5, End: 9}, New: "base"})
			}
		}),
		rule("secret", func(p *checks.DockerfilePass) {
			for _, at := range words(p, "hunter2") {
				p.Hide(at)
			}
		}),
	}
}

// plansOf are the plans for all findings of the rules.
func plansOf(t *testing.T, files map[string]string) ([]*fixes.Plan, source.Tree) {
	t.Helper()
	tree := checktest.Tree(files)
	opts := plantest.Options()
	opts.Together, opts.Checks.Rules = true, wordRules()
	plans, _, err := fixes.Findings(t.Context(), tree, func(checks.Finding) bool { return true }, true, opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range plans {
		if !p.Applicable() {
			t.Fatalf("a plan of nothing: %s", plantest.Describe(plans))
		}
	}
	return plans, tree
}

// TestSuggestions says of each fix how GitHub can suggest it, or why it cannot. Unasked is
// what is suggested where nobody asked: each fix for itself, and in silence.
func TestSuggestions(t *testing.T) {
	t.Parallel()
	const from = "FROM scratch\n"
	for name, c := range map[string]struct {
		base    string // nothing where the file is new
		head    string
		more    map[string]string
		want    []string
		why     string
		unasked []string
	}{
		"a line": {
			base: from, head: from + "LABEL one=bad\n",
			want: []string{"2-2 LABEL one=good"}, unasked: []string{"2-2 LABEL one=good"},
		},
		"several lines, each its own fix": {
			head: from + "LABEL one=bad\nLABEL x=y\nLABEL one=bad\n",
			want: []string{"2-2 LABEL one=good", "4-4 LABEL one=good"}, unasked: []string{"2-2 LABEL one=good", "4-4 LABEL one=good"},
		},
		"neighbours": {
			head: from + "LABEL one=bad\nLABEL one=bad\n",
			want: []string{"2-3 LABEL one=good\nLABEL one=good"}, unasked: []string{"2-2 LABEL one=good", "3-3 LABEL one=good"},
		},
		"several lines of one fix": {
			head: from + "LABEL pair=bad\nLABEL x=y\nLABEL pair=bad\n",
			why:  "the changes belong together, while each suggestion can be taken alone",
		},
		"a block of one fix": {
			head: from + "LABEL pair=bad \\\n  pair=bad\n",
			want: []string{"2-3 LABEL pair=good \\\n  pair=good"}, unasked: []string{"2-3 LABEL pair=good \\\n  pair=good"},
		},
		"two files": {
			head: from + "LABEL twice=bad\n", more: map[string]string{"b/Dockerfile": "FROM busy\n"},
			why: "the changes belong together, while each suggestion can be taken alone",
		},
		"lines that the change did not write": {
			base: from + "LABEL one=bad\n", head: from + "LABEL one=bad\nLABEL x=y\n",
			why: "a suggestion can stand only at lines that the pull request wrote, which some of these are not",
		},
		"a line that goes": {
			head: from + "LABEL gone=bad\nLABEL x=y\n",
			want: []string{"2-2 gone"}, unasked: []string{"2-2 gone"},
		},
		"at the start": {
			head: from + "LABEL top=x\n",
			want: []string{"1-1 # new\nFROM scratch"}, unasked: []string{"1-1 # new\nFROM scratch"},
		},
		"at the end": {
			head: from + "LABEL end=x\n",
			want: []string{"2-2 LABEL end=x\n# new"}, unasked: []string{"2-2 LABEL end=x\n# new"},
		},
		"CRLF": {
			head: "FROM scratch\r\nLABEL one=bad\r\n",
			why:  "a suggestion cannot keep the line ends of `Dockerfile`",
		},
		"no final newline": {
			head: from + "LABEL one=bad",
			why:  "a suggestion cannot keep the line ends of `Dockerfile`",
		},
		"above a last line without newline": {
			head: from + "LABEL one=bad\nLABEL x=y",
			want: []string{"2-2 LABEL one=good"}, unasked: []string{"2-2 LABEL one=good"},
		},
		"backticks": {
			head: from + "LABEL one=bad x=\"```\"\n",
			want: []string{"2-2 LABEL one=good x=\"```\""}, unasked: []string{"2-2 LABEL one=good x=\"```\""},
		},
		"characters that are not shown": {
			head: from + "LABEL one=bad x=\"\u202e\"\n",
			why:  "a suggestion cannot hold the bytes of `Dockerfile`",
		},
		"beside a secret": {
			head: from + "ENV KEY=hunter2 end=x\n",
			want: []string{"2-2 ENV KEY=hunter2 end=x\n# new"}, // of a line of the pull request, by who asked
		},
		"far from a secret": {
			head: from + "ENV KEY=hunter2\nLABEL one=bad\n",
			want: []string{"3-3 LABEL one=good"}, unasked: []string{"3-3 LABEL one=good"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{"Dockerfile": c.head}
			base := map[string]string{}
			if c.base != "" {
				base["Dockerfile"] = c.base
			}
			maps.Copy(files, c.more)
			plans, head := plansOf(t, files)
			list, why := app.SuggestionsOf(checktest.Tree(base), plans)
			if diff := cmp.Diff(c.want, said(t, list)); diff != "" || why != c.why {
				t.Errorf("suggestions (-want +got):\n%s%s", diff, why)
			}
			if after := plantest.After(plans)["Dockerfile"]; why == "" && taken(t, c.head, list) != after {
				t.Errorf("all suggestions taken: %q, want %q", taken(t, c.head, list), after)
			}
			var unasked []app.Suggestion
			for _, p := range plans {
				for _, s := range p.Steps {
					if one, ok := app.Unasked(checktest.Tree(base), head, p, s); ok {
						unasked = append(unasked, one)
					}
				}
			}
			if diff := cmp.Diff(c.unasked, said(t, unasked)); diff != "" {
				t.Errorf("unasked (-want +got):\n%s", diff)
			}
		})
	}
}

// text is what a suggestion puts in the place of its lines, "gone" where that is nothing.
func text(t *testing.T, s app.Suggestion) string {
	t.Helper()
	if strings.Contains(s.Body, "```suggestion\n```") {
		return "gone"
	}
	before, rest, ok := strings.Cut(s.Body, "suggestion\n")
	fence := before[strings.LastIndexByte(before, '\n')+1:]
	body, _, closed := strings.Cut("\n"+rest, "\n"+fence)
	if !ok || !closed || strings.Trim(fence, "`") != "" {
		t.Fatalf("no suggestion: %q", s.Body)
	}
	return strings.TrimPrefix(body, "\n")
}

func said(t *testing.T, list []app.Suggestion) []string {
	t.Helper()
	var all []string
	for _, s := range list {
		all = append(all, fmt.Sprintf("%d-%d %s", s.First, s.Last, text(t, s)))
	}
	return all
}

// taken is a file with suggestions taken as GitHub does it: whole lines are replaced.
func taken(t *testing.T, file string, list []app.Suggestion) string {
	t.Helper()
	lines := strings.SplitAfter(file, "\n")
	for _, s := range slices.Backward(list) {
		if by := text(t, s); by != "gone" {
			lines = slices.Replace(lines, s.First-1, s.Last, by+"\n")
		} else {
			lines = slices.Delete(lines, s.First-1, s.Last)
		}
	}
	return strings.Join(lines, "")
}
