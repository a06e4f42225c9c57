package misconf

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks/chart"
	"github.com/chiselbot/chiselbot/checks/chart/render"
	"github.com/chiselbot/chiselbot/checks/source"
)

const (
	charts         = "../../testdata/charts"
	recordedCharts = charts + "/trivy.json"
)

// chartOpinion is how often each check failed in what the templates of a chart render to.
type chartOpinion map[string]map[string]int

// TestChartAgreement holds our opinion of what charts render to against the trivy
// command's, which renders them itself. [TestAgreement] says how to record that again.
func TestChartAgreement(t *testing.T) {
	t.Parallel()
	dirs, err := filepath.Glob(charts + "/*/Chart.yaml")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no charts in %s: %v", charts, err)
	}
	var names []string
	for _, d := range dirs {
		names = append(names, filepath.Base(filepath.Dir(d)))
	}
	if *update && *trivy != "" {
		opinions := map[string]chartOpinion{}
		for _, name := range names {
			opinions[name] = chartOpinion{}
			for template, found := range theirReport(t, filepath.Join(charts, name), "helm") {
				failed := map[string]int{}
				for _, m := range found {
					if m.Status != "PASS" {
						failed[m.ID]++
					}
				}
				opinions[name][template] = failed
			}
		}
		writeOpinions(t, recordedCharts, opinions)
	}
	var want map[string]chartOpinion
	data, err := os.ReadFile(recordedCharts)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(names, slices.Sorted(maps.Keys(want))); diff != "" {
		t.Errorf("charts without a recorded opinion, record them with -trivy PATH -update (-charts +recorded):\n%s", diff)
	}
	for _, name := range names {
		if diff := gocmp.Diff(want[name], ourChartOpinion(t, name)); diff != "" {
			t.Errorf("%s (-trivy +ours):\n%s", name, diff)
		}
	}
}

// documents are what a chart of the corpus renders to with its own values.
func documents(t *testing.T, name string) []*chart.Document {
	t.Helper()
	found, err := chart.Find(t.Context(), source.Tree{FS: os.DirFS(filepath.Join(charts, name))}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := found.Load(t.Context(), ".")
	if err != nil {
		t.Fatal(err)
	}
	renderings, err := c.Render(t.Context(), render.Run)
	if err != nil {
		t.Fatal(err)
	}
	return renderings[0].Documents
}

func ourChartOpinion(t *testing.T, name string) chartOpinion {
	t.Helper()
	p, err := compiledObjects()
	if err != nil {
		t.Fatal(err)
	}
	opinion := chartOpinion{}
	for _, d := range documents(t, name) {
		template := d.Template.Path()
		if strings.HasPrefix(template, "templates/tests/") {
			continue // Trivy leaves tests out
		}
		failed := map[string]int{}
		for _, o := range d.Objects {
			for id, lines := range ourObjectOpinion(t, p, o).Fail {
				failed[id] += len(lines)
			}
		}
		opinion[template] = failed
	}
	return opinion
}

// TestChartPlaces records where the findings about what charts render to stand: on lines
// of templates or of values.
func TestChartPlaces(t *testing.T) {
	t.Parallel()
	s := shared()
	var b strings.Builder
	for _, name := range []string{"agent", "jobs", "umbrella", "web"} {
		for _, d := range documents(t, name) {
			for _, o := range d.Objects {
				fmt.Fprintf(&b, "== %s %s %s\n", name, o.Kind, o.Name)
				findings, err := s.ScanObject(t.Context(), o)
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range findings {
					at := f.At.Place()
					if at.IsZero() || !f.At.Verified {
						t.Errorf("%s: %s [%s] has no verified place", name, f.Rule.ID, f.Key)
						continue
					}
					text, _, _ := strings.Cut(at.File.Slice(at.Span), "\n")
					fmt.Fprintf(&b, "%s:%d `%s` %s [%s]\n", at.File.Path(), at.Line(), text, f.Rule.ID, f.Key)
				}
			}
		}
	}
	golden(t, "charts.golden", b.String())
}
