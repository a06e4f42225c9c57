package dockerfile

import (
	"slices"
	"strconv"
	"strings"

	"github.com/chiselbot/chiselbot/checks/base"
)

// A linker makes stages of the instructions and follows what each inherits.
type linker struct {
	file *File
	x    *expander
	// globals are the ARGs before the first FROM.
	globals map[string]variable
	// names are the stages by name; of two with one name the later counts.
	names map[string]*Stage
	// all are the names of all stages, those still to come included.
	all map[string]bool
}

// link makes the stages, their states and the list of images.
func (f *File) link() {
	l := &linker{file: f, x: newExpander(f.Escape), globals: map[string]variable{}, names: map[string]*Stage{}, all: map[string]bool{}}
	for _, i := range f.Instructions {
		if i.Keyword == "FROM" {
			s := &Stage{Index: len(f.Stages), From: i, file: f}
			if len(i.Words) == 3 {
				s.Name = strings.ToLower(i.Words[2].Value)
				l.all[s.Name] = true
			}
			f.Stages = append(f.Stages, s)
		}
	}
	l.syntax()
	var s *Stage
	var b *builder
	for _, i := range f.Instructions {
		switch {
		case i.Keyword == "FROM":
			if s == nil {
				s = f.Stages[0]
			} else {
				b.done()
				s = f.Stages[s.Index+1]
			}
			i.Stage = s
			b = l.begin(s)
		case s == nil:
			l.global(i)
		default:
			i.Stage = s
			if i.Trigger != nil {
				i.Trigger.Stage = s
			}
			s.Instructions = append(s.Instructions, i)
			l.sources(s, i)
			b.apply(i)
		}
	}
	b.done()
	// Stages point into the list of images, which only now has its final place.
	for n := range f.images {
		if img := &f.images[n]; img.Use == UseFrom {
			img.Instruction.Stage.Image = img
		}
	}
}

// global takes in an ARG before the first FROM.
func (l *linker) global(i *Instruction) {
	for _, p := range i.Pairs {
		name := p.Name.Value
		if p.HasValue {
			l.globals[name] = l.x.word(p.Value.Value, l.inFrom)
		} else if _, ok := l.globals[name]; !ok {
			l.globals[name] = variable{kind: unset, why: "`" + name + "` has no default value"}
		}
	}
}

// inFrom looks a variable up as FROM sees it.
func (l *linker) inFrom(name string) variable {
	v, ok := l.globals[name]
	switch {
	case ok && (v.kind != unset || !automatic(name)):
		return v
	case automatic(name):
		return variable{kind: unknown, why: "`" + name + "` depends on what is built"}
	}
	return variable{kind: unset, why: "`" + name + "` is not declared before the first FROM"}
}

// begin reads a stage's FROM.
func (l *linker) begin(s *Stage) *builder {
	image := s.From.Words[0]
	if p := s.From.Flag("platform"); p != nil {
		s.Platform = p.Value
	}
	b := &builder{stage: s, x: l.x, globals: l.inFrom}
	v := l.x.word(image.Value, l.inFrom)
	if v.kind == known {
		// BuildKit compares the name as written with the stages' names in lower case.
		s.Parent = l.names[v.value]
		s.Scratch = s.Parent == nil && v.value == "scratch"
	}
	var facts *base.Facts
	if s.Parent == nil && !s.Scratch {
		img := l.image(UseFrom, s.From, image, v)
		facts = img.Facts
	}
	b.start(facts)
	if s.Name != "" {
		l.names[s.Name] = s
	}
	return b
}

// sources finds what an instruction copies or mounts from: earlier stages and images.
func (l *linker) sources(s *Stage, i *Instruction) {
	switch i.Keyword {
	case "COPY":
		if f := i.Flag("from"); f != nil && f.Value != "" {
			word := Word{Value: f.Value, Span: f.ValueSpan}
			if n, err := strconv.Atoi(f.Value); err == nil {
				if n >= 0 && n < s.Index {
					s.use(l.file.Stages[n])
				}
				return
			}
			l.source(s, i, UseCopy, word)
		}
	case "RUN":
		for n := range i.Flags {
			if f := &i.Flags[n]; f.Name == "mount" {
				if word, ok := mountFrom(i, f); ok {
					l.source(s, i, UseMount, word)
				}
			}
		}
	}
}

// mountFrom is the value of from= in a mount, the last one where there are several.
func mountFrom(i *Instruction, f *Flag) (from Word, ok bool) {
	at := 0
	for field := range strings.SplitSeq(f.Value, ",") {
		key, value, _ := strings.Cut(field, "=")
		if strings.EqualFold(strings.Trim(key, `"`), "from") {
			from, ok = Word{Value: strings.TrimSuffix(value, `"`), Span: f.ValueSpan}, value != ""
			if f.at >= 0 {
				start := f.at + at + len(key) + 1
				from.Span = i.Logical.Span(start, start+len(from.Value))
			}
		}
		at += len(field) + 1
	}
	return from, ok
}

// source files a name behind from= as a stage or as an image.
func (l *linker) source(s *Stage, i *Instruction, use ImageUse, from Word) {
	name := strings.ToLower(from.Value)
	switch {
	case l.names[name] != nil && l.names[name] != s:
		s.use(l.names[name])
		return
	case l.all[name], name == "scratch":
		return
	}
	v := variable{value: from.Value, kind: known}
	if uses := l.x.uses(from.Value); len(uses) > 0 {
		v = variable{kind: unknown, why: "BuildKit replaces no variables in `from`"}
	}
	l.image(use, i, from, v)
}

// use notes an earlier stage once.
func (s *Stage) use(earlier *Stage) {
	if !slices.Contains(s.Uses, earlier) {
		s.Uses = append(s.Uses, earlier)
	}
}

// findStage finds a stage by name or by index in decimal.
func findStage(stages []*Stage, name string) *Stage {
	name = strings.ToLower(name)
	for _, s := range slices.Backward(stages) {
		if s.Name == name && name != "" {
			return s
		}
	}
	if n, err := strconv.Atoi(name); err == nil && n >= 0 && n < len(stages) {
		return stages[n]
	}
	return nil
}
