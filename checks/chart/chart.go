// Package chart finds the Helm charts of a tree, renders them and knows of every rendered
// byte which template, which inclusion and which values key it comes from.
//
// A chart is loaded with all that it needs: its dependencies from charts/, from folders
// of the tree, or from whoever the caller names. It is rendered once with its own values
// and once with each values file that lies beside them, and what is rendered is read as
// Kubernetes objects. What cannot be rendered is a [Problem] with a line; the rest of the
// chart is rendered all the same.
//
// The place of a values key is the key and all that it holds. Lines of a block scalar have
// that of their key, so it starts at the key's line and not at their own, also where `tpl`
// has run the scalar as a template.
//
// The package reads text and gives it to package render, which runs the templates; it
// knows neither rules nor the network.
package chart

import (
	"context"
	"fmt"
	"path"

	"github.com/chiselbot/chiselbot/checks/chart/render"
	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

// A Chart is a chart with its dependencies, ready to be rendered.
type Chart struct {
	// Path is the chart's folder, "." at the root of the tree.
	Path string
	// Name and Version are those of its Chart.yaml.
	Name, Version string
	// Library says that the chart only lends templates to others and renders to nothing.
	Library bool
	// Sets are the sets of values to render it with, the first being its own values.
	Sets []Set
	// Problems are what is wrong with its files.
	Problems []Problem

	files   []*file
	packed  map[*source.File]bool // files of archives
	missing []missing
	tree    source.Tree // in which the chart lies
}

// A file is a file of a chart, as [render.File] has it.
type file struct {
	name   string // in the chart; empty when it is a values file from elsewhere
	source *source.File
	packed bool // from an archive: nobody can edit it in the tree
}

// A Set is a set of values to render a chart with.
type Set struct {
	// Name is the path of the values file from the chart's folder, empty for the chart's
	// own values.
	Name string
	// Settings say the rest.
	Settings
}

// A Problem is why a chart or a part of it could not be read or rendered.
type Problem struct {
	Reason render.Reason
	// Place is where it happened; zero when it is about the whole chart.
	Place kube.Place
	// Path is the file that is lost, or the chart's folder when it is the whole chart. Also
	// are other files that are lost for the same reason.
	Path string
	Also []string
	// Message says what is wrong, Help what to do about it, both as sentences with a full
	// stop.
	Message, Help string
}

// A Rendering is a chart rendered with one set of values.
type Rendering struct {
	Set       Set
	Documents []*Document
	Problems  []Problem
}

// Objects are the objects of all documents.
func (r *Rendering) Objects() []*kube.Object {
	var all []*kube.Object
	for _, d := range r.Documents {
		all = append(all, d.Objects...)
	}
	return all
}

// A Document is what one template rendered to.
type Document struct {
	// Template is the template's file.
	Template *source.File
	// File is the rendered text under the template's path.
	File *source.File
	// Origins lead from the text to its sources.
	Origins *Origins
	Objects []*kube.Object
	// Problems are what is wrong with the text as YAML, its places in File.
	Problems []kube.Problem
	// Stubbed are the templates of missing dependencies that were taken for empty. The
	// text is not what Helm would give with them, and no origin in it is verified.
	Stubbed []string
}

// A Renderer runs the templates of a chart: [render.Run] in this process, or in another.
type Renderer func(context.Context, *render.Request) (*render.Response, error)

// Render renders the chart with each of its sets. An error means that the renderer broke
// or that ctx ended; all that a chart can do wrong is a problem.
func (c *Chart) Render(ctx context.Context, run Renderer) ([]*Rendering, error) {
	if c.Library {
		return nil, nil
	}
	req := c.request()
	resp, err := run(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("render chart %s: %w", c.Path, err)
	}
	if len(resp.Renderings) != len(c.Sets) {
		return nil, fmt.Errorf("render chart %s: %d renderings for %d sets of values", c.Path, len(resp.Renderings), len(c.Sets))
	}
	all := make([]*Rendering, len(c.Sets))
	for i := range c.Sets {
		all[i] = c.rendering(c.Sets[i], &resp.Renderings[i])
	}
	return all, nil
}

// request is what the renderer is asked.
func (c *Chart) request() *render.Request {
	req := &render.Request{}
	index := map[string]int{}
	for i, f := range c.files {
		req.Files = append(req.Files, render.File{Name: f.name, Path: f.source.Path(), Data: f.source.Text()})
		index[f.source.Path()] = i
	}
	for _, m := range c.missing {
		req.Missing = append(req.Missing, m.Dependency)
	}
	for _, s := range c.Sets {
		set := render.Set{Assignments: s.Set, KubeVersion: s.KubeVersion, APIVersions: s.APIVersions}
		for _, v := range s.Values {
			set.Values = append(set.Values, index[path.Join(c.Path, v)])
		}
		req.Sets = append(req.Sets, set)
	}
	return req
}

// rendering puts a renderer's answer into our terms.
func (c *Chart) rendering(set Set, answer *render.Rendering) *Rendering {
	r := &Rendering{Set: set}
	for i := range answer.Documents {
		d := &answer.Documents[i]
		doc := &Document{Template: c.files[d.File].source, Stubbed: d.Stubbed}
		doc.File = source.NewFile(doc.Template.Path(), d.Text)
		doc.Origins = &Origins{chart: c, set: set.Name, rendering: answer, document: d, file: doc.File}
		doc.Objects, doc.Problems = kube.Parse(doc.File, doc.Origins)
		r.Documents = append(r.Documents, doc)
	}
	for i := range answer.Problems {
		r.Problems = append(r.Problems, c.problem(set, &answer.Problems[i]))
	}
	return r
}

// place is a renderer's place in our terms.
func (c *Chart) place(p render.Place) kube.Place {
	if p.File < 0 || p.File >= len(c.files) {
		return kube.Place{}
	}
	return kube.Place{File: c.files[p.File].source, Span: source.Span{Start: p.Start, End: p.End}}
}
