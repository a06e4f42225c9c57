package github

import (
	"bytes"
	"io/fs"
	"testing"
)

// FuzzListing reads what may be in a cache: what is taken is written back as it was, and
// can be walked.
func FuzzListing(f *testing.F) {
	l := newListing("", map[string]item{
		"Dockerfile": {mode: modeFile, sha: objectName("blob", nil)}, "a/b": {mode: modeExecutable, sha: objectName("blob", nil), size: unknownSize},
		"a.b": {mode: modeLink, sha: objectName("blob", nil)},
	})
	f.Add(l.encode())
	f.Add([]byte("100644 x 1 a\x00100644 x 1 a/b\x00100644 x 1 .git/x\x00"))
	f.Add([]byte("100644 x 1 ././.git\x00100644 x 1 /\x00"))
	f.Add([]byte("40000 x 0 .\x00100755 x -1 /.\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		items, err := decodeItems(data)
		if err != nil {
			return
		}
		l := newListing("", items)
		again, err := decodeListing(l.hash("."), l.encode())
		if err != nil || !bytes.Equal(again.encode(), l.encode()) {
			t.Fatalf("read again: %v", err)
		}
		if err := fs.WalkDir((&tree{listing: l}).source("").FS, ".", func(_ string, _ fs.DirEntry, err error) error { return err }); err != nil {
			t.Fatal(err)
		}
	})
}
