package repository

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"

	"github.com/go-git/go-git/v5/plumbing/filemode"

	"github.com/chiselbot/chiselbot/checks/source"
)

// WorkingTree is the files on disk that git tracks or would track: those in the index,
// and the others that no .gitignore, .git/info/exclude or core.excludesFile names.
// Folders are listed once, when they are first asked for. What a sparse checkout leaves
// away counts as unchanged and comes from the index; what is deleted is not there.
//
// Nothing outside the working tree is reached, whatever links it holds. A repository
// inside it is not entered unless files in it are tracked here, and an untracked folder
// that may not be read is empty, as for git.
func (r *Repository) WorkingTree(ctx context.Context) (source.Tree, error) {
	if r.dirs.work == "" {
		return source.Tree{}, fmt.Errorf("read working tree of %s: the repository is bare; say which commit with --head", r.dirs.git)
	}
	index, err := readIndex(filepath.Join(r.dirs.git, "index"))
	if err != nil {
		return source.Tree{}, fmt.Errorf("read index of %s: %w", r.dirs.work, err)
	}
	if err := ctx.Err(); err != nil {
		return source.Tree{}, err
	}
	root, err := os.OpenRoot(r.dirs.work)
	if err != nil {
		return source.Tree{}, fmt.Errorf("read working tree: %w", err)
	}
	w := &workingTree{root: root, index: index, objects: r.objects}
	rules, err := r.excludes()
	if err != nil {
		return source.Tree{}, fmt.Errorf("read working tree: %w", err)
	}
	return source.Tree{FS: source.FS(&diskEntry{tree: w, path: ".", mode: fs.ModeDir, rules: rules})}, nil
}

type workingTree struct {
	root    *os.Root
	index   *index
	objects *objects
}

// A diskEntry is a name in a folder of the working tree.
type diskEntry struct {
	tree *workingTree
	path string
	mode fs.FileMode // type only

	// ignored says of a folder that only what is tracked counts in it.
	ignored bool
	// rules are those that hold for the folder, from those above it.
	rules *ignoreRules

	once sync.Once
	list []fs.DirEntry
	err  error
}

func (e *diskEntry) Name() string      { return path.Base(e.path) }
func (e *diskEntry) IsDir() bool       { return e.mode.IsDir() }
func (e *diskEntry) Type() fs.FileMode { return e.mode }

// Info is read from disk, except for a folder, which may not be there.
func (e *diskEntry) Info() (fs.FileInfo, error) {
	if e.mode.Type() != 0 && e.mode&fs.ModeSymlink == 0 {
		return source.Info(e.Name(), e.mode, 0), nil
	}
	i, err := e.tree.root.Lstat(filepath.FromSlash(e.path))
	if err != nil {
		return nil, cause(err)
	}
	return i, nil
}

// Target reads the link.
func (e *diskEntry) Target() (string, error) {
	to, err := e.tree.root.Readlink(filepath.FromSlash(e.path))
	if err != nil {
		return "", cause(err)
	}
	return filepath.ToSlash(to), nil
}

// Open opens the file.
func (e *diskEntry) Open() (fs.File, error) {
	f, err := e.tree.root.Open(filepath.FromSlash(e.path))
	if err != nil {
		return nil, cause(err)
	}
	return f, nil
}

// Entries lists the folder, once.
func (e *diskEntry) Entries() ([]fs.DirEntry, error) {
	e.once.Do(func() { e.list, e.err = e.read() })
	return e.list, e.err
}

// Child finds a name in the folder.
func (e *diskEntry) Child(name string) (source.Entry, error) { return child(e, name) }

// read lists the folder.
func (e *diskEntry) read() ([]fs.DirEntry, error) {
	found, err := e.readDisk()
	if err != nil {
		return nil, err
	}
	list := make([]fs.DirEntry, 0, len(found))
	var ignoreFile source.Entry
	for _, d := range found {
		if d.Name() == ".git" {
			if e.path != "." && !e.tree.index.below(e.path) && e.tree.isRepository(e.path) {
				return nil, nil
			}
			continue
		}
		child := &diskEntry{tree: e.tree, path: path.Join(e.path, d.Name()), mode: d.Type()}
		if d.Name() == ".gitignore" && d.Type().IsRegular() {
			ignoreFile = child
		}
		list = append(list, child)
	}
	for _, one := range e.tree.index.absent[e.path] { // after those on disk, which win
		child := e.absent(one)
		if one.name == ".gitignore" && child.Type().IsRegular() && ignoreFile == nil {
			ignoreFile = child
		}
		list = append(list, child)
	}
	if ignoreFile != nil && !e.ignored {
		if e.rules, err = e.rules.with(e.path, ignoreFile); err != nil {
			return nil, err
		}
	}
	list = slices.DeleteFunc(list, func(d fs.DirEntry) bool {
		child, onDisk := d.(*diskEntry)
		return onDisk && !e.shows(child)
	})
	return sortEntries(list), nil
}

// readDisk lists what is in the folder on disk.
func (e *diskEntry) readDisk() ([]fs.DirEntry, error) {
	f, err := e.tree.root.Open(filepath.FromSlash(e.path))
	if err == nil {
		defer func() { _ = f.Close() }() // it is only read from
		var found []fs.DirEntry
		if found, err = f.ReadDir(-1); err == nil {
			return found, nil
		}
	}
	removed := errors.Is(err, fs.ErrNotExist) && e.path != "."
	barred := errors.Is(err, fs.ErrPermission) && !e.tree.index.below(e.path)
	if removed || barred {
		return nil, nil
	}
	return nil, cause(err)
}

// shows reports whether a child that is on disk belongs to the tree, and tells a child
// that is a folder what holds in it.
func (e *diskEntry) shows(child *diskEntry) bool {
	mode, tracked := e.tree.index.mode(child.path)
	if child.IsDir() {
		if tracked && mode == filemode.Submodule {
			child.mode = fs.ModeIrregular
			return true
		}
		child.ignored = e.ignored || e.rules.match(child.path, true)
		child.rules = e.rules
		return !child.ignored || e.tree.index.below(child.path)
	}
	if tracked {
		return true
	}
	if !child.mode.IsRegular() && child.mode&fs.ModeSymlink == 0 {
		return false // a pipe, a socket or a device, which git does not track
	}
	return !e.ignored && !e.rules.match(child.path, false)
}

// absent is the child for an entry of the index that is kept off the disk.
func (e *diskEntry) absent(one absentEntry) source.Entry {
	if one.mode == filemode.Dir && one.hash.IsZero() {
		return &diskEntry{tree: e.tree, path: path.Join(e.path, one.name), mode: fs.ModeDir}
	}
	return &storedEntry{objects: e.tree.objects, name: one.name, mode: mode(one.mode), hash: one.hash}
}

// isRepository reports whether a folder with a .git in it is another repository.
func (w *workingTree) isRepository(dir string) bool {
	git, err := gitDir(filepath.Join(w.root.Name(), filepath.FromSlash(dir), ".git"))
	return err == nil && git != ""
}
