package chart

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/chiselbot/chiselbot/checks/chart/render"
	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

// metadataFile is what makes a folder a chart.
const metadataFile = "Chart.yaml"

// Charts are the charts of one tree. It is not safe for concurrent use.
type Charts struct {
	// Paths are the folders of the charts, in lexical order. A chart in the charts/ folder
	// of another is a part of that one and is not listed.
	Paths []string

	tree    source.Tree
	fetcher Fetcher
	fetched int                  // dependencies that were asked for
	known   map[string]*metadata // by folder, the vendored charts too
	byName  map[string][]string  // folders by the charts' names, without vendored ones
}

// A Fetcher supplies dependencies that a tree does not have.
type Fetcher interface {
	// Fetch gives the archive (.tgz) of a chart from a repository, which has the form
	// oci://host/path or https://host/path, or nil when it is not to be had. The version
	// is a range as charts declare it. An error is why it could not be fetched, although it
	// may be.
	Fetch(ctx context.Context, repository, name, version string) ([]byte, error)
}

// Find finds the charts of a tree. The fetcher may be nil. An error means that the tree
// could not be listed or that ctx ended.
func Find(ctx context.Context, tree source.Tree, fetcher Fetcher) (*Charts, error) {
	files, err := tree.Find(ctx, func(name string) bool { return path.Base(name) == metadataFile })
	if err != nil {
		return nil, err
	}
	c := &Charts{tree: tree, fetcher: fetcher, known: map[string]*metadata{}, byName: map[string][]string{}}
	folders := map[string]bool{}
	for _, f := range files {
		folders[path.Dir(f)] = true
	}
	for _, f := range files {
		if dir := path.Dir(f); !vendored(dir, folders) {
			c.Paths = append(c.Paths, dir)
		}
	}
	slices.Sort(c.Paths)
	return c, nil
}

// vendored reports whether the folder lies in the charts/ folder of a chart.
func vendored(dir string, charts map[string]bool) bool {
	for dir != "." {
		parent := path.Dir(dir)
		if path.Base(parent) == "charts" && charts[path.Dir(parent)] {
			return true
		}
		dir = parent
	}
	return false
}

// metadata is what we need of a Chart.yaml. Its zero value stands for one that cannot be
// read.
type metadata struct {
	file         *source.File
	name         string
	version      string
	library      bool
	dependencies []dependency
	problems     []Problem
}

// A dependency is one that a chart declares.
type dependency struct {
	name, alias, version, repository string
	place                            kube.Place
}

// remote reports whether the dependency lies in a repository that can be fetched from.
func (d dependency) remote() bool {
	return strings.HasPrefix(d.repository, "oci://") || strings.HasPrefix(d.repository, "https://")
}

// as is the name that the dependency has in the chart that declares it.
func (d dependency) as() string {
	if d.alias != "" {
		return d.alias
	}
	return d.name
}

// readMetadata reads a Chart.yaml, and for charts of the first version the
// requirements.yaml beside it, which may be nil.
func readMetadata(file, requirements *source.File) *metadata {
	m := &metadata{file: file}
	root := m.root(file)
	m.name, m.version = root.Text("name"), root.Text("version")
	m.library = strings.EqualFold(root.Text("type"), "library")
	m.depend(file, root)
	if requirements != nil {
		m.depend(requirements, m.root(requirements))
	}
	if m.name == "" && len(m.problems) == 0 {
		m.problems = append(m.problems, Problem{
			Reason: render.Syntax, Path: file.Path(), Place: kube.Place{File: file},
			Message: "The chart has no name.", Help: "Give it a `name` in its Chart.yaml.",
		})
	}
	return m
}

func (m *metadata) root(file *source.File) *kube.Node {
	roots, problems := kube.Roots(file)
	for _, p := range problems {
		if p.Lost {
			m.problems = append(m.problems, Problem{Reason: render.Syntax, Path: file.Path(), Place: kube.Place{File: file, Span: p.Span}, Message: p.Message})
		}
	}
	if len(roots) == 0 {
		return nil
	}
	return roots[0]
}

func (m *metadata) depend(file *source.File, root *kube.Node) {
	list := root.List("dependencies")
	if list == nil {
		return
	}
	m.dependencies = nil
	for _, d := range list {
		m.dependencies = append(m.dependencies, dependency{
			name: d.Text("name"), alias: d.Text("alias"), version: d.Text("version"), repository: d.Text("repository"),
			place: kube.Place{File: file, Span: d.Span},
		})
	}
}

// compatible reports whether a version is within the range that a dependency names, as
// Helm decides it.
func compatible(constraint, version string) bool {
	v, err := semver.NewVersion(version)
	if err != nil {
		return false
	}
	if constraint == "" {
		constraint = "*"
	}
	c, err := semver.NewConstraint(constraint)
	return err == nil && c.Check(v)
}

// metadata is that of the chart in a folder of the tree, nil where there is no chart.
func (c *Charts) metadata(dir string) *metadata {
	if m, ok := c.known[dir]; ok {
		return m
	}
	var m *metadata
	if file, err := c.tree.Read(path.Join(dir, metadataFile)); err == nil {
		requirements, err := c.tree.Read(path.Join(dir, "requirements.yaml"))
		if err != nil {
			requirements = nil
		}
		m = readMetadata(file, requirements)
	}
	c.known[dir] = m
	return m
}

// named are the folders of the tree's charts of a name.
func (c *Charts) named(name string) []string {
	if len(c.byName) == 0 {
		for _, dir := range c.Paths {
			if m := c.metadata(dir); m != nil {
				c.byName[m.name] = append(c.byName[m.name], dir)
			}
		}
	}
	return c.byName[name]
}

var errTooMuch = errors.New("too much")

// Load loads the chart in a folder with its dependencies. A chart that cannot be loaded
// has problems and no sets. An error means that ctx ended.
func (c *Charts) Load(ctx context.Context, dir string, settings ...Settings) (*Chart, error) {
	chart := &Chart{Path: dir, packed: map[*source.File]bool{}, tree: c.tree}
	m := c.metadata(dir)
	if m == nil {
		chart.lost("", fmt.Sprintf("The file `%s` cannot be read.", path.Join(dir, metadataFile)), "")
		return chart, nil
	}
	chart.Name, chart.Version, chart.Library = m.name, m.version, m.library
	chart.Problems = append(chart.Problems, m.problems...)
	if len(m.problems) > 0 {
		return chart, nil
	}
	l := loader{charts: c, chart: chart}
	if err := l.load(ctx, dir, "", nil); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !errors.Is(err, errTooMuch) {
			return nil, err
		}
		return chart, nil
	}
	if !chart.Library {
		l.sets(settings)
	}
	return chart, nil
}

// lost notes a problem that concerns the whole chart, or the file if it is given.
func (c *Chart) lost(file, message, help string) {
	c.Problems = append(c.Problems, Problem{Reason: render.Other, Path: path.Join(c.Path, file), Message: message, Help: help})
}
