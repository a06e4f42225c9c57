package rules_test

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/checktest"
	"github.com/chiselbot/chiselbot/checks/rules"
)

func TestRules(t *testing.T) {
	t.Parallel()
	all := rules.All()
	for _, rule := range all {
		t.Run(rule.ID, func(t *testing.T) {
			t.Parallel()
			t.Run("page", func(t *testing.T) {
				t.Parallel()
				checktest.Page(t, rule, all)
			})
			t.Run("cases", func(t *testing.T) {
				t.Parallel()
				checktest.Cases(t, rule, rule.ID+".txtar", all)
			})
		})
	}
}

// TestOneStem demands that a rule is on the list exactly when its three files exist.
func TestOneStem(t *testing.T) {
	t.Parallel()
	var listed []string
	for _, rule := range rules.All() {
		listed = append(listed, rule.ID)
	}
	if !slices.IsSorted(listed) {
		t.Errorf("the list is not sorted by id: %s", listed)
	}
	for _, ext := range []string{".md", ".txtar", ".go"} {
		var stems []string
		files, err := fs.Glob(os.DirFS("."), "*"+ext)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if stem := strings.TrimSuffix(f, ext); stem != "rules" && !strings.HasSuffix(stem, "_test") && !sharedFiles[f] {
				stems = append(stems, stem)
			}
		}
		if diff := cmp.Diff(listed, stems); diff != "" {
			t.Errorf("rules on the list and files %s (-list +files):\n%s", ext, diff)
		}
	}
}

// sharedFiles are Go files of the package that several rules use.
var sharedFiles = map[string]bool{
	"listening.go":     true,
	"asking.go":        true,
	"accounts.go":      true,
	"container.go":     true,
	"edit.go":          true,
	"execform.go":      true,
	"globalization.go": true,
	"image.go":         true,
	"packages.go":      true,
	"ports.go":         true,
	"probe.go":         true,
	"quote.go":         true,
	"secrets.go":       true,
	"shell.go":         true,
	"stage.go":         true,
	"support.go":       true,
	"toolbox.go":       true,
}

// asked are the rules that find nothing unless somebody asks for them.
var asked = map[string]bool{"no-digest": true, "no-run-as-user": true}

func TestRuleValues(t *testing.T) {
	t.Parallel()
	kebab := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	for _, r := range rules.All() {
		if !kebab.MatchString(r.ID) {
			t.Errorf("%s: the id is not kebab-case", r.ID)
		}
		if r.Title == "" || strings.HasSuffix(r.Title, ".") || r.Title[0] < 'A' || r.Title[0] > 'Z' {
			t.Errorf("%s: the title %q must begin with a capital and have no full stop", r.ID, r.Title)
		}
		functions := r.Dockerfile != nil || r.Object != nil || r.Release != nil
		if r.Since == "" || (r.Severity == checks.Off) != asked[r.ID] || !functions && r.Ignores == nil || r.URL != checks.PageURL(r.ID) {
			t.Errorf("%s: release, severity, function or address is missing", r.ID)
		}
		for _, other := range r.Replaces {
			if other.Because == "" || strings.HasSuffix(other.Because, ".") {
				t.Errorf("%s: the reason for replacing %s must be a clause", r.ID, other.ID)
			}
		}
	}
}
