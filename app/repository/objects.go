package repository

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/storage/filesystem/dotgit"

	"github.com/chiselbot/chiselbot/checks/source"
)

const (
	// maxAlternates is how many other repositories' objects may be borrowed.
	maxAlternates = 16
	// maxCachedEntries bounds the folders that are kept, by their entries: the two sides
	// of a review share almost all of them.
	maxCachedEntries = 1_000_000
)

// objects reads the objects of a repository and of those it borrows from. go-git's
// storage is not safe for concurrent use, so one lock guards it.
type objects struct {
	// partial says that the repository was cloned without some of its objects.
	partial bool

	mu      sync.Mutex
	stores  []*filesystem.ObjectStorage
	folders map[plumbing.Hash][]fs.DirEntry
	cached  int // entries in folders
}

// openObjects opens a folder of objects and those it borrows from. These come first,
// because go-git would otherwise open them anew for every object they are asked for.
func openObjects(dir string) (*objects, error) {
	dirs := []string{dir}
	for i := 0; i < len(dirs); i++ {
		more, err := alternates(dirs[i])
		if err != nil {
			return nil, err
		}
		for _, one := range more {
			if !slices.Contains(dirs, one) {
				dirs = append(dirs, one)
			}
		}
		if len(dirs) > 1+maxAlternates {
			return nil, fmt.Errorf("objects are borrowed from more than %d repositories", maxAlternates)
		}
	}
	o := &objects{folders: map[plumbing.Hash][]fs.DirEntry{}}
	shared := cache.NewObjectLRUDefault()
	for _, dir := range slices.Backward(dirs) {
		dot := dotgit.NewWithOptions(osfs.New(filepath.Dir(dir)), dotgit.Options{KeepDescriptors: true})
		o.stores = append(o.stores, filesystem.NewObjectStorageWithOptions(dot, shared, filesystem.Options{
			KeepDescriptors: true, LargeObjectThreshold: source.MaxFileBytes,
		}))
	}
	return o, nil
}

// alternates are the folders that a folder of objects borrows from.
// https://git-scm.com/docs/gitrepository-layout describes objects/info/alternates.
func alternates(dir string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(dir, "info", "alternates"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read alternates: %w", err)
	}
	var dirs []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		if !filepath.IsAbs(line) {
			line = filepath.Join(dir, line)
		}
		if isDir(line) {
			dirs = append(dirs, filepath.Clean(line))
		}
	}
	return dirs, nil
}

func (o *objects) close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	var errs []error
	for _, s := range o.stores {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// get reads an object. The caller holds the lock until it has read the content.
func (o *objects) get(h plumbing.Hash) (plumbing.EncodedObject, error) {
	for _, s := range o.stores {
		obj, err := s.EncodedObject(plumbing.AnyObject, h)
		if err == nil {
			return obj, nil
		}
		if !errors.Is(err, plumbing.ErrObjectNotFound) {
			return nil, fmt.Errorf("read object %s: %w", h, err)
		}
	}
	return nil, o.missing(h)
}

var errMissing = errors.New("is not in this repository")

// missing is the error for an object that is not on this machine.
func (o *objects) missing(h plumbing.Hash) error {
	if o.partial {
		return fmt.Errorf("object %s %w, which is a partial clone; `git cat-file -e %s` fetches it", h, errMissing, h)
	}
	return fmt.Errorf("object %s %w; `git fsck` tells what else it lacks", h, errMissing)
}

// commit reads a commit, following annotated tags.
func (o *objects) commit(h plumbing.Hash) (*object.Commit, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		obj, err := o.get(h)
		if err != nil {
			return nil, err
		}
		switch obj.Type() {
		case plumbing.CommitObject:
			c, err := object.DecodeCommit(nil, obj)
			if err != nil {
				return nil, fmt.Errorf("read commit %s: %w", h, err)
			}
			return c, nil
		case plumbing.TagObject:
			t, err := object.DecodeTag(nil, obj)
			if err != nil {
				return nil, fmt.Errorf("read tag %s: %w", h, err)
			}
			h = t.Target
		default:
			return nil, fmt.Errorf("object %s is a %s, not a commit", h, obj.Type())
		}
	}
}

