package config

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/source"
)

// maxProblems is how many problems of a file are told.
const maxProblems = 50

// severities are what a rule can be set to, in the order of their values.
var severities = []string{checks.Off.String(), checks.Notice.String(), checks.Warning.String(), checks.Error.String()}

// Parse reads a settings file in which the rules in known, and no others, may be named.
// It reports every problem of the file in the order of their places. Settings with a
// problem are not used in part: the default ones are returned instead.
func Parse(file *source.File, known []string) (*Settings, []Problem) {
	return parse(file, known, nil)
}

// parse is Parse on top of the owner's settings, which hold where there is a problem.
func parse(file *source.File, known []string, owner *Owner) (*Settings, []Problem) {
	p := reading{file: file, known: known, owner: owner}
	settings := owner.settings()
	if root := p.load(); root != nil {
		p.refuse(root)
		p.settings(root, settings)
	}
	if len(p.problems) > 0 {
		return owner.settings(), p.told()
	}
	return settings, nil
}

// A reading is one run of [Parse] over a file.
type reading struct {
	file     *source.File
	known    []string
	owner    *Owner
	problems []Problem
	// ofOwner takes what only an owner's settings have; nil in others.
	ofOwner *Owner
}

func (p *reading) problem(at source.Span, key, message, help string) {
	if len(p.problems) < maxProblems {
		p.problems = append(p.problems, Problem{File: p.file, Span: at, Key: key, Message: message, Help: help})
	}
}

// told are the problems in the order of their places. Where there are too many, the
// last one says so instead.
func (p *reading) told() []Problem {
	slices.SortStableFunc(p.problems, func(a, b Problem) int { return cmp.Compare(a.Span.Start, b.Span.Start) })
	if len(p.problems) == maxProblems {
		last := &p.problems[maxProblems-1]
		last.Message, last.Help = fmt.Sprintf("There are more than %d problems; the others are not shown.", maxProblems-1), ""
	}
	return p.problems
}

func (p *reading) settings(n *yaml.Node, s *Settings) {
	p.mapping(n, "", func(key string, name, value *yaml.Node) {
		switch name.Value {
		case "fail-on":
			set(p, key, &s.FailOn, p.severity(value, key, failOn))
		case "unaffected":
			set(p, key, &s.Unaffected, Unaffected(p.word(value, key, []string{string(Success), string(None)})))
		case "rules":
			p.rules(value, key, s)
		case "dockerfiles":
			all := s.Dockerfiles
			p.globLists(value, key, &all.Include, &all.Exclude)
			set(p, key, &s.Dockerfiles, all)
		case "manifests":
			all := s.Manifests
			p.globLists(value, key, &all.Include, &all.Exclude)
			set(p, key, &s.Manifests, all)
		case "charts":
			set(p, key, &s.Charts, p.charts(value, key))
		case "images":
			set(p, key, &s.Images, p.images(value, key))
		case "mirrors":
			set(p, key, &s.Mirrors, p.mirrors(value, key))
		case "pods":
			set(p, key, &s.Pods, p.pods(value, key))
		case "proposals":
			p.proposals(value, key, s)
		case "fix":
			set(p, key, &s.Fix, Fix(p.word(value, key, []string{string(FixCommits), string(FixProposes)})))
		case "suggestions":
			set(p, key, &s.Suggestions, p.number(value, key, maxSuggestions))
		case "ignore":
			p.ignore(value, key, s)
		case "ignores":
			set(p, key, &s.Ignores, append(p.owner.settings().Ignores, p.ignores(value, key)...))
		case "locked": // which is no field
			if p.ofOwner != nil {
				p.ofOwner.Locked = p.lockable(value, key)
				return
			}
			fallthrough
		default:
			p.unknown(name, key, reflect.TypeFor[Settings]())
		}
	})
}

// set sets what the owner has not locked.
func set[T any](p *reading, key string, setting *T, value T) {
	if !p.owner.locks(key) {
		*setting = value
	}
}

func (p *reading) rules(n *yaml.Node, path string, s *Settings) {
	rules := maps.Clone(s.Rules)
	if rules == nil {
		rules = map[string]checks.Severity{}
	}
	p.mapping(n, path, func(key string, name, value *yaml.Node) {
		if !slices.Contains(p.known, name.Value) {
			p.problem(p.span(name), key, fmt.Sprintf("There is no rule %s.", code(name.Value)),
				didYouMean(name.Value, p.known, "`chiselbot rules` lists the rules."))
		}
		if severity := p.severity(value, key, severities); !p.owner.locks(path + "." + name.Value) {
			rules[name.Value] = severity
		}
	})
	s.Rules = rules
}

// severity reads a severity by its name. A YAML 1.1 parser would take a plain off for a
// boolean; ours takes it for text, as YAML 1.2 has it.
func (p *reading) severity(n *yaml.Node, path string, names []string) checks.Severity {
	return checks.Severity(max(0, slices.Index(names, p.word(n, path, names))))
}

