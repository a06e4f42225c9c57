//go:build unix

package repository

import (
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

// TestPipes: opening a pipe would wait for ever.
func TestPipes(t *testing.T) {
	t.Parallel()
	dir := newRepo(t, "a", "", "Dockerfile", "FROM scratch\n")
	if err := syscall.Unlink(filepath.Join(dir, "Dockerfile")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Dockerfile", "new.Dockerfile", ".gitignore"} {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tree := workingTreeOf(t, dir)
	if got := list(t, tree); !slices.Equal(got, []string{"Dockerfile", "a"}) {
		t.Errorf("got %q", got)
	}
	found, err := tree.Find(t.Context(), func(string) bool { return true })
	if err != nil || !slices.Equal(found, []string{"a"}) {
		t.Errorf("got %q, %v", found, err)
	}
	if _, err := tree.Read("Dockerfile"); err == nil {
		t.Error("a pipe was read")
	}
	if _, err := tree.Open("Dockerfile"); err == nil {
		t.Error("a pipe was opened")
	}
}
