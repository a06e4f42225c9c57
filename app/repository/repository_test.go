package repository

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chiselbot/chiselbot/checks/source"
)

// TestMain gives git and the code under test the same empty home, so that neither sees
// the settings of the person who runs the tests.
func TestMain(m *testing.M) {
	os.Exit(func() int {
		home, err := os.MkdirTemp("", "home-")
		if err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(home) }()
		for key, value := range map[string]string{
			"HOME": home, "USERPROFILE": home, "XDG_CONFIG_HOME": "", "GIT_CONFIG_NOSYSTEM": "1",
			"GIT_AUTHOR_NAME": "cat", "GIT_AUTHOR_EMAIL": "cat@example.com",
			"GIT_COMMITTER_NAME": "cat", "GIT_COMMITTER_EMAIL": "cat@example.com",
		} {
			if err := os.Setenv(key, value); err != nil {
				panic(err)
			}
		}
		return m.Run()
	}())
}

// execGit runs git in dir and returns what it prints, without the final line break.
func execGit(t testing.TB, dir string, args ...string) string {
	t.Helper()
	out, err := tryGit(t, dir, args...)
	if err != nil {
		t.Fatalf("git %s: %v", strings.Join(args, " "), err)
	}
	return out
}

func tryGit(t testing.TB, dir string, args ...string) (string, error) {
	t.Helper()
	cmd := gitCommand(t, dir, args...)
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, complaint.String())
	}
	return strings.TrimSuffix(string(out), "\n"), err
}

// gitCommand is git ready to run in dir. Without git the test is skipped.
func gitCommand(t testing.TB, dir string, args ...string) *exec.Cmd {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	args = append([]string{"-c", "protocol.file.allow=always", "-c", "init.defaultBranch=main", "-c", "gc.auto=0"}, args...)
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	return cmd
}

