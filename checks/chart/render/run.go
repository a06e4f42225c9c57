package render

import (
	"context"
	"path"
	"slices"
	"strings"
	"text/template"
)

// render renders the chart with the set.
func (r *run) render(ctx context.Context) {
	defer r.sortProblems()
	if p := r.excessive(); p != nil {
		r.problem(*p)
		return
	}
	l, err := r.load()
	if err != nil {
		r.problem(r.unreadable(err))
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
	r.files = map[string]int{}
	for _, one := range templates {
		r.files[one.name] = one.file
	}
	again, err := l.values()
	if err != nil {
		r.problem(whole(Other, "%v", err))
		return
	}
	t := r.tracer(ctx, asMap(values["Values"]), asMap(again["Values"]))
	r.missing(t, l)
	marked := r.trace(t, templates)
	for _, one := range templates {
		if m := marked[one.name]; m != nil && isLimit(m.err) {
			r.problem(r.failure(one, m.err))
			return // nobody must run these templates without bounds
		}
	}
	r.out.Origins, r.out.Frames = t.origins, t.frames
	r.out.Keys = r.keys(t.keys, l, marked)
	texts := r.plain(ctx, l, templates, marked)
	for _, one := range templates {
		text, ok := texts[one.name]
		if !ok || path.Base(one.name) == "NOTES.txt" || strings.TrimSpace(text) == "" {
			continue
		}
		d := Document{File: one.file, Text: text}
		if m := marked[one.name]; m != nil && m.err == nil {
			d.Stubbed = m.stubbed
			d.Segments = verify(text, m.text, len(m.stubbed) == 0)
			d.Branches = t.branches(text, d.Segments, m.skips)
		}
		r.out.Documents = append(r.out.Documents, d)
	}
	slices.SortStableFunc(r.out.Documents, func(a, b Document) int {
		return strings.Compare(r.req.Files[a.File].Name, r.req.Files[b.File].Name)
	})
}

// tracer makes a tracer for the chart's values.
func (r *run) tracer(ctx context.Context, values, pristine map[string]any) *tracer {
	t := newTracer(newBudget(ctx, r.limits), r.program, values, pristine)
	functions := helmFunctions()
	t.parsing = functions
	t.root = template.New("gotpl").Option("missingkey=zero")
	t.root.Funcs(t.watch(functions)).Funcs(t.functions())
	return t
}

// A traced template is what the instrumented run made of one: a text with marks, or why
// there is none.
type traced struct {
	text    string
	stubbed []string
	skips   []skipped
	err     error
}

// trace runs the instrumented templates.
func (r *run) trace(t *tracer, templates []renderable) map[string]*traced {
	all := map[string]*traced{}
	for _, one := range templates {
		trees, err := t.program.template(one, r.req.Files[one.file], t.parsing)
		if err != nil {
			all[one.name] = &traced{err: err}
			continue
		}
		for name, tree := range trees {
			if _, err := t.root.New(one.name).AddParseTree(name, tree); err != nil {
				all[one.name] = &traced{err: err}
			}
		}
	}
	for _, one := range templates {
		if one.isPartial() || all[one.name] != nil {
			continue
		}
		one.values["Template"] = map[string]any{"Name": one.name, "BasePath": one.base}
		text, err := t.execute(one.name, one.values)
		all[one.name] = &traced{text: text, stubbed: sortedNames(t.stubbed), skips: t.skips, err: err}
		if isLimit(err) {
			break
		}
	}
	return all
}

// verify finds the segments of Helm's text in a text with marks. They are not proven where
// parts of the chart are missing.
func verify(plain, marked string, whole bool) []Segment {
	text, segments := unmark(marked)
	if text != plain || isMarked(plain) {
		return nil
	}
	var all []Segment
	for _, s := range segments {
		if s.marked && s.mark != boundary {
			all = append(all, Segment{Start: s.start, End: s.end, Origin: int(s.mark) - 1, Verified: whole})
		}
	}
	return all
}
