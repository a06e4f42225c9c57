package dotnet

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/chiselbot/chiselbot/checks/source"
)

// Bounds on one project file. Real ones stay far below.
const (
	maxDepth  = 64
	maxTokens = 50_000
	maxNodes  = 5_000
)

// A document is one MSBuild file: what it sets, adds and imports, in order.
type document struct {
	file  *source.File
	nodes []node
}

// A node is a property, an item or an import.
type node struct {
	kind kind
	// name is the property's or the item type's; value is the property's text, the
	// item's Include or the import's Project, as written.
	name, value string
	// remove is an item's Remove. link is false for a ProjectReference that is built
	// beside, whose output is not referred to; analyzer is true for one that takes part
	// in the build and is never in its output.
	remove         string
	link, analyzer bool
	// conditions are those of the node and of the groups around it.
	conditions []string
	// span is the element; for an item its start tag.
	span source.Span
}

type kind int8

const (
	property kind = iota
	item
	importing
)

// opaque is a condition that is never evaluated: that of a branch of Choose.
const opaque = "$(Choose)"

// frame is an element that is open.
type frame struct {
	name      string
	condition string
}

// parseXML reads an MSBuild file. Elements that only matter while building (targets,
// tasks) are passed over. Go's decoder expands no entities but the five of XML.
func parseXML(file *source.File) (*document, error) {
	r := reader{file: file, d: xml.NewDecoder(strings.NewReader(strings.TrimPrefix(file.Text(), bom)))}
	if strings.HasPrefix(file.Text(), bom) {
		r.shift = len(bom)
	}
	r.d.CharsetReader = func(name string, in io.Reader) (io.Reader, error) {
		switch strings.ToLower(name) {
		case "us-ascii", "iso-8859-1", "windows-1252": // not decoded: names are ASCII, other bytes fail as invalid
			return in, nil
		}
		return nil, fmt.Errorf("encoding %s is not supported", name)
	}
	doc := &document{file: file}
	for {
		start, token, err := r.next()
		if errors.Is(err, io.EOF) {
			return doc, nil
		}
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			err = r.open(doc, t, start)
		case xml.EndElement:
			r.stack = r.stack[:len(r.stack)-1]
		}
		if err != nil {
			return nil, err
		}
		if len(doc.nodes) > maxNodes {
			return nil, fmt.Errorf("more than %d properties and references", maxNodes)
		}
	}
}

const bom = "\uFEFF"

type reader struct {
	file   *source.File
	d      *xml.Decoder
	shift  int
	tokens int
	stack  []frame
}

// next is the next token and the offset at which it starts.
func (r *reader) next() (int, xml.Token, error) {
	if r.tokens++; r.tokens > maxTokens {
		return 0, nil, fmt.Errorf("more than %d XML tokens", maxTokens)
	}
	start := r.offset()
	token, err := r.d.Token()
	return start, token, err
}

func (r *reader) offset() int { return int(r.d.InputOffset()) + r.shift }

// open handles a start tag where it stands.
func (r *reader) open(doc *document, t xml.StartElement, start int) error {
	parent := ""
	if n := len(r.stack); n > 0 {
		parent = r.stack[n-1].name
	}
	if len(r.stack) == 0 && t.Name.Local != "Project" {
		return fmt.Errorf("the root element is %s, not Project", t.Name.Local)
	}
	n := node{name: t.Name.Local, conditions: r.conditions(t), span: source.Span{Start: start, End: r.offset()}, link: true}
	condition := attribute(t, "Condition")
	switch {
	case parent == "PropertyGroup":
		return r.property(doc, n)
	case parent == "ItemGroup" && n.name != "PackageReference" && n.name != "ProjectReference":
		return r.skip()
	case parent == "ItemGroup":
		n.kind, n.value, n.remove = item, attribute(t, "Include"), attribute(t, "Remove")
		n.metadata("ReferenceOutputAssembly", attribute(t, "ReferenceOutputAssembly"))
		n.metadata("OutputItemType", attribute(t, "OutputItemType"))
		return r.item(doc, n)
	case n.name == "Import":
		n.kind, n.value = importing, attribute(t, "Project")
		doc.nodes = append(doc.nodes, n)
		return r.skip()
	case len(r.stack) == 0, n.name == "PropertyGroup", n.name == "ItemGroup", n.name == "ImportGroup":
	case n.name == "Choose", n.name == "When", n.name == "Otherwise":
		condition = opaque
	default:
		return r.skip()
	}
	if len(r.stack) >= maxDepth {
		return fmt.Errorf("elements nest deeper than %d", maxDepth)
	}
	r.stack = append(r.stack, frame{n.name, condition})
	return nil
}

// property reads a property's text up to its end tag.
func (r *reader) property(doc *document, n node) error {
	var text strings.Builder
	for depth := 1; depth > 0; {
		_, token, err := r.next()
		if err != nil {
			return unexpectedEnd(err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			n.conditions = append(n.conditions, opaque)
			depth++
		case xml.EndElement:
			depth--
		case xml.CharData:
			text.Write(t)
		}
	}
	n.kind, n.value, n.span.End = property, strings.TrimSpace(text.String()), r.offset()
	doc.nodes = append(doc.nodes, n)
	return nil
}

// item reads an item's metadata up to its end tag.
func (r *reader) item(doc *document, n node) error {
	name := ""
	for depth := 1; depth > 0; {
		_, token, err := r.next()
		if err != nil {
			return unexpectedEnd(err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			name = t.Name.Local
			depth++
		case xml.EndElement:
			name = ""
			depth--
		case xml.CharData:
			n.metadata(name, string(t))
		}
	}
	doc.nodes = append(doc.nodes, n)
	return nil
}

// metadata takes in one value of an item's metadata, an attribute or an element.
func (n *node) metadata(name, value string) {
	switch value = strings.TrimSpace(value); {
	case name == "ReferenceOutputAssembly" && strings.EqualFold(value, "false"):
		n.link = false
	case name == "OutputItemType" && strings.EqualFold(value, "Analyzer"):
		n.analyzer = true
	}
}

// skip passes over the rest of an element.
func (r *reader) skip() error {
	for depth := 1; depth > 0; {
		_, token, err := r.next()
		if err != nil {
			return unexpectedEnd(err)
		}
		switch token.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
	}
	return nil
}

// conditions are those of the open elements and of the one that starts.
func (r *reader) conditions(t xml.StartElement) []string {
	var all []string
	for _, f := range r.stack {
		if f.condition != "" {
			all = append(all, f.condition)
		}
	}
	if c := attribute(t, "Condition"); c != "" {
		all = append(all, c)
	}
	return all
}

func attribute(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// unexpectedEnd makes an end of file inside an element an error like any other.
func unexpectedEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
