package review

import (
	"slices"

	"github.com/aymanbagabas/go-udiff"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/source"
)

// Lines are one-based lines of a file, First to Last.
type Lines struct {
	First, Last int
}

// Touches reports whether the change itself wrote the lines of a finding of the head. A
// new finding elsewhere is one that the change brought about from afar.
func (r *Review) Touches(f *checks.Finding) bool {
	first, last := f.File.LineAt(f.Span.Start), f.File.LineAt(max(f.Span.Start, f.Span.End-1))
	return slices.ContainsFunc(r.Touched[f.Path()], func(l Lines) bool { return l.First <= last && first <= l.Last })
}

// touched are the lines that the change wrote in files with new findings.
func touched(base source.Tree, d checks.Delta) map[string][]Lines {
	before := map[string]string{} // the base's names of renamed files
	for _, m := range d.Moved {
		before[m.Path()] = m.From
	}
	files := map[string][]Lines{}
	for _, f := range d.New {
		path := f.Path()
		if _, ok := files[path]; ok {
			continue
		}
		name := path
		if from, ok := before[path]; ok {
			name = from
		}
		old, err := base.Read(name)
		if err != nil {
			files[path] = []Lines{{1, f.File.Lines()}} // there is none: all is new
			continue
		}
		files[path] = written(old.Text(), f.File)
	}
	return files
}

// written are the lines of the file that the text before it did not have.
func written(before string, after *source.File) []Lines {
	lines := []Lines{}
	moved := 0 // how much longer the text after is, up to the edit
	for _, e := range udiff.Lines(before, after.Text()) {
		if e.New != "" {
			start := e.Start + moved
			lines = append(lines, Lines{after.LineAt(start), after.LineAt(start + len(e.New) - 1)})
		}
		moved += len(e.New) - (e.End - e.Start)
	}
	return lines
}
