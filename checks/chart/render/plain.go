package render

import (
	"context"
	"path"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/engine"

	chart "helm.sh/helm/v4/pkg/chart/v2"
)

// render renders the chart.
func (r *run) render(ctx context.Context) {
	l, err := r.load()
	if err != nil {
		r.problem(whole(Syntax, "%v", err))
		return
	}
	values, err := l.values()
	if err != nil {
		r.problem(whole(Other, "%v", err))
		return
	}
	texts, err := engine.Engine{}.RenderWithContext(ctx, l.Chart, values)
	if err != nil {
		r.problem(whole(Other, "%v", err))
		return
	}
	names := make([]string, 0, len(texts))
	for name := range texts {
		names = append(names, name)
	}
	slices.Sort(names)
	files := l.templates()
	for _, name := range names {
		if path.Base(name) == "NOTES.txt" || strings.TrimSpace(texts[name]) == "" {
			continue
		}
		r.out.Documents = append(r.out.Documents, Document{File: files[name], Text: texts[name]})
	}
}

// templates are the indices of the templates' files by Helm's names for them.
func (l *loaded) templates() map[string]int {
	all := map[string]int{}
	var visit func(c *chart.Chart)
	visit = func(c *chart.Chart) {
		for _, t := range c.Templates {
			if len(t.Data) > 0 {
				all[path.Join(c.ChartFullPath(), t.Name)] = l.files[&t.Data[0]]
			}
		}
		for _, d := range c.Dependencies() {
			visit(d)
		}
	}
	visit(l.Chart)
	return all
}
