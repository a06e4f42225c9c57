package dotnet

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/source"
)

// Bounds on one project.
const (
	maxImports   = 50
	maxExpansion = 1024
)

// A place is part of a file.
type place struct {
	file *source.File
	span source.Span
}

// A setting is the value of a property; it is not known where a condition or a variable
// in it could not be evaluated.
type setting struct {
	value string
	known bool
	at    place
}

// A project is what one project file and the files it imports say.
type project struct {
	path       string
	properties map[string]setting // by name in lower case
	// runtime is what the template of its runtime configuration sets for invariant mode,
	// nil where it sets nothing.
	runtime  *setting
	packages []reference
	// projects are the paths of the projects it refers to.
	projects []string
	// whole says that everything it refers to was found and could be evaluated.
	whole    bool
	problems []string
}

// A reference is a reference to a package.
type reference struct {
	id string
	at place
}

// name is the name of the assembly that the project builds, empty where it is not known.
func (p *project) name() string {
	s, ok := p.properties["assemblyname"]
	if !ok {
		return strings.TrimSuffix(path.Base(p.path), path.Ext(p.path))
	}
	if !s.known {
		return ""
	}
	return s.value
}

// evaluate reads a project as MSBuild's evaluation would: first properties in the order
// of the files, then items.
func (p *Projects) evaluate(name string) *project {
	e := evaluation{projects: p, project: &project{path: name, properties: map[string]setting{}, whole: true}, seen: map[string]bool{}}
	dir := path.Dir(name)
	for _, f := range []string{
		p.above(dir, "Directory.Build.props"), p.above(dir, "Directory.Packages.props"),
		name, p.above(dir, "Directory.Build.targets"),
	} {
		if f != "" {
			e.load(f, base.Yes)
		}
	}
	for _, i := range e.items {
		e.item(i)
	}
	e.configuration(path.Join(dir, runtimeConfig))
	return e.project
}

// above is the nearest file of that name in a folder or its parents, empty when there is
// none.
func (p *Projects) above(dir, name string) string {
	for ; ; dir = path.Dir(dir) {
		if f := path.Join(dir, name); p.known[f] {
			return f
		}
		if dir == "." {
			return ""
		}
	}
}

type evaluation struct {
	projects *Projects
	project  *project
	seen     map[string]bool
	items    []located
}

// located is an item, the file it stands in and whether that file is imported at all.
type located struct {
	node
	file     *source.File
	imported base.Known
}

// load takes the properties of a file and remembers its items. A file counts once, so a
// circle of imports ends.
func (e *evaluation) load(name string, imported base.Known) {
	if e.seen[name] {
		return
	}
	if len(e.seen) == maxImports {
		e.project.whole = false
		return
	}
	e.seen[name] = true
	doc, err := e.projects.document(name)
	if err != nil {
		e.fail(name, err)
		return
	}
	for _, n := range doc.nodes {
		switch n.kind {
		case property:
			e.set(n, doc.file, imported)
		case item:
			e.items = append(e.items, located{n, doc.file, imported})
		case importing:
			holds := and(imported, e.holds(n.conditions, doc.file))
			if holds == base.No {
				continue
			}
			to, ok := e.file(n.value, path.Dir(name), doc.file)
			if !ok || !e.projects.known[to] {
				e.project.whole = false
				continue
			}
			e.load(to, holds)
		}
	}
}

// fail notes a file that could not be read.
func (e *evaluation) fail(name string, err error) {
	e.project.whole = false
	e.project.problems = append(e.project.problems, fmt.Sprintf("`%s` could not be read: %v.", name, err))
}

const invariantSwitch = "System.Globalization.Invariant"

