package chart_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
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

// unreadable are files that a tree has but does not give.
type unreadable struct {
	fstest.MapFS
	errs map[string]error
}

func (u unreadable) Open(name string) (fs.File, error) {
	if err := u.errs[name]; err != nil {
		return nil, err
	}
	return u.MapFS.Open(name)
}

// TestUnreadable holds that a file which the tree does not give is lost alone.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{}
	for name, text := range map[string]string{
		"Chart.yaml": "apiVersion: v2\nname: a\nversion: 1.0.0\n", "templates/crd.yaml": "large", "templates/broken.yaml": "broken",
		"templates/object.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n",
	} {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	tree := source.Tree{FS: unreadable{files, map[string]error{
		"templates/crd.yaml":    fmt.Errorf("open it: %w", source.ErrTooLarge),
		"templates/broken.yaml": errors.New("object is not in the repository"),
	}}}
	charts, err := chart.Find(t.Context(), tree, nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := charts.Load(t.Context(), ".")
	if err != nil {
		t.Fatal(err)
	}
	var problems []string
	for _, p := range c.Problems {
		problems = append(problems, p.Path+": "+p.Message)
	}
	want := []string{
		"templates/broken.yaml: The file cannot be read: read templates/broken.yaml: object is not in the repository.",
		"templates/crd.yaml: The file is larger than 1 MiB and is left out.",
	}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	renderings, err := c.Render(t.Context(), render.Run)
	if err != nil || len(renderings) != 1 || len(renderings[0].Objects()) != 1 {
		t.Errorf("the rest of the chart renders to %v, %v", renderings, err)
	}
}
