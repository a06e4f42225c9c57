package dockerfile

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/chiselbot/chiselbot/checks/source"
)

// A scanner finds the instructions that BuildKit's parser saw again in the bytes.
type scanner struct {
	file *File
	text string
	// pos is the offset of the next line, line the number of lines read.
	pos, line  int
	directives parser.DirectiveParser
	// head is true while directives may come, shebang when the first line is "#!":
	// BuildKit looks for syntax and check behind it, but not for escape.
	head, shebang bool
	variables     int // of ENV and ARG so far
}

func newScanner(f *File) *scanner {
	s := &scanner{file: f, text: f.Text(), head: true}
	if strings.HasPrefix(s.text, "\uFEFF") {
		s.pos = len("\uFEFF")
	}
	s.shebang = strings.HasPrefix(s.text[s.pos:], "#!")
	return s
}

// next reads one line: its span without any line break, and where its text begins
// behind white space. False means the end of the file.
func (s *scanner) next() (line source.Span, begin int, ok bool) {
	if s.pos >= len(s.text) {
		return line, 0, false
	}
	line.Start = s.pos
	if n := strings.IndexByte(s.text[s.pos:], '\n'); n >= 0 {
		s.pos += n + 1
	} else {
		s.pos = len(s.text)
	}
	s.line++
	line.End = line.Start + len(strings.TrimRight(s.text[line.Start:s.pos], "\r\n"))
	begin = line.End - len(strings.TrimLeftFunc(s.text[line.Start:line.End], unicode.IsSpace))
	return line, begin, true
}

// scan finds all instructions, in step with the nodes that BuildKit made of them.
func (s *scanner) scan(nodes []*parser.Node) error {
	s.file.Instructions = make([]*Instruction, 0, len(nodes))
	for {
		line, begin, ok := s.next()
		switch {
		case !ok && len(nodes) == 0:
			return nil
		case !ok:
			return lost(nodes[0], "instruction")
		case begin == line.End:
			s.head = false
			continue
		case s.text[begin] == '#':
			s.comment(source.Span{Start: begin, End: line.End})
			continue
		case len(nodes) == 0:
			return &ParseError{s.line, "unexpected instruction"}
		}
		s.head = false
		if err := s.instruction(nodes[0], line, begin); err != nil {
			return err
		}
		nodes = nodes[1:]
	}
}

// comment files a comment line between instructions: as a directive where it is one.
func (s *scanner) comment(at source.Span) {
	if s.head && !(s.shebang && s.line == 1) {
		d, err := s.directives.ParseLine([]byte(s.file.Slice(at)))
		if s.head = d != nil && err == nil; s.head && !(s.shebang && d.Name == "escape") {
			s.file.Directives = append(s.file.Directives, Directive{Name: d.Name, Value: d.Value, Span: at})
			return
		}
	}
	s.file.Comments = append(s.file.Comments, Comment{Text: strings.TrimSpace(s.text[at.Start+1 : at.End]), Span: at})
}

// instruction reads the instruction that begins on a line: all its continuation lines
// and its here-documents.
func (s *scanner) instruction(node *parser.Node, line source.Span, begin int) error {
	if node.StartLine != s.line {
		return lost(node, "line")
	}
	i := &Instruction{}
	i.Span.End = line.Start + len(strings.TrimRightFunc(s.file.Slice(line), unicode.IsSpace))
	end, more := s.continued(begin, line.End)
	pieces := append(make([]piece, 0, 1), piece{0, begin})
	text := s.text[begin:end]
	if more {
		var joined strings.Builder
		joined.WriteString(text)
		comments := len(s.file.Comments)
		for more {
			line, begin, ok := s.next()
			switch {
			case !ok:
				more = false
				continue
			case begin == line.End:
				continue
			case s.text[begin] == '#':
				at := source.Span{Start: begin, End: line.End}
				s.file.Comments = append(s.file.Comments, Comment{Text: strings.TrimSpace(s.text[begin+1 : line.End]), Span: at})
				continue
			}
			end, more = s.continued(line.Start, line.End)
			pieces = append(pieces, piece{joined.Len(), line.Start})
			joined.WriteString(s.text[line.Start:end])
			i.Span.End = line.Start + len(strings.TrimRightFunc(s.file.Slice(line), unicode.IsSpace))
		}
		text = joined.String()
		for n := comments; n < len(s.file.Comments) && s.file.Comments[n].Span.End < i.Span.End; n++ {
			s.file.Comments[n].Within = i
		}
	}
	if text != node.Original {
		return lost(node, "text")
	}
	heredocs, err := s.heredocs(node, &i.Span)
	if err != nil {
		return err
	}
	if node.EndLine != s.line {
		return lost(node, "end")
	}
	i.Logical = Logical{Text: text, pieces: pieces}
	if err := i.split(node, byte(s.file.Escape), heredocs); err != nil {
		return err
	}
	set := i
	if i.Trigger != nil {
		set = i.Trigger
	}
	if set.Keyword == "ENV" || set.Keyword == "ARG" {
		if s.variables += len(set.Pairs); s.variables > maxVariables {
			return &ParseError{node.StartLine, fmt.Sprintf("more than %d variables", maxVariables)}
		}
	}
	s.file.Instructions = append(s.file.Instructions, i)
	return nil
}

// continued is where the text of a line ends that is continued on the next one, before
// the escape character, or the line's end. An escaped escape character continues nothing.
func (s *scanner) continued(start, end int) (int, bool) {
	line := strings.TrimRight(s.text[start:end], " \t")
	escape, n := byte(s.file.Escape), len(line)
	if n == 0 || line[n-1] != escape || n > 1 && line[n-2] == escape {
		return end, false
	}
	return start + n - 1, true
}

// heredocs reads the bodies that follow an instruction and extends its span over them.
func (s *scanner) heredocs(node *parser.Node, span *source.Span) ([]Heredoc, error) {
	var found []Heredoc
	for _, doc := range node.Heredocs {
		var nameAt int
		body := source.Span{Start: s.pos, End: s.pos}
		for {
			line, _, ok := s.next()
			if !ok {
				return nil, lost(node, "here-document")
			}
			terminator := s.file.Slice(line)
			if doc.Chomp {
				terminator = strings.TrimLeft(terminator, "\t")
			}
			if terminator == doc.Name {
				body.End, span.End, nameAt = line.Start, line.End, line.End-len(doc.Name)
				break
			}
		}
		if s.file.Slice(body) != doc.Content {
			return nil, lost(node, "here-document")
		}
		found = append(found, Heredoc{Name: doc.Name, Content: doc.Content, Span: body, Expand: doc.Expand, Chomp: doc.Chomp, nameAt: nameAt})
	}
	return found, nil
}

// lost is the error for something that BuildKit's parser saw and this package does not
// find in the bytes: a wrong span would be worse than none.
func lost(node *parser.Node, what string) *ParseError {
	name := node.Value
	if len(name) > 20 {
		name = name[:20]
	}
	return &ParseError{max(1, node.StartLine), fmt.Sprintf("the %s of %q cannot be found in the file", what, name)}
}
