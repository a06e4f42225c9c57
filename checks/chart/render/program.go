package render

import (
	"strings"
	"text/template/parse"

	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

// The functions that instrumented templates call beside their own. No template can call
// them by itself: to the parser of its text they are unknown.
const (
	fnText    = "__text"
	fnOut     = "__out"
	fnKeep    = "__keep"
	fnRange   = "__range"
	fnRound   = "__round"
	fnInclude = "__include"
	fnTpl     = "__tpl"
	fnLook    = "__look"
	fnDict    = "__dict"
	fnList    = "__list"
	fnSet     = "__set"
	fnPart    = "__part"
	fnTernary = "__ternary"
)

// A program is what instrumentation knows of the templates of a request. The numbers in
// instrumented templates are indices of its lists.
type program struct {
	texts  []textSite
	sites  []site
	slots  int
	bodies map[int]string // the templates' texts by their files
	// parsed are the templates that were parsed before, by Helm's names for their files.
	parsed map[string]*parsed
	// yaml are the values files that were read before.
	yaml map[int]*values
}

// values are a values file as nodes with places.
type values struct {
	roots    []*kube.Node
	problems []kube.Problem
}

// values reads a file of values, once for all sets.
func (p *program) values(file int, f File) *values {
	v := p.yaml[file]
	if v == nil {
		v = &values{}
		v.roots, v.problems = kube.Roots(source.NewFile(f.Path, f.Data))
		p.yaml[file] = v
	}
	return v
}

type parsed struct {
	file  int
	trees map[string]*parse.Tree
	err   error
}

func newProgram() *program {
	return &program{bodies: map[int]string{}, parsed: map[string]*parsed{}, yaml: map[int]*values{}}
}

// template parses and instruments a template, once for all sets. The trees are only read
// when they are run.
func (p *program) template(one renderable, f File, functions map[string]any) (map[string]*parse.Tree, error) {
	if known := p.parsed[one.name]; known != nil && known.file == one.file {
		return known.trees, known.err
	}
	body, base := f.body()
	made := &parsed{file: one.file}
	made.trees, made.err = p.parseTemplate(one.name, body, one.file, base, functions)
	p.parsed[one.name] = made
	return made.trees, made.err
}

// column is where in its line a place starts.
func (p *program) column(at Place) int {
	body := p.bodies[at.File]
	start := min(at.Start, len(body))
	return start - strings.LastIndexByte(body[:start], '\n') - 1
}

// slice is the text of a place.
func (p *program) slice(at Place) string {
	body := p.bodies[at.File]
	end := min(at.End, len(body))
	return body[min(at.Start, end):end]
}

// A textSite is a piece of text of a template that is not blank.
type textSite struct {
	text string
	file int
	// base is where the text starts in the file, lines are its lines that have content,
	// as spans of the text.
	base  int
	lines []Place
}

// A site is an action of a template, or a call in one that needs to know its place.
type site struct {
	place Place
	// refs are what the action reads.
	refs []ref
	// slot is the variable that the action sets, or what its body takes for the dot.
	slot int
	// body is how the part begins that the condition keeps away.
	body body
}

// relative is the file of places in the text of a `tpl`.
const relative = -2

// parseTemplate parses the text of a template and instruments all templates that it
// defines. Messages of the parser name it.
func (p *program) parseTemplate(name, text string, file, base int, functions map[string]any) (map[string]*parse.Tree, error) {
	trees := map[string]*parse.Tree{}
	places := actions(text)
	if nested(text, places) {
		return nil, limitError("actions nested deeper than %d", maxNest)
	}
	if _, err := parse.New(name).Parse(text, leftDelim, rightDelim, trees, functions, builtins); err != nil {
		return nil, err
	}
	if file != relative {
		p.bodies[file] = strings.Repeat(" ", base) + text
	}
	in := &instrumenter{program: p, file: file, base: base, text: text, actions: places}
	for _, tree := range trees {
		in.list(tree.Root, scope{dot: dotOfTemplate})
	}
	return trees, nil
}

// builtins are the functions that the template package brings. The parser asks only for
// their names.
var builtins = map[string]any{
	"and": true, "call": true, "html": true, "index": true, "slice": true, "js": true, "len": true, "not": true,
	"or": true, "print": true, "printf": true, "println": true, "urlquery": true,
	"eq": true, "ge": true, "gt": true, "le": true, "lt": true, "ne": true,
}
