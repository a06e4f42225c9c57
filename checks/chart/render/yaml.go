package render

import (
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

// toYAML prints a value as YAML, each line with the mark of the key that it shows.
func (t *tracer) toYAML(value any) (string, error) {
	if err := t.measure(value); err != nil {
		return "", err
	}
	clean := value
	if t.mixed {
		if c := stripAll(value); c != nil {
			clean = c
		}
	}
	s := text(yaml.Marshal(clean))
	if err := t.spend(len(s)); err != nil {
		return "", err
	}
	if identity(value) == nil {
		if marked, ok := value.(string); ok && isMarked(marked) {
			return remark(s, marked), nil
		}
		return s, nil
	}
	w := yamlMarker{tracer: t, lines: strings.Split(s, "\n")}
	w.marks = make([][]mark, len(w.lines))
	if !w.value(value, 0, 0) || w.at != len(w.lines) || w.err != nil {
		return s, w.err
	}
	return w.text(), nil
}

// A yamlMarker finds which line of a printed value shows which part of it. It knows how
// the printer writes, and gives up where it finds anything else.
type yamlMarker struct {
	*tracer
	lines []string
	marks [][]mark
	at    int
	err   error
}

// value goes over the lines of a map or a list of which the first starts at a column of
// the current line, behind the dashes of lists that hold it, and the others at an indent.
func (w *yamlMarker) value(value any, column, indent int) bool {
	if m := asMap(value); m != nil {
		for first := true; first || w.starts(indent); first = false {
			if !first {
				column = indent
			}
			if column > len(w.lines[w.at]) {
				return false
			}
			name, rest, ok := fieldOf(w.lines[w.at][column:])
			part, has := m[name]
			if !ok || !has || !w.part(value, name, part, rest, indent) {
				return false
			}
		}
		return true
	}
	list, ok := value.([]any)
	if !ok {
		return false
	}
	for i, item := range list {
		if i > 0 {
			column = indent
		}
		if w.at == len(w.lines) || !strings.HasPrefix(w.lines[w.at][min(column, len(w.lines[w.at])):], "- ") {
			return false
		}
		inner := column + len("- ")
		if isFilled(item) {
			if !w.value(item, inner, indent+len("- ")) {
				return false
			}
			continue
		}
		w.scalar(value, strconv.Itoa(i), item, indent)
	}
	return true
}

// part goes over the lines of a field, whose name is on the current one.
func (w *yamlMarker) part(in any, name string, value any, rest string, indent int) bool {
	if !isFilled(value) {
		w.scalar(in, name, value, indent)
		return true
	}
	if rest != "" {
		return false
	}
	w.put(in, name, value, w.at)
	if w.at++; w.at == len(w.lines) {
		return false
	}
	if _, list := value.([]any); !list {
		indent += 2
	}
	return strings.HasPrefix(w.lines[w.at], strings.Repeat(" ", indent)) && w.value(value, indent, indent)
}

// scalar goes over the lines of a part that is a scalar or empty.
func (w *yamlMarker) scalar(in any, name string, value any, indent int) {
	for first := true; first || w.at < len(w.lines) && (w.lines[w.at] == "" || deeper(w.lines[w.at], indent)); first = false {
		w.put(in, name, value, w.at)
		w.at++
	}
}

func deeper(line string, indent int) bool {
	return len(line) > indent && strings.Trim(line[:indent+1], " ") == ""
}

// starts reports whether a field starts at an indent of the current line.
func (w *yamlMarker) starts(indent int) bool {
	if w.at == len(w.lines) {
		return false
	}
	line := w.lines[w.at]
	return len(line) > indent && strings.Trim(line[:indent], " ") == "" && line[indent] != ' ' &&
		!strings.HasPrefix(line[indent:], "- ")
}

// isFilled reports whether a value is a map or a list that is not empty.
func isFilled(value any) bool {
	if m := asMap(value); m != nil {
		return len(m) > 0
	}
	list, ok := value.([]any)
	return ok && len(list) > 0
}

// fieldOf is the name of a field at the start of a line and what follows it.
func fieldOf(line string) (name, rest string, ok bool) {
	switch {
	case strings.HasPrefix(line, `"`):
		quoted, err := strconv.QuotedPrefix(line)
		if err != nil {
			return "", "", false
		}
		if name, err = strconv.Unquote(quoted); err != nil {
			return "", "", false
		}
		line = line[len(quoted):]
	case strings.HasPrefix(line, `'`):
		end := strings.Index(line[1:], `':`)
		if end < 0 {
			return "", "", false
		}
		name, line = strings.ReplaceAll(line[1:1+end], "''", "'"), line[end+2:]
	default:
		end := strings.Index(line, ": ")
		if end < 0 {
			if end = len(line) - 1; end < 0 || line[end] != ':' {
				return "", "", false
			}
		}
		name, line = line[:end], line[end:]
	}
	rest, ok = strings.CutPrefix(line, ":")
	return name, strings.TrimPrefix(rest, " "), ok
}

// put notes the marks of a line.
func (w *yamlMarker) put(in any, name string, value any, line int) {
	if s, ok := value.(string); ok && isMarked(s) {
		w.marks[line] = marksOf(s)
		return
	}
	e := w.entry(in, name, value)
	if k := w.keys.of(value); k != noKey && len(e.marks) == 0 {
		e.keys = []key{k}
	}
	switch {
	case len(e.marks) > 0:
		w.marks[line] = e.marks
	default: // also without a key, so that the line is not taken for one of another key
		k := noKey
		if len(e.keys) > 0 {
			k = e.keys[0]
		}
		if line > 0 && len(w.marks[line-1]) == 1 {
			if o := w.origins[w.marks[line-1][0]-1]; o.Place.File == pending && o.Key == int(k) {
				w.marks[line] = w.marks[line-1] // a further line of the same scalar
				return
			}
		}
		m, err := w.mark(Origin{Place: Place{File: pending}, Frame: w.now.frame, Key: int(k)})
		if err != nil && w.err == nil {
			w.err = err
		}
		w.marks[line] = []mark{m}
	}
}

// text is the text with its marks.
func (w *yamlMarker) text() string {
	var b []byte
	for i, line := range w.lines {
		if i > 0 {
			b = append(b, '\n')
		}
		_, end := content(line)
		if i == 0 && end > 0 {
			b = appendMark(b, boundary)
		}
		b = append(b, line[:end]...)
		if end > 0 {
			for _, m := range w.marks[i] {
				b = appendMark(b, m)
			}
		}
		b = append(b, line[end:]...)
	}
	return string(b)
}
