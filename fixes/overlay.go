package fixes

import (
	"io/fs"
	"strings"
	"time"

	"github.com/chiselbot/chiselbot/checks/source"
)

// Edited is the tree as it would be with the plan's changes.
func (p *Plan) Edited(tree source.Tree) source.Tree {
	if !p.Applicable() {
		return tree
	}
	o := overlay{FS: tree.FS, text: map[string]string{}}
	for _, c := range p.Changes {
		o.text[c.Path] = c.After
	}
	return source.Tree{FS: o}
}

// overlay is a file system in which some files have another text. It does not add files.
type overlay struct {
	fs.FS
	text map[string]string
}

// Open implements [fs.FS].
func (o overlay) Open(name string) (fs.File, error) {
	text, ok := o.text[name]
	if !ok {
		return o.FS.Open(name)
	}
	info, err := o.Lstat(name)
	if err != nil {
		return nil, err
	}
	return &textFile{Reader: strings.NewReader(text), info: info}, nil
}

// Lstat implements [fs.ReadLinkFS].
func (o overlay) Lstat(name string) (fs.FileInfo, error) {
	info, err := fs.Lstat(o.FS, name)
	if text, ok := o.text[name]; ok && err == nil {
		return textInfo{info, int64(len(text))}, nil
	}
	return info, err
}

// ReadLink implements [fs.ReadLinkFS].
func (o overlay) ReadLink(name string) (string, error) { return fs.ReadLink(o.FS, name) }

// ReadDir implements [fs.ReadDirFS].
func (o overlay) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(o.FS, name) }

type textFile struct {
	*strings.Reader
	info fs.FileInfo
}

func (f *textFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (*textFile) Close() error                 { return nil }

type textInfo struct {
	fs.FileInfo
	size int64
}

func (i textInfo) Size() int64        { return i.size }
func (i textInfo) ModTime() time.Time { return time.Time{} }