// word reads one of several words, or nothing where there is another.
func (p *reading) word(n *yaml.Node, path string, names []string) string {
	oneOf := fmt.Sprintf("Write %s.", codes(names))
	if !p.is(n, path, yaml.ScalarNode, oneOf) {
		return ""
	}
	if !slices.Contains(names, n.Value) {
		what := "a value"
		if slices.Contains(names, checks.Warning.String()) {
			what = "a severity"
		}
		p.problem(p.span(n), path, fmt.Sprintf("%s is not %s for %s.", code(n.Value), what, code(path)), didYouMean(n.Value, names, oneOf))
		return ""
	}
	return n.Value
}

// globLists reads a mapping with what is included and excluded.
func (p *reading) globLists(n *yaml.Node, path string, include, exclude *[]string) {
	p.mapping(n, path, func(key string, name, value *yaml.Node) {
		switch name.Value {
		case "include":
			*include = p.globs(value, key)
		case "exclude":
			*exclude = p.globs(value, key)
		default:
			p.unknown(name, key, reflect.TypeFor[Manifests]())
		}
	})
}

func (p *reading) globs(n *yaml.Node, path string) []string {
	return p.texts(n, path, "glob", checkGlob)
}

// texts reads a list of texts of a kind, each of which is checked.
func (p *reading) texts(n *yaml.Node, path, kind string, check func(string) (message, help string)) []string {
	if !p.is(n, path, yaml.SequenceNode, fmt.Sprintf("Write each %s on its own line, after `- `.", kind)) {
		return nil
	}
	var texts []string
	for i, item := range n.Content {
		key := fmt.Sprintf("%s[%d]", path, i)
		if i == maxGlobs {
			p.problem(p.span(item), key, fmt.Sprintf("%s has more than %d %ss.", code(path), maxGlobs, kind), "Say the same with fewer.")
			break
		}
		if text, ok := p.text(item, key, check); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

// text reads a text that is checked; false where it is none.
func (p *reading) text(n *yaml.Node, path string, check func(string) (message, help string)) (string, bool) {
	if !p.is(n, path, yaml.ScalarNode, "") {
		return "", false
	}
	if message, help := check(n.Value); message != "" {
		p.problem(p.span(n), path, message, help)
	}
	return n.Value, true
}

// unknown reports a key that a mapping does not have, given the type that it is read to.
func (p *reading) unknown(name *yaml.Node, key string, t reflect.Type) {
	keys := fieldNames(t)
	p.problem(p.span(name), key, fmt.Sprintf("There is no setting %s.", code(key)),
		didYouMean(name.Value, keys, fmt.Sprintf("Write %s.", codes(keys))))
}

// fieldNames are the keys of a type.
func fieldNames(t reflect.Type) []string {
	var keys []string
	for field := range t.Fields() {
		if name, _, _ := strings.Cut(field.Tag.Get("yaml"), ","); name != "" {
			keys = append(keys, name)
		}
	}
	return keys
}

// mapping calls each for every key of a mapping, with the path of the key.
func (p *reading) mapping(n *yaml.Node, path string, each func(key string, name, value *yaml.Node)) {
	if !p.is(n, path, yaml.MappingNode, "") {
		return
	}
	first := map[string]*yaml.Node{}
	for pair := range slices.Chunk(n.Content, 2) {
		name, value := pair[0], pair[1]
		if len(p.problems) == maxProblems {
			return
		}
		if name.Kind != yaml.ScalarNode {
			p.problem(p.span(name), path, "A key must be text.", "")
			continue
		}
		key := strings.TrimPrefix(path+"."+clean(name.Value), ".")
		if before := first[name.Value]; before != nil {
			p.problem(p.span(name), key, fmt.Sprintf("%s is set twice.", code(key)), fmt.Sprintf("The first is on line %d.", before.Line))
			continue
		}
		first[name.Value] = name
		each(key, name, value)
	}
}

// is reports whether a node is of a kind; a scalar must also be text. What is not is a
// problem, unless refuse has told it.
func (p *reading) is(n *yaml.Node, path string, kind yaml.Kind, help string) bool {
	switch {
	case n.Kind == kind && (kind != yaml.ScalarNode || n.Tag == "!!str"):
		return true
	case n.Kind == yaml.AliasNode, n.Style&yaml.TaggedStyle != 0:
		return false
	case path == "":
		p.problem(p.span(n), path, fmt.Sprintf("The file must hold a mapping, not %s.", kindOf(n)), help)
	case n.Tag == "!!null":
		p.problem(p.span(n), path, fmt.Sprintf("%s has no value.", code(path)), "Give it one or remove it.")
	default:
		want := map[yaml.Kind]string{yaml.ScalarNode: "text", yaml.MappingNode: "a mapping", yaml.SequenceNode: "a list"}[kind]
		p.problem(p.span(n), path, fmt.Sprintf("%s must be %s, not %s.", code(path), want, kindOf(n)), help)
	}
	return false
}

// kindOf says in words what a node is.
func kindOf(n *yaml.Node) string {
	switch n.Tag {
	case "!!map":
		return "a mapping"
	case "!!seq":
		return "a list"
	case "!!str":
		return "text"
	case "!!bool":
		return "true or false"
	case "!!null":
		return "nothing"
	case "!!int", "!!float":
		return "a number"
	case "!!timestamp":
		return "a date"
	}
	return "a value of another kind"
}
