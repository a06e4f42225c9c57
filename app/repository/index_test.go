package repository

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestIndexFormats reads the same files from every form of index that git writes.
func TestIndexFormats(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("long/", 900) + "name"
	for _, tc := range []struct {
		name string
		make func(t *testing.T, dir string)
	}{
		{"version 2", func(t *testing.T, dir string) { execGit(t, dir, "update-index", "--index-version=2") }},
		{"version 3", func(t *testing.T, dir string) {
			write(t, dir, "later", "x")
			execGit(t, dir, "add", "--intent-to-add", "later")
		}},
		{"version 4", func(t *testing.T, dir string) { execGit(t, dir, "update-index", "--index-version=4") }},
		{"no checksum", func(t *testing.T, dir string) {
			execGit(t, dir, "config", "index.skipHash", "true")
			execGit(t, dir, "update-index", "--force-write-index")
		}},
		{"untracked cache", func(t *testing.T, dir string) {
			execGit(t, dir, "update-index", "--force-untracked-cache")
			execGit(t, dir, "status", "--porcelain")
		}},
		{"conflict", func(t *testing.T, dir string) {
			execGit(t, dir, "checkout", "--quiet", "-b", "side")
			write(t, dir, "a/b", "side\n")
			commit(t, dir, "side")
			execGit(t, dir, "checkout", "--quiet", "main")
			write(t, dir, "a/b", "main\n")
			commit(t, dir, "main")
			if _, err := tryGit(t, dir, "merge", "side"); err == nil {
				t.Fatal("no conflict")
			}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := newRepo(t, "a", "1", "a.b", "2", "b/c/d", "3", "b/c/e", "4")
			if tc.name == "conflict" {
				dir = newRepo(t, "a/b", "1", "c", "2")
			} else {
				// A path so long that its length does not fit its field, kept off the disk.
				execGit(t, dir, "update-index", "--add", "--cacheinfo", "100644,"+execGit(t, dir, "rev-parse", "HEAD:a")+","+long)
			}
			tc.make(t, dir)
			write(t, dir, ".gitignore", "*\n")
			index, err := readIndex(filepath.Join(dir, ".git", "index"))
			if err != nil {
				t.Fatal(err)
			}
			want := strings.Split(execGit(t, dir, "ls-files", "--cached"), "\n")
			if diff := cmp.Diff(want, index.names); diff != "" {
				t.Errorf("names: %s", diff)
			}
			for _, name := range want {
				if _, ok := index.mode(name); !ok {
					t.Errorf("%s is not tracked", name)
				}
			}
			if diff := cmp.Diff(tracked(t, dir), list(t, workingTreeOf(t, dir))); diff != "" {
				t.Errorf("git (-), ours (+): %s", diff)
			}
		})
	}
}

func TestSplitIndex(t *testing.T) {
	t.Parallel()
	dir := newRepo(t, "a", "1")
	execGit(t, dir, "update-index", "--split-index")
	_, err := open(t, dir).WorkingTree(t.Context())
	if err == nil || !strings.Contains(err.Error(), "git update-index --no-split-index") {
		t.Fatalf("got %v", err)
	}
	execGit(t, dir, "update-index", "--no-split-index")
	if got := list(t, workingTreeOf(t, dir)); !slices.Equal(got, []string{"a"}) {
		t.Errorf("got %q", got)
	}
}

