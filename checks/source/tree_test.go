package source_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks/source"
)

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

func TestRead(t *testing.T) {
	t.Parallel()
	tree := source.Tree{FS: fstest.MapFS{
		"a/Dockerfile": file("FROM x\r\n"),
		"largest":      file(strings.Repeat("x", source.MaxFileBytes)),
		"too-large":    file(strings.Repeat("x", source.MaxFileBytes+1)),
		"link":         {Data: []byte("a/Dockerfile"), Mode: fs.ModeSymlink},
		"pipe":         {Mode: fs.ModeNamedPipe},
	}}
	for name, size := range map[string]int{"a/Dockerfile": 8, "largest": source.MaxFileBytes} {
		f, err := tree.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		if f.Path() != name || len(f.Text()) != size {
			t.Errorf("read %s: got %s with %d bytes", name, f.Path(), len(f.Text()))
		}
	}
	for name, want := range map[string]string{
		"nowhere":   "read nowhere: file does not exist",
		"a":         "read a: not a regular file",
		"link":      "read link: not a regular file",
		"pipe":      "read pipe: not a regular file",
		"too-large": "read too-large: file is larger than 1 MiB",
	} {
		if _, err := tree.Read(name); err == nil || err.Error() != want {
			t.Errorf("read %s: got %v, want %s", name, err, want)
		}
	}
	if _, err := tree.Read("too-large"); !errors.Is(err, source.ErrTooLarge) {
		t.Errorf("got %v, want it to be ErrTooLarge", err)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	tree := source.Tree{FS: fstest.MapFS{
		"b/Dockerfile":                file(""),
		"b-c/Dockerfile":              file(""),
		"a/deep/er/Dockerfile":        file(""),
		"a/README.md":                 file(""),
		".git/Dockerfile":             file(""),
		"a/.git/Dockerfile":           file(""),
		"link/Dockerfile":             {Data: []byte("../b/Dockerfile"), Mode: fs.ModeSymlink},
		"folder/Dockerfile/something": file(""),
	}}
	dockerfile := func(name string) bool { return strings.HasSuffix(name, "Dockerfile") }
	got, err := tree.Find(t.Context(), dockerfile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a/deep/er/Dockerfile", "b-c/Dockerfile", "b/Dockerfile"}, got); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tree.Find(ended, dockerfile); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: got %v", err)
	}
	long := source.Tree{FS: fstest.MapFS{strings.Repeat("a/", source.MaxPathBytes/2) + "b": file("")}}
	if _, err := long.Find(t.Context(), dockerfile); err == nil || !strings.Contains(err.Error(), "is longer than") {
		t.Errorf("with a long path: got %v", err)
	}
}
