package ignore

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/chiselbot/chiselbot/checks/source"
)

// InYAML reads chiselbot's ignore comments in a YAML file or in a chart's template, in
// the order in which they stand.
func InYAML(f *source.File) []Comment {
	if !strings.Contains(strings.ToLower(f.Text()), "chisel") {
		return nil
	}
	y := yamlFile{File: f}
	y.read()
	return y.found
}

// A yamlLine is one line of a YAML file or a template.
type yamlLine struct {
	span source.Span
	// text is what stands outside of comments, indent how far it, or what a template puts
	// there, is indented.
	text   string
	indent int
	// action says that the line has only actions of a template, branch that it begins
	// another branch of a block, nesting how many blocks it opens and does not close.
	action, branch bool
	nesting        int
}

type yamlFile struct {
	*source.File
	lines []yamlLine
	found []Comment
}

// A remark is a comment and the last line it stands on.
type remark struct {
	text string
	span source.Span
	line int // index of the first line
	last int
}

var (
	templateComment = regexp.MustCompile(`(?s)\{\{-?[ \t\r\n]*/\*.*?\*/[ \t\r\n]*-?\}\}`)
	yamlComment     = regexp.MustCompile(`(?:^|[ \t])#+`)
	opening         = regexp.MustCompile(`\{\{-?\s*(?:if|with|range|define|block)\b`)
	closing         = regexp.MustCompile(`\{\{-?\s*end\b`)
	branch          = regexp.MustCompile(`\{\{-?\s*else\b`)
	onlyActions     = regexp.MustCompile(`^(?:\{\{.*?\}\}\s*)+$`)
	indented        = regexp.MustCompile(`\bn?indent\s+(\d{1,3})`)
)

func (y *yamlFile) read() {
	text := []byte(y.Text())
	var remarks []remark
	for _, m := range templateComment.FindAllIndex(text, -1) {
		remarks = append(remarks, y.inside(source.Span{Start: m[0], End: m[1]})...)
		for i := m[0]; i < m[1]; i++ {
			if text[i] != '\n' && text[i] != '\r' {
				text[i] = ' '
			}
		}
	}
	blank := string(text)
	for n := 1; n <= y.Lines(); n++ {
		at := y.LineSpan(n)
		line := blank[at.Start:at.End]
		if i := commentStart(line); i >= 0 {
			span := source.Span{Start: at.Start + i, End: at.End}
			remarks = append(remarks, remark{strings.TrimSpace(strings.TrimLeft(line[i:], "#")), span, n - 1, n - 1})
			line = line[:i]
		}
		y.lines = append(y.lines, newLine(at, line))
	}
	// What opens a block is indented as what follows in it.
	next := -1
	for n := len(y.lines) - 1; n >= 0; n-- {
		switch l := &y.lines[n]; {
		case l.text == "":
		case !l.action || indented.MatchString(l.text):
			next = l.indent
		case l.nesting > 0 && next >= 0:
			l.indent = next
		}
	}
	for _, r := range remarks {
		c, ok := parseComment(y.File, r.text, r.span)
		if !ok {
			continue
		}
		if c.Problem == "" {
			y.place(r, &c)
		}
		if y.found = append(y.found, c); len(y.found) > maxComments {
			return
		}
	}
}

// commentStart is where the comment of a line that is for us begins, -1 without one. A
// number sign within quotes is not told from one outside; what follows it decides.
func commentStart(line string) int {
	for _, m := range yamlComment.FindAllStringIndex(line, -1) {
		rest := strings.TrimSpace(line[m[1]:])
		if strings.TrimSpace(line[:m[0]]) == "" || len(rest) >= len("chisel") && strings.EqualFold(rest[:len("chisel")], "chisel") {
			return m[1] - len(strings.TrimLeft(line[m[0]:m[1]], " \t"))
		}
	}
	return -1
}