// configuration reads the template of the runtime's configuration.
func (e *evaluation) configuration(name string) {
	if !e.projects.known[name] {
		return
	}
	file, err := e.projects.tree.Read(name)
	if err != nil {
		e.fail(name, cause(err, name))
		return
	}
	var template struct {
		Properties map[string]any `json:"configProperties"`
	}
	if err := json.Unmarshal([]byte(strings.TrimPrefix(file.Text(), bom)), &template); err != nil {
		e.fail(name, err)
		return
	}
	if value, ok := template.Properties[invariantSwitch]; ok {
		at := place{file: file}
		if n := strings.Index(file.Text(), invariantSwitch); n >= 0 { // it may be written with escapes
			at.span = source.Span{Start: n, End: n + len(invariantSwitch)}
		}
		e.project.runtime = &setting{value: fmt.Sprint(value), known: true, at: at}
	}
}

// set sets a property. Where it is not known whether it is set, its value is not known,
// unless it would stay the same.
func (e *evaluation) set(n node, file *source.File, imported base.Known) {
	holds := and(imported, e.holds(n.conditions, file))
	if holds == base.No {
		return
	}
	key := strings.ToLower(n.name)
	value, ok := e.expand(n.value, file)
	if old, set := e.project.properties[key]; set && old.known && ok && holds == base.Unknown && strings.EqualFold(old.value, value) {
		return
	}
	e.project.properties[key] = setting{value: value, known: ok && holds == base.Yes, at: place{file, n.span}}
}

func (e *evaluation) item(i located) {
	switch and(i.imported, e.holds(i.conditions, i.file)) {
	case base.No:
		return
	case base.Unknown:
		e.project.whole = false
		return
	}
	for value := range strings.SplitSeq(i.remove, ";") {
		if id, ok := e.expand(strings.TrimSpace(value), i.file); ok && id != "" && i.name == "PackageReference" {
			e.project.packages = slices.DeleteFunc(e.project.packages, func(r reference) bool { return strings.EqualFold(r.id, id) })
		}
	}
	for value := range strings.SplitSeq(i.value, ";") {
		ok := true
		switch value = strings.TrimSpace(value); {
		case value == "":
		case i.name == "PackageReference":
			var id string
			if id, ok = e.expand(value, i.file); ok {
				e.project.add(reference{id, place{i.file, i.span}})
			}
		case i.link:
			var to string
			if to, ok = e.file(value, path.Dir(e.project.path), i.file); ok {
				if ok = isProject(to) && e.projects.known[to] && len(e.project.projects) < maxProjects; ok {
					e.project.projects = append(e.project.projects, to)
				}
			}
		case !i.analyzer: // a plugin, perhaps, which lies beside the application
			if to, found := e.file(value, path.Dir(e.project.path), i.file); found && isProject(to) && e.projects.known[to] && len(e.project.projects) < maxProjects {
				e.project.projects = append(e.project.projects, to)
			}
		}
		e.project.whole = e.project.whole && ok
	}
}

// add keeps a package that is known to need something, where it is named first.
func (p *project) add(r reference) {
	_, ok := factOf(r.id)
	if ok && !slices.ContainsFunc(p.packages, func(o reference) bool { return strings.EqualFold(o.id, r.id) }) {
		p.packages = append(p.packages, r)
	}
}

// fileAbove is the way in which a nested Directory.Build.props imports the outer one.
var fileAbove = regexp.MustCompile(`(?i)^\$\(\[MSBuild\]::GetPathOfFileAbove\(\s*'?([\w.-]+)'?\s*,\s*'?\$\(MSBuildThisFileDirectory\)(?:\.\.[/\\]?)?'?\s*\)\)$`)

