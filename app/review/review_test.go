package review_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chiselbot/chiselbot/app/review"
	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/chart/render"
	"github.com/chiselbot/chiselbot/checks/checktest"
	"github.com/chiselbot/chiselbot/checks/source"
)

// user finds every USER instruction; it stands in for real rules.
var user = &checks.Rule{ID: "user", Severity: checks.Warning, Dockerfile: func(p *checks.DockerfilePass) {
	for _, in := range p.File.Instructions {
		if in.Keyword == "USER" {
			p.Report(checks.Finding{Span: in.Span, Key: in.Words[0].Value})
		}
	}
}}

const settingsPath = ".github/chiselbot.yml"

func TestOf(t *testing.T) {
	t.Parallel()
	one, two := "FROM x\nUSER one\n", "FROM x\nUSER one\nUSER two\n"
	notice := checks.Notice
	tests := []struct {
		name       string
		base, head map[string]string
		failOn     *checks.Severity
		want       review.Verdict
		new        int
		skips      []string
	}{
		{name: "nothing", want: review.Passed},
		{name: "unchanged", base: map[string]string{"Dockerfile": two}, head: map[string]string{"Dockerfile": two}, want: review.Passed},
		{name: "a warning does not fail by default", base: map[string]string{"Dockerfile": one}, head: map[string]string{"Dockerfile": two}, want: review.Passed, new: 1},
		{name: "but it does when asked", base: map[string]string{"Dockerfile": one}, head: map[string]string{"Dockerfile": two}, failOn: &notice, want: review.Failed, new: 1},
		{
			name: "the base's settings hold",
			base: map[string]string{"Dockerfile": one, settingsPath: "fail-on: warning\n"},
			head: map[string]string{"Dockerfile": two, settingsPath: "rules: {user: off}\n"},
			want: review.Failed, new: 1,
		},
		{
			name: "settings include and exclude Dockerfiles",
			base: map[string]string{settingsPath: "fail-on: warning\ndockerfiles:\n  include: [\"*.image\"]\n  exclude: [\"old/**\"]\n"},
			head: map[string]string{"a.image": one, "old/Dockerfile": one},
			want: review.Failed, new: 1,
		},
		{
			name: "broken settings are not green",
			base: map[string]string{"Dockerfile": one, settingsPath: "fail-at: warning\n"},
			head: map[string]string{"Dockerfile": one, settingsPath: "fail-at: warning\n"},
			want: review.Unsure, skips: []string{"The default settings were used."},
		},
		{
			name: "nor are settings that the change breaks",
			base: map[string]string{"Dockerfile": one},
			head: map[string]string{"Dockerfile": one, settingsPath: "fail-at: warning\n"},
			want: review.Unsure, skips: []string{"With this change the default settings would hold."},
		},
		{
			name: "what cannot be checked is not green",
			base: map[string]string{"Dockerfile": one},
			head: map[string]string{"Dockerfile": "FROM\n"},
			want: review.Unsure, skips: []string{"would refuse it too."},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			side := func(files map[string]string) review.Side {
				return review.Side{Name: "side", Tree: checktest.Tree(files)}
			}
			r, err := review.Of(t.Context(), side(tt.base), side(tt.head), review.Options{
				Rules: []*checks.Rule{user}, KnownIDs: []string{user.ID}, FailOn: tt.failOn, Now: checktest.Now,
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := r.Verdict(); got != tt.want {
				t.Errorf("verdict %s, want %s", got, tt.want)
			}
			if got := len(r.Delta.New); got != tt.new {
				t.Errorf("%d new findings, want %d", got, tt.new)
			}
			if len(r.Delta.Skips) != len(tt.skips) {
				t.Fatalf("skips %+v, want %q", r.Delta.Skips, tt.skips)
			}
			for i, want := range tt.skips {
				if !strings.HasSuffix(r.Delta.Skips[i].Help, want) {
					t.Errorf("help %q, want it to end in %q", r.Delta.Skips[i].Help, want)
				}
			}
		})
	}
}

// TestOfSameTree demands that a tree compared with itself is all unchanged.
func TestOfSameTree(t *testing.T) {
	t.Parallel()
	tree := source.Tree{FS: checktest.Tree(map[string]string{"a/Dockerfile": "FROM x\nUSER one\n", "b/Dockerfile": "FROM x\nUSER one\n"}).FS}
	side := review.Side{Name: "both", Tree: tree}
	r, err := review.Of(t.Context(), side, side, review.Options{Rules: []*checks.Rule{user}, Now: checktest.Now})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Delta.Same) != 2 || len(r.Delta.New)+len(r.Delta.Fixed)+len(r.Delta.Moved) > 0 || r.Files != 2 {
		t.Errorf("delta %+v of %d files", r.Delta, r.Files)
	}
}

