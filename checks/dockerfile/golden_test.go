package dockerfile

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/chiselbot/chiselbot/checks/source"
)

var update = flag.Bool("update", false, "rewrite the golden sections in testdata")

// TestGolden reads the Dockerfile of each archive and compares its other sections,
// spans, facts and commands, with what was read.
func TestGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			f, err := Parse(source.NewFile("Dockerfile", string(archive.Files[0].Data)))
			if err != nil {
				t.Fatal(err)
			}
			checkInvariants(t, f)
			want := &txtar.Archive{Comment: archive.Comment, Files: []txtar.File{
				archive.Files[0],
				{Name: "spans", Data: []byte(spans(f))},
				{Name: "facts", Data: []byte(facts(f))},
				{Name: "commands", Data: []byte(commands(f))},
			}}
			if *update {
				if err := os.WriteFile(name, txtar.Format(want), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(txtar.Format(archive)), string(txtar.Format(want))); diff != "" {
				t.Errorf("run with -update to accept (- archive, + read):\n%s", diff)
			}
		})
	}
}
