package dotnet_test

import (
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/dotnet"
	"github.com/chiselbot/chiselbot/checks/source"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata")

// TestFor runs each Dockerfile of each repository in testdata and compares what is said
// with the archive's last file.
func TestFor(t *testing.T) {
	t.Parallel()
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("%d archives, error %v", len(archives), err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			want := ""
			if last := len(archive.Files) - 1; archive.Files[last].Name == "want" {
				want = string(archive.Files[last].Data)
				archive.Files = archive.Files[:last]
			}
			got := answers(t, archive)
			if *update {
				archive.Files = append(archive.Files, txtar.File{Name: "want", Data: []byte(got)})
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
		})
	}
}

func answers(t *testing.T, archive *txtar.Archive) string {
	t.Helper()
	files, err := txtar.FS(archive)
	if err != nil {
		t.Fatal(err)
	}
	tree := source.Tree{FS: files}
	projects := dotnet.NewProjects(tree, collect(t, tree))
	var out strings.Builder
	for _, f := range archive.Files {
		if strings.HasPrefix(path.Base(f.Name), "Dockerfile") {
			fmt.Fprintf(&out, "%s\n%s", f.Name, outline(projects.For(parse(t, tree, f.Name))))
		}
	}
	return out.String()
}

func collect(t testing.TB, tree source.Tree) []string {
	t.Helper()
	paths, err := tree.Find(t.Context(), dotnet.IsProjectFile)
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func parse(t testing.TB, tree source.Tree, name string) *dockerfile.File {
	t.Helper()
	file, err := tree.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := dockerfile.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func outline(n *dotnet.Needs) string {
	known := map[base.Known]string{base.Unknown: "unknown", base.No: "no", base.Yes: "yes"}
	var out strings.Builder
	fmt.Fprintf(&out, "\tfound %t: %s\n", n.Found, strings.Join(n.Projects, " "))
	fmt.Fprintf(&out, "\tICU %s, time zones %s\n", known[n.ICU], known[n.TimeZones])
	if len(n.Frameworks) > 0 {
		fmt.Fprintf(&out, "\tframeworks: %s\n", strings.Join(n.Frameworks, " "))
	}
	for _, e := range slices.Concat(n.Evidence, n.Native) {
		fmt.Fprintf(&out, "\t%s %s: %s\n", e.About, known[e.Says], e.Why)
		fmt.Fprintf(&out, "\t\t%s:%d: %s\n", e.File.Path(), e.File.LineAt(e.Span.Start), e.File.Slice(e.Span))
	}
	for _, p := range n.Problems {
		fmt.Fprintf(&out, "\tproblem: %s\n", p)
	}
	return out.String()
}
