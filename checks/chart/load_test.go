package chart_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/chiselbot/chiselbot/checks/chart"
	"github.com/chiselbot/chiselbot/checks/chart/render"
	"github.com/chiselbot/chiselbot/checks/source"
)

// pack makes an archive of files, given as names and data in turn.
func pack(t *testing.T, files ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	archive := tar.NewWriter(zipped)
	for i := 0; i < len(files); i += 2 {
		if err := archive.WriteHeader(&tar.Header{Name: files[i], Mode: 0o600, Size: int64(len(files[i+1]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(archive.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

const (
	packedChart  = "apiVersion: v2\nname: lib\nversion: 1.0.0\n"
	packedHelper = "{{ define \"lib.labels\" }}from: archive{{ end }}"
	packedCM     = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Values.name }}\n"
)

// lockDigest is that of the dependency of [files] at oci://charts.example, locked at 1.0.0.
const lockDigest = "sha256:1c37e3818d53c6a5448017099ac709db1657a274eddb2164430d3ca208c66559"

// files is a chart that depends on lib.
func files(repository string) fstest.MapFS {
	return fstest.MapFS{
		"c/Chart.yaml":       {Data: []byte("apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n  - name: lib\n    version: 1.x\n    repository: " + repository + "\n")},
		"c/values.yaml":      {Data: []byte("lib:\n  name: given\n")},
		"c/templates/a.yaml": {Data: []byte("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  labels:\n    {{- include \"lib.labels\" . | nindent 4 }}\n")},
	}
}

func renderTree(t *testing.T, tree fstest.MapFS, fetcher chart.Fetcher) (*chart.Chart, *chart.Rendering) {
	t.Helper()
	charts, err := chart.Find(t.Context(), source.Tree{FS: tree}, fetcher)
	if err != nil {
		t.Fatal(err)
	}
	c, err := charts.Load(t.Context(), "c")
	if err != nil {
		t.Fatal(err)
	}
	renderings, err := c.Render(t.Context(), render.Run)
	if err != nil {
		t.Fatal(err)
	}
	if len(renderings) == 0 {
		return c, nil
	}
	return c, renderings[0]
}

// TestPacked: nobody can edit what an archive brings, so it is the action of the chart
// that leads there which has the line.
func TestPacked(t *testing.T) {
	t.Parallel()
	archive := pack(t, "lib/Chart.yaml", packedChart, "lib/templates/_h.tpl", packedHelper, "lib/templates/cm.yaml", packedCM)
	tree := files("https://charts.example")
	tree["c/charts/lib-1.0.0.tgz"] = &fstest.MapFile{Data: archive}
	c, r := renderTree(t, tree, nil)
	if len(c.Problems)+len(r.Problems) > 0 || len(r.Documents) != 2 {
		t.Fatalf("%v %v %d", c.Problems, r.Problems, len(r.Documents))
	}
	for _, d := range r.Documents {
		at := strings.Index(d.File.Text(), "archive")
		if strings.Contains(d.Template.Path(), ".tgz") {
			name := strings.Index(d.File.Text(), "given")
			if o := d.Origins.Of(source.Span{Start: name, End: name + 5}); !o.Template.IsZero() || o.Value == nil || placeName(o.Value.Place) != "values.yaml:2" {
				t.Errorf("a value in the archive's template comes from %s", originName(o))
			}
			continue
		}
		if o := d.Origins.Of(source.Span{Start: at, End: at + 7}); placeName(o.Template) != "a.yaml:5" || len(o.Includes) != 0 {
			t.Errorf("text of the archive comes from %s", originName(o))
		}
	}
}

type fetcher map[string][]byte

func (f fetcher) Fetch(_ context.Context, repository, name, version string) ([]byte, error) {
	if data, ok := f[repository+"/"+name+"@"+version]; ok {
		return data, nil
	}
	return nil, errors.New("not found")
}

func TestFetched(t *testing.T) {
	t.Parallel()
	archive := pack(t, "lib/Chart.yaml", packedChart, "lib/templates/_h.tpl", packedHelper)
	_, r := renderTree(t, files("oci://charts.example/x"), fetcher{"oci://charts.example/x/lib@1.x": archive})
	if len(r.Problems) > 0 || !strings.Contains(r.Documents[0].File.Text(), "from: archive") {
		t.Errorf("%v", r.Problems)
	}
	c, r := renderTree(t, files("oci://charts.example/x"), fetcher{})
	if len(c.Problems) != 0 || len(r.Problems) != 1 || r.Problems[0].Place.Line() != 5 || !strings.Contains(r.Problems[0].Message, "Not found.") || len(r.Documents[0].Stubbed) != 1 {
		t.Errorf("%v %v", c.Problems, r.Problems)
	}
	_, r = renderTree(t, files("oci://charts.example/x"), nil)
	if !strings.Contains(r.Problems[0].Help, "--charts-from charts.example/x`") {
		t.Errorf("%v", r.Problems)
	}
	if _, r := renderTree(t, files("http://charts.example"), fetcher{"http://charts.example/lib@1.x": archive}); len(r.Problems) != 1 {
		t.Error("a dependency was fetched without encryption")
	}
}

// TestFetchedWrong: what a repository gives is taken only if it is what was asked for.
func TestFetchedWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		archive []byte
		want    string
	}{
		"another chart": {pack(t, "x/Chart.yaml", "name: other\nversion: 1.0.0\n"), `gives chart "other"`},
		"version":       {pack(t, "x/Chart.yaml", "name: lib\nversion: 2.0.0\n"), `of version "2.0.0"`},
		"no chart":      {pack(t, "x/values.yaml", ""), "has no Chart.yaml"},
		"outside":       {pack(t, "x/../../y", ""), "lies outside"},
		"garbage":       {[]byte("x"), "Read the archive of lib"},
	} {
		_, r := renderTree(t, files("oci://charts.example"), fetcher{"oci://charts.example/lib@1.x": c.archive})
		if len(r.Problems) != 1 || !strings.Contains(r.Problems[0].Message, c.want) || len(r.Documents[0].Stubbed) != 1 {
			t.Errorf("%s: %v", name, r.Problems)
		}
	}
}

// TestBomb: of an archive no more is unpacked than a chart may have, be it kept or skipped.
func TestBomb(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zipped)
	zeros := make([]byte, 1<<20)
	if err := archive.WriteHeader(&tar.Header{Name: "lib/x", Typeflag: '7', Size: 1 << 30}); err != nil {
		t.Fatal(err)
	}
	for range 1 << 10 {
		if _, err := archive.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(archive.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	c, _ := renderTree(t, files("oci://charts.example"), fetcher{"oci://charts.example/lib@1.x": packed.Bytes()})
	if len(c.Problems) != 1 || c.Problems[0].Reason != render.Limit {
		t.Errorf("%v", c.Problems)
	}
}

// TestLock: what is locked is fetched, if the lock is of what the chart declares.
func TestLock(t *testing.T) {
	t.Parallel()
	const lock = "dependencies:\n- name: lib\n  repository: oci://charts.example\n  version: VERSION\ndigest: DIGEST\ngenerated: \"2026-01-02T03:04:05Z\"\n"
	archive := pack(t, "lib/Chart.yaml", packedChart, "lib/templates/_h.tpl", packedHelper)
	for _, c := range []struct{ version, digest, want string }{
		{"1.0.0", lockDigest, ""},
		{"1.0.0", "sha256:00", "Chart.lock is of other dependencies"},
		{"1.5.0", lockDigest, "Chart.lock is of other dependencies"},
	} {
		tree := files("oci://charts.example")
		tree["c/Chart.lock"] = &fstest.MapFile{Data: []byte(strings.NewReplacer("VERSION", c.version, "DIGEST", c.digest).Replace(lock))}
		_, r := renderTree(t, tree, fetcher{"oci://charts.example/lib@1.0.0": archive})
		if c.want == "" && len(r.Problems) > 0 || c.want != "" && (len(r.Problems) != 1 || !strings.Contains(r.Problems[0].Message, c.want)) {
			t.Errorf("%+v: %v", c, r.Problems)
		}
	}
}

// TestHostileFiles loads archives and trees that reach for more than a chart.
func TestHostileFiles(t *testing.T) {
	t.Parallel()
	for name, archive := range map[string][]byte{
		"parent":   pack(t, "lib/Chart.yaml", packedChart, "lib/../../etc/passwd", "x"),
		"absolute": pack(t, "/etc/passwd", "x"),
		"drive":    pack(t, "lib/c:/x", "x"),
		"windows":  pack(t, `lib\..\x`, "x"),
		"large":    pack(t, "lib/Chart.yaml", packedChart, "lib/values.yaml", strings.Repeat(" ", 9<<20)),
		"garbage":  []byte("no archive"),
		"cut":      pack(t, "lib/Chart.yaml", packedChart)[:60],
		"nameless": pack(t, "Chart.yaml", packedChart),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tree := files("https://charts.example")
			tree["c/charts/lib-1.0.0.tgz"] = &fstest.MapFile{Data: archive}
			c, r := renderTree(t, tree, nil)
			if len(c.Problems) == 0 {
				t.Error("no problem")
			}
			if r != nil {
				for _, d := range r.Documents {
					if len(d.Stubbed) == 0 {
						t.Errorf("%s is taken for whole", d.Template.Path())
					}
				}
			}
		})
	}
}

// TestLinks: links are not followed.
func TestLinks(t *testing.T) {
	t.Parallel()
	tree := files("https://charts.example")
	tree["c/templates/link.yaml"] = &fstest.MapFile{Data: []byte("../../secret"), Mode: fs.ModeSymlink}
	tree["secret"] = &fstest.MapFile{Data: []byte("kind: Secret")}
	c, r := renderTree(t, tree, nil)
	if !slices.ContainsFunc(c.Problems, func(p chart.Problem) bool { return p.Path == "c/templates/link.yaml" }) {
		t.Errorf("%v", c.Problems)
	}
	for _, d := range r.Documents {
		if strings.Contains(d.File.Text(), "Secret") {
			t.Error("the link was followed")
		}
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	const archive = `
-- c/Chart.yaml --
apiVersion: v2
name: c
version: 1.0.0
-- c/values-prod.yaml --
a: prod
-- env/extra.yaml --
b: extra
-- c/templates/a.yaml --
a: {{ required "no a" .Values.a }}
b: {{ .Values.b | default "none" }}
kube: {{ .Capabilities.KubeVersion.Minor }}
has: {{ .Capabilities.APIVersions.Has "example.com/v1" }}
`
	_, renderings := load(t, archive, "c",
		chart.Settings{Set: []string{"a=set"}, KubeVersion: "1.30.2", APIVersions: []string{"example.com/v1"}},
		chart.Settings{Values: []string{"values-prod.yaml", "../env/extra.yaml"}, KubeVersion: "1.29.0"})
	var got []string
	for _, r := range renderings {
		for _, d := range r.Documents {
			got = append(got, r.Set.Name+": "+strings.Join(strings.Fields(d.File.Text()), " "))
		}
	}
	want := []string{
		": a: set b: none kube: 30 has: true",
		"values-prod.yaml: a: set b: none kube: 30 has: true",
		"values-prod.yaml, ../env/extra.yaml: a: set b: extra kube: 29 has: true",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	c, _ := load(t, archive, "c", chart.Settings{Values: []string{"../../outside.yaml"}}, chart.Settings{Values: []string{"nosuch.yaml"}})
	if len(c.Problems) != 2 {
		t.Errorf("%v", c.Problems)
	}
	_, renderings = load(t, archive, "c", chart.Settings{KubeVersion: "newest", Set: []string{"a=1"}})
	if p := renderings[0].Problems; len(p) != 1 || !strings.Contains(p[0].Message, "newest") {
		t.Errorf("%v", p)
	}
}