// write writes files given as pairs of name and text.
func write(t testing.TB, dir string, files ...string) {
	t.Helper()
	for pair := range slices.Chunk(files, 2) {
		name := filepath.Join(dir, filepath.FromSlash(pair[0]))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(pair[1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// commit commits all that is in the working tree.
func commit(t testing.TB, dir, message string) string {
	t.Helper()
	execGit(t, dir, "add", "--all")
	execGit(t, dir, "commit", "--quiet", "--allow-empty", "--message", message)
	return execGit(t, dir, "rev-parse", "HEAD")
}

// newRepo is a repository with one commit of the files.
func newRepo(t testing.TB, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	execGit(t, dir, "init", "--quiet")
	write(t, dir, files...)
	commit(t, dir, "first")
	return dir
}

func open(t testing.TB, dir string) *Repository {
	t.Helper()
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return r
}

func commitTree(t testing.TB, dir, revision string) source.Tree {
	t.Helper()
	tree, err := open(t, dir).Commit(t.Context(), revision)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func workingTreeOf(t testing.TB, dir string) source.Tree {
	t.Helper()
	tree, err := open(t, dir).WorkingTree(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// list is every name in a tree that is not a folder.
func list(t testing.TB, tree source.Tree) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(tree.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

func read(t testing.TB, tree source.Tree, name string) string {
	t.Helper()
	f, err := tree.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	return f.Text()
}

func TestOpen(t *testing.T) {
	t.Parallel()
	main := newRepo(t, "Dockerfile", "FROM scratch\n", "src/app/main.go", "package main\n")
	base := t.TempDir()
	linked := filepath.Join(base, "linked")
	execGit(t, main, "worktree", "add", "--quiet", "-b", "other", linked)
	bare := filepath.Join(base, "bare.git")
	execGit(t, base, "clone", "--quiet", "--bare", main, bare)
	outer := newRepo(t, "README", "outer\n")
	execGit(t, outer, "submodule", "--quiet", "add", main, "lib/inner")
	commit(t, outer, "add a submodule")

	for _, tc := range []struct{ name, dir, root string }{
		{"root", main, main},
		{"subfolder", filepath.Join(main, "src/app"), main},
		{"file", filepath.Join(main, "src/app/main.go"), main},
		{"git folder", filepath.Join(main, ".git"), main},
		{"inside git folder", filepath.Join(main, ".git/refs"), main},
		{"linked worktree", linked, linked},
		{"in a linked worktree", filepath.Join(linked, "src"), linked},
		{"submodule", filepath.Join(outer, "lib/inner"), filepath.Join(outer, "lib/inner")},
		{"in a submodule", filepath.Join(outer, "lib/inner/src"), filepath.Join(outer, "lib/inner")},
		{"bare", bare, ""},
		{"inside bare", filepath.Join(bare, "refs"), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := open(t, tc.dir)
			if r.Root() != tc.root {
				t.Errorf("root is %q, want %q", r.Root(), tc.root)
			}
			tree, err := r.Commit(t.Context(), "HEAD")
			if err != nil {
				t.Fatal(err)
			}
			if want := execGit(t, gitIn(tc.dir), "rev-parse", "HEAD"); tree.Commit != want {
				t.Errorf("HEAD is %s, want %s", tree.Commit, want)
			}
			if got := read(t, tree, "Dockerfile"); got != "FROM scratch\n" {
				t.Errorf("Dockerfile is %q", got)
			}
			_, err = r.WorkingTree(t.Context())
			if (err != nil) != (tc.root == "") {
				t.Errorf("working tree: %v", err)
			}
		})
	}
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	main := newRepo(t)
	dir := t.TempDir()
	write(t, dir,
		"file", "",
		"gone/.git", "gitdir: /nowhere/at/all\n",
		"odd/.git", "what?\n",
		"sha256/.git/HEAD", "ref: refs/heads/main\n", "sha256/.git/objects/x", "", "sha256/.git/refs/x", "",
		"sha256/.git/config", "[core]\nrepositoryformatversion = 1\n[extensions]\nobjectformat = sha256\n",
		"reftable/.git/HEAD", "ref: refs/heads/.invalid\n", "reftable/.git/objects/x", "", "reftable/.git/refs/x", "",
		"reftable/.git/config", "[core]\nrepositoryformatversion = 1\n[extensions]\nrefstorage = reftable\n",
		"future/.git/HEAD", "ref: refs/heads/main\n", "future/.git/objects/x", "", "future/.git/refs/x", "",
		"future/.git/config", "[core]\nrepositoryformatversion = 7\n",
		"extension/.git/HEAD", "ref: refs/heads/main\n", "extension/.git/objects/x", "", "extension/.git/refs/x", "",
		"extension/.git/config", "[core]\nrepositoryformatversion = 1\n[extensions]\ncats = true\n",
		"broken/.git/HEAD", "ref: refs/heads/main\n", "broken/.git/objects/x", "", "broken/.git/refs/x", "",
		"broken/.git/config", "[core\n",
	)
	if err := os.Rename(filepath.Join(main, ".git", "HEAD"), filepath.Join(main, ".git", "TAIL")); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, dir, want string }{
		{"no repository", dir, "not a git repository"},
		{"no folder", filepath.Join(dir, "none"), "no such file"},
		{"file", filepath.Join(dir, "file"), "not a git repository"},
		{"git folder without HEAD", main, "not a git repository"},
		{"moved worktree", filepath.Join(dir, "gone"), "git worktree repair"},
		{"not a pointer", filepath.Join(dir, "odd"), "does not say where"},
		{"sha256", filepath.Join(dir, "sha256"), "sha256, and only sha1"},
		{"reftable", filepath.Join(dir, "reftable"), "git refs migrate"},
		{"future", filepath.Join(dir, "future"), "format 7"},
		{"unknown extension", filepath.Join(dir, "extension"), "extension cats"},
		{"broken config", filepath.Join(dir, "broken"), "read config"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := Open(tc.dir)
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.HasPrefix(err.Error(), "open repository "+tc.dir+": ") {
				t.Errorf("got %v, want %q in it", err, tc.want)
			}
		})
	}
}

func TestCanceled(t *testing.T) {
	t.Parallel()
	r := open(t, newRepo(t, "a", "b"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.WorkingTree(ctx); err == nil {
		t.Error("working tree: no error")
	}
	if _, err := r.Commit(ctx, "HEAD~1000000"); err == nil {
		t.Error("commit: no error")
	}
}

// gitIn is the folder to run git in for a path that may be a file.
func gitIn(name string) string {
	if info, err := os.Stat(name); err == nil && !info.IsDir() {
		return filepath.Dir(name)
	}
	return name
}
