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
						_, _ = tryGit(t, dir, "add", "--force", "--", folder) // an empty one cannot be added
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

func TestWorkingTree(t *testing.T) {
	t.Parallel()
	outside := t.TempDir()
	write(t, outside, "Dockerfile", "FROM outside\n", "rules", "secret\n")
	dir := newRepo(t, "Dockerfile", "FROM scratch\n", "gone/Dockerfile", "FROM gone\n", "bin/kept", "tracked although ignored\n", ".gitignore", "bin/\n*.tmp\nnode_modules\n")
	execGit(t, dir, "add", "--force", "bin/kept")
	commit(t, dir, "track an ignored file")
	write(t, dir,
		"bin/other", "", "x.tmp", "", "node_modules/a/Dockerfile", "FROM ignored\n",
		"new/Dockerfile", "FROM new\n", "new/\nline\n/x", "", "DOCKERFILE", "FROM upper\n",
		"new/.gitignore", "!x.tmp\n", "new/x.tmp", "", "new/y.tmp", "",
		"looks/.git/config", "not a repository", "looks/Dockerfile", "FROM looks\n",
		"nested/Dockerfile", "FROM nested\n",
	)
	execGit(t, dir, "init", "--quiet", "nested")
	if err := os.RemoveAll(filepath.Join(dir, "gone")); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{
		"link": filepath.Join(outside, "Dockerfile"), "up": "../" + filepath.Base(outside) + "/Dockerfile", "folder": outside,
		"inside": "new", "circle": ".", "new/deep": outside, "dead": "nowhere",
	} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	// A linked ignore file is not followed, as git has it.
	write(t, dir, "linked/secret", "")
	if err := os.Symlink(filepath.Join(outside, "rules"), filepath.Join(dir, "linked", ".gitignore")); err != nil {
		t.Fatal(err)
	}

	tree := workingTreeOf(t, dir)
	if diff := cmp.Diff(tracked(t, dir), list(t, tree)); diff != "" {
		t.Errorf("git (-), ours (+):\n%s", diff)
	}
	for name, want := range map[string]string{
		"Dockerfile": "FROM scratch\n", "new/Dockerfile": "FROM new\n", "bin/kept": "tracked although ignored\n", "DOCKERFILE": "FROM upper\n",
		"new/\nline\n/x": "", "new/x.tmp": "", "looks/Dockerfile": "FROM looks\n",
	} {
		if got := read(t, tree, name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{
		"link", "up", "folder", "folder/Dockerfile", "inside/Dockerfile", "circle/Dockerfile", "new/deep/Dockerfile", "dead", "gone/Dockerfile",
		"bin/other", "x.tmp", "new/y.tmp", "node_modules/a/Dockerfile", ".git/config", ".git", "looks/.git/config", "nested/Dockerfile",
		"../" + filepath.Base(outside) + "/Dockerfile", "new/../Dockerfile", "/etc/passwd", "new",
	} {
		if _, err := tree.Read(name); err == nil {
			t.Errorf("%s was read", name)
		}
		if f, err := tree.Open(name); err == nil {
			if info, err := f.Stat(); err != nil || !info.IsDir() {
				t.Errorf("%s was opened", name)
			}
			f.Close()
		}
	}
}

func TestPersonsIgnoreFile(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	dir := newRepo(t, "a", "")
	write(t, dir, "b", "", "c", "", "d", "", "settings", "d\n")
	for _, tc := range []struct {
		name    string
		prepare func()
		want    []string
	}{
		{"default place", func() { write(t, home, ".config/git/ignore", "b\n") }, []string{"a", "c", "d", "settings"}},
		{"settings", func() {
			write(t, home, ".gitconfig", "[core]\n\texcludesFile = ~/mine\n", "mine", "c\n")
		}, []string{"a", "b", "d", "settings"}},
		{"of the repository", func() { execGit(t, dir, "config", "core.excludesFile", "settings") }, []string{"a", "b", "c", "settings"}},
		{"missing", func() { execGit(t, dir, "config", "core.excludesFile", "/nowhere") }, []string{"a", "b", "c", "d", "settings"}},
	} {
		tc.prepare()
		got := list(t, workingTreeOf(t, dir))
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: want (-), got (+): %s", tc.name, diff)
		}
		if diff := cmp.Diff(tracked(t, dir), got); diff != "" {
			t.Errorf("%s: git (-), ours (+): %s", tc.name, diff)
		}
	}
}

func TestUnreadableFolder(t *testing.T) {
	t.Parallel()
	if os.Getuid() <= 0 {
		t.Skip("the superuser may read everything, and Windows has no such folder")
	}
	dir := newRepo(t, "a", "", "tracked/b", "")
	write(t, dir, "data/c", "")
	lock := func(name string) {
		if err := os.Chmod(filepath.Join(dir, name), 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, name), 0o700) })
	}
	lock("data")
	if diff := cmp.Diff([]string{"a", "tracked/b"}, list(t, workingTreeOf(t, dir))); diff != "" {
		t.Error(diff)
	}
	lock("tracked")
	if _, err := workingTreeOf(t, dir).Find(t.Context(), func(string) bool { return true }); err == nil || !strings.Contains(err.Error(), "tracked: permission denied") {
		t.Errorf("got %v", err)
	}
}

func TestFolderRemovedMeanwhile(t *testing.T) {
	t.Parallel()
	dir := newRepo(t, "a", "", "b/c", "")
	tree := workingTreeOf(t, dir)
	if _, err := tree.Open("."); err != nil { // lists the root
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "b")); err != nil {
		t.Fatal(err)
	}
	if got := list(t, tree); !slices.Equal(got, []string{"a"}) {
		t.Errorf("got %q", got)
	}
}
