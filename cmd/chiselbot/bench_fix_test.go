package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/rules"
	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
	"github.com/chiselbot/chiselbot/fixes/chiseled"
)

// created is a Dockerfile of .NET 7, whose port moves, and the chart that `helm create`
// makes for it, with an overlay.
func created(b *testing.B) map[string]string {
	b.Helper()
	dir := b.TempDir()
	if _, err := chartutil.Create("cats", dir); err != nil {
		b.Fatal(err)
	}
	files := map[string]string{
		"src/cats/Dockerfile":    "FROM mcr.microsoft.com/dotnet/aspnet:7.0\nEXPOSE 80\nCOPY out /app\nENTRYPOINT [\"dotnet\", \"/app/Cats.dll\"]\n",
		"cats/values-small.yaml": "replicaCount: 2\n",
	}
	err := filepath.WalkDir(filepath.Join(dir, "cats"), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		rest, _ := filepath.Rel(dir, name)
		files[filepath.ToSlash(rest)] = string(text)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	const values = "cats/values.yaml"
	files[values] = strings.Replace(files[values], "repository: nginx", "repository: registry.example.com/cats", 1)
	return files
}

// BenchmarkFixChart is one plan with its proof for a Dockerfile and the chart that runs its
// image, in children that have started. Each round has texts that no round before had.
func BenchmarkFixChart(b *testing.B) {
	p := testProgram(nil, nil, nil, nil)
	children := p.newSandbox()
	defer children.Close()
	opts := fixes.Options{Together: true, Checks: checks.Options{
		Rules: rules.All(), Render: renderIn(children), IsDockerfile: func(name string) bool { return path.Base(name) == "Dockerfile" }, Now: today,
	}}
	recipe := chiseled.Recipe(chiseled.Options{})
	files := created(b)
	round := func(n int) {
		now := fstest.MapFS{}
		for name, text := range files {
			if path.Ext(name) == ".yaml" {
				text += fmt.Sprintf("# %d\n", n)
			}
			now[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
		}
		plans, _, err := fixes.Plans(b.Context(), source.Tree{FS: now}, recipe, opts)
		if err != nil || len(plans) != 1 || !plans[0].Applicable() || len(plans[0].Changes) < 3 {
			b.Fatal(plans, err)
		}
	}
	round(-1)
	n := 0
	for b.Loop() {
		round(n)
		n++
	}
}
