package chart_test

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"

	"github.com/chiselbot/chiselbot/checks/chart"
	"github.com/chiselbot/chiselbot/checks/chart/render"
	"github.com/chiselbot/chiselbot/checks/source"
)

// BenchmarkRender measures rendering with origins, and what Helm alone takes for the same
// text: loading the chart from memory, its values and its templates.
func BenchmarkRender(b *testing.B) {
	for _, bench := range []struct {
		name string
		tree source.Tree
		dir  string
	}{
		{"create", tree(createChart(b)), "web"},
		{"umbrella", tree(umbrella(b, 40)), "umbrella"},
	} {
		b.Run(bench.name+"/mapped", func(b *testing.B) { benchmarkMapped(b, bench.tree, bench.dir) })
		b.Run(bench.name+"/helm", func(b *testing.B) { benchmarkHelm(b, bench.tree, bench.dir) })
	}
	if dir := os.Getenv("CHART"); dir != "" {
		outside := source.Tree{FS: os.DirFS(dir)}
		b.Run("outside/mapped", func(b *testing.B) { benchmarkMapped(b, outside, ".") })
		b.Run("outside/helm", func(b *testing.B) { benchmarkHelm(b, outside, ".") })
	}
}

func benchmarkMapped(b *testing.B, tree source.Tree, dir string) {
	charts, err := chart.Find(b.Context(), tree, nil)
	if err != nil {
		b.Fatal(err)
	}
	c, err := charts.Load(b.Context(), dir)
	if err != nil {
		b.Fatal(err)
	}
	c.Sets = c.Sets[:1]
	for b.Loop() {
		r, err := c.Render(b.Context(), render.Run)
		if err != nil || len(r[0].Problems) > 0 {
			b.Fatal(err, r[0].Problems)
		}
	}
}

func benchmarkHelm(b *testing.B, tree source.Tree, dir string) {
	var files []*archive.BufferedFile
	err := fs.WalkDir(tree.FS, dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(tree.FS, name)
		files = append(files, &archive.BufferedFile{Name: strings.TrimPrefix(name, dir+"/"), Data: data})
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		fresh := make([]*archive.BufferedFile, len(files)) // the loader changes them
		for i, f := range files {
			clone := *f
			fresh[i] = &clone
		}
		c, err := loader.LoadFiles(fresh)
		if err != nil {
			b.Fatal(err)
		}
		if err := chartutil.ProcessDependencies(c, common.Values{}); err != nil {
			b.Fatal(err)
		}
		values, err := util.ToRenderValuesWithSchemaValidation(c, nil, common.ReleaseOptions{Name: "release-name", Namespace: "default"}, nil, true)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := (engine.Engine{}).RenderWithContext(b.Context(), c, values); err != nil {
			b.Fatal(err)
		}
	}
}

func createChart(b *testing.B) string {
	b.Helper()
	data, err := os.ReadFile("testdata/create.txtar")
	if err != nil {
		b.Fatal(err)
	}
	return string(data)
}

// umbrella is a chart of n charts like the created one.
func umbrella(b *testing.B, n int) string {
	b.Helper()
	out := &txtar.Archive{Files: []txtar.File{{Name: "umbrella/Chart.yaml", Data: []byte("apiVersion: v2\nname: umbrella\nversion: 1.0.0\n")}}}
	for i := range n {
		for _, f := range txtar.Parse([]byte(createChart(b))).Files {
			if rest, ok := strings.CutPrefix(f.Name, "web/"); ok {
				name := fmt.Sprintf("web%d", i)
				data := strings.ReplaceAll(strings.ReplaceAll(string(f.Data), "name: web", "name: "+name), `"web`, `"`+name)
				out.Files = append(out.Files, txtar.File{Name: "umbrella/charts/" + name + "/" + rest, Data: []byte(data)})
			}
		}
	}
	return string(txtar.Format(out))
}
