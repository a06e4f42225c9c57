package rules_test

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/checktest"
	"github.com/chiselbot/chiselbot/checks/rules"
	"github.com/chiselbot/chiselbot/checks/source"
)

// FuzzRules demands of every rule, on any Dockerfile: no panic, spans inside the file,
// and edits that can be made.
func FuzzRules(f *testing.F) {
	files, err := filepath.Glob("*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if strings.HasSuffix(file.Name, "/Dockerfile") {
				f.Add(string(file.Data))
			}
		}
	}
	all := rules.All()
	asked := map[string]checks.Severity{}
	for _, r := range all {
		if r.Severity == checks.Off {
			asked[r.ID] = checks.Notice
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		tree := checktest.Tree(map[string]string{"Dockerfile": text})
		res, err := checks.Run(t.Context(), tree, checks.Options{Rules: all, Severities: asked, IsDockerfile: checktest.IsDockerfile, Now: checktest.Now})
		if err != nil {
			t.Fatal(err)
		}
		checktest.Pin(t, res)
		for _, s := range res.Skips {
			if strings.Contains(s.Reason, "The rule failed") {
				t.Errorf("%s: %s", s.Rule, s.Reason)
			}
		}
		for _, one := range res.Findings {
			if one.Span.Start < 0 || one.Span.End < one.Span.Start || one.Span.End > len(text) || one.Key == "" || one.Message == "" {
				t.Errorf("%s: span %v, key %q, message %q", one.Rule.ID, one.Span, one.Key, one.Message)
			}
			if one.Fix == nil {
				continue
			}
			if _, err := source.Apply(text, one.Fix.Edits); err != nil {
				t.Errorf("%s: %v", one.Rule.ID, err)
			}
		}
	})
}
