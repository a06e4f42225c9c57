package repository

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// many makes a repository of 100,000 files and 1,000 Dockerfiles in 13,000 folders, all
// packed and checked out, with a folder of ignored files as big as a build leaves.
func many(b *testing.B) string {
	b.Helper()
	dir := b.TempDir()
	execGit(b, dir, "init", "--quiet")
	var stream strings.Builder
	const kinds = 50
	for i := range kinds {
		text := fmt.Sprintln("line", i)
		fmt.Fprintf(&stream, "blob\nmark :%d\ndata %d\n%s\n", i+1, len(text), text)
	}
	ignore := "node_modules/\n*.o\n/bin/\nobj/\n"
	fmt.Fprintf(&stream, "commit refs/heads/main\ncommitter a <a@b> 1700000000 +0000\ndata 0\nM 100644 inline .gitignore\ndata %d\n%s\n", len(ignore), ignore)
	for i := range 100_000 {
		folder := fmt.Sprintf("team%d/service%d/src/pkg%d", i%20, i/20%50, i/1000%10)
		fmt.Fprintf(&stream, "M 100644 :%d %s/file%d.go\n", i%kinds+1, folder, i)
		if i%100 == 0 {
			fmt.Fprintf(&stream, "M 100644 :1 %s/d%d/Dockerfile\n", folder, i)
		}
	}
	stream.WriteString("\n")
	write(b, dir, ".git/stream", stream.String())
	fastImport(b, dir, filepath.Join(dir, ".git", "stream"))
	execGit(b, dir, "reset", "--quiet", "--hard")
	for i := range 10_000 {
		if i%100 == 0 {
			if err := os.MkdirAll(filepath.Join(dir, "node_modules", fmt.Sprint(i/100)), 0o755); err != nil {
				b.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "node_modules", fmt.Sprint(i/100), fmt.Sprint(i)), nil, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}

func isDockerfile(name string) bool { return path.Base(name) == "Dockerfile" }

// BenchmarkFind100k opens a repository of 100,000 files anew each time, as the command
// does, and lists its Dockerfiles.
func BenchmarkFind100k(b *testing.B) {
	dir := many(b)
	b.Run("commit", func(b *testing.B) {
		for b.Loop() {
			r := open(b, dir)
			tree, err := r.Commit(b.Context(), "HEAD")
			if err != nil {
				b.Fatal(err)
			}
			if names, err := tree.Find(b.Context(), isDockerfile); err != nil || len(names) != 1000 {
				b.Fatalf("%d Dockerfiles, %v", len(names), err)
			}
		}
	})
	b.Run("working-tree", func(b *testing.B) {
		for b.Loop() {
			r := open(b, dir)
			tree, err := r.WorkingTree(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			if names, err := tree.Find(b.Context(), isDockerfile); err != nil || len(names) != 1000 {
				b.Fatalf("%d Dockerfiles, %v", len(names), err)
			}
		}
	})
}
