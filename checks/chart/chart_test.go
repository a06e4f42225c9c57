package chart_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"

	"github.com/chiselbot/chiselbot/checks/chart"
	"github.com/chiselbot/chiselbot/checks/chart/render"
	"github.com/chiselbot/chiselbot/checks/source"
)

// tree is a tree of the files of a txtar archive.
func tree(archive string) source.Tree {
	m := fstest.MapFS{}
	for _, f := range txtar.Parse([]byte(archive)).Files {
		m[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	return source.Tree{FS: m}
}

// load loads and renders the chart in a folder.
func load(t *testing.T, archive, dir string, settings ...chart.Settings) (*chart.Chart, []*chart.Rendering) {
	t.Helper()
	charts, err := chart.Find(t.Context(), tree(archive), nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := charts.Load(t.Context(), dir, settings...)
	if err != nil {
		t.Fatal(err)
	}
	renderings, err := c.Render(t.Context(), render.Run)
	if err != nil {
		t.Fatal(err)
	}
	return c, renderings
}

func TestRenderSets(t *testing.T) {
	t.Parallel()
	const archive = `
-- web/Chart.yaml --
apiVersion: v2
name: web
version: 1.0.0
-- web/values.yaml --
port: 8080
-- web/values-prod.yaml --
port: 80
-- web/ci/plain-values.yaml --
port: 9090
-- web/templates/service.yaml --
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}
spec:
  ports:
    - port: {{ .Values.port }}
`
	_, renderings := load(t, archive, "web")
	var got []string
	for _, r := range renderings {
		for _, o := range r.Objects() {
			port, _ := o.Root.List("spec", "ports")[0].Int("port")
			got = append(got, r.Set.Name, o.Kind, o.Name, string(rune('0'+port%10)), o.Root.Text("spec", "ports"))
		}
		for _, p := range r.Problems {
			t.Errorf("%s: %s", r.Set.Name, p.Message)
		}
	}
	want := " Service release-name 0  values-prod.yaml Service release-name 0  ci/plain-values.yaml Service release-name 0 "
	if strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", strings.Join(got, " "), want)
	}
}
