package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/chiselbot/chiselbot/app/config"
	"github.com/chiselbot/chiselbot/app/review"
	"github.com/chiselbot/chiselbot/checks"
)

// A Terminal is what text is shown on. The zero value suits files and pipes.
type Terminal struct {
	// Width is in columns, 0 when it is not known.
	Width int
	// Colors says that it obeys colors, Links that it may be sent hyperlinks.
	Colors, Links bool
}

// The bounds of a line of text. Wider ones are hard to read, narrower ones cannot be.
const (
	defaultWidth = 100
	minWidth     = 40
	maxProse     = 100
)

// Text writes the review for a person: what the change makes worse, with the source and
// what to do, what could not be checked, what it makes better, and the sum of it. With
// all, also what is unchanged and what was not reported is listed, and not only counted.
func Text(w io.Writer, r *review.Review, t Terminal, all bool) error {
	p := newTextPage(w, t)
	d := r.Delta

	p.line(p.style(printable(line(r.Base.Name+" → "+r.Head.Name)), ansi.AttrBold))
	if len(d.New) > 0 {
		p.section("Worse")
		for _, f := range checks.Together(d.New) {
			p.finding(f)
		}
	}
	if len(d.Skips) > 0 {
		p.section("Not checked")
		for _, s := range d.Skips {
			p.skip(s)
		}
	}
	if len(d.Unsure) > 0 {
		p.section("Not compared")
		p.prose("", notCompared)
		p.list(listed(d.Unsure))
	}
	if len(d.Fixed) > 0 {
		p.section("Better")
		p.list(listed(d.Fixed))
	}
	if all {
		p.rest(d)
	}
	p.sum(r, all)
	if err := p.out.Flush(); err != nil {
		return fmt.Errorf("write text: %w", err)
	}
	return nil
}

// rest lists what a change neither makes worse nor better.
func (p *textPage) rest(d checks.Delta) {
	entries := listed(d.Same)
	for _, m := range d.Moved {
		entries = append(entries, listEntry{Finding: m.Finding, says: "It was in `" + m.From + "`."})
	}
	if len(entries) > 0 {
		p.section("Unchanged")
		p.list(entries)
	}
	if len(d.Drops) == 0 {
		return
	}
	p.section("Not reported")
	entries = nil
	for _, drop := range d.Drops {
		says := drop.Reason
		if drop.By.File != nil {
			says = fmt.Sprintf("Ignored in line %d: %s", drop.By.File.LineAt(drop.By.Span.Start), says)
		}
		entries = append(entries, listEntry{Finding: drop.Finding, says: says})
	}
	p.list(entries)
}

// sum writes the last lines.
func (p *textPage) sum(r *review.Review, all bool) {
	d := r.Delta
	same, ignored := len(d.Same)+len(d.Moved), 0
	for _, drop := range d.Drops {
		if drop.By.File != nil {
			ignored++
		}
	}
	parts := []string{p.count(len(d.New), "new", colorNew), p.count(len(d.Fixed), "fixed", colorFixed), p.count(same, "unchanged", ansi.AttrBold)}
	for _, more := range []struct {
		n     int
		what  string
		color ansi.Attr
	}{{len(d.Skips), "not checked", colorUnknown}, {len(d.Unsure), "not compared", colorUnknown}, {ignored, "ignored", ansi.AttrBold}} {
		if more.n > 0 {
			parts = append(parts, p.count(more.n, more.what, more.color))
		}
	}
	p.section("")
	p.line(strings.Join(parts, " · "))
	p.prose("", verdictSentence(r))
	if empty(r) {
		p.prose("", "Dockerfiles are found by their names: `Dockerfile`, `Containerfile`, `Dockerfile.*`, `*.Dockerfile`. `dockerfiles` in `"+config.Path+"` includes others.")
	}
	if same+ignored > 0 && !all {
		p.prose("", "`--all` lists what is unchanged and what is ignored.")
	}
	if len(d.New) > 0 {
		p.prose("", "`chiselbot rules explain "+d.New[0].Rule.ID+"` says why a rule is there and what to do.")
	}
	if n := slices.IndexFunc(d.New, func(f checks.Finding) bool { return f.Fix != nil }); n >= 0 {
		unsafe := ""
		if d.New[n].Fix.Safety == checks.Unsafe {
			unsafe = " --unsafe"
		}
		p.prose("", "`chiselbot fix --rule "+d.New[n].Rule.ID+unsafe+"` shows the fix line by line, `--apply` makes it.")
	}
}

func (p *textPage) count(n int, what string, color ansi.Attr) string {
	s := fmt.Sprintf("%d %s", n, what)
	if n == 0 {
		return s
	}
	return p.style(s, ansi.AttrBold, color)
}