// inside are the lines of a template's comment.
func (y *yamlFile) inside(span source.Span) []remark {
	body := y.Slice(span)
	open, end := strings.Index(body, "/*")+len("/*"), strings.LastIndex(body, "*/")
	first, last := y.LineAt(span.Start)-1, y.LineAt(span.End)-1
	var remarks []remark
	at := span.Start + open
	for line := range strings.SplitSeq(body[open:end], "\n") {
		text := strings.TrimSpace(line)
		start := at + strings.Index(line, text)
		remarks = append(remarks, remark{text, source.Span{Start: start, End: start + len(text)}, first, last})
		at += len(line) + 1
	}
	return remarks
}

// place sets what a comment covers.
func (y *yamlFile) place(r remark, c *Comment) {
	at := r.line
	if y.lines[r.line].text == "" {
		at = r.last
		for at < len(y.lines) && (y.lines[at].text == "" || y.marker(at)) {
			at++
		}
	}
	if at >= len(y.lines) {
		c.Problem, c.ProblemSpan = "Nothing follows the comment; put it above what it is about, or at the head of the file.", r.span
		return
	}
	if at == r.line {
		c.Scope = y.block(at)
		return
	}
	start, end := y.document(at)
	for n := start; n < at; n++ {
		if y.lines[n].text != "" && !y.marker(n) {
			c.Scope = y.block(at)
			return
		}
	}
	c.Scope = source.Span{Start: y.lines[start].span.Start, End: y.lines[end-1].span.End}
	c.WholeFile = start == 0 && end == len(y.lines)
}

func (y *yamlFile) marker(n int) bool {
	return strings.HasPrefix(y.lines[n].text, "---") && y.lines[n].indent == 0
}

// document is the lines of the YAML document that has the line, its marker included.
func (y *yamlFile) document(at int) (start, end int) {
	for start = at; start > 0 && !y.marker(start); {
		start--
	}
	// A marker before which there is nothing does not begin a second document.
	first := start
	for first > 0 && y.lines[first-1].text == "" {
		first--
	}
	if first == 0 {
		start = 0
	}
	for end = at + 1; end < len(y.lines) && !y.marker(end); {
		end++
	}
	rest := end
	for rest < len(y.lines) && (y.marker(rest) || y.lines[rest].text == "") {
		rest++
	}
	if rest == len(y.lines) {
		end = rest
	}
	return start, end
}

// block is a line and what belongs to it: the lines that are indented more, and those up
// to the end of a template's block that it opens.
func (y *yamlFile) block(at int) source.Span {
	first := y.lines[at]
	depth, end := first.nesting, at+1
	for ; end < len(y.lines); end++ {
		if l := y.lines[end]; l.text != "" {
			if depth <= 0 && (first.action || y.marker(end) || l.leaves(first)) {
				break
			}
			depth += l.nesting
		}
	}
	for end > at+1 && y.lines[end-1].text == "" {
		end--
	}
	return source.Span{Start: first.span.Start, End: y.lines[end-1].span.End + 1}
}

// leaves reports whether a line is the first that does not belong to an earlier one.
func (l yamlLine) leaves(first yamlLine) bool {
	if l.nesting < 0 || l.nesting == 0 && l.branch {
		return true
	}
	item := l.indent == first.indent && strings.HasPrefix(l.text, "-") && !strings.HasPrefix(first.text, "-")
	return l.indent <= first.indent && !item
}

// newLine reads a line whose comment has been taken off.
func newLine(span source.Span, line string) yamlLine {
	l := yamlLine{span: span, text: strings.TrimSpace(line), indent: len(line) - len(strings.TrimLeft(line, " \t"))}
	if !strings.Contains(line, "{{") {
		return l
	}
	l.action, l.branch = onlyActions.MatchString(l.text), branch.MatchString(line)
	l.nesting = len(opening.FindAllString(line, -1)) - len(closing.FindAllString(line, -1))
	if m := indented.FindStringSubmatch(line); m != nil && l.action {
		l.indent, _ = strconv.Atoi(m[1])
	}
	return l
}
