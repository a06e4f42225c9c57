package repository

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"slices"
	"sort"
	"strings"
	"time"
)

// tree is a read-only [fs.ReadLinkFS] over folders that list themselves when asked.
// Links are shown and never followed, in no part of a name. Names are bytes, as in git:
// one that is not UTF-8 can be opened.
type tree struct {
	root entry
}

// An entry is one name in a folder.
type entry interface {
	fs.DirEntry
	// entries lists a folder, sorted by name.
	entries() ([]fs.DirEntry, error)
	// open opens a regular file.
	open() (fs.File, error)
	// target is where a link points to.
	target() (string, error)
}

// sortEntries sorts by name and keeps the first of equal names.
func sortEntries(entries []fs.DirEntry) []fs.DirEntry {
	slices.SortStableFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return slices.CompactFunc(entries, func(a, b fs.DirEntry) bool { return a.Name() == b.Name() })
}

// find is the entry of that name.
func find(entries []fs.DirEntry, name string) (entry, bool) {
	i := sort.Search(len(entries), func(i int) bool { return entries[i].Name() >= name })
	if i == len(entries) || entries[i].Name() != name {
		return nil, false
	}
	return entries[i].(entry), true
}

// lookup finds a name from the root down.
func (t tree) lookup(name string) (entry, error) {
	if name == "." {
		return t.root, nil
	}
	at := t.root
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." {
			return nil, fs.ErrInvalid
		}
		if !at.IsDir() {
			return nil, fs.ErrNotExist
		}
		entries, err := at.entries()
		if err != nil {
			return nil, err
		}
		next, ok := find(entries, part)
		if !ok {
			return nil, fs.ErrNotExist
		}
		at = next
	}
	return at, nil
}

var (
	errLink      = errors.New("is a link, which is not followed")
	errIrregular = errors.New("is neither file nor folder")
	errNotFolder = errors.New("not a folder")
	errNotLink   = errors.New("not a link")
)

// Open opens a file or a folder.
func (t tree) Open(name string) (fs.File, error) {
	e, err := t.lookup(name)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	switch {
	case e.IsDir():
		entries, err := e.entries()
		if err != nil {
			return nil, &fs.PathError{Op: "open", Path: name, Err: err}
		}
		return &folder{entry: e, rest: entries}, nil
	case e.Type()&fs.ModeSymlink != 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: errLink}
	case !e.Type().IsRegular():
		return nil, &fs.PathError{Op: "open", Path: name, Err: errIrregular}
	}
	f, err := e.open()
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return f, nil
}

// Lstat describes a name without reading its content.
func (t tree) Lstat(name string) (fs.FileInfo, error) {
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
func (t tree) Stat(name string) (fs.FileInfo, error) {
	i, err := t.Lstat(name)
	if err == nil && i.Mode()&fs.ModeSymlink != 0 {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: errLink}
	}
	return i, err
}

// ReadDir lists a folder, sorted by name.
func (t tree) ReadDir(name string) ([]fs.DirEntry, error) {
	e, err := t.lookup(name)
	if err == nil && !e.IsDir() {
		err = errNotFolder
	}
	if err == nil {
		var entries []fs.DirEntry
		if entries, err = e.entries(); err == nil {
			return slices.Clone(entries), nil
		}
	}
	return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
}

// ReadLink is where a link points to.
func (t tree) ReadLink(name string) (string, error) {
	e, err := t.lookup(name)
	if err == nil && e.Type()&fs.ModeSymlink == 0 {
		err = errNotLink
	}
	if err == nil {
		var to string
		if to, err = e.target(); err == nil {
			return to, nil
		}
	}
	return "", &fs.PathError{Op: "readlink", Path: name, Err: err}
}

// A folder is an open folder.
type folder struct {
	entry entry
	rest  []fs.DirEntry
}

func (f *folder) Stat() (fs.FileInfo, error) { return f.entry.Info() }
func (f *folder) Close() error               { return nil }

func (f *folder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.entry.Name(), Err: errors.New("is a folder")}
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
