package render

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/engine"
)

// plain is what Helm's own engine makes of the templates. It gives all or nothing, so
// templates that fail are taken out until the others succeed.
func (r *run) plain(ctx context.Context, l *loaded, templates []renderable, marked map[string]*traced) map[string]string {
	r.addStubs(l, marked)
	failing := map[string]error{} // by the templates' names
	const attempts = 8
	var texts map[string]string
	var err error
	for range attempts {
		var values common.Values
		if values, err = l.values(); err != nil {
			break
		}
		texts, err = engine.Engine{CustomTemplateFuncs: steady()}.RenderWithContext(ctx, l.Chart, values)
		if err == nil {
			break
		}
		known := len(failing)
		for _, one := range templates {
			if m := marked[one.name]; m != nil && m.err != nil {
				failing[one.name] = m.err
			}
		}
		if len(failing) == known {
			one := blamed(err, templates)
			if one == nil || failing[one.name] != nil {
				break
			}
			failing[one.name] = err
		}
		setAside(l.Chart, failing)
	}
	for _, one := range templates {
		if failure := failing[one.name]; failure != nil {
			r.problem(r.failure(one, failure))
		}
	}
	if err != nil {
		r.problem(whole(Other, "%v", err))
	}
	return texts
}

// blamed is the template of which an error of Helm speaks first.
func blamed(err error, templates []renderable) *renderable {
	message := err.Error()
	var found *renderable
	first := len(message)
	for i := range templates {
		if at := strings.Index(message, templates[i].name+":"); at >= 0 && at < first {
			first, found = at, &templates[i]
		}
	}
	return found
}

// setAside makes partials of templates: Helm parses those and does not render them. One
// that does not parse is emptied.
func setAside(c *chart.Chart, failing map[string]error) {
	c.Templates = slices.Clone(c.Templates)
	for i, t := range c.Templates {
		err, ok := failing[path.Join(c.ChartFullPath(), t.Name)]
		if !ok {
			continue
		}
		dir, base := path.Split(t.Name)
		aside := &common.File{Name: dir + "_" + base, Data: t.Data}
		if isParseError(err) {
			aside = &common.File{Name: t.Name}
		}
		c.Templates[i] = aside
	}
	for _, d := range c.Dependencies() {
		setAside(d, failing)
	}
}

// addStubs adds the templates of missing dependencies that were taken for empty.
func (r *run) addStubs(l *loaded, marked map[string]*traced) {
	var names []string
	for _, m := range marked {
		names = append(names, m.stubbed...)
	}
	slices.Sort(names)
	var text strings.Builder
	for _, name := range slices.Compact(names) {
		fmt.Fprintf(&text, "{{define %q}}{{end}}", name)
	}
	if text.Len() > 0 {
		l.Templates = append(l.Templates, &common.File{Name: "templates/_stubs.tpl", Data: []byte(text.String())})
	}
}
