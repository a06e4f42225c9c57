package github

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/chiselbot/chiselbot/checks/source"
)

// A tree is a read-only [fs.ReadLinkFS] over a listing. Links are shown and never
// followed. What was not fetched is fetched when it is read.
type tree struct {
	ctx     context.Context //nolint:containedctx // of the job that reads it: io/fs passes none
	listing *listing
	blobs   *blobs
}

func (t *tree) source(commit string) source.Tree { return source.Tree{FS: t, Commit: commit} }

var (
	errLink      = errors.New("is a link, which is not followed")
	errIrregular = errors.New("is neither file nor folder")
	errNotFolder = errors.New("not a folder")
	errNotLink   = errors.New("not a link")
	errFolder    = errors.New("is a folder")
)

// An entry is one name in a folder. Its tree is known only to those that ReadDir returns.
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
	i := info{name: e.name, mode: e.mode()}
	if i.mode.IsRegular() || i.mode&fs.ModeSymlink != 0 {
		size, err := e.tree.blobs.size(e.tree.ctx, e.item)
		if err != nil {
			return nil, err
		}
		i.size = size
	}
	return i, nil
}

// hidden reports whether git would never write the name to a disk. It is there to harm
// who does: https://git-scm.com/docs/git-fsck.
func hidden(name string) bool { return strings.EqualFold(name, ".git") }

// lookup finds a name.
func (t *tree) lookup(name string) (*entry, error) {
	if name == "." {
		return &entry{name: ".", path: ".", item: item{mode: modeFolder}, tree: t}, nil
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." {
			return nil, fs.ErrInvalid
		}
		if hidden(part) {
			return nil, fs.ErrNotExist
		}
	}
	_, last := split(name)
	if _, ok := t.listing.folders[name]; ok {
		return &entry{name: last, path: name, item: item{mode: modeFolder}, tree: t}, nil
	}
	if it, ok := t.listing.items[name]; ok {
		return &entry{name: last, path: name, item: it, tree: t}, nil
	}
	return nil, fs.ErrNotExist
}

// list is a folder's entries, sorted by name.
func (t *tree) list(e *entry) []fs.DirEntry {
	all := t.listing.folders[e.path]
	list := make([]fs.DirEntry, 0, len(all))
	for _, d := range all {
		if hidden(d.Name()) {
			continue
		}
		one := *d.(*entry)
		one.tree, one.path = t, one.name
		if e.path != "." {
			one.path = e.path + "/" + one.name
		}
		list = append(list, &one)
	}
	return list
}

// Open opens a file or a folder.
func (t *tree) Open(name string) (fs.File, error) {
	f, err := t.open(name)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return f, nil
}

func (t *tree) open(name string) (fs.File, error) {
	e, err := t.lookup(name)
	if err != nil {
		return nil, err
	}
	switch mode := e.mode(); {
	case mode.IsDir():
		return &folder{entry: e, rest: t.list(e)}, nil
	case mode&fs.ModeSymlink != 0:
		return nil, errLink
	case !mode.IsRegular():
		return nil, errIrregular
	}
	text, err := t.blobs.text(t.ctx, e.item)
	if err != nil {
		return nil, err
	}
	return &file{info: info{name: e.name, mode: e.mode(), size: int64(len(text))}, Reader: strings.NewReader(text)}, nil
}

// Lstat describes a name.
func (t *tree) Lstat(name string) (fs.FileInfo, error) {
	e, err := t.lookup(name)
	if err == nil {
		var i fs.FileInfo
		if i, err = e.Info(); err == nil {
			return i, nil
		}
	}
	return nil, &fs.PathError{Op: "lstat", Path: name, Err: err}
}

// Stat is Lstat, except that a link is an error.
func (t *tree) Stat(name string) (fs.FileInfo, error) {
	i, err := t.Lstat(name)
	if err == nil && i.Mode()&fs.ModeSymlink != 0 {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: errLink}
	}
	return i, err
}

// ReadDir lists a folder, sorted by name.
func (t *tree) ReadDir(name string) ([]fs.DirEntry, error) {
	e, err := t.lookup(name)
	if err == nil && !e.IsDir() {
		err = errNotFolder
	}
	if err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
	}
	return t.list(e), nil
}

// ReadLink is where a link points to.
func (t *tree) ReadLink(name string) (string, error) {
	e, err := t.lookup(name)
	if err == nil && e.mode()&fs.ModeSymlink == 0 {
		err = errNotLink
	}
	if err == nil {
		var to string
		if to, err = t.blobs.text(t.ctx, e.item); err == nil {
			return to, nil
		}
	}
	return "", &fs.PathError{Op: "readlink", Path: name, Err: err}
}

// A folder is an open folder.
type folder struct {
	entry *entry
	rest  []fs.DirEntry
}

func (f *folder) Stat() (fs.FileInfo, error) { return f.entry.Info() }
func (f *folder) Close() error               { return nil }

func (f *folder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.entry.path, Err: errFolder}
}

func (f *folder) ReadDir(n int) ([]fs.DirEntry, error) {
	if n > 0 && len(f.rest) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(f.rest) {
		n = len(f.rest)
	}
	head := slices.Clone(f.rest[:n])
	f.rest = f.rest[n:]
	return head, nil
}

// A file is an open file.
type file struct {
	info info
	*strings.Reader
}

func (f *file) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *file) Close() error               { return nil }

// info is what an entry says of itself. A tree does not keep times.
type info struct {
	name string
	mode fs.FileMode
	size int64
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return i.mode }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.mode.IsDir() }
func (i info) Sys() any           { return nil }
