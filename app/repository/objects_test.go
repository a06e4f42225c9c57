package repository

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks/source"
)

func TestCommitTree(t *testing.T) {
	t.Parallel()
	dir := newRepo(t, "Dockerfile", "FROM scratch\n", "src/Dockerfile", "FROM alpine\n", "src/deep/er/x", "x", "run.sh", "#!/bin/sh\n", "empty", "")
	if err := os.Chmod(filepath.Join(dir, "run.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"link": "Dockerfile", "away": "/etc/passwd", "up": "../../x", "folder": "src"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	commit(t, dir, "second")
	// What the commit has is read, not what is on disk.
	write(t, dir, "Dockerfile", "FROM changed\n", "new", "")

	for _, state := range []string{"loose", "packed"} {
		if state == "packed" {
			execGit(t, dir, "gc", "--quiet", "--aggressive")
		}
		tree := commitTree(t, dir, "HEAD")
		if diff := cmp.Diff(strings.Split(execGit(t, dir, "ls-tree", "-r", "--name-only", "HEAD"), "\n"), list(t, tree)); diff != "" {
			t.Errorf("%s: git (-), ours (+):\n%s", state, diff)
		}
		if got := read(t, tree, "Dockerfile"); got != "FROM scratch\n" {
			t.Errorf("%s: Dockerfile is %q", state, got)
		}
		for name, want := range map[string]string{
			"link": "not a regular file", "away": "not a regular file", "src": "not a regular file", "folder/Dockerfile": "does not exist",
			"none": "does not exist", "Dockerfile/x": "does not exist", "../x": "invalid", "/Dockerfile": "invalid", "src//Dockerfile": "invalid", "": "invalid",
		} {
			if _, err := tree.Read(name); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: read %q: got %v, want %q in it", state, name, err, want)
			}
		}
		if to, err := fs.ReadLink(tree.FS, "away"); to != "/etc/passwd" || err != nil {
			t.Errorf("%s: link is %q, %v", state, to, err)
		}
		if i, err := fs.Lstat(tree.FS, "run.sh"); err != nil || i.Mode() != 0o755 || i.Size() != 10 {
			t.Errorf("%s: run.sh is %v, %v", state, i, err)
		}
	}
}

// TestTreesAreFileSystems runs the standard library's checks of a file system.
func TestTreesAreFileSystems(t *testing.T) {
	t.Parallel()
	dir := newRepo(t, "a", "1\n", "b/c/d", "2\n", "b/e", "", "b.c", "3\n", "b/ü", "4")
	if err := fstest.TestFS(commitTree(t, dir, "HEAD").FS, "a", "b/c/d", "b/e", "b.c"); err != nil {
		t.Errorf("commit: %v", err)
	}
	if err := fstest.TestFS(workingTreeOf(t, dir).FS, "a", "b/c/d", "b/e", "b.c"); err != nil {
		t.Errorf("working tree: %v", err)
	}
}

func TestSubmodule(t *testing.T) {
	t.Parallel()
	inner := newRepo(t, "Dockerfile", "FROM scratch\n")
	outer := newRepo(t, "a", "1\n")
	execGit(t, outer, "submodule", "--quiet", "add", inner, "lib/inner")
	commit(t, outer, "add a submodule")
	for name, tree := range map[string]source.Tree{"commit": commitTree(t, outer, "HEAD"), "working tree": workingTreeOf(t, outer)} {
		if diff := cmp.Diff([]string{".gitmodules", "a", "lib/inner"}, list(t, tree)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		i, err := fs.Lstat(tree.FS, "lib/inner")
		if err != nil || i.Mode()&fs.ModeIrregular == 0 {
			t.Errorf("%s: submodule is %v, %v", name, i, err)
		}
		if _, err := tree.Open("lib/inner"); err == nil {
			t.Errorf("%s: submodule opened", name)
		}
		if _, err := tree.Read("lib/inner/Dockerfile"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: file in submodule: %v", name, err)
		}
	}
}

// put writes an object as it is, however malformed.
func put(t testing.TB, r *Repository, kind plumbing.ObjectType, content string) plumbing.Hash {
	t.Helper()
	obj := &plumbing.MemoryObject{}
	obj.SetType(kind)
	if _, err := obj.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	h, err := r.refs.SetEncodedObject(obj)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func treeLine(mode, name string, h plumbing.Hash) string {
	return mode + " " + name + "\x00" + string(h[:])
}

func commitOf(t testing.TB, r *Repository, tree plumbing.Hash) string {
	t.Helper()
	return put(t, r, plumbing.CommitObject, fmt.Sprintf("tree %s\nauthor a <a@b> 1 +0000\ncommitter a <a@b> 1 +0000\n\nx\n", tree)).String()
}

func TestHostileTrees(t *testing.T) {
	t.Parallel()
	r := open(t, newRepo(t))
	blob := put(t, r, plumbing.BlobObject, "FROM scratch\n")
	sub := put(t, r, plumbing.TreeObject, treeLine("100644", "Dockerfile", blob))

	t.Run("names", func(t *testing.T) {
		h := put(t, r, plumbing.TreeObject,
			treeLine("100644", ".", blob)+treeLine("40000", "..", sub)+treeLine("40000", ".git", sub)+treeLine("40000", ".GIT", sub)+
				treeLine("100644", "a/b", blob)+treeLine("100644", "new\nline", blob)+treeLine("100644", "not\xffutf8", blob)+
				treeLine("40000", "z\xff", sub)+treeLine("100644", "same", blob)+treeLine("40000", "same", sub)+treeLine("100644", "SAME", blob)+
				treeLine("100644", "dir", sub)+treeLine("40000", "file", blob)+treeLine("7", "odd", blob)+treeLine("100664", "old", blob))
		tree, err := r.Commit(t.Context(), commitOf(t, r, h))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tree.Find(t.Context(), func(string) bool { return true }); err == nil || !strings.Contains(err.Error(), "read tree") {
			t.Errorf("a file where a folder is said to be: %v", err)
		}
		for _, name := range []string{"new\nline", "not\xffutf8", "z\xff/Dockerfile", "same", "SAME", "old"} {
			if f, err := tree.Read(name); err != nil || f.Text() != "FROM scratch\n" {
				t.Errorf("%q: %v", name, err)
			}
		}
		for name, want := range map[string]string{"../Dockerfile": "invalid", "./..": "invalid", ".git/Dockerfile": "not exist", "a/b": "not exist", "dir": "is a tree, not a file", "odd": "not a regular file"} {
			if _, err := tree.Read(name); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: got %v, want %q in it", name, err, want)
			}
		}
	})
	t.Run("malformed", func(t *testing.T) {
		for _, content := range []string{"100644 a", "100644 a\x00short", "zzz a\x00" + strings.Repeat("x", 20), "100644"} {
			_, err := r.Commit(t.Context(), commitOf(t, r, put(t, r, plumbing.TreeObject, content)))
			if err == nil || !strings.Contains(err.Error(), "read tree") {
				t.Errorf("%q: %v", content, err)
			}
		}
	})
	t.Run("many files of few objects", func(t *testing.T) {
		h := sub
		for range 10 {
			var content strings.Builder
			for i := range 10 {
				content.WriteString(treeLine("40000", fmt.Sprint(i), h))
			}
			h = put(t, r, plumbing.TreeObject, content.String())
		}
		tree, err := r.Commit(t.Context(), commitOf(t, r, h))
		if err != nil {
			t.Fatal(err)
		}
		_, err = tree.Find(t.Context(), func(string) bool { return false })
		if err == nil || !strings.Contains(err.Error(), "more than") {
			t.Errorf("10 to the power of 10 files: %v", err)
		}
	})
	t.Run("deep", func(t *testing.T) {
		h := sub
		for range 5000 {
			h = put(t, r, plumbing.TreeObject, treeLine("40000", "d", h))
		}
		tree, err := r.Commit(t.Context(), commitOf(t, r, h))
		if err != nil {
			t.Fatal(err)
		}
		_, err = tree.Find(t.Context(), func(string) bool { return true })
		if err == nil || !strings.Contains(err.Error(), "longer than") {
			t.Errorf("5000 folders: %v", err)
		}
	})
}

func TestLargeFiles(t *testing.T) {
	t.Parallel()
	dir := newRepo(t, "limit", strings.Repeat("x", source.MaxFileBytes), "over", strings.Repeat("y", source.MaxFileBytes+1), "base", strings.Repeat("line\n", 10_000))
	write(t, dir, "base", strings.Repeat("line\n", 10_000)+"more\n")
	commit(t, dir, "second")
	for _, state := range []string{"loose", "packed"} {
		if state == "packed" {
			execGit(t, dir, "gc", "--quiet", "--aggressive")
		}
		for name, tree := range map[string]source.Tree{"commit": commitTree(t, dir, "HEAD"), "before": commitTree(t, dir, "HEAD~1"), "working tree": workingTreeOf(t, dir)} {
			if got := len(read(t, tree, "limit")); got != source.MaxFileBytes {
				t.Errorf("%s %s: limit has %d bytes", state, name, got)
			}
			if _, err := tree.Read("over"); !errors.Is(err, source.ErrTooLarge) {
				t.Errorf("%s %s: over: %v", state, name, err)
			}
			want := 50_000
			if name != "before" {
				want += 5
			}
			if got := len(read(t, tree, "base")); got != want {
				t.Errorf("%s %s: base has %d bytes, want %d", state, name, got, want)
			}
			if i, err := fs.Lstat(tree.FS, "base"); err != nil || i.Size() != int64(want) {
				t.Errorf("%s %s: base is %v, %v", state, name, i, err)
			}
		}
	}
}

func TestAlternates(t *testing.T) {
	t.Parallel()
	first := newRepo(t, "a", "1\n", "Dockerfile", "FROM scratch\n")
	base := t.TempDir()
	second, third := filepath.Join(base, "second"), filepath.Join(base, "third")
	execGit(t, base, "clone", "--quiet", "--shared", first, second)
	write(t, second, "b", "2\n")
	commit(t, second, "second")
	execGit(t, base, "clone", "--quiet", "--shared", second, third)
	write(t, third, "c", "3\n")
	hash := commit(t, third, "third")
	// A relative path, and a circle.
	rel, err := filepath.Rel(filepath.Join(second, ".git/objects"), filepath.Join(first, ".git/objects"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, second, ".git/objects/info/alternates", "# a comment\n"+rel+"\n/nowhere\n")
	write(t, first, ".git/objects/info/alternates", filepath.Join(second, ".git/objects")+"\n")

	tree := commitTree(t, third, hash[:8])
	if diff := cmp.Diff([]string{"Dockerfile", "a", "b", "c"}, list(t, tree)); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]string{"a": "1\n", "b": "2\n", "c": "3\n"} {
		if got := read(t, tree, name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	if tree := commitTree(t, third, execGit(t, first, "rev-parse", "HEAD")[:8]); read(t, tree, "a") != "1\n" {
		t.Error("the first commit is another one")
	}
	if _, err := open(t, third).Commit(t.Context(), strings.Repeat("1", 40)); !errors.Is(err, errMissing) {
		t.Errorf("an object that nobody has: %v", err)
	}
}

func TestPartialClone(t *testing.T) {
	t.Parallel()
	origin := newRepo(t, "Dockerfile", "FROM scratch\n")
	write(t, origin, "Dockerfile", "FROM alpine\n")
	commit(t, origin, "second")
	execGit(t, origin, "config", "uploadpack.allowFilter", "true")
	dir := filepath.Join(t.TempDir(), "clone")
	execGit(t, t.TempDir(), "clone", "--quiet", "--filter=blob:none", "file://"+origin, dir)

	if got := read(t, commitTree(t, dir, "HEAD"), "Dockerfile"); got != "FROM alpine\n" {
		t.Errorf("Dockerfile is %q", got)
	}
	_, err := commitTree(t, dir, "HEAD~1").Read("Dockerfile")
	blob := execGit(t, origin, "rev-parse", "HEAD~1:Dockerfile")
	if err == nil || !strings.Contains(err.Error(), "`git cat-file -e "+blob+"` fetches it") {
		t.Fatalf("a blob that was not fetched: %v", err)
	}
	execGit(t, dir, "cat-file", "-e", blob)
	if got := read(t, commitTree(t, dir, "HEAD~1"), "Dockerfile"); got != "FROM scratch\n" {
		t.Errorf("Dockerfile is %q", got)
	}
}

// TestConcurrent reads two trees from many goroutines at once; the race detector judges.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	execGit(t, dir, "init", "--quiet")
	for i := range 100 {
		write(t, dir, fmt.Sprintf("d%d/Dockerfile", i), fmt.Sprintln("FROM", i))
	}
	commit(t, dir, "first")
	write(t, dir, "d7/Dockerfile", "FROM other\n")
	commit(t, dir, "second")
	execGit(t, dir, "gc", "--quiet")
	r := open(t, dir)
	var trees []source.Tree
	for _, revision := range []string{"HEAD", "HEAD~1"} {
		tree, err := r.Commit(t.Context(), revision)
		if err != nil {
			t.Fatal(err)
		}
		trees = append(trees, tree)
	}
	disk, err := r.WorkingTree(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for _, tree := range append(trees, disk) {
		for range 4 {
			group.Go(func() {
				names, err := tree.Find(t.Context(), func(string) bool { return true })
				if err != nil || len(names) != 100 {
					t.Errorf("%d names, %v", len(names), err)
				}
				for _, name := range names {
					f, err := tree.Read(name)
					if err != nil || !bytes.HasPrefix([]byte(f.Text()), []byte("FROM ")) {
						t.Errorf("%s: %v", name, err)
					}
				}
			})
		}
	}
	group.Wait()
}
