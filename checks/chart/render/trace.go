package render

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"

	"helm.sh/helm/v4/pkg/chart/common"
)

// A tracer runs instrumented templates and notes where what they print comes from. It
// holds the functions that instrumentation calls.
type tracer struct {
	*budget
	program *program
	root    *template.Template
	parsing map[string]any // the functions that the texts of `tpl` may call

	keys    *keyring
	origins []Origin // of each mark, from mark 1
	frames  []Frame
	framing map[Frame]int
	texts   map[textKey]string
	tpls    map[string]*template.Template

	now     *activation
	last    mark // that was printed
	skips   []skipped
	nesting map[string]int // how often each template is being included
	// stub says that templates which do not exist are taken for empty ones, stubbed names
	// those that were.
	stub    bool
	stubbed map[string]bool
	// mixed says that a text with marks was put into a map or a list.
	mixed bool
	// passed are the references of the current action whose values a function passed over.
	passed map[parse.Pos]bool
}

type textKey struct{ text, frame int }

// pending is the file of the place of an origin whose action is not known yet.
const pending = -3

// An activation is one template being executed.
type activation struct {
	frame int
	depth int
	// given are the keys from which the template's argument was taken.
	given []key
	slots map[int][]key
	loops map[int]*loop
	tpl   *tplText // the text of which places are relative
}

func newTracer(b *budget, p *program, values, pristine map[string]any) *tracer {
	return &tracer{
		budget: b, program: p, keys: newKeyring(values, pristine), framing: map[Frame]int{}, texts: map[textKey]string{},
		tpls: map[string]*template.Template{}, nesting: map[string]int{}, stubbed: map[string]bool{},
	}
}

// functions are those that instrumentation calls.
func (t *tracer) functions() template.FuncMap {
	return template.FuncMap{
		fnText: t.text, fnOut: t.print, fnKeep: t.keep, fnRange: t.enter, fnRound: t.round,
		fnInclude: t.include, fnTpl: t.tpl, fnLook: t.look, fnSkip: t.skip, fnPart: t.piece,
	}
}

// execute runs a template as a document and gives its text with marks.
func (t *tracer) execute(name string, data any) (string, error) {
	t.now, t.last, t.skips = &activation{frame: None}, boundary, nil
	clear(t.nesting)
	clear(t.stubbed)
	var buf bytes.Buffer
	if err := t.root.ExecuteTemplate(&buf, name, data); err != nil {
		return "", err
	}
	return strings.ReplaceAll(buf.String(), "<no value>", ""), nil
}

// text writes a text with its marks.
func (t *tracer) text(id int) (string, error) {
	site := &t.program.texts[id]
	if err := t.spend(len(site.text)); err != nil {
		return "", err
	}
	at := textKey{id, t.now.frame}
	if s, ok := t.texts[at]; ok && site.file != relative {
		t.last, _ = markAt(s[strings.LastIndexByte(s, lead)-4:])
		return s, nil
	}
	if len(site.lines) == 0 {
		return site.text, nil
	}
	b := make([]byte, 0, len(site.text)+markBytes*len(site.lines))
	done := 0
	t.origins = slices.Grow(t.origins, len(site.lines))
	for _, line := range site.lines {
		b = append(b, site.text[done:line.End]...)
		m, err := t.origin(Place{File: site.file, Start: site.base + line.Start, End: site.base + line.End}, noKey)
		if err != nil {
			return "", err
		}
		b = appendMark(b, m)
		t.last, done = m, line.End
	}
	s := string(append(b, site.text[done:]...))
	if site.file != relative {
		t.texts[at] = s
	}
	return s, nil
}

// origin makes the mark of a place in the template that is being executed.
func (t *tracer) origin(p Place, k key) (mark, error) {
	o := Origin{Place: p, Frame: t.now.frame, Key: int(k)}
	if p.File == relative {
		m := t.now.tpl.at(p.Start)
		if k == noKey {
			return m, nil
		}
		o = t.origins[m-1]
		o.Key = int(k)
	}
	return t.mark(o)
}

func (t *tracer) mark(o Origin) (mark, error) {
	if len(t.origins) >= maxOrigins {
		return 0, limitError("more than %d places in its output", maxOrigins)
	}
	t.origins = append(t.origins, o)
	return mark(len(t.origins)), nil
}

