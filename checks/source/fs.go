package source

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// An Entry is one name in a folder, of a tree whose folders list themselves when asked.
type Entry interface {
	fs.DirEntry
	// Entries lists a folder, sorted by name; each is an Entry.
	Entries() ([]fs.DirEntry, error)
	// Child is the entry of that name in a folder; [fs.ErrNotExist] when there is none.
	Child(name string) (Entry, error)
	// Open opens a regular file.
	Open() (fs.File, error)
	// Target is where a link points to.
	Target() (string, error)
}

// Named finds an entry in a list that is sorted by name.
func Named(entries []fs.DirEntry, name string) (Entry, error) {
	i, ok := slices.BinarySearchFunc(entries, name, func(e fs.DirEntry, name string) int { return cmp.Compare(e.Name(), name) })
	if !ok {
		return nil, fs.ErrNotExist
	}
	return entries[i].(Entry), nil
}

// FS is the files below a folder, to be read. Links are shown and never followed, in no
// part of a name. Names are bytes, as in git: one that is not UTF-8 can be opened.
func FS(root Entry) fs.ReadLinkFS { return folders{root} }

type folders struct{ root Entry }

var (
	errLink      = errors.New("is a link, which is not followed")
	errIrregular = errors.New("is neither file nor folder")
	errFolder    = errors.New("is a folder")
	errNotFolder = errors.New("not a folder")
	errNotLink   = errors.New("not a link")
)

// lookup finds a name from the root down.
func (f folders) lookup(name string) (Entry, error) {
	if name == "." {
		return f.root, nil
	}
	at := f.root
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." {
			return nil, fs.ErrInvalid
		}
		if !at.IsDir() {
			return nil, fs.ErrNotExist
		}
		next, err := at.Child(part)
		if err != nil {
			return nil, err
		}
		at = next
	}
	return at, nil
}

// Open opens a file or a folder.
func (f folders) Open(name string) (fs.File, error) {
	file, err := f.open(name)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return file, nil
}

func (f folders) open(name string) (fs.File, error) {
	e, err := f.lookup(name)
	switch {
	case err != nil:
		return nil, err
	case e.IsDir():
		entries, err := e.Entries()
		return &folder{entry: e, path: name, rest: entries}, err
	case e.Type()&fs.ModeSymlink != 0:
		return nil, errLink
	case !e.Type().IsRegular():
		return nil, errIrregular
	}
	return e.Open()
}

// Lstat describes a name without reading its content.
func (f folders) Lstat(name string) (fs.FileInfo, error) {
	e, err := f.lookup(name)
	if err == nil {
		var i fs.FileInfo
		if i, err = e.Info(); err == nil {
			return i, nil
		}
	}
	return nil, &fs.PathError{Op: "lstat", Path: name, Err: err}
}

// Stat is Lstat, except that a link is an error.
func (f folders) Stat(name string) (fs.FileInfo, error) {
	i, err := f.Lstat(name)
	if err == nil && i.Mode()&fs.ModeSymlink != 0 {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: errLink}
	}
	return i, err
}

// ReadDir lists a folder, sorted by name.
func (f folders) ReadDir(name string) ([]fs.DirEntry, error) {
	e, err := f.lookup(name)
	if err == nil && !e.IsDir() {
		err = errNotFolder
	}
	if err == nil {
		var entries []fs.DirEntry
		if entries, err = e.Entries(); err == nil {
			return slices.Clone(entries), nil
		}
	}
	return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
}

// ReadLink is where a link points to.
func (f folders) ReadLink(name string) (string, error) {
	e, err := f.lookup(name)
	if err == nil && e.Type()&fs.ModeSymlink == 0 {
		err = errNotLink
	}
	if err == nil {
		var to string
		if to, err = e.Target(); err == nil {
			return to, nil
		}
	}
	return "", &fs.PathError{Op: "readlink", Path: name, Err: err}
}

// A folder is an open folder.
type folder struct {
	entry Entry
	path  string
	rest  []fs.DirEntry
}

func (f *folder) Stat() (fs.FileInfo, error) { return f.entry.Info() }
func (f *folder) Close() error               { return nil }

func (f *folder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.path, Err: errFolder}
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

// Info is what an entry says of itself. A tree does not keep times.
func Info(name string, mode fs.FileMode, size int64) fs.FileInfo { return info{name, mode, size} }

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

// Opened is an open file with a content that is known.
func Opened(name string, mode fs.FileMode, content string) fs.File {
	return &opened{info{name, mode, int64(len(content))}, strings.NewReader(content)}
}

type opened struct {
	info info
	*strings.Reader
}

func (o *opened) Stat() (fs.FileInfo, error) { return o.info, nil }
func (o *opened) Close() error               { return nil }
