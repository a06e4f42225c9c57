package rules

import (
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// lineBreak is the line break that the file uses.
func lineBreak(f *source.File) string {
	if strings.Contains(f.Text(), "\r\n") {
		return "\r\n"
	}
	return "\n"
}

// beforeStart is the edit that adds an instruction to the final stage: in front of the
// ENTRYPOINT or CMD that ends it, otherwise at its end. What is built before stays
// before. The keyword is written in the case of the stage's FROM.
func beforeStart(p *checks.DockerfilePass, keyword, rest string) source.Edit {
	if p.File.Slice(p.Final.From.KeywordSpan) == "from" {
		keyword = strings.ToLower(keyword)
	}
	line := keyword + " " + rest
	last := p.Final.From
	var start *dockerfile.Instruction
	var before *dockerfile.Instruction
	for _, i := range p.Final.Instructions {
		switch {
		case i.Keyword == "ENTRYPOINT" || i.Keyword == "CMD":
			if start == nil {
				start, before = i, last
			}
		case atBuild(i):
			start = nil
		}
		last = i
	}
	if start == nil {
		at := p.File.LineSpan(p.File.LineAt(last.Span.End)).End
		return p.Edit(source.Span{Start: at, End: at}, lineBreak(p.File.File)+line)
	}
	// Comments directly above the instruction belong to it, ignore comments above all.
	top := p.File.LineAt(start.Span.Start)
	for top-1 > p.File.LineAt(before.Span.End) && strings.HasPrefix(strings.TrimLeft(p.File.LineText(top-1), " \t"), "#") {
		top--
	}
	at := p.File.LineSpan(top).Start
	indent := p.File.Slice(source.Span{Start: p.File.LineSpan(p.File.LineAt(start.Span.Start)).Start, End: start.Span.Start})
	return p.Edit(source.Span{Start: at, End: at}, indent+line+lineBreak(p.File.File))
}

// together is edits that belong together, with insertions at one place made one.
func together(all ...[]source.Edit) []source.Edit {
	var edits []source.Edit
	for _, e := range slices.Concat(all...) {
		n := slices.IndexFunc(edits, func(o source.Edit) bool { return e.Span.Len() == 0 && o.Path == e.Path && o.Span == e.Span })
		if n < 0 {
			edits = append(edits, e)
			continue
		}
		edits[n].New += e.New
	}
	return edits
}

// atBuild reports whether an instruction does something while the image is built that
// depends on the user, or sets the user.
func atBuild(i *dockerfile.Instruction) bool {
	switch i.Keyword {
	case "RUN", "COPY", "ADD", "WORKDIR", "USER":
		return true
	}
	return false
}

// removeLine is the edit that removes an instruction with the line it stands on.
func removeLine(p *checks.DockerfilePass, i *dockerfile.Instruction) source.Edit {
	first, last := p.File.LineAt(i.Span.Start), p.File.LineAt(i.Span.End)
	return p.Edit(source.Span{Start: p.File.LineSpan(first).Start, End: p.File.LineSpan(last + 1).Start}, "")
}
