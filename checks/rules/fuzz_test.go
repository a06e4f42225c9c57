package rules_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/checktest"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
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

// FuzzNoDigest pins the images of any Dockerfile: nothing that could be pinned is left, each
// image is the one that it was, and all that is written is digests.
func FuzzNoDigest(f *testing.F) {
	archive, err := txtar.ParseFile("no-digest.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range archive.Files {
		if strings.HasSuffix(file.Name, "/Dockerfile") {
			f.Add(string(file.Data))
		}
	}
	var rule *checks.Rule
	for _, r := range rules.All() {
		if r.ID == "no-digest" {
			rule = r
		}
	}
	digests := regexp.MustCompile(`@sha256:[0-9a-f]{64}`)
	f.Fuzz(func(t *testing.T, text string) {
		if digests.MatchString(text) {
			return
		}
		before := checktest.Run(t, checktest.Now, rule, map[string]string{"Dockerfile": text})
		after, ok := checktest.Fix(t, before, map[string]string{"Dockerfile": text})["Dockerfile"]
		if !ok {
			return
		}
		if digests.ReplaceAllString(after, "") != text {
			t.Errorf("%q became %q", text, after)
		}
		for _, one := range checktest.Run(t, checktest.Now, rule, map[string]string{"Dockerfile": after}).Findings {
			if one.Fix != nil {
				t.Errorf("%q became %q: %s", text, after, one.Message)
			}
		}
		was, is := images(t, text), images(t, after)
		if diff := cmp.Diff(was, is); diff != "" {
			t.Errorf("%q became %q (-before +after):\n%s", text, after, diff)
		}
	})
}

// images are the images of a Dockerfile without their digests.
func images(t *testing.T, text string) []string {
	t.Helper()
	parsed, err := dockerfile.Parse(source.NewFile("Dockerfile", text))
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	var list []string
	for _, i := range parsed.Images() {
		i.Ref.Digest = ""
		list = append(list, i.Ref.String()+i.Problem)
	}
	return list
}
