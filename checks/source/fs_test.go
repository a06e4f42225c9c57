package source_test

import (
	"errors"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/chiselbot/chiselbot/checks/source"
)

// A node is an entry that knows all below it.
type node struct {
	name    string
	mode    fs.FileMode
	content string
	below   []fs.DirEntry
}

func (n *node) Name() string                         { return n.name }
func (n *node) IsDir() bool                          { return n.mode.IsDir() }
func (n *node) Type() fs.FileMode                    { return n.mode.Type() }
func (n *node) Entries() ([]fs.DirEntry, error)      { return n.below, nil }
func (n *node) Open() (fs.File, error)               { return source.Opened(n.name, n.mode, n.content), nil }
func (n *node) Target() (string, error)              { return n.content, nil }
func (n *node) Child(s string) (source.Entry, error) { return source.Named(n.below, s) }
func (n *node) Info() (fs.FileInfo, error) {
	return source.Info(n.name, n.mode, int64(len(n.content))), nil
}

func TestFS(t *testing.T) {
	t.Parallel()
	files := source.FS(&node{name: ".", mode: fs.ModeDir | 0o755, below: []fs.DirEntry{
		&node{name: "a", mode: fs.ModeDir | 0o755, below: []fs.DirEntry{&node{name: "b", mode: 0o755, content: "text"}, &node{name: "empty", mode: fs.ModeDir | 0o755}}},
		&node{name: "c", mode: 0o644},
		&node{name: "link", mode: fs.ModeSymlink | 0o777, content: "a"},
		&node{name: "not \xff", mode: 0o644, content: "bytes"},
		&node{name: "submodule", mode: fs.ModeIrregular},
	}})
	if text, err := fs.ReadFile(files, "a/b"); err != nil || string(text) != "text" {
		t.Errorf("%q, %v", text, err)
	}
	if text, err := fs.ReadFile(files, "not \xff"); err != nil || string(text) != "bytes" {
		t.Errorf("a name that is not UTF-8: %q, %v", text, err)
	}
	if to, err := files.ReadLink("link"); err != nil || to != "a" {
		t.Errorf("link to %q, %v", to, err)
	}
	if i, err := files.Lstat("link"); err != nil || i.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("link %v, %v", i, err)
	}
	for name, do := range map[string]func(name string) error{
		"open":    func(name string) error { _, err := files.Open(name); return err },
		"stat":    func(name string) error { _, err := fs.Stat(files, name); return err },
		"readdir": func(name string) error { _, err := fs.ReadDir(files, name); return err },
	} {
		for _, path := range []string{"link", "link/b", "a/../c", "/a", "a/", "", "none", "c/d"} {
			err := do(path)
			if perr := (*fs.PathError)(nil); !errors.As(err, &perr) || (perr.Op != name && perr.Op != "l"+name) || perr.Path != path {
				t.Errorf("%s %q: %v", name, path, err)
			}
		}
	}
	for _, path := range []string{"link/b", "none", "c/d"} {
		if _, err := files.Open(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("open %q: %v", path, err)
		}
	}
	if _, err := files.Open("submodule"); err == nil {
		t.Error("a submodule was opened")
	}
	if _, err := files.ReadLink("c"); err == nil {
		t.Error("a file was read as a link")
	}
	// What of it the standard library's test can look at: it opens all that a folder lists.
	if err := fstest.TestFS(source.FS(&node{name: ".", mode: fs.ModeDir | 0o755, below: []fs.DirEntry{
		&node{name: "a", mode: fs.ModeDir | 0o755, below: []fs.DirEntry{&node{name: "b", mode: 0o755, content: "text"}}}, &node{name: "c", mode: 0o644},
	}}), "a/b", "c"); err != nil {
		t.Error(err)
	}
}
