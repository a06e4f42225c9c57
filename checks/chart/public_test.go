package chart_test

import (
	"os"
	"testing"
	"time"

	"github.com/chiselbot/chiselbot/checks/chart"
	"github.com/chiselbot/chiselbot/checks/chart/render"
	"github.com/chiselbot/chiselbot/checks/source"
)

// TestPublic measures on charts that lie outside.
func TestPublic(t *testing.T) {
	dir := os.Getenv("CHARTS")
	if dir == "" {
		t.Skip("CHARTS is not set")
	}
	charts, err := chart.Find(t.Context(), source.Tree{FS: os.DirFS(dir)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var nCharts, nDocs, nLines, nVerified, nKeys, nSets, nFail int
	var loadTime, renderTime time.Duration
	for _, path := range charts.Paths {
		start := time.Now()
		c, err := charts.Load(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		loadTime += time.Since(start)
		start = time.Now()
		rs, err := c.Render(t.Context(), render.Run)
		if err != nil {
			t.Fatal(err)
		}
		renderTime += time.Since(start)
		nCharts++
		for _, p := range c.Problems {
			t.Logf("LOAD %s: %s", p.Path, p.Message)
		}
		for _, r := range rs {
			nSets++
			for _, p := range r.Problems {
				nFail++
				t.Logf("PROBLEM %s [%s] %s %v:%d: %.300s", path, r.Set.Name, p.Path, p.Reason, p.Place.Line(), p.Message)
			}
			for _, d := range r.Documents {
				nDocs++
				bad := 0
				for line := 1; line <= d.File.Lines(); line++ {
					total, verified, keys := lineState(d, line)
					nLines += total
					nVerified += verified
					nKeys += keys
					bad += total - verified
				}
				if bad > 0 {
					t.Logf("UNVERIFIED %s [%s] %s: %d of %d", path, r.Set.Name, d.Template.Path(), bad, d.File.Lines())
				}
			}
		}
	}
	t.Logf("%s: %d charts, %d sets, %d documents, %d lines, verified %d (%.3f%%), with keys %d, problems %d, load %v, render %v", dir, nCharts, nSets, nDocs, nLines, nVerified, 100*float64(nVerified)/float64(max(nLines, 1)), nKeys, nFail, loadTime, renderTime)
}

func lineState(d *chart.Document, line int) (content, verified, keys int) {
	span := d.File.LineSpan(line)
	text := d.File.Slice(span)
	if len(trimmed(text)) == 0 {
		return 0, 0, 0
	}
	parts := d.Origins.Parts(span)
	if len(parts) == 0 {
		return 1, 0, 0
	}
	verified = 1
	for _, p := range parts {
		o := d.Origins.Of(p)
		if !o.Verified || o.Template.IsZero() {
			verified = 0
		}
		if o.Value != nil {
			keys = 1
		}
	}
	return 1, verified, keys
}

func trimmed(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t' || s[0] == '\r') {
		s = s[1:]
	}
	return s
}
