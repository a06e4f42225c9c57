package codeowners_test

import (
	"strings"
	"testing"

	"github.com/chiselbot/chiselbot/app/codeowners"
)

// example is that of GitHub's documentation, with what it says of each line.
const example = `# This is a comment.
*       @global-owner1 @global-owner2
*.js    @js-owner #This is an inline comment.
*.go docs@example.com
*.txt @octo-org/octocats
/build/logs/ @doctocat
docs/* docs@example.com @docs
apps/ @octocat
/docs/ @doctocat
/scripts/ @doctocat @octocat
**/logs @logger
/apps/ @octocat
/apps/github
/my\ folder/ @spacer
/strange{a,b}/ @brace
!/apps/github/x @nobody
/br[ack]et @nobody
`

func TestOf(t *testing.T) {
	t.Parallel()
	rules := codeowners.Parse(example)
	for name, want := range map[string]string{
		"README.md":                "global-owner1 global-owner2",
		"src/app.js":               "js-owner",
		"main.go":                  "", // an address
		"a/b/c.txt":                "octo-org/octocats",
		"build/logs/x/y":           "logger",
		"docs/getting-started.md":  "doctocat",
		"docs/build/deep.md":       "doctocat",
		"a/docs/getting.md":        "global-owner1 global-owner2",
		"scripts/x":                "doctocat octocat",
		"deeply/nested/logs":       "logger",
		"deeply/nested/logs/a":     "logger",
		"apps/x":                   "octocat",
		"apps/github/x":            "", // nobody's, and the line with "!" says nothing
		"my folder/x":              "spacer",
		"strange{a,b}/x":           "brace",
		"strangea/x":               "global-owner1 global-owner2",
		"other/apps/x":             "octocat",
		"bra/x":                    "global-owner1 global-owner2",
		"Dockerfile":               "global-owner1 global-owner2",
		"weird\xff/build/logs/a.b": "logger",
	} {
		if got := strings.Join(rules.Of(name), " "); got != want {
			t.Errorf("%s is owned by %q, want %q", name, got, want)
		}
	}
	folder := codeowners.Parse("docs/* @docs\r\n")
	if got := len(folder.Of("docs/deep/x")) + len(folder.Of("a/docs/x")); got != 0 {
		t.Errorf("docs/* reaches deeper: %d", got)
	}
	if got := folder.Of("docs/x"); len(got) != 1 || got[0] != "docs" {
		t.Errorf("docs/x is owned by %q", got)
	}
	if rules := codeowners.Parse(strings.Repeat("* @a\n", 1<<20)); rules != nil {
		t.Error("a file that GitHub does not read has rules")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(example, "apps/github/x")
	f.Fuzz(func(t *testing.T, text, name string) {
		for _, owner := range codeowners.Parse(text).Of(name) {
			if owner == "" || strings.ContainsAny(owner, "@ \t\n`<") || strings.Count(owner, "/") > 1 {
				t.Errorf("owner %q", owner)
			}
		}
	})
}
