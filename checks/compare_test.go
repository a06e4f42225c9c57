package checks_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/source"
)

var (
	ruleA = &checks.Rule{ID: "rule-a", Severity: checks.Warning}
	ruleB = &checks.Rule{ID: "rule-b", Severity: checks.Error}
)

// result makes a result from lines "path rule key", each a finding on its own line of a
// file that holds all lines of its path, "path rule key ignored" and "path skip rule
// reason".
func result(lines ...string) *checks.Result {
	texts := map[string]string{}
	var order []string
	for _, l := range lines {
		path, _, _ := strings.Cut(l, " ")
		if _, ok := texts[path]; !ok {
			order = append(order, path)
		}
		texts[path] += l[len(path):] + "\n"
	}
	res := &checks.Result{}
	files := map[string]*source.File{}
	for _, path := range order {
		files[path] = source.NewFile(path, texts[path])
		res.Files = append(res.Files, files[path])
	}
	seen := map[string]int{}
	for _, l := range lines {
		f := strings.Fields(l)
		path := f[0]
		seen[path]++
		if f[1] == "skip" {
			res.Skips = append(res.Skips, checks.Skip{Path: path, File: files[path], Rule: strings.Trim(f[2], "-"), Reason: f[3]})
			continue
		}
		rule := ruleA
		if f[1] == ruleB.ID {
			rule = ruleB
		}
		found := checks.Finding{Rule: rule, Severity: rule.Severity, File: files[path], Span: files[path].LineSpan(seen[path]), Key: f[2]}
		if len(f) == 4 { // ignored
			res.Drops = append(res.Drops, checks.Drop{Finding: found, By: checks.Related{File: files[path], Span: found.Span}})
			continue
		}
		res.Findings = append(res.Findings, found)
	}
	return res
}

// describe lists a delta as lines "list path rule key".
func describe(d checks.Delta) []string {
	var out []string
	add := func(list string, fs []checks.Finding) {
		for _, f := range fs {
			out = append(out, fmt.Sprintf("%s %s %s %s", list, f.Path(), f.Rule.ID, f.Key))
		}
	}
	add("new", d.New)
	add("fixed", d.Fixed)
	add("same", d.Same)
	for _, m := range d.Moved {
		out = append(out, fmt.Sprintf("moved %s<-%s %s %s", m.Path(), m.From, m.Rule.ID, m.Key))
	}
	add("unsure", d.Unsure)
	for _, drop := range d.Ignored {
		add("ignored", []checks.Finding{drop.Finding})
	}
	for _, s := range d.Skips {
		out = append(out, fmt.Sprintf("skip %s %s", s.Path, s.Reason))
	}
	return out
}

func TestCompare(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		base, head []string
		want       []string
	}{
		{name: "nothing"},
		{name: "new", head: []string{"D rule-a k"}, want: []string{"new D rule-a k"}},
		{name: "fixed", base: []string{"D rule-a k"}, want: []string{"fixed D rule-a k"}},
		{name: "same on another line", base: []string{"D rule-a k"}, head: []string{"D rule-b x", "D rule-a k"}, want: []string{"new D rule-b x", "same D rule-a k"}},
		{name: "another key", base: []string{"D rule-a k"}, head: []string{"D rule-a l"}, want: []string{"new D rule-a l", "fixed D rule-a k"}},
		{name: "another rule", base: []string{"D rule-a k"}, head: []string{"D rule-b k"}, want: []string{"new D rule-b k", "fixed D rule-a k"}},
		{name: "equal ones are counted", base: []string{"D rule-a k"}, head: []string{"D rule-a k", "D rule-a k"}, want: []string{"new D rule-a k", "same D rule-a k"}},
		{name: "renamed", base: []string{"old/D rule-a k"}, head: []string{"new/D rule-a k"}, want: []string{"moved new/D<-old/D rule-a k"}},
		{
			name: "renamed and changed",
			base: []string{"old/D rule-a k", "old/D rule-a l"}, head: []string{"new/D rule-a k", "new/D rule-a m"},
			want: []string{"new new/D rule-a m", "fixed old/D rule-a l", "moved new/D<-old/D rule-a k"},
		},
		{
			name: "another name and little in common",
			base: []string{"D rule-a k", "D rule-a l"}, head: []string{"E rule-a k", "E rule-a m"},
			want: []string{"new E rule-a k", "new E rule-a m", "fixed D rule-a k", "fixed D rule-a l"},
		},
		{name: "a file that is copied is not renamed", base: []string{"a/D rule-a k"}, head: []string{"a/D rule-a k", "b/D rule-a k"}, want: []string{"new b/D rule-a k", "same a/D rule-a k"}},
		{name: "ignored from now on", base: []string{"D rule-a k"}, head: []string{"D rule-a k ignored"}, want: []string{"ignored D rule-a k"}},
		{name: "new and ignored", head: []string{"D rule-a k ignored"}, want: []string{"ignored D rule-a k"}},
		{name: "ignored as before", base: []string{"D rule-a k ignored"}, head: []string{"D rule-a k ignored"}},
		{name: "one of two ignored", base: []string{"D rule-a k", "D rule-a k"}, head: []string{"D rule-a k", "D rule-a k ignored"}, want: []string{"same D rule-a k", "ignored D rule-a k"}},
		{name: "no longer ignored", base: []string{"D rule-a k ignored"}, head: []string{"D rule-a k"}, want: []string{"new D rule-a k"}},
		{name: "not checked in the base", base: []string{"D skip - why"}, head: []string{"D rule-a k"}, want: []string{"unsure D rule-a k", "skip D why"}},
		{name: "not checked in the head", base: []string{"D rule-a k"}, head: []string{"D skip - why"}, want: []string{"unsure D rule-a k", "skip D why"}},
		{name: "only another rule not checked", base: []string{"D rule-a k"}, head: []string{"D skip rule-b why"}, want: []string{"fixed D rule-a k", "skip D why"}},
		{name: "not checked on either side", base: []string{"D skip rule-a why", "D rule-a k"}, head: []string{"D skip rule-a why"}, want: []string{"fixed D rule-a k", "skip D why"}},
		{name: "not checked for different reasons", base: []string{"D skip rule-a why", "D rule-a k"}, head: []string{"D skip rule-a how"}, want: []string{"unsure D rule-a k", "skip D how", "skip D why"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, describe(checks.Compare(result(tt.base...), result(tt.head...)))); diff != "" {
				t.Errorf("delta (-want +got):\n%s", diff)
			}
		})
	}
}

