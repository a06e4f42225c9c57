package render

import (
	"context"
	"path"
	"slices"
	"strings"
	"text/template"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/engine"
)

// render renders the chart with the set.
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
	templates, err := l.renderables(values)
	if err != nil {
		r.problem(whole(Other, "%v", err))
		return
	}
	again, err := l.values()
	if err != nil {
		r.problem(whole(Other, "%v", err))
		return
	}
	t := r.tracer(ctx, asMap(values["Values"]), asMap(again["Values"]))
	marked := r.trace(t, templates)
	if slices.ContainsFunc(r.out.Problems, func(p Problem) bool { return p.Reason == Limit }) {
		return // nobody must run these templates without bounds
	}
	r.out.Origins, r.out.Frames = t.origins, t.frames
	r.out.Keys = r.keys(t.keys, l)
	texts := r.plain(ctx, l, again)
	for _, template := range templates {
		text, ok := texts[template.name]
		if !ok || path.Base(template.name) == "NOTES.txt" || strings.TrimSpace(text) == "" {
			continue
		}
		d := Document{File: template.file, Text: text}
		if m, ok := marked[template.name]; ok {
			d.Segments = verify(text, m)
		}
		r.out.Documents = append(r.out.Documents, d)
	}
	slices.SortStableFunc(r.out.Documents, func(a, b Document) int {
		return strings.Compare(r.req.Files[a.File].Name, r.req.Files[b.File].Name)
	})
}

// tracer makes a tracer for the chart's values.
func (r *run) tracer(ctx context.Context, values, pristine map[string]any) *tracer {
	t := newTracer(newBudget(ctx, r.limits), &program{}, values, pristine)
	functions := helmFunctions()
	t.parsing = functions
	t.root = template.New("gotpl").Option("missingkey=zero")
	t.root.Funcs(t.watch(functions)).Funcs(t.functions())
	return t
}

// trace runs the instrumented templates and gives what each printed, with marks.
func (r *run) trace(t *tracer, templates []renderable) map[string]string {
	for _, one := range templates {
		trees, err := t.program.parseTemplate(one.name, r.req.Files[one.file].Data, one.file, 0, t.parsing)
		if err != nil {
			r.problem(r.parseProblem(one, err))
			continue
		}
		for name, tree := range trees {
			if _, err := t.root.New(one.name).AddParseTree(name, tree); err != nil {
				r.problem(r.parseProblem(one, err))
			}
		}
	}
	marked := map[string]string{}
	for _, one := range templates {
		if one.isPartial() || t.root.Lookup(one.name) == nil {
			continue
		}
		one.values["Template"] = map[string]any{"Name": one.name, "BasePath": one.base}
		text, err := t.execute(one.name, one.values)
		if err != nil {
			r.problem(r.executeProblem(t, one, err))
			if isLimit(err) {
				break
			}
			continue
		}
		marked[one.name] = text
	}
	return marked
}

// plain is what Helm's own engine makes of the templates.
func (r *run) plain(ctx context.Context, l *loaded, values common.Values) map[string]string {
	e := engine.Engine{CustomTemplateFuncs: steady()}
	texts, err := e.RenderWithContext(ctx, l.Chart, values)
	if err != nil {
		r.problem(whole(Other, "%v", err))
	}
	return texts
}

// verify finds the segments of Helm's text in a text with marks.
func verify(plain, marked string) []Segment {
	text, segments := unmark(marked)
	if text != plain || isMarked(plain) {
		return nil
	}
	var all []Segment
	for _, s := range segments {
		if s.marked && s.mark != boundary {
			all = append(all, Segment{Start: s.start, End: s.end, Origin: int(s.mark) - 1, Verified: true})
		}
	}
	return all
}

// parseProblem and executeProblem say why a template gives nothing.
func (r *run) parseProblem(one renderable, err error) Problem {
	return Problem{Reason: Syntax, Place: Place{File: None}, Template: one.file, Message: err.Error()}
}

func (r *run) executeProblem(t *tracer, one renderable, err error) Problem {
	reason := Other
	if isLimit(err) {
		reason = Limit
	}
	return Problem{Reason: reason, Place: Place{File: None}, Template: one.file, Message: err.Error()}
}
