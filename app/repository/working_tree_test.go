package repository

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tracked is what git would list for a working tree: what is tracked and on disk, and
// what is not ignored. Nested repositories, which git shows with a slash at the end, are
// left out.
func tracked(t testing.TB, dir string) []string {
	t.Helper()
	var names []string
	for name := range strings.SplitSeq(execGit(t, dir, "ls-files", "-z", "--cached", "--others", "--exclude-standard"), "\x00") {
		if name == "" || strings.HasSuffix(name, "/") {
			continue
		}
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// TestWorkingTreeLikeGit makes repositories by chance, with ignore files of every kind of
// pattern, and wants the very list that git gives.
func TestWorkingTreeLikeGit(t *testing.T) {
	t.Parallel()
	words := []string{"a", "b", "ab", "abc", "build", "Build", "x.log", "b.log", "[a]", "a b", "a ", "#a", "!a", "é", "foo", "a-b", "0", "_", `a\b`, "*"}
	patterns := []string{
		"a", "b/", "/a", "/ab/", "a/b", "a/*", "*/b", "**/b", "a/**", "a/**/b", "**/a/b", "/**", "**", "**/", "*", "*/", "*.log", "x.*", "?", "??",
		"[ab]", "[!a]", "[^a]", "[a-c]b", "[]a]", "[[:digit:]]", "[[:alpha:]]b*", "[[:nope:]]", "[a", `\#a`, "#a", `\!a`, "!a", "!*.log", "!/b", "!b/", "!a/b",
		"a ", `a\ `, `a\  `, "a\\", `\a`, `[\a]`, "a*b", "a**b", "**b", "a**", "*a*b*", "foo/", "foo", "!foo", "build", "BUILD", "a\r", "", " ", "/", "//", "a//b", "[[]a]", `\*`, "é", "[a-]b", "b/../a", "./a", "é*", "?",
	}
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(seed, 1))
			dir := t.TempDir()
			execGit(t, dir, "init", "--quiet")
			fold := rnd.IntN(6) == 0
			if fold {
				execGit(t, dir, "config", "core.ignoreCase", "true")
			}
			var folders = []string{"."}
			for range 4 + rnd.IntN(12) {
				parent := folders[rnd.IntN(len(folders))]
				name := filepath.Join(parent, words[rnd.IntN(len(words))])
				if os.MkdirAll(filepath.Join(dir, name), 0o755) == nil {
					folders = append(folders, name)
				}
			}
			ignore := func() string {
				var text strings.Builder
				if rnd.IntN(8) == 0 {
					text.WriteString("\ufeff")
				}
				for range 1 + rnd.IntN(5) {
					text.WriteString(patterns[rnd.IntN(len(patterns))])
					text.WriteString([]string{"\n", "\n", "\n", "\r\n"}[rnd.IntN(4)])
				}
				return text.String()
			}
			for _, folder := range folders {
				for range rnd.IntN(5) {
					// A folder of that name may be there.
					_ = os.WriteFile(filepath.Join(dir, folder, words[rnd.IntN(len(words))]), nil, 0o644)
				}
			}
			if rnd.IntN(3) == 0 {
				write(t, dir, ".git/info/exclude", ignore())
			}
			if rnd.IntN(3) == 0 {
				write(t, dir, ".git/person", ignore())
				execGit(t, dir, "config", "core.excludesFile", filepath.Join(dir, ".git/person"))
			}
			add := func() {
				for _, folder := range folders {
					if rnd.IntN(4) == 0 {
						_, _ = tryGit(t, dir, "add", "--force", "--", filepath.Join(folder)) // an empty one cannot be added
					}
				}
			}
			if rnd.IntN(2) == 0 {
				add()
			}
			for _, folder := range folders {
				if rnd.IntN(3) == 0 {
					write(t, dir, filepath.Join(folder, ".gitignore"), ignore())
				}
			}
			for _, folder := range folders {
				if rnd.IntN(12) == 0 {
					_ = os.RemoveAll(filepath.Join(dir, folder, words[rnd.IntN(len(words))]))
				}
				if rnd.IntN(12) == 0 && folder != "." {
					if info, err := os.Stat(filepath.Join(dir, folder)); err == nil && info.IsDir() {
						execGit(t, dir, "init", "--quiet", folder)
					}
				}
			}

			got, want := list(t, workingTreeOf(t, dir)), tracked(t, dir)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("git (-), ours (+):\n%s", diff)
				files, _ := filepath.Glob(filepath.Join(dir, "*/.gitignore"))
				for _, f := range append(files, filepath.Join(dir, ".gitignore"), filepath.Join(dir, ".git/info/exclude"), filepath.Join(dir, ".git/person")) {
					text, _ := os.ReadFile(f)
					t.Logf("%s %q", f, text)
				}
			}
		})
	}
}
