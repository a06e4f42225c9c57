package report

import (
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/chiselbot/chiselbot/app/review"
	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/source"
)

// maxPageBytes is what GitHub takes of a check run's summary and text. It counts
// characters, of which there are never more than bytes.
const maxPageBytes = 65_535

// The limits of one excerpt, in lines and in bytes of a line.
const (
	maxExcerptLines = 10
	maxExcerptBytes = 200
)

// A Page is the output of a check run. Title has at most 255 characters and no markup;
// Summary and Text are GitHub's Markdown with at most 65,535 characters each, in which
// nothing that strangers wrote makes a link, a mention, a reference or HTML.
type Page struct {
	Title, Summary, Text string
}

// Markdown makes a page of the review. What would make it too long is left out whole
// and counted.
func Markdown(r *review.Review) Page {
	return Page{Title: title(r), Summary: summary(r), Text: details(r, false)}
}

// WriteMarkdown writes the page of the review whole, for a file or a log.
func WriteMarkdown(w io.Writer, r *review.Review) error {
	page := Markdown(r)
	var b strings.Builder
	for l := range strings.Lines("# " + page.Title + "\n\n" + page.Summary + "\n" + page.Text) {
		b.WriteString(logLine(l))
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write Markdown: %w", err)
	}
	return nil
}

func summary(r *review.Review) string {
	d := r.Delta
	p := page{}
	p.add(verdictSentence(r) + "\n")

	var table strings.Builder
	table.WriteString("\n| Severity | New | Fixed | Unchanged |\n| :-- | --: | --: | --: |\n")
	same := unchanged(d)
	for s := checks.Error; s > checks.Off; s-- {
		fmt.Fprintf(&table, "| %s | %d | %d | %d |\n", s, countOf(d.New, s), countOf(d.Fixed, s), countOf(same, s))
	}
	p.add(table.String())

	if len(d.Skips) > 0 {
		p.add("\n> [!WARNING]\n> Not everything could be checked:\n>\n")
	}
	for i, s := range d.Skips {
		if !p.add("> - " + skipped(s) + "\n") {
			p.more("\n", len(d.Skips)-i)
			break
		}
	}
	return p.String()
}

func skipped(s checks.Skip) string {
	var b strings.Builder
	if s.Path != "" {
		b.WriteString(place(s.Path, s.Line()) + ": ")
	}
	if s.Rule != "" {
		b.WriteString(CodeSpan(s.Rule) + ": ")
	}
	b.WriteString(Prose(s.Reason))
	if s.Help != "" {
		b.WriteString(" " + Prose(s.Help))
	}
	return b.String()
}

// details is the whole report. Folded, what is new has to be opened as the rest has.
func details(r *review.Review, folded bool) string {
	d := r.Delta
	p := page{}
	groups := checks.Together(d.New)
	folded = folded && len(groups) > 0 && p.add(fmt.Sprintf("<details>\n<summary>%d new, with their lines and what to do</summary>\n\n", len(groups)))
	for i, f := range groups {
		if !p.add(entry(f)) {
			p.more("\n", len(groups)-i)
			break
		}
	}
	if folded {
		p.WriteString("</details>\n")
	}
	p.section(kubernetesObjects(len(r.Objects)), objectLines(r.Objects))
	shorts := func(fs []checks.Finding) (lines []string) {
		for _, f := range fs {
			lines = append(lines, short(f))
		}
		return lines
	}
	p.section(fmt.Sprintf("%d could not be compared with the other side", len(d.Unsure)), shorts(d.Unsure))
	p.section(fmt.Sprintf("%d fixed", len(d.Fixed)), shorts(d.Fixed))
	p.section(fmt.Sprintf("%d unchanged", len(d.Same)), shorts(d.Same))
	var moved, ignored, better []string
	for _, m := range d.Moved {
		moved = append(moved, short(m.Finding)+" It was in "+CodeSpan(m.From)+".")
	}
	for _, drop := range d.Drops {
		if by := drop.By; by.File != nil {
			ignored = append(ignored, short(drop.Finding)+" Ignored by "+place(by.File.Path(), by.File.LineAt(by.Span.Start))+": "+Prose(drop.Reason))
			continue
		}
		better = append(better, short(drop.Finding)+" "+Prose(drop.Reason))
	}
	p.section(fmt.Sprintf("%d moved with a renamed file", len(moved)), moved)
	p.section(fmt.Sprintf("%d ignored", len(ignored)), ignored)
	p.section(fmt.Sprintf("%d left to a rule that knows more", len(better)), better)
	return p.String()
}

