package chart_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"

	"github.com/chiselbot/chiselbot/checks/chart"
	"github.com/chiselbot/chiselbot/checks/chart/render"
	"github.com/chiselbot/chiselbot/checks/source"
)

// TestOutside renders the charts of a repository outside of this one, named by CHARTS:
// what Helm renders must be rendered, to the same text where Helm gives the same each
// time, and nearly all lines of charts that are whole must have a proven origin. It logs
// the figures.
func TestOutside(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("CHARTS")
	if dir == "" {
		t.Skip("CHARTS names no repository")
	}
	charts, err := chart.Find(t.Context(), source.Tree{FS: os.DirFS(dir)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var n struct{ charts, sets, documents, lines, verified, keys, partial, random int }
	var ours, helms time.Duration
	for _, path := range charts.Paths {
		c, err := charts.Load(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		var request *render.Request
		renderings, err := c.Render(t.Context(), func(ctx context.Context, req *render.Request) (*render.Response, error) {
			request = req
			start := processor()
			defer func() { ours += processor() - start }()
			return render.Run(ctx, req)
		})
		if err != nil {
			t.Fatal(err)
		}
		n.charts++
		for _, p := range c.Problems {
			t.Logf("%s: %s", p.Path, p.Message)
		}
		for i, r := range renderings {
			n.sets++
			start := processor()
			texts, err := helmTexts(t.Context(), request, i)
			helms += processor() - start
			for _, p := range r.Problems {
				t.Logf("%s [%s] %s:%d %s: %.300s", path, r.Set.Name, p.Path, p.Place.Line(), p.Reason, p.Message)
				if err == nil && p.Reason != render.Missing && p.Reason != render.Version {
					t.Errorf("%s [%s]: Helm renders this chart", path, r.Set.Name)
				}
			}
			if err != nil && len(r.Problems) == 0 {
				t.Errorf("%s [%s]: Helm does not render this chart: %v", path, r.Set.Name, err)
			}
			for _, d := range r.Documents {
				n.documents++
				if err == nil && !slices.Contains(texts, d.File.Text()) {
					n.random++
				}
				total, verified, keys := lines(d)
				if len(d.Stubbed) > 0 {
					n.partial += total
					continue
				}
				n.lines, n.verified, n.keys = n.lines+total, n.verified+verified, n.keys+keys
				if total > verified {
					t.Logf("%s [%s] %s: %d of %d lines are not verified", path, r.Set.Name, d.Template.Path(), total-verified, total)
				}
			}
		}
	}
	t.Logf("%d charts, %d sets, %d documents (%d not as Helm's run), %d lines: %.3f %% verified, %.1f %% with a key; %d lines of charts with missing parts; processor %v, Helm alone %v: %.2f times",
		n.charts, n.sets, n.documents, n.random, n.lines, percent(n.verified, n.lines), percent(n.keys, n.lines), n.partial, ours.Round(time.Millisecond), helms.Round(time.Millisecond), float64(ours)/float64(helms))
	if percent(n.verified, n.lines) < 99.9 {
		t.Errorf("%d of %d lines are verified", n.verified, n.lines)
	}
}

func percent(part, of int) float64 { return 100 * float64(part) / float64(max(1, of)) }

// processor is the time that the process has spent on processors.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// lines counts the lines of a document that have content, those of them whose content has
// a proven origin, and those that have a key.
func lines(d *chart.Document) (total, verified, keys int) {
	for line := 1; line <= d.File.Lines(); line++ {
		span := d.File.LineSpan(line)
		text := d.File.Slice(span)
		if strings.TrimSpace(text) == "" {
			continue
		}
		total++
		covered, keyed := 0, false
		for _, part := range d.Origins.Parts(span) {
			o := d.Origins.Of(part)
			if o.Verified {
				covered += len(strings.Join(strings.Fields(d.File.Slice(part)), ""))
			}
			keyed = keyed || o.Value != nil
		}
		if covered == len(strings.Join(strings.Fields(text), "")) {
			verified++
		}
		if keyed {
			keys++
		}
	}
	return total, verified, keys
}

// helmTexts is what Helm makes of a chart and a set of a request.
func helmTexts(ctx context.Context, req *render.Request, set int) ([]string, error) {
	var files []*archive.BufferedFile
	for _, f := range req.Files {
		if f.Name != "" {
			files = append(files, &archive.BufferedFile{Name: f.Name, Data: []byte(strings.TrimPrefix(f.Data, "\ufeff"))})
		}
	}
	c, err := loader.LoadFiles(files)
	if err != nil {
		return nil, err
	}
	user := map[string]any{}
	for _, i := range req.Sets[set].Values {
		values, err := loader.LoadValues(strings.NewReader(req.Files[i].Data))
		if err != nil {
			return nil, err
		}
		user = loader.MergeMaps(user, values)
	}
	if err := chartutil.ProcessDependencies(c, user); err != nil {
		return nil, err
	}
	caps := common.DefaultCapabilities.Copy()
	for minor := 37; minor > 15; minor-- {
		v, err := common.ParseKubeVersion("v1." + string(rune('0'+minor/10)) + string(rune('0'+minor%10)) + ".0")
		if err != nil {
			return nil, err
		}
		caps.KubeVersion = *v
		if c.Metadata.KubeVersion == "" || chartutil.IsCompatibleRange(c.Metadata.KubeVersion, v.String()) {
			break
		}
	}
	values, err := util.ToRenderValuesWithSchemaValidation(c, user, common.ReleaseOptions{Name: "release-name", Namespace: "default", Revision: 1, IsInstall: true}, caps, true)
	if err != nil {
		return nil, err
	}
	rendered, err := engine.Engine{}.RenderWithContext(ctx, c, values)
	var texts []string
	for _, text := range rendered {
		texts = append(texts, text)
	}
	return texts, err
}
