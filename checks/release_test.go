package checks_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/chart"
	"github.com/chiselbot/chiselbot/checks/checktest"
)

// TestSince asks releases for which clusters they are: by the settings, by their chart, and
// not at all.
func TestSince(t *testing.T) {
	t.Parallel()
	const object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
	tree := checktest.Tree(map[string]string{
		"said/Chart.yaml":            "apiVersion: v2\nname: said\nversion: 1.0.0\nkubeVersion: \">=1.30.0-0\"\n",
		"said/templates/a.yaml":      object,
		"set/Chart.yaml":             "apiVersion: v2\nname: set\nversion: 1.0.0\nkubeVersion: \">=1.20.0-0\"\n",
		"set/templates/a.yaml":       object,
		"older/Chart.yaml":           "apiVersion: v2\nname: older\nversion: 1.0.0\nkubeVersion: \">=1.20.0-0\"\n",
		"older/templates/a.yaml":     object,
		"k8s/a.yaml":                 object,
		"unsaid/Chart.yaml":          "apiVersion: v2\nname: unsaid\nversion: 1.0.0\n",
		"unsaid/templates/more.yaml": object,
	})
	opts := checks.Options{
		IsDockerfile: checktest.IsDockerfile, Now: checktest.Now,
		Charts: map[string][]chart.Settings{"set": {{KubeVersion: "1.33.0"}}},
	}
	res, err := checks.Run(t.Context(), tree, opts)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, r := range res.Releases {
		got[r.Dir()] = r.Since(30)
	}
	want := map[string]bool{"k8s": false, "older": false, "said": true, "set": true, "unsaid": false}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("since 1.30 (-want +got):\n%s", diff)
	}
}