func kubernetesObjects(n int) string { return plural(n, "Kubernetes object") + " changed" }

// heading is the line that names a finding.
func heading(f checks.Finding) string {
	return fmt.Sprintf("**%s** %s %s", f.Severity, ruleLink(f.Rule), findingPlace(f))
}

func ruleLink(r *checks.Rule) string {
	if r.URL == "" {
		return Prose(r.ID)
	}
	return "[" + Prose(r.ID) + "](" + r.URL + ")"
}

func short(f checks.Finding) string { return heading(f) + ": " + Prose(f.Message) }

// entry is a finding with everything that explains it, as an item of a list.
func entry(f checks.Finding) string {
	var b strings.Builder
	b.WriteString("- " + heading(f) + "\n\n  " + Prose(f.Message) + "\n")
	for _, more := range []string{provenance(f), f.Help} {
		if more != "" {
			b.WriteString("\n  " + Prose(more) + "\n")
		}
	}
	b.WriteString("\n" + excerptBlock(f.File, f.Span))
	for i, other := range f.Related {
		if i == 0 {
			b.WriteString("\n")
		}
		b.WriteString("  - " + place(other.File.Path(), other.File.LineAt(other.Span.Start)) + ": " + Prose(other.Message) + "\n")
	}
	b.WriteString("\n")
	return b.String()
}

// excerptBlock is the lines of the span as a fenced block, indented to belong to an item
// of a list.
func excerptBlock(f *source.File, s source.Span) string {
	s = lastLineBreakOff(f, s)
	first, last := f.LineAt(s.Start), f.LineAt(s.End)
	shown := min(last, first+maxExcerptLines-1)
	var lines []string
	for n := first; n <= shown; n++ {
		lines = append(lines, excerptLine(strings.TrimPrefix(f.LineText(n), byteOrderMark), s.Start-f.LineSpan(n).Start))
	}
	if shown < last {
		lines = append(lines, "…")
	}
	text := strings.TrimSuffix(Block(language(f.Path()), strings.Join(lines, "\n")), "\n")
	return "  " + strings.ReplaceAll(text, "\n", "\n  ") + "\n"
}

// language is what GitHub is to highlight a file as.
func language(name string) string {
	switch ext := path.Ext(name); ext {
	case ".yaml", ".yml", ".json":
		return ext[1:]
	case ".tpl":
		return "yaml"
	case ".csproj", ".fsproj", ".vbproj", ".props", ".targets":
		return "xml"
	}
	return "dockerfile"
}

// excerptLine is a line, or of a long one what begins shortly before a byte of it.
func excerptLine(text string, from int) string {
	if len(text) <= maxExcerptBytes {
		return printable(text)
	}
	start := 0
	if from > maxExcerptBytes/2 {
		start = min(from-maxExcerptBytes/4, len(text)-maxExcerptBytes)
	}
	end := min(len(text), start+maxExcerptBytes)
	cut := printable(strings.ToValidUTF8(text[start:end], ""))
	if start > 0 {
		cut = "…" + cut
	}
	if end < len(text) {
		cut += "…"
	}
	return cut
}

// A page is text that grows by whole parts up to what GitHub takes.
type page struct {
	strings.Builder
	full bool
}

// reserve is kept free for the lines that say what was left out and for closing tags.
const reserve = 100

// add appends a part, or reports false when there is no room for it.
func (p *page) add(part string) bool {
	if p.full || p.Len()+len(part) > maxPageBytes-reserve {
		p.full = true
		return false
	}
	p.WriteString(part)
	return true
}

// more says how many were left out.
func (p *page) more(before string, n int) {
	fmt.Fprintf(p, "%sand %d more\n", before, n)
}

// section is a list that is folded up.
func (p *page) section(what string, lines []string) {
	if len(lines) == 0 || !p.add("\n<details>\n<summary>"+what+"</summary>\n\n") {
		return
	}
	for i, line := range lines {
		if !p.add("- " + line + "\n") {
			p.more("\n", len(lines)-i)
			break
		}
	}
	p.WriteString("\n</details>\n")
}