// file is the path in the repository that a value names, relative to a folder unless it
// begins with one.
func (e *evaluation) file(value, dir string, in *source.File) (string, bool) {
	if m := fileAbove.FindStringSubmatch(strings.TrimSpace(value)); m != nil {
		here := path.Dir(in.Path())
		if here == "." {
			return "", false
		}
		to := e.projects.above(path.Dir(here), m[1])
		return to, to != ""
	}
	value, ok := e.expand(value, in)
	if !ok || strings.ContainsAny(value, "*?") {
		return "", false
	}
	value = strings.ReplaceAll(value, `\`, "/")
	if strings.HasPrefix(value, "/") { // only the folders that expand knows begin so
		return strings.TrimPrefix(path.Clean(value), "/"), true
	}
	return path.Join(dir, value), true
}

// expand replaces $(Name); false means that something in it is not known.
func (e *evaluation) expand(value string, in *source.File) (string, bool) {
	if strings.Contains(value, "@(") || strings.Contains(value, "%(") {
		return "", false
	}
	var out strings.Builder
	for {
		before, rest, more := strings.Cut(value, "$(")
		out.WriteString(before)
		if !more {
			return out.String(), true
		}
		name, after, closed := strings.Cut(rest, ")")
		v, ok := e.variable(name, in)
		if !closed || !ok || out.Len()+len(v) > maxExpansion {
			return "", false
		}
		out.WriteString(v)
		value = after
	}
}

// unsetByDefault are the properties that are empty unless somebody sets them.
// TargetFramework is not among them: a build for several frameworks sets it from outside.
var unsetByDefault = map[string]bool{"invariantglobalization": true, "targetframeworks": true, "assemblyname": true}

func (e *evaluation) variable(name string, in *source.File) (string, bool) {
	name = strings.ToLower(strings.TrimSpace(name))
	if s, ok := e.project.properties[name]; ok {
		return s.value, s.known
	}
	folder := func(dir string) string { return strings.TrimSuffix(path.Join("/", dir), "/") + "/" }
	switch name {
	case "configuration":
		return "Release", true
	case "msbuildthisfiledirectory":
		return folder(path.Dir(in.Path())), true
	case "msbuildprojectdirectory":
		return strings.TrimSuffix(folder(path.Dir(e.project.path)), "/"), true
	case "msbuildprojectname":
		return strings.TrimSuffix(path.Base(e.project.path), path.Ext(e.project.path)), true
	}
	return "", unsetByDefault[name]
}

// Conditions are comparisons and Exists('file'), alone or joined by "and" and "or".
// Anything else, parentheses included, is not known.
var (
	comparison  = regexp.MustCompile(`^\s*('[^']*'|[^'\s=!]+)\s*(==|!=)\s*('[^']*'|[^'\s=!]+)\s*$`)
	exists      = regexp.MustCompile(`(?i)^\s*exists\(\s*'([^']*)'\s*\)\s*$`)
	conjunction = regexp.MustCompile(`(?i)\s+and\s+`)
	disjunction = regexp.MustCompile(`(?i)\s+or\s+`)
)

// holds reports whether all conditions do.
func (e *evaluation) holds(conditions []string, in *source.File) base.Known {
	all := base.Yes
	for _, c := range conditions {
		all = and(all, e.condition(c, in))
	}
	return all
}

func (e *evaluation) condition(c string, in *source.File) base.Known {
	if len(c) > maxExpansion {
		return base.Unknown
	}
	one := base.No
	for _, alternative := range disjunction.Split(c, -1) {
		all := base.Yes
		for _, part := range conjunction.Split(alternative, -1) {
			all = and(all, e.compare(part, in))
		}
		one = or(one, all)
	}
	return one
}

func (e *evaluation) compare(c string, in *source.File) base.Known {
	if m := exists.FindStringSubmatch(c); m != nil {
		if file, ok := e.file(m[1], path.Dir(in.Path()), in); ok && e.projects.known[file] {
			return base.Yes
		}
		return base.Unknown // it may be no file that we collect
	}
	m := comparison.FindStringSubmatch(c)
	if m == nil {
		return base.Unknown
	}
	left, ok := e.expand(strings.Trim(m[1], "'"), in)
	right, ok2 := e.expand(strings.Trim(m[3], "'"), in)
	if !ok || !ok2 {
		return base.Unknown
	}
	if strings.EqualFold(left, right) == (m[2] == "==") {
		return base.Yes
	}
	return base.No
}

func and(a, b base.Known) base.Known {
	switch {
	case a == base.No || b == base.No:
		return base.No
	case a == base.Yes && b == base.Yes:
		return base.Yes
	}
	return base.Unknown
}

func or(a, b base.Known) base.Known {
	switch {
	case a == base.Yes || b == base.Yes:
		return base.Yes
	case a == base.No && b == base.No:
		return base.No
	}
	return base.Unknown
}