// TestSettingsOfObjects holds that what settings say of charts, manifests, images and
// kinds reaches the checks.
func TestSettingsOfObjects(t *testing.T) {
	t.Parallel()
	pod := func(image string) string {
		return "spec:\n  containers: [{name: app, image: \"" + image + "\", ports: [{containerPort: 80}]}]\n"
	}
	files := map[string]string{
		settingsPath: `manifests:
  include: [k8s/*.manifest]
  exclude: [old/**]
charts:
  - path: chart
    set: [name=web]
images:
  registry.example.com/web: build/Dockerfile
pods:
  Server.example.com: [spec.pod]
`,
		"k8s/a.manifest":         "apiVersion: v1\nkind: Pod\nmetadata: {name: included}\n" + pod("x"),
		"old/a.yaml":             "apiVersion: v1\nkind: Pod\nmetadata: {name: excluded}\n" + pod("x"),
		"old/chart/Chart.yaml":   "not a chart",
		"kind.yaml":              "apiVersion: example.com/v1\nkind: Server\nmetadata: {name: custom}\nspec:\n  pod:\n    spec: {containers: [{name: app, image: registry.example.com/web}]}\n",
		"chart/Chart.yaml":       "apiVersion: v2\nname: web\nversion: 1.0.0\n",
		"chart/templates/a.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: {{ required \"name\" .Values.name }}}\n" + pod("x"),
		"build/Dockerfile":       "FROM x\n",
	}
	var seen []string
	rule := &checks.Rule{ID: "seen", Severity: checks.Notice, Object: func(p *checks.ObjectPass) {
		for _, pod := range p.Pods {
			c := pod.Containers[0]
			at := ""
			if i := p.Image(c); i != nil && i.File != nil {
				at = i.File.Path()
			}
			p.Report(p.Object.Where(c.Node), checks.Finding{Key: at})
		}
	}}
	side := review.Side{Name: "side", Tree: checktest.Tree(files)}
	r, err := review.Of(t.Context(), side, side, review.Options{Rules: []*checks.Rule{rule}, KnownIDs: []string{"seen"}, Now: checktest.Now})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Delta.Same {
		seen = append(seen, f.Key)
	}
	for _, s := range r.Delta.Skips {
		t.Errorf("skip %s: %s", s.Path, s.Reason)
	}
	slices.Sort(seen)
	want := []string{"Pod/included ", "Pod/web ", "Server/custom build/Dockerfile"}
	if !slices.Equal(seen, want) {
		t.Errorf("seen %q, want %q", seen, want)
	}
	if r.Charts != 1 || r.Manifests != 2 || len(r.Objects) > 0 {
		t.Errorf("%d charts, %d manifests, changes %+v", r.Charts, r.Manifests, r.Objects)
	}
}

// TestRendersOnce demands that a chart which the change does not touch is rendered once.
func TestRendersOnce(t *testing.T) {
	t.Parallel()
	chart := func(dir, port string) map[string]string {
		return map[string]string{
			dir + "/Chart.yaml":         "apiVersion: v2\nname: web\nversion: 1.0.0\n",
			dir + "/templates/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: p" + port + "}\n",
		}
	}
	base, head := chart("a", "1"), chart("a", "1")
	maps.Copy(base, chart("b", "1"))
	maps.Copy(head, chart("b", "2"))
	var rendered atomic.Int32
	r, err := review.Of(t.Context(), review.Side{Name: "base", Tree: checktest.Tree(base)}, review.Side{Name: "head", Tree: checktest.Tree(head)}, review.Options{
		Now: checktest.Now,
		Render: func(ctx context.Context, req *render.Request) (*render.Response, error) {
			rendered.Add(1)
			return render.Run(ctx, req)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := rendered.Load(); got != 3 || len(r.Objects) != 2 {
		t.Errorf("%d renderings, want 3; changes %+v", got, r.Objects)
	}
}
