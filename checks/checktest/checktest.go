// Package checktest runs a rule's cases and its documentation: the txtar file in which
// each folder is a small repository with the findings it must give, and the bad, fixed
// and good blocks of the rule's page.
//
// Every case is run a second time with CRLF line ends, and every fix must silence the
// finding it belongs to. The package knows no rule.
package checktest

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/source"
)

// Now is the day on which cases run that name no other: every .NET version up to 9.0 is out of support.
var Now = time.Date(2026, time.December, 1, 12, 0, 0, 0, time.UTC)

// Tree is a tree of the files, by path.
func Tree(files map[string]string) source.Tree {
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	return source.Tree{FS: fs.FS(m)}
}

// IsDockerfile takes for a Dockerfile what has that word at the start or the end of its
// name.
func IsDockerfile(name string) bool {
	base := strings.ToLower(path.Base(name))
	return base == "dockerfile" || strings.HasPrefix(base, "dockerfile.") || strings.HasSuffix(base, ".dockerfile")
}

// Run checks files with one rule on a day. known are further rules that ignore comments
// may name; where the rule is about such comments they run too, unseen. A rule that is off
// is switched on, and the registries that its pins need have all images.
func Run(t testing.TB, now time.Time, rule *checks.Rule, files map[string]string, known ...*checks.Rule) *checks.Result {
	t.Helper()
	rules := []*checks.Rule{rule}
	for _, r := range known {
		switch {
		case r.ID == rule.ID:
		case rule.Ignores != nil:
			rules = append(rules, r)
		default:
			rules = append(rules, &checks.Rule{ID: r.ID, Title: r.Title, Replaces: r.Replaces})
		}
	}
	opts := checks.Options{Rules: rules, IsDockerfile: IsDockerfile, Now: now}
	if rule.Severity == checks.Off {
		opts.Severities = map[string]checks.Severity{rule.ID: checks.Notice}
	}
	res, err := checks.Run(t.Context(), Tree(files), opts)
	if err != nil {
		t.Fatal(err)
	}
	Pin(t, res)
	if rule.Ignores != nil {
		res.Drops = nil
		res.Findings = slices.DeleteFunc(res.Findings, func(f checks.Finding) bool { return f.Rule != rule })
	}
	return res
}

// Pin gives the findings that lack a digest for their fix one, made of the image's name.
func Pin(t testing.TB, res *checks.Result) {
	t.Helper()
	for i := range res.Findings {
		f := &res.Findings[i]
		if f.Pin == nil || f.Pin.Uncertain != "" {
			continue
		}
		fix, err := f.Pin.Fix(fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(f.Pin.Ref.String()))))
		if err != nil {
			t.Error(err)
		}
		f.Fix = fix
	}
}

// Describe writes down what a person would see of a result, one finding after another:
// place, severity, the text that is marked, the key, then message, help, related places
// and fix.
func Describe(res *checks.Result) string {
	var b strings.Builder
	for _, f := range res.Findings {
		fmt.Fprintf(&b, "%s %s %q key %q\n", at(f.File, f.Span), f.Severity, f.File.Slice(f.Span), f.Key)
		fmt.Fprintf(&b, "\t%s\n", f.Message)
		if f.Help != "" {
			fmt.Fprintf(&b, "\thelp: %s\n", f.Help)
		}
		for _, r := range f.Related {
			fmt.Fprintf(&b, "\tsee %s: %s\n", at(r.File, r.Span), r.Message)
		}
		if f.Fix != nil {
			fmt.Fprintf(&b, "\t%s fix: %s\n", safety(f.Fix.Safety), f.Fix.Title)
		}
	}
	for _, s := range res.Skips {
		place := s.Path
		if s.File != nil {
			place = at(s.File, s.Span)
		}
		fmt.Fprintf(&b, "%s not checked\n\t%s\n", place, s.Reason)
		if s.Help != "" {
			fmt.Fprintf(&b, "\thelp: %s\n", s.Help)
		}
	}
	for _, d := range res.Drops {
		fmt.Fprintf(&b, "%s dropped\n\t%s\n", at(d.Finding.File, d.Finding.Span), d.Reason)
	}
	return b.String()
}

func at(f *source.File, s source.Span) string {
	p := f.Position(s.Start)
	return fmt.Sprintf("%s:%d:%d", f.Path(), p.Line, p.Column)
}

func safety(s checks.Safety) string {
	if s == checks.Safe {
		return "safe"
	}
	return "unsafe"
}

// Fix applies the fixes of all findings and gives the files that changed. Edits that
// overlap fail the test: the fixes of one rule must agree.
func Fix(t testing.TB, res *checks.Result, files map[string]string) map[string]string {
	t.Helper()
	edits := map[string][]source.Edit{}
	for _, f := range res.Findings {
		if f.Fix == nil {
			continue
		}
		if len(f.Fix.Edits) == 0 {
			t.Errorf("the fix %q has no edits", f.Fix.Title)
		}
		for _, e := range f.Fix.Edits {
			edits[e.Path] = append(edits[e.Path], e)
		}
	}
	changed := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(edits)) {
		text, err := source.Apply(files[name], edits[name])
		if err != nil {
			t.Fatal(err)
		}
		if text == files[name] {
			t.Errorf("the fixes of %s change nothing", name)
		}
		changed[name] = text
	}
	return changed
}

// silenced fails the test when a finding with a fix is still there in the fixed files,
// or when the fix brought a new one.
func silenced(t testing.TB, now time.Time, rule *checks.Rule, before *checks.Result, files, changed map[string]string, known []*checks.Rule) {
	t.Helper()
	fixed := maps.Clone(files)
	maps.Copy(fixed, changed)
	after := map[string]int{}
	for _, f := range Run(t, now, rule, fixed, known...).Findings {
		after[f.Path()+" "+f.Key]++
	}
	for _, f := range before.Findings {
		id := f.Path() + " " + f.Key
		switch {
		case f.Fix == nil:
			after[id]--
		case after[id] > 0:
			t.Errorf("the fix %q does not cure %s:%d (%s)", f.Fix.Title, f.Path(), f.Line(), f.Key)
		}
	}
	for id, n := range after {
		if n > 0 {
			t.Errorf("after the fixes there is a finding that was not there before: %s", id)
		}
	}
}
