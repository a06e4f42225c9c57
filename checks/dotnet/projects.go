package dotnet

import (
	"errors"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// IsProjectFile reports whether the file at a path can say what a .NET project needs:
// projects, what they import, lock files, runtime configuration, resources in a language
// and source.
func IsProjectFile(name string) bool {
	switch path.Base(name) {
	case lockFile, runtimeConfig:
		return true
	}
	switch path.Ext(name) {
	case ".props", ".targets":
		return true
	}
	return isProject(name) || isSource(name)
}

const (
	lockFile      = "packages.lock.json"
	runtimeConfig = "runtimeconfig.template.json"
)

func isProject(name string) bool {
	switch path.Ext(name) {
	case ".csproj", ".fsproj", ".vbproj":
		return true
	}
	return false
}

// satellite is a file of resources in one language: Texts.de-AT.resx.
var satellite = regexp.MustCompile(`\.[a-z]{2}(-[A-Z][a-z]{3})?(-[A-Z]{2})?\.resx$`)

func isSource(name string) bool {
	switch path.Ext(name) {
	case ".cs", ".fs", ".vb", ".razor", ".cshtml":
		return true
	case ".resx":
		return satellite.MatchString(name)
	}
	return false
}

// Projects are the .NET projects of a tree. They are safe for concurrent use. A file is
// read when it is first needed, and at most once.
type Projects struct {
	tree source.Tree
	// known are all paths, projects and sources those of their kind, sorted.
	known             map[string]bool
	projects, sources []string
	inFolder          map[string][]string // projects by folder
	byBase            map[string][]string // projects by the last part of the path

	documents cache[string, *document]
	evaluated cache[string, *project]
	locks     cache[string, []reference]
	texts     cache[string, *text]
	needs     cache[*dockerfile.Stage, *Needs]
}

// NewProjects are the projects among the paths, each of which [IsProjectFile] accepted.
func NewProjects(tree source.Tree, paths []string) *Projects {
	p := &Projects{tree: tree, known: make(map[string]bool, len(paths)), inFolder: map[string][]string{}, byBase: map[string][]string{}}
	for _, name := range slices.Sorted(slices.Values(paths)) {
		switch {
		case p.known[name]:
			continue
		case isProject(name):
			p.projects = append(p.projects, name)
			p.inFolder[path.Dir(name)] = append(p.inFolder[path.Dir(name)], name)
			p.byBase[path.Base(name)] = append(p.byBase[path.Base(name)], name)
		case isSource(name) && !isBuilt(name):
			p.sources = append(p.sources, name)
		}
		p.known[name] = true
	}
	return p
}

// isBuilt reports whether a file lies in a folder that builds write to.
func isBuilt(name string) bool {
	return strings.Contains("/"+name, "/obj/") || strings.Contains("/"+name, "/bin/")
}

// For says what the projects that a Dockerfile builds need: those in its last stage.
func (p *Projects) For(f *dockerfile.File) *Needs { return p.ForStage(f, f.Final()) }

// ForStage says what the projects need whose programs are in a stage's image.
func (p *Projects) ForStage(f *dockerfile.File, stage *dockerfile.Stage) *Needs {
	n, _ := p.needs.get(stage, func() (*Needs, error) { return p.find(f, stage), nil })
	return n
}

// A Property is what a project sets one of MSBuild's properties to.
type Property struct {
	Value string
	// Known is false where a condition or a variable in it could not be evaluated.
	Known bool
	// File and Span are where it is set.
	File *source.File
	Span source.Span
}

// Property is what the project at a path sets a property to, false where it sets nothing.
func (p *Projects) Property(project, name string) (Property, bool) {
	if !p.known[project] || !isProject(project) {
		return Property{}, false
	}
	s, ok := p.project(project).properties[strings.ToLower(name)]
	return Property{Value: s.value, Known: s.known, File: s.at.file, Span: s.at.span}, ok
}

func (p *Projects) document(name string) (*document, error) {
	return p.documents.get(name, func() (*document, error) {
		file, err := p.tree.Read(name)
		if err != nil {
			return nil, cause(err, name)
		}
		return parseXML(file)
	})
}

func (p *Projects) project(name string) *project {
	one, _ := p.evaluated.get(name, func() (*project, error) { return p.evaluate(name), nil })
	return one
}

// cause is the error of reading a file without the file's name, for texts that say it.
func cause(err error, name string) error {
	return errors.New(strings.TrimPrefix(err.Error(), "read "+name+": "))
}

// below are those of the sorted paths that lie in a folder or deeper.
func below(paths []string, dir string) []string {
	if dir == "." {
		return paths
	}
	first, _ := slices.BinarySearch(paths, dir+"/")
	last, _ := slices.BinarySearch(paths, dir+"0") // '0' follows '/'
	return paths[first:last]
}

// A cache computes the value of a key once, whoever asks first.
type cache[K comparable, V any] struct {
	mu     sync.Mutex
	values map[K]func() (V, error)
}

func (c *cache[K, V]) get(key K, compute func() (V, error)) (V, error) {
	c.mu.Lock()
	value, ok := c.values[key]
	if !ok {
		value = sync.OnceValues(compute)
		if c.values == nil {
			c.values = map[K]func() (V, error){}
		}
		c.values[key] = value
	}
	c.mu.Unlock()
	return value()
}
