package chiseled_test

import (
	"maps"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/chiselbot/chiselbot/checks/checktest"
	"github.com/chiselbot/chiselbot/fixes"
	"github.com/chiselbot/chiselbot/fixes/chiseled"
	"github.com/chiselbot/chiselbot/fixes/plantest"
)

// FuzzChart plans for a Dockerfile whose port moves and any chart that runs its image,
// applies the plan, and plans again: nothing but files of the tree changes, every plan that
// changes something is proven, and nothing is left to do.
func FuzzChart(f *testing.F) {
	for _, r := range []string{"chart", "probe", "command", "read-only"} {
		archive, err := txtar.ParseFile(r + ".txtar")
		if err != nil {
			f.Fatal(err)
		}
		charts := map[string]map[string]string{}
		for _, file := range archive.Files {
			name, path, _ := strings.Cut(file.Name, "/")
			if charts[name] == nil {
				charts[name] = map[string]string{}
			}
			if strings.HasPrefix(path, "chart/templates/") {
				charts[name]["template"] += string(file.Data)
			} else {
				charts[name][path] = string(file.Data)
			}
		}
		for _, c := range charts {
			f.Add(c["chart/values.yaml"], c["chart/values-prod.yaml"], c["template"])
		}
	}
	recipe := chiseled.Recipe(chiseled.Options{ReadOnly: true})
	f.Fuzz(func(t *testing.T, values, overlay, template string) {
		files := map[string]string{
			"cats/Dockerfile":            "FROM mcr.microsoft.com/dotnet/aspnet:7.0\nCOPY out /app\nENTRYPOINT [\"dotnet\", \"/app/Cats.dll\"]\n",
			"chart/Chart.yaml":           "apiVersion: v2\nname: cats\nversion: 1.0.0\nkubeVersion: \">=1.30.0-0\"\n",
			"chart/values.yaml":          values,
			"chart/values-prod.yaml":     overlay,
			"chart/templates/chart.yaml": template,
		}
		plans := made(t, recipe, files)
		if len(plans) == 0 {
			return
		}
		after := maps.Clone(files)
		for _, c := range plans[0].Changes {
			if files[c.Path] != c.Before {
				t.Fatalf("the plan changes %q, which is not as it says it is", c.Path)
			}
			after[c.Path] = c.After
		}
		if !plans[0].Applicable() {
			return
		}
		for _, p := range made(t, recipe, after) {
			if p.Applicable() {
				t.Fatalf("a second plan changes\n%s", p.Diff())
			}
		}
	})
}

func made(t *testing.T, recipe *fixes.Recipe, files map[string]string) []*fixes.Plan {
	plans, _, err := fixes.Plans(t.Context(), checktest.Tree(files), recipe, plantest.Options())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range plans {
		for _, r := range p.Reasons {
			if r.ID == "proof" {
				t.Fatalf("the plan does not hold: %s\nvalues:\n%s\noverlay:\n%s\ntemplate:\n%s", r.Message,
					files["chart/values.yaml"], files["chart/values-prod.yaml"], files["chart/templates/chart.yaml"])
			}
		}
	}
	return plans
}
