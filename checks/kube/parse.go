package kube

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"

	"github.com/chiselbot/chiselbot/checks/source"
)

// The limits of one document. The largest objects that people write, definitions of
// custom resources, nest some fifty deep and have some thirty thousand nodes.
const (
	maxBytes    = 8 << 20
	maxNodes    = 500_000
	maxDepth    = 200
	maxObjects  = 10_000
	maxProblems = 100
)

type parser struct {
	file     *source.File
	problems []Problem
	nodes    int // made so far
}

// excess notes that there is too much to be read.
func (p *parser) excess(at source.Span, format string, args ...any) {
	p.problems = p.problems[:min(len(p.problems), maxProblems-1)] // this one must be known
	p.problems = append(p.problems, Problem{Span: at, Lost: true, Excessive: true, Message: fmt.Sprintf(format, args...)})
}

func (p *parser) problem(at source.Span, lost bool, format string, args ...any) {
	if len(p.problems) < maxProblems {
		p.problems = append(p.problems, Problem{Span: at, Lost: lost, Message: fmt.Sprintf(format, args...)})
	}
}

// other is a problem with what is no object.
func (p *parser) other(at source.Span, format string, args ...any) {
	if n := len(p.problems); n < maxProblems {
		p.problem(at, true, format, args...)
		p.problems[n].Other = true
	}
}

// parse gives the root of each YAML document that has content.
func (p *parser) parse(root func(*Node)) {
	if n := len(p.file.Text()); n > maxBytes {
		p.excess(source.Span{}, "The document has %d bytes; at most %d are read.", n, maxBytes)
		return
	}
	for _, part := range split(p.file.Text()) {
		p.part(part, root)
	}
}

// split cuts a text into its YAML documents, as Helm and kubectl do, so that one which
// cannot be read does not take the others with it.
func split(text string) []source.Span {
	var parts []source.Span
	start, content := 0, false
	flush := func(end int) {
		if content {
			parts = append(parts, source.Span{Start: start, End: end})
		}
		start, content = end, false
	}
	for at := 0; at < len(text); {
		line := text[at:]
		if i := strings.IndexByte(line, '\n'); i >= 0 {
			line = line[:i+1]
		}
		rest, marker := strings.CutPrefix(line, "---")
		if marker = marker && (rest == "" || strings.ContainsRune(" \t\r\n", rune(rest[0]))); marker {
			flush(at)
			line, at = rest, at+len("---")
		}
		trimmed := strings.TrimSpace(strings.TrimPrefix(line, byteOrderMark))
		content = content || trimmed != "" && trimmed != "..." && trimmed[0] != '#' && trimmed[0] != '%'
		at += len(line)
	}
	flush(len(text))
	return parts
}

// part reads one YAML document.
func (p *parser) part(span source.Span, give func(root *Node)) {
	text := p.file.Slice(span)
	t := newText(text, span.Start)
	loader, err := yaml.NewLoader(strings.NewReader(t.input()), yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxDepth))))
	if err != nil {
		panic(err) // the options are constant
	}
	for {
		var doc yaml.Node
		if err := loader.Load(&doc); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			at, message := t.failure(err)
			p.problem(at, true, "This is not valid YAML: %s.", message)
			return
		}
		c := converter{parser: p, text: t}
		root, ok := c.convert(doc.Content[0], -1, 0)
		if ok && root.Kind != Null {
			give(root)
		}
	}
}

// An objectParser collects the objects of a document.
type objectParser struct {
	parser
	origins Origins
	objects []*Object
}

// object adds the objects that a root stands for: itself, or what a list holds.
func (p *objectParser) object(root *Node) {
	if len(p.objects) >= maxObjects {
		if len(p.objects) == maxObjects {
			p.excess(root.Span, "The document has more than %d objects.", maxObjects)
		}
		return
	}
	o := &Object{
		APIVersion: root.stringAt("apiVersion"), Kind: root.stringAt("kind"),
		Namespace: root.stringAt("metadata", "namespace"), Name: root.stringAt("metadata", "name"),
		Root: root, Document: p.file, origins: p.origins,
	}
	switch items := root.Get("items"); {
	case root.Kind != Mapping:
		p.other(root.Span, "This is not a Kubernetes object but a %s.", root.Kind)
	case o.APIVersion == "" || o.Kind == "":
		p.other(root.Span, "This is not a Kubernetes object: it has no `apiVersion` or no `kind`.")
	case strings.HasSuffix(o.Kind, "List") && items != nil && items.Kind == Sequence:
		for _, item := range root.List("items") {
			p.object(item)
		}
	default:
		p.objects = append(p.objects, o)
	}
}

