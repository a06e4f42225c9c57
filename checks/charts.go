package checks

import (
	"context"
	"errors"
	"path"
	"strings"

	"github.com/chiselbot/chiselbot/checks/chart"
	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

// DefaultSet is the name of the values set that is a chart's own values and nothing else.
const DefaultSet = "values.yaml"

// inChart reports whether a file is a part of a chart rather than a manifest that lies in
// its folder.
func inChart(name string, charts []string) bool {
	for _, dir := range charts {
		rest, ok := strings.CutPrefix(name, dir+"/")
		if dir == "." {
			rest, ok = name, true
		}
		if !ok {
			continue
		}
		first, _, nested := strings.Cut(rest, "/")
		switch first {
		case "templates", "charts", "crds", "ci":
			return true
		}
		if !nested {
			return true
		}
	}
	return false
}

// isChartText reports whether a file of a chart is one that people write comments in.
func isChartText(name string) bool {
	switch path.Ext(name) {
	case ".yaml", ".yml", ".tpl":
		return true
	}
	return false
}

// notRendered is what a chart is for which there was no time.
const notRendered = "this chart was not rendered"

// charts renders all charts of the tree. What cannot be rendered is skipped.
func (r *runner) charts(ctx context.Context, charts *chart.Charts, to *Result) error {
	type rendered struct {
		home     *source.File
		chart    *chart.Chart
		releases []*Release
		skips    []Skip
	}
	var jobs []func(context.Context) rendered
	for _, dir := range charts.Paths {
		if r.opts.IsChart != nil && !r.opts.IsChart(dir) {
			continue
		}
		home, err := r.tree.Read(path.Join(dir, "Chart.yaml"))
		if err != nil {
			home = source.NewFile(path.Join(dir, "Chart.yaml"), "")
		}
		to.Charts++
		var c *chart.Chart
		err = r.withinBudget(ctx, func(ctx context.Context) (err error) {
			c, err = charts.Load(ctx, dir, r.opts.Charts[dir]...)
			return err
		})
		switch {
		case errors.Is(err, errBudget):
			to.Files, to.Skips = append(to.Files, home), append(to.Skips, r.late(home, notRendered))
			continue
		case err != nil:
			return err
		}
		jobs = append(jobs, func(ctx context.Context) rendered {
			out := rendered{home: home, chart: c}
			for _, p := range c.Problems {
				out.skips = append(out.skips, chartSkip(home, "", p))
			}
			var renderings []*chart.Rendering
			err := r.withinBudget(ctx, func(ctx context.Context) (err error) { renderings, err = c.Render(ctx, r.opts.Render); return err })
			switch {
			case errors.Is(err, errBudget):
				out.skips = append(out.skips, r.late(home, notRendered))
			case err != nil:
				out.skips = append(out.skips, Skip{
					Path: home.Path(), File: home, Home: home, Reason: sentence(err), Help: "Nothing of this chart was checked.",
				})
			}
			for _, rendering := range renderings {
				rel, skips := r.rendered(home, rendering)
				out.releases = append(out.releases, rel)
				out.skips = append(out.skips, skips...)
			}
			return out
		})
	}
	all, err := each(ctx, jobs)
	if err != nil {
		return err
	}
	for _, one := range all {
		to.Files = append(to.Files, one.home)
		to.Releases = append(to.Releases, one.releases...)
		to.Skips = append(to.Skips, one.skips...)
	}
	return nil
}

// rendered is the release of a chart under one values set.
func (r *runner) rendered(home *source.File, rendering *chart.Rendering) (*Release, []Skip) {
	rel := &Release{Chart: home, Set: rendering.Set.Name}
	if rel.Set == "" {
		rel.Set = DefaultSet
	}
	rel.cluster = rendering.Set.KubeVersion
	if roots, _ := kube.Roots(home); len(roots) > 0 {
		rel.wanted = roots[0].Text("kubeVersion")
	}
	var skips []Skip
	for _, p := range rendering.Problems {
		skips = append(skips, chartSkip(home, rel.Set, p))
	}
	for _, d := range rendering.Documents {
		for _, o := range d.Objects {
			rel.add(o, r.opts.Pods)
		}
		for _, p := range d.Problems {
			if !p.Lost {
				continue
			}
			at := d.Origins.Of(p.Span).Template
			if at.IsZero() {
				at = kube.Place{File: d.Template}
			}
			skips = append(skips, Skip{
				Path: d.Template.Path(), File: at.File, Span: at.Span, Home: home, Sets: []string{rel.Set}, Reason: p.Message,
				Help: "What the template rendered to was not checked from there on; `chiselbot render` shows it.",
			})
		}
	}
	return rel, skips
}

func chartSkip(home *source.File, set string, p chart.Problem) Skip {
	s := Skip{Path: p.Path, File: p.Place.File, Span: p.Place.Span, Home: home, Reason: p.Message, Help: p.Help}
	if s.File != nil {
		s.Path = s.File.Path()
	}
	if set != "" {
		s.Sets = []string{set}
	}
	return s
}
