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

// together is edits that belong together, with those at one place made one: what is inserted
// below the same new keys stands below them once.
func together(all ...[]source.Edit) []source.Edit {
	var edits []source.Edit
	for _, e := range slices.Concat(all...) {
		n := slices.IndexFunc(edits, func(o source.Edit) bool { return o.Path == e.Path && o.Span == e.Span })
		switch {
		case n < 0:
			edits = append(edits, e)
		case edits[n] != e:
			edits[n].New = joined(edits[n].New, e.New)
		}
	}
	return edits
}

// joined are the lines of two insertions at one place, whose line breaks stand in front of
// the lines or behind them.
func joined(a, b string) string {
	eol := "\n"
	if strings.Contains(a, "\r\n") {
		eol = "\r\n"
	}
	first, second := strings.Split(a, eol), strings.Split(b, eol)
	begins := func(line string) bool {
		line = strings.TrimSpace(line)
		return line == "" || line[0] == '#' || strings.HasSuffix(line, ":")
	}
	n := 0
	for n < min(len(first), len(second))-1 && first[n] == second[n] && begins(first[n]) {
		n++
	}
	if behind := strings.TrimSpace(first[len(first)-1]) == ""; behind {
		first = first[:len(first)-1]
	}
	return strings.Join(slices.Concat(first, second[n:]), eol)
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
