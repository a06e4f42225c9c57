package checks_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/chart/render"
	"github.com/chiselbot/chiselbot/checks/checktest"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// stuck is a scanner that never answers.
type stuck struct{}

func (stuck) Scan(ctx context.Context, _ *dockerfile.File) ([]checks.Finding, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (stuck) ScanObject(ctx context.Context, _ *kube.Object) ([]checks.ObjectFinding, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestBudget: a repository in which everything takes too long is left after the time for
// one, each chart and file with one word about it, and what our own rules find.
func TestBudget(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"Dockerfile":         "FROM a:1\n",
		"app.yaml":           strings.Repeat("---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, ports: [{containerPort: 80}]}]}\n", 3),
		"a/Chart.yaml":       "apiVersion: v2\nname: a\nversion: 1.0.0\n",
		"a/templates/a.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n",
		"b/Chart.yaml":       "apiVersion: v2\nname: b\nversion: 1.0.0\n",
	}
	opts := checks.Options{
		Rules: []*checks.Rule{portRule}, Scanners: []checks.Scanner{stuck{}}, IsDockerfile: checktest.IsDockerfile, Now: checktest.Now, Time: 50 * time.Millisecond,
		Render: func(ctx context.Context, _ *render.Request) (*render.Response, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		},
	}
	res, err := checks.Run(t.Context(), checktest.Tree(files), opts)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range res.Skips {
		got = append(got, s.Path+": "+s.Reason)
	}
	want := []string{
		"Dockerfile: Checking the repository took more than 50ms; the checks of other tools did not look at everything in it.",
		"a/Chart.yaml: Checking the repository took more than 50ms; this chart was not rendered.",
		"app.yaml: Checking the repository took more than 50ms; the checks of other tools did not look at everything in it.",
		"b/Chart.yaml: Checking the repository took more than 50ms; this chart was not rendered.",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("skips:\n%s", strings.Join(got, "\n"))
	}
	if len(res.Findings) != 3 {
		t.Errorf("%d findings", len(res.Findings))
	}

	// A run that is ended is no answer.
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := checks.Run(ended, checktest.Tree(files), opts); err == nil {
		t.Error("an ended run gives a result")
	}
}