// finding writes everything that explains a finding.
func (p *textPage) finding(f checks.Finding) {
	p.line(p.style(f.Severity.String(), ansi.AttrBold, colorOf(f.Severity)), " ", p.rule(f.Rule), "  ", p.style(f.Rule.Title, ansi.AttrBold))
	marks := []mark{{file: f.File, span: f.Span, sign: "^", color: colorOf(f.Severity)}}
	for _, other := range f.Related {
		marks = append(marks, mark{file: other.File, span: other.Span, sign: "-", color: colorRelated, note: other.Message})
	}
	p.excerpts(marks)
	p.prose("  ", f.Message)
	p.labeled("from", provenance(f))
	p.labeled("help", f.Help)
	if f.Fix != nil {
		p.labeled("fix", f.Fix.Title+safetyOf(f.Fix))
	}
	p.line()
}

// skip writes what could not be checked and why.
func (p *textPage) skip(s checks.Skip) {
	if s.Rule != "" {
		p.line(p.style(strings.TrimSpace(printable(line(s.Rule))), ansi.AttrBold, colorUnknown))
	}
	switch {
	case s.File != nil:
		p.excerpts([]mark{{file: s.File, span: s.Span, sign: "^", color: colorUnknown}})
	case s.Path != "":
		p.line(printable(line(s.Path)))
	}
	p.prose("  ", s.Reason)
	if with := setsOf(s.Sets); with != "" {
		p.labeled("from", "It is so with "+with+".")
	}
	p.labeled("help", s.Help)
	p.line()
}

// safetyOf says who must agree to a fix.
func safetyOf(f *checks.Fix) string {
	if f.Safety == checks.Safe {
		return " (safe: it cannot change what a working image does)"
	}
	return " (look at it before you commit it)"
}

// A listEntry is a finding on a list, with what is to be said of it.
type listEntry struct {
	checks.Finding
	says string
}

func listed(fs []checks.Finding) []listEntry {
	var entries []listEntry
	for _, f := range fs {
		entries = append(entries, listEntry{Finding: f})
	}
	return entries
}

// list writes findings below the paths of their files, one a line.
func (p *textPage) list(entries []listEntry) {
	var numbers, ids int
	for _, e := range entries {
		numbers = max(numbers, len(fmt.Sprint(e.Line())))
		ids = max(ids, len(e.Rule.ID))
	}
	path := ""
	for i, e := range entries {
		if i == 0 || e.Path() != path {
			path = e.Path()
			p.line(printable(line(path)))
		}
		id := p.rule(e.Rule) + strings.Repeat(" ", ids-len(e.Rule.ID))
		p.line("  ", p.style(fmt.Sprintf("%*d", numbers, e.Line()), ansi.AttrFaint), "  ",
			p.style(fmt.Sprintf("%-7s", e.Severity), colorOf(e.Severity)), "  ", id, "  ", e.Rule.Title)
		if e.says != "" {
			p.prose(strings.Repeat(" ", numbers+4), e.says)
		}
	}
	p.line()
}

// A textPage is text that is being written.
type textPage struct {
	out      *bufio.Writer
	terminal Terminal
	width    int
}

func newTextPage(w io.Writer, t Terminal) *textPage {
	width := t.Width
	if width <= 0 {
		width = defaultWidth
	}
	return &textPage{out: bufio.NewWriter(w), terminal: t, width: max(width, minWidth)}
}

// line writes one line, whose parts are fit for a terminal.
func (p *textPage) line(parts ...string) {
	p.out.WriteString(logLine(strings.TrimRight(strings.Join(parts, ""), " ")))
	p.out.WriteByte('\n')
}

// section begins a part of the page with a line that holds its name.
func (p *textPage) section(name string) {
	width := min(p.width, maxProse)
	if name == "" {
		p.line(p.style(strings.Repeat("─", width), ansi.AttrFaint))
		return
	}
	after := strings.Repeat("─", width-len(name)-4)
	p.line(p.style("──", ansi.AttrFaint), " ", p.style(name, ansi.AttrBold), " ", p.style(after, ansi.AttrFaint))
}

// prose writes sentences, wrapped and indented.
func (p *textPage) prose(indent, text string) {
	for _, l := range p.wrap(text, min(p.width, maxProse)-len(indent)) {
		p.line(indent, l)
	}
}

// labeled writes sentences, if there are any, beside what they are.
func (p *textPage) labeled(label, text string) {
	const indent = 8
	if text == "" {
		return
	}
	before := "  " + p.style(label, ansi.AttrGreenForegroundColor) + strings.Repeat(" ", indent-2-len(label))
	for _, l := range p.wrap(text, min(p.width, maxProse)-indent) {
		p.line(before, l)
		before = strings.Repeat(" ", indent)
	}
}

// rule is a rule's id, which links to its page.
func (p *textPage) rule(r *checks.Rule) string {
	if !p.terminal.Links || r.URL == "" {
		return r.ID
	}
	return ansi.SetHyperlink(r.URL) + r.ID + ansi.ResetHyperlink()
}