// randomResult has up to 40 findings of two rules in up to four files.
func randomResult(r *rand.Rand) []string {
	var lines []string
	for range r.IntN(40) {
		lines = append(lines, fmt.Sprintf("f%d/Dockerfile rule-%c key%d", r.IntN(4), 'a'+rune(r.IntN(2)), r.IntN(6)))
	}
	return lines
}

func TestCompareProperties(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		a, b := randomResult(r), randomResult(r)

		self := checks.Compare(result(a...), result(a...))
		if len(self.New)+len(self.Fixed)+len(self.Moved)+len(self.Unsure) > 0 || len(self.Same) != len(a) {
			t.Fatalf("a result compared with itself: %q", describe(self))
		}

		there, back := checks.Compare(result(a...), result(b...)), checks.Compare(result(b...), result(a...))
		if len(there.New) != len(back.Fixed) || len(there.Fixed) != len(back.New) {
			t.Fatalf("there and back differ:\n%q\n%q", describe(there), describe(back))
		}
		if got := len(there.New) + len(there.Same) + len(there.Moved); got != len(b) {
			t.Fatalf("the head has %d findings, the delta accounts for %d", len(b), got)
		}

		shuffled := slices.Clone(a)
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if d := checks.Compare(result(a...), result(shuffled...)); len(d.New)+len(d.Fixed) > 0 {
			t.Fatalf("reordering changes the delta: %q", describe(d))
		}
	}
}

// userRule finds every USER instruction; it stands in for real rules, so that these
// tests do not depend on any.
var userRule = &checks.Rule{ID: "user", Severity: checks.Warning, Dockerfile: func(p *checks.DockerfilePass) {
	for _, in := range p.File.Instructions {
		if in.Keyword == "USER" {
			p.Report(checks.Finding{Span: in.Span, Key: p.StageKey(in.Stage) + " " + in.Words[0].Value})
		}
	}
}}

// TestLineDrift inserts blank lines and comments at every line of a Dockerfile: the
// findings stay what they were.
func TestLineDrift(t *testing.T) {
	t.Parallel()
	text := "FROM debian AS build\nRUN true && \\\n    false\nUSER one\nFROM debian\nUSER two\nCOPY --from=build \\\n  /a \\\n  /b\n"
	lines := strings.SplitAfter(text, "\n")
	run := func(text string) *checks.Result {
		tree := source.Tree{FS: fstest.MapFS{"Dockerfile": {Data: []byte(text)}}}
		res, err := checks.Run(t.Context(), tree, checks.Options{Rules: []*checks.Rule{userRule}, IsDockerfile: func(p string) bool { return p == "Dockerfile" }})
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	base := run(text)
	for i := range lines {
		for _, insert := range []string{"# drift\n", "\n", "# one\n\n# two\n"} {
			head := run(strings.Join(lines[:i], "") + insert + strings.Join(lines[i:], ""))
			d := checks.Compare(base, head)
			if len(d.Same) != 2 || len(d.New)+len(d.Fixed)+len(d.Skips) > 0 {
				t.Errorf("%q before line %d changes the delta: %q", insert, i+1, describe(d))
			}
		}
	}
}