// TestSparseCheckout: what a sparse checkout keeps off the disk is unchanged, not deleted.
func TestSparseCheckout(t *testing.T) {
	t.Parallel()
	files := []string{
		"Dockerfile", "FROM scratch\n", "in/Dockerfile", "FROM in\n", "in/deep/x", "x",
		"out/Dockerfile", "FROM out\n", "out/deep/er/Dockerfile", "FROM deep\n", "out/.gitignore", "ignored\n",
	}
	for _, tc := range []struct{ name, option string }{{"full index", "--no-sparse-index"}, {"sparse index", "--sparse-index"}} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := newRepo(t, files...)
			before := list(t, workingTreeOf(t, dir))
			execGit(t, dir, "sparse-checkout", "init", "--cone", tc.option)
			execGit(t, dir, "sparse-checkout", "set", "in")
			if _, err := os.Stat(filepath.Join(dir, "out")); err == nil {
				t.Fatal("the checkout is not sparse")
			}
			tree := workingTreeOf(t, dir)
			if diff := cmp.Diff(before, list(t, tree)); diff != "" {
				t.Errorf("full (-), sparse (+): %s", diff)
			}
			if got := read(t, tree, "out/deep/er/Dockerfile"); got != "FROM deep\n" {
				t.Errorf("Dockerfile is %q", got)
			}
			// What is on disk all the same is read there, and a deleted file is gone.
			write(t, dir, "in/Dockerfile", "FROM changed\n")
			if err := os.Remove(filepath.Join(dir, "Dockerfile")); err != nil {
				t.Fatal(err)
			}
			tree = workingTreeOf(t, dir)
			if got := read(t, tree, "in/Dockerfile"); got != "FROM changed\n" {
				t.Errorf("Dockerfile is %q", got)
			}
			if _, err := tree.Read("Dockerfile"); err == nil {
				t.Error("a deleted file is read")
			}
			if tc.option == "--no-sparse-index" {
				write(t, dir, "out/ignored", "", "out/new", "", "out/Dockerfile", "FROM again\n")
				tree = workingTreeOf(t, dir)
				if got := read(t, tree, "out/Dockerfile"); got != "FROM again\n" {
					t.Errorf("Dockerfile is %q", got)
				}
				want := slices.DeleteFunc(append(slices.Clone(before), "out/new"), func(s string) bool { return s == "Dockerfile" })
				slices.Sort(want)
				if diff := cmp.Diff(want, list(t, tree)); diff != "" {
					t.Errorf("want (-), got (+): %s", diff)
				}
			}
		})
	}
}

func TestIndexErrors(t *testing.T) {
	t.Parallel()
	checksum := strings.Repeat("\x00", indexChecksum)
	entry := strings.Repeat("\x00", indexEntry-2) + "\x00\x01"
	for _, tc := range []struct{ name, data, want string }{
		{"empty", "", "not an index file"},
		{"other", strings.Repeat("x", 100), "not an index file"},
		{"version", "DIRC\x00\x00\x00\x09\x00\x00\x00\x00" + checksum, "version 9"},
		{"count", "DIRC\x00\x00\x00\x02\xff\xff\xff\xff" + checksum, "ends too early"},
		{"name", "DIRC\x00\x00\x00\x02\x00\x00\x00\x01" + entry + "name" + checksum, "ends too early"},
		{"strip", "DIRC\x00\x00\x00\x04\x00\x00\x00\x01" + entry + "\x05name\x00" + checksum, "cut off"},
		{"order", "DIRC\x00\x00\x00\x04\x00\x00\x00\x02" + entry + "\x00b\x00" + entry + "\x01a\x00" + checksum, "not sorted"},
		{"extension", "DIRC\x00\x00\x00\x02\x00\x00\x00\x00cats\x00\x00\x00\x00" + checksum, `"cats"`},
		{"extension size", "DIRC\x00\x00\x00\x02\x00\x00\x00\x00TREE\xff\xff\xff\xff" + checksum, "ends too early"},
	} {
		if _, err := parseIndex([]byte(tc.data)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q in it", tc.name, err, tc.want)
		}
	}
}

func FuzzParseIndex(f *testing.F) {
	for version := range uint32(5) {
		data := binary.BigEndian.AppendUint32([]byte("DIRC"), version)
		data = binary.BigEndian.AppendUint32(data, 1)
		f.Add(append(data, make([]byte, indexEntry+40)...))
		data = append(data, strings.Repeat("\x00", indexEntry-2)+"\x40\x01\x40\x00\x00a/b/c\x00"...)
		f.Add(append(data, make([]byte, 100)...))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		index, err := parseIndex(data)
		if err != nil {
			return
		}
		for _, name := range index.names {
			if _, ok := index.mode(name); !ok {
				t.Errorf("%q is not tracked", name)
			}
		}
	})
}
