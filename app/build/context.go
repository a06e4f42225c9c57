package build

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync/atomic"

	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"

	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// The limits of what one build is sent. The files are those that the daemon asks for:
// what .dockerignore names and what no instruction copies is not among them.
const (
	maxSentFiles = 100_000
	maxSentBytes = 1 << 30
)

// contextOf is the folder that a Dockerfile is built in: of those above it the nearest
// that has what its instructions copy, or its own where none has all.
func contextOf(tree source.Tree, file *dockerfile.File) string {
	own := path.Dir(file.Path())
	for folder := own; ; folder = path.Dir(folder) {
		if has(tree, folder, file) {
			return folder
		}
		if folder == "." {
			return own
		}
	}
}

// has reports whether a folder has all that a Dockerfile copies from its context, as far
// as that is written without patterns and variables.
func has(tree source.Tree, folder string, file *dockerfile.File) bool {
	for _, i := range file.Instructions {
		if i.Keyword != "COPY" && i.Keyword != "ADD" || i.Flag("from") != nil || len(i.Words) < 2 {
			continue
		}
		for _, w := range i.Words[:len(i.Words)-1] {
			if strings.ContainsAny(w.Value, `$*?[\`) || strings.Contains(w.Value, "://") || strings.HasPrefix(w.Value, "<<") || strings.HasPrefix(w.Value, "git@") {
				continue
			}
			name := path.Join(folder, path.Join("/", w.Value)) // what climbs out of the context does not
			if _, err := fs.Lstat(tree.FS, name); err != nil {
				return false
			}
		}
	}
	return true
}

// sent counts what a build is sent.
type sent struct {
	bytes atomic.Int64
	over  atomic.Pointer[error] // that a limit was passed
}

// pass notes that a limit was passed.
func (s *sent) pass(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	s.over.Store(&err)
	return err
}

// treeFS is a folder of a tree as the daemon asks for it.
type treeFS struct {
	tree fs.FS
	root string
	sent *sent
}

// Walk implements [fsutil.FS]. Links are shown and not followed.
func (t *treeFS) Walk(ctx context.Context, target string, fn fs.WalkDirFunc) error {
	seen := 0
	return fs.WalkDir(t.tree, path.Join(t.root, target), func(name string, _ fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if name == t.root {
			return err
		}
		rel := strings.TrimPrefix(name, t.root+"/")
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return fn(rel, nil, err)
		}
		if seen++; seen > maxSentFiles {
			return t.sent.pass("send the files of %s: they are more than %d", t.root, maxSentFiles)
		}
		stat, err := t.stat(name, rel)
		if err != nil || stat == nil {
			return err
		}
		return fn(rel, &fsutil.DirEntryInfo{Stat: stat}, nil)
	})
}

// stat describes a file as git keeps it: executable or not, without owner and time. It is
// nil for what git keeps only as a name.
func (t *treeFS) stat(name, rel string) (*types.Stat, error) {
	info, err := fs.Lstat(t.tree, name)
	if err != nil {
		return nil, err
	}
	stat := &types.Stat{Path: rel, Mode: 0o644}
	switch mode := info.Mode(); {
	case mode.IsDir():
		stat.Mode = uint32(fs.ModeDir | 0o755)
	case mode&fs.ModeSymlink != 0:
		stat.Mode = uint32(fs.ModeSymlink | 0o777)
		if stat.Linkname, err = fs.ReadLink(t.tree, name); err != nil {
			return nil, err
		}
	case !mode.IsRegular():
		return nil, nil
	default:
		stat.Size = info.Size()
		if mode&0o111 != 0 {
			stat.Mode = 0o755
		}
	}
	return stat, nil
}

// Open implements [fsutil.FS].
func (t *treeFS) Open(name string) (io.ReadCloser, error) {
	f, err := t.tree.Open(path.Join(t.root, name))
	if err != nil {
		return nil, err
	}
	return &sentFile{f, t.sent}, nil
}

type sentFile struct {
	fs.File
	sent *sent
}

func (f *sentFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	if f.sent.bytes.Add(int64(n)) > maxSentBytes {
		return 0, f.sent.pass("send the files of a build: they are larger than %d MiB", maxSentBytes>>20)
	}
	return n, err
}
