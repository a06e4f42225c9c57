package github

import (
	"context"
	"io/fs"
	"strings"

	"github.com/chiselbot/chiselbot/checks/source"
)

// A tree is the files of a listing. What was not fetched is fetched when it is read.
type tree struct {
	ctx     context.Context //nolint:containedctx // of the job that reads it: io/fs passes none
	listing *listing
	blobs   *blobs
}

func (t *tree) source(commit string) source.Tree {
	root := &entry{name: ".", path: ".", item: item{mode: modeFolder}, tree: t}
	return source.Tree{FS: source.FS(root), Commit: commit}
}

// An entry is one name in a folder. Its tree and its path are known only to those that
// have come from one, not to those of a listing.
type entry struct {
	name string
	path string
	item item
	tree *tree
}

func (e *entry) Name() string      { return e.name }
func (e *entry) IsDir() bool       { return e.item.mode == modeFolder }
func (e *entry) Type() fs.FileMode { return e.mode().Type() }

func (e *entry) mode() fs.FileMode {
	switch {
	case e.item.mode == modeFolder:
		return fs.ModeDir | 0o755
	case e.item.mode == modeLink:
		return fs.ModeSymlink | 0o777
	case e.item.mode == modeExecutable:
		return 0o755
	case e.item.regular():
		return 0o644
	default: // a submodule
		return fs.ModeIrregular
	}
}

// Info gives the size of files and links; the others have none.
func (e *entry) Info() (fs.FileInfo, error) {
	mode, size := e.mode(), int64(0)
	if mode.IsRegular() || mode&fs.ModeSymlink != 0 {
		var err error
		if size, err = e.tree.blobs.size(e.tree.ctx, e.item); err != nil {
			return nil, err
		}
	}
	return source.Info(e.name, mode, size), nil
}

// hidden reports whether git would never write the name to a disk. It is there to harm
// who does: https://git-scm.com/docs/git-fsck.
func hidden(name string) bool { return strings.EqualFold(name, ".git") }

// below is the entry of that name in the folder.
func (e *entry) below(name string, it item) *entry {
	path := name
	if e.path != "." {
		path = e.path + "/" + name
	}
	return &entry{name: name, path: path, item: it, tree: e.tree}
}

// Child finds a name in the folder.
func (e *entry) Child(name string) (source.Entry, error) {
	one := e.below(name, item{mode: modeFolder})
	if hidden(name) {
		return nil, fs.ErrNotExist
	}
	if _, ok := e.tree.listing.folders[one.path]; ok {
		return one, nil
	}
	it, ok := e.tree.listing.items[one.path]
	if !ok {
		return nil, fs.ErrNotExist
	}
	one.item = it
	return one, nil
}

// Entries lists the folder.
func (e *entry) Entries() ([]fs.DirEntry, error) {
	all := e.tree.listing.folders[e.path]
	list := make([]fs.DirEntry, 0, len(all))
	for _, d := range all {
		if !hidden(d.Name()) {
			list = append(list, e.below(d.Name(), d.(*entry).item))
		}
	}
	return list, nil
}

// Open opens the file.
func (e *entry) Open() (fs.File, error) {
	text, err := e.tree.blobs.text(e.tree.ctx, e.item)
	if err != nil {
		return nil, err
	}
	return source.Opened(e.name, e.mode(), text), nil
}

// Target reads the link.
func (e *entry) Target() (string, error) { return e.tree.blobs.text(e.tree.ctx, e.item) }
