package chart_test

import (
	"strings"
	"testing"

	"github.com/chiselbot/chiselbot/checks/chart"
)

// TestHelp looks at what a person is told to do where a chart needs values: that of a file
// in a folder above the chart which has them, together with those it is rendered with.
func TestHelp(t *testing.T) {
	t.Parallel()
	const deploy = `
-- deploy/shop/Chart.yaml --
apiVersion: v2
name: shop
version: 1.0.0
-- deploy/shop/templates/a.yaml --
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Values.name.first }}
data:
  mesh: {{ .Values.shared.mesh.enabled | quote }}
-- deploy/names.yaml --
name: {first: a}
`
	named := []chart.Settings{{Values: []string{"../names.yaml"}}}
	for name, test := range map[string]struct {
		more     string
		settings []chart.Settings
		want     string
	}{
		"a file has the key": {
			"", nil,
			"`deploy/names.yaml` has such values. If the chart is installed with it, say so in the settings: `charts: [{path: deploy/shop, values: [../names.yaml]}]`.",
		},
		"no file has it": {
			"", named,
			"Give the chart what it needs in the settings: `charts: [{path: deploy/shop, set: [shared.mesh.enabled=value]}]`, or `values` for a file.",
		},
		"one behind another": {
			"-- shared.yaml --\nshared: {mesh: {enabled: true}}\n", named,
			"`shared.yaml` has such values. If the chart is installed with it, say so in the settings: `charts: [{path: deploy/shop, values: [../names.yaml, ../../shared.yaml]}]`.",
		},
		"the beginning of the key": {
			"-- shared.yaml --\nshared: {}\n", named,
			"`shared.yaml` has such values. If the chart is installed with it, say so in the settings: `charts: [{path: deploy/shop, values: [../names.yaml, ../../shared.yaml]}]`.",
		},
		"an object and a compose file": {
			"-- a.yaml --\nkind: A\nshared: {mesh: {enabled: true}}\n-- b.yaml --\nservices: {}\nshared: {mesh: {enabled: true}}\n", named,
			"Give the chart what it needs in the settings: `charts: [{path: deploy/shop, set: [shared.mesh.enabled=value]}]`, or `values` for a file.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, renderings := load(t, strings.TrimPrefix(deploy, "\n")+test.more, "deploy/shop", test.settings...)
			last := renderings[len(renderings)-1]
			if len(last.Problems) != 1 {
				t.Fatalf("got the problems %+v, want one", last.Problems)
			}
			if got := last.Problems[0].Help; got != test.want {
				t.Errorf("got the help\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}