// print is what an action prints, with marks.
func (t *tracer) print(id int, args ...any) (string, error) {
	defer func() { t.passed = nil }()
	site := &t.program.sites[id]
	value := args[len(args)-1]
	if err := t.measure(value); err != nil {
		return "", err
	}
	s := printed(value)
	if err := t.spend(len(s)); err != nil {
		return "", err
	}
	if strings.TrimLeft(s, blanks) == "" {
		return s, nil
	}
	return t.markUp(s, func() (mark, error) {
		k := noKey
		if !isMarked(s) { // else every part with a key has its mark
			if keys := t.taken(site.refs, args, value); len(keys) > 0 {
				k = keys[0]
			}
		}
		return t.origin(site.place, k)
	}, site)
}

// piece is a value that becomes a part of a text, with the mark of its key if it is text.
func (t *tracer) piece(id int, args ...any) (any, error) {
	value := args[len(args)-1]
	s, ok := value.(string)
	if !ok || isMarked(s) || strings.TrimLeft(s, blanks) == "" || strings.Contains(s, "\n") {
		return value, nil
	}
	keys := t.taken(t.program.sites[id].refs, args, value)
	if len(keys) == 0 {
		return value, nil
	}
	m, err := t.mark(Origin{Place: Place{File: pending}, Frame: t.now.frame, Key: int(keys[0])})
	if err != nil {
		return nil, err
	}
	start, end := content(s)
	b := append(make([]byte, 0, len(s)+2*markBytes), s[:start]...)
	b = appendMark(b, boundary)
	b = appendMark(append(b, s[start:end]...), m)
	return string(append(b, s[end:]...)), nil
}

// markUp puts the mark of an action behind every part of a text that has none.
func (t *tracer) markUp(s string, own func() (mark, error), site *site) (string, error) {
	var mine mark
	b := make([]byte, 0, len(s)+4*markBytes)
	put := func(text string) error { // text up to the end of its last content
		if mine == 0 {
			var err error
			if mine, err = own(); err != nil {
				return err
			}
		}
		b = appendMark(append(b, text...), mine)
		return nil
	}
	lines := func(text string, last bool) error {
		for text != "" {
			line, rest, more := strings.Cut(text, "\n")
			if start, end := content(line); start < end && (more || last) {
				if err := put(line[:end]); err != nil {
					return err
				}
				line = line[end:]
			}
			b = append(b, line...)
			if more {
				b = append(b, '\n')
			}
			text = rest
		}
		return nil
	}
	for from := 0; from < len(s); {
		at, m, ok := nextMark(s, from)
		if !ok || m == boundary {
			if err := lines(s[from:at], true); err != nil {
				return "", err
			}
		} else {
			if err := lines(s[from:at], false); err != nil {
				return "", err
			}
			if int(m) <= len(t.origins) {
				if o := &t.origins[m-1]; o.Place.File == pending {
					t.settle(o, site.place)
				}
			}
			b = append(b, s[at:at+markBytes]...)
		}
		from = at
		if ok {
			from += markBytes
		}
	}
	if i := bytes.LastIndexByte(b, lead); i >= markBytes/2 {
		if m, ok := markAt(string(b[i-markBytes/2 : i+markBytes/2])); ok {
			t.last = m
		}
	}
	return string(b), nil
}

// settle gives an origin whose action was not known the place of the one that printed it.
func (t *tracer) settle(o *Origin, p Place) {
	o.Place, o.Frame = p, t.now.frame
	if p.File == relative {
		text := t.origins[t.now.tpl.at(p.Start)-1]
		o.Place, o.Frame = text.Place, text.Frame
	}
}

// printed is what an action prints of a value.
func printed(value any) string {
	switch v := value.(type) {
	case nil:
		return "<no value>"
	case string:
		return v
	case common.KubeVersion: // has its String method on the pointer
		return v.String()
	}
	if v := reflect.ValueOf(value); v.Kind() == reflect.Pointer && !v.IsNil() {
		if _, ok := value.(fmt.Stringer); !ok {
			return fmt.Sprint(v.Elem().Interface())
		}
	}
	return fmt.Sprint(value)
}

// keep notes from which keys the value of a variable was taken.
func (t *tracer) keep(id int, args ...any) any {
	site := &t.program.sites[id]
	value := args[len(args)-1]
	t.set(site.slot, t.taken(site.refs, args, value))
	t.passed = nil
	return value
}

func (t *tracer) set(slot int, keys []key) {
	if t.now.slots == nil {
		t.now.slots = map[int][]key{}
	}
	t.now.slots[slot] = keys
}

// look is a value without marks.
func (t *tracer) look(value any) any {
	if s, ok := value.(string); ok {
		return strip(s)
	}
	return value
}