// folder lists a tree object, sorted by name.
func (o *objects) folder(h plumbing.Hash) ([]fs.DirEntry, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if entries, ok := o.folders[h]; ok {
		return entries, nil
	}
	obj, err := o.get(h)
	if err != nil {
		return nil, err
	}
	tree, err := object.DecodeTree(nil, obj)
	if err != nil {
		return nil, fmt.Errorf("read tree %s: %w", h, err)
	}
	entries := make([]fs.DirEntry, 0, len(tree.Entries))
	for _, e := range tree.Entries {
		if usable(e.Name) {
			entries = append(entries, &storedEntry{objects: o, name: e.Name, mode: mode(e.Mode), hash: e.Hash})
		}
	}
	entries = sortEntries(entries)
	if o.cached += len(entries); o.cached <= maxCachedEntries {
		o.folders[h] = entries
	}
	return entries, nil
}

// usable reports whether git would ever write the name to a disk. The others are made
// by hand to harm who does: https://git-scm.com/docs/git-fsck lists them.
func usable(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.EqualFold(name, ".git") && !strings.ContainsAny(name, "/\x00")
}

// size is the length of a blob, from its header.
func (o *objects) size(h plumbing.Hash) (int64, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range o.stores {
		size, err := s.EncodedObjectSize(h)
		if err == nil {
			return size, nil
		}
		if !errors.Is(err, plumbing.ErrObjectNotFound) {
			return 0, fmt.Errorf("read size of object %s: %w", h, err)
		}
	}
	return 0, o.missing(h)
}

// blob reads a file's content, which must not be over [source.MaxFileBytes].
func (o *objects) blob(h plumbing.Hash) ([]byte, error) {
	size, err := o.size(h)
	if err != nil {
		return nil, err
	}
	if size > source.MaxFileBytes {
		return nil, source.ErrTooLarge
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	obj, err := o.get(h)
	if err != nil {
		return nil, err
	}
	if obj.Type() != plumbing.BlobObject {
		return nil, fmt.Errorf("object %s is a %s, not a file", h, obj.Type())
	}
	r, err := obj.Reader()
	if err != nil {
		return nil, fmt.Errorf("read object %s: %w", h, err)
	}
	defer r.Close()
	data, err := io.ReadAll(bufio.NewReader(r))
	if err != nil {
		return nil, fmt.Errorf("read object %s: %w", h, err)
	}
	return data, nil
}

// mode is what a tree says a name is. A submodule is neither file nor folder here.
func mode(m filemode.FileMode) fs.FileMode {
	switch m {
	case filemode.Regular, filemode.Deprecated:
		return 0o644
	case filemode.Executable:
		return 0o755
	case filemode.Dir:
		return fs.ModeDir | 0o755
	case filemode.Symlink:
		return fs.ModeSymlink | 0o777
	default:
		return fs.ModeIrregular
	}
}

// A storedEntry is a name in a tree object.
type storedEntry struct {
	objects *objects
	name    string
	mode    fs.FileMode
	hash    plumbing.Hash
}

func (e *storedEntry) Name() string      { return e.name }
func (e *storedEntry) IsDir() bool       { return e.mode.IsDir() }
func (e *storedEntry) Type() fs.FileMode { return e.mode.Type() }

// Info gives the size of files and links; the others have none.
func (e *storedEntry) Info() (fs.FileInfo, error) {
	size := int64(0)
	if e.mode.IsRegular() || e.mode&fs.ModeSymlink != 0 {
		var err error
		if size, err = e.objects.size(e.hash); err != nil {
			return nil, err
		}
	}
	return source.Info(e.name, e.mode, size), nil
}

// Entries lists the tree object.
func (e *storedEntry) Entries() ([]fs.DirEntry, error) { return e.objects.folder(e.hash) }

// Child finds a name in the tree object.
func (e *storedEntry) Child(name string) (source.Entry, error) { return child(e, name) }

// Open reads the blob.
func (e *storedEntry) Open() (fs.File, error) {
	data, err := e.objects.blob(e.hash)
	if err != nil {
		return nil, err
	}
	return source.Opened(e.name, e.mode, string(data)), nil
}

// Target is the content of a link's blob.
func (e *storedEntry) Target() (string, error) {
	data, err := e.objects.blob(e.hash)
	return string(data), err
}

// sortEntries sorts by name and keeps the first of equal names.
func sortEntries(entries []fs.DirEntry) []fs.DirEntry {
	slices.SortStableFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return slices.CompactFunc(entries, func(a, b fs.DirEntry) bool { return a.Name() == b.Name() })
}

// child finds a name in a folder by listing it.
func child(e source.Entry, name string) (source.Entry, error) {
	entries, err := e.Entries()
	if err != nil {
		return nil, err
	}
	return source.Named(entries, name)
}
