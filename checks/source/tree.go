package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// MaxFileBytes is the largest file that is read. The biggest Dockerfile known to us
// in public repositories has less than 200 KiB; what is beyond a mebibyte is not
// written by hand and is not worth a stranger's memory.
const MaxFileBytes = 1 << 20

// The limits of one listing. A few git objects can be made to stand for any number of
// files and any depth of folders.
const (
	// MaxFiles is the largest number of files that one listing returns.
	MaxFiles = 100_000
	// MaxEntries is the largest number of files and folders that one listing looks at,
	// several times what the biggest public repositories have.
	MaxEntries = 2_000_000
	// MaxPathBytes is the longest path that is entered, the limit of Linux.
	MaxPathBytes = 4096
)

// ErrTooLarge is in the chain of the error for a file over [MaxFileBytes].
var ErrTooLarge = errors.New("file is larger than 1 MiB")

// A Tree is the files of a repository at one commit.
type Tree struct {
	fs.FS
	// Commit is the object name of the commit, or empty for a working tree.
	Commit string
}

// Read reads one regular file whole. Links are not followed: a link, a folder or a
// submodule is an error, and so is a file over [MaxFileBytes].
func (t Tree) Read(name string) (*File, error) {
	info, err := fs.Lstat(t.FS, name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, cause(err))
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("read %s: not a regular file", name)
	}
	if info.Size() > MaxFileBytes {
		return nil, fmt.Errorf("read %s: %w", name, ErrTooLarge)
	}
	f, err := t.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, cause(err))
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, cause(err))
	}
	if len(data) > MaxFileBytes {
		return nil, fmt.Errorf("read %s: %w", name, ErrTooLarge)
	}
	return NewFile(name, string(data)), nil
}

// Parts has parts of one regular file read, of any size in a tree that can read so, as a
// working tree can; of others no file over [MaxFileBytes].
func (t Tree) Parts(name string, read func(file io.ReaderAt, size int64)) error {
	info, err := fs.Lstat(t.FS, name)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, cause(err))
	}
	if info.Mode().IsRegular() && info.Size() > MaxFileBytes {
		f, err := t.Open(name)
		if err != nil {
			return fmt.Errorf("read %s: %w", name, cause(err))
		}
		defer f.Close()
		if parts, ok := f.(io.ReaderAt); ok {
			read(parts, info.Size())
			return nil
		}
	}
	whole, err := t.Read(name)
	if err == nil {
		read(strings.NewReader(whole.Text()), int64(len(whole.Text())))
	}
	return err
}

// cause strips the operation and path that a *fs.PathError would say a second time.
func cause(err error) error {
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// Find lists the regular files that match wants, in lexical order. Folders named .git
// are not entered, and a folder that is removed meanwhile is empty.
func (t Tree) Find(ctx context.Context, match func(name string) bool) ([]string, error) {
	var found []string
	entries := 0
	err := fs.WalkDir(t.FS, ".", func(name string, d fs.DirEntry, err error) error {
		entries++
		switch {
		case err != nil:
			if name != "." && errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return fmt.Errorf("%s: %w", name, cause(err))
		case ctx.Err() != nil:
			return ctx.Err()
		case entries > MaxEntries:
			return fmt.Errorf("more than %d files and folders", MaxEntries)
		case len(name) > MaxPathBytes:
			return fmt.Errorf("the path %.60q... is longer than %d bytes", name, MaxPathBytes)
		case d.IsDir():
			if path.Base(name) == ".git" {
				return fs.SkipDir
			}
		case d.Type().IsRegular() && match(name):
			found = append(found, name)
			if len(found) > MaxFiles {
				return fmt.Errorf("more than %d files match", MaxFiles)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	slices.Sort(found)
	return found, nil
}