// stringAt is a string at a path, empty where there is something else.
func (n *Node) stringAt(path ...string) string {
	if n = n.Get(path...); n == nil || n.Kind != String {
		return ""
	}
	return n.Value
}

// A converter makes nodes of the YAML parser's.
type converter struct {
	*parser
	text *text
	full bool // the limit of nodes has been reported
}

// convert makes a node. indent is the column, from zero, of the block that holds it, -1
// at the top. False means that the node is lost.
func (c *converter) convert(y *yaml.Node, indent, depth int) (*Node, bool) {
	if c.nodes++; c.nodes > maxNodes || depth > maxDepth {
		if !c.full {
			c.full = true
			c.excess(c.text.start(y), "The document has more than %d values, or aliases that stand for as many, or nests deeper than %d.", maxNodes, maxDepth)
		}
		return nil, false
	}
	switch y.Kind {
	case yaml.AliasNode:
		return c.convert(y.Alias, indent, depth+1)
	case yaml.MappingNode:
		return c.mapping(y, depth)
	case yaml.SequenceNode:
		n := &Node{Kind: Sequence}
		for _, item := range y.Content {
			made, ok := c.convert(item, y.Column-1, depth+1)
			if !ok {
				return nil, false
			}
			n.Items = append(n.Items, made)
		}
		n.Span = c.text.collection(y, n.Items)
		return n, true
	}
	return &Node{Kind: kindOf(y), Value: y.Value, Span: c.text.scalar(y, indent)}, true
}

func (c *converter) mapping(y *yaml.Node, depth int) (*Node, bool) {
	n := &Node{Kind: Mapping}
	at := make(map[string]int, len(y.Content)/2)
	var merged []*Node
	for i := 0; i+1 < len(y.Content); i += 2 {
		key := y.Content[i]
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		value, ok := c.convert(y.Content[i+1], y.Column-1, depth+1)
		if !ok {
			return nil, false
		}
		if key.Kind != yaml.ScalarNode {
			c.problem(c.text.start(y.Content[i]), true, "The name of a field must be a string.")
			continue
		}
		value.Key, value.KeySpan = fieldName(key), c.text.scalar(y.Content[i], y.Column-1)
		if key.Tag == "!!merge" {
			merged = append(merged, value)
			continue
		}
		if j, twice := at[value.Key]; twice {
			c.problem(value.KeySpan, false, "The field `%s` is set twice; the last one counts.", value.Key)
			n.Items[j] = value
			continue
		}
		at[value.Key] = len(n.Items)
		n.Items = append(n.Items, value)
	}
	n.Span = c.text.collection(y, n.Items)
	for _, m := range merged {
		from := []*Node{m}
		if m.Kind == Sequence {
			from = m.Items
		}
		for _, f := range from {
			for _, item := range f.Items {
				if _, own := at[item.Key]; !own && item.Key != "" {
					at[item.Key] = len(n.Items)
					n.Items = append(n.Items, item)
				}
			}
		}
	}
	return n, true
}

// kindOf is the kind of a scalar. Kubernetes reads YAML 1.1, where yes and no, on and off
// are booleans (https://github.com/kubernetes-sigs/yaml).
func kindOf(y *yaml.Node) Kind {
	switch y.Tag {
	case "!!null":
		return Null
	case "!!bool":
		return Bool
	case "!!int":
		return Int
	case "!!float":
		return Float
	}
	if y.Style == 0 {
		if _, ok := truth(y.Value); ok {
			return Bool
		}
	}
	return String
}

// fieldName is the name that a key gives to a field. What is no text by YAML 1.1 becomes
// one in JSON: `yes` and `y` are "true", and `0x10` is "16"
// (https://github.com/kubernetes-sigs/yaml/blob/v1.6.0/yaml.go).
func fieldName(key *yaml.Node) string {
	number := strings.ReplaceAll(key.Value, "_", "")
	switch kindOf(key) {
	case Bool:
		value, _ := truth(key.Value)
		return strconv.FormatBool(value)
	case Int:
		if i, err := strconv.ParseInt(number, 0, 64); err == nil {
			return strconv.FormatInt(i, 10)
		}
	case Float:
		if f, err := strconv.ParseFloat(number, 64); err == nil {
			return strconv.FormatFloat(f, 'g', -1, 64)
		}
	case Null, String, Mapping, Sequence:
	}
	return key.Value
}

// truth is what a word of YAML 1.1 means.
func truth(word string) (value, ok bool) {
	switch word {
	case "true", "True", "TRUE", "yes", "Yes", "YES", "y", "Y", "on", "On", "ON":
		return true, true
	case "false", "False", "FALSE", "no", "No", "NO", "n", "N", "off", "Off", "OFF":
		return false, true
	}
	return false, false
}
