package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/fixes"
)

// Plans is what `fix` has to tell.
type Plans struct {
	Plans []*fixes.Plan
	Skips []checks.Skip
	// Dockerfiles is how many were looked at.
	Dockerfiles int
	// Careful is how many fixes were not asked for that a person should look at.
	Careful int
	// Applied says that the changes are made.
	Applied bool
}

// PlansText writes plans for a person: for each image what would change, line by line and
// why, or what stands in the way; then what to know, what was proven and the patch.
func PlansText(w io.Writer, all Plans, t Terminal) error {
	p := newTextPage(w, t)
	for n, plan := range all.Plans {
		if n > 0 {
			p.line()
		}
		p.plan(plan)
	}
	if len(all.Skips) > 0 {
		p.section("Not checked")
		for _, s := range all.Skips {
			p.skip(s)
		}
	}
	p.plansSum(all)
	if err := p.out.Flush(); err != nil {
		return fmt.Errorf("write text: %w", err)
	}
	return nil
}

func (p *textPage) plan(plan *fixes.Plan) {
	p.section(plan.Verdict.String())
	p.line(p.style(printable(line(strings.ReplaceAll(plan.Title, "`", ""))), ansi.AttrBold))
	p.line()
	for _, r := range plan.Reasons {
		p.reason(r)
	}
	if plan.Applicable() {
		p.steps(plan)
		for _, n := range plan.Notes {
			p.labeled("note", placed(n.At, plan, n.Message))
		}
	}
	if plan.Proof != nil {
		for _, held := range plan.Proof.Held {
			p.labeled("proof", held)
			for _, f := range plan.Proof.Beneath(held) {
				p.labeled("", "· "+f)
			}
		}
		for _, open := range plan.Proof.Open {
			p.labeled("open", open)
		}
	}
	for _, c := range plan.Changes {
		p.line()
		p.patch(c)
	}
}

// reason writes what stands in the way, with the line.
func (p *textPage) reason(r fixes.Reason) {
	color := colorOf(checks.Warning)
	if r.Verdict == fixes.Refuse {
		color = colorOf(checks.Error)
	}
	p.line(p.style(r.Verdict.String(), ansi.AttrBold, color), " ", p.link(r.ID, r.URL))
	if r.At.File != nil {
		p.excerpts([]mark{{file: r.At.File, span: r.At.Span, sign: "^", color: color}})
	}
	p.prose("  ", r.Message)
	p.labeled("help", r.Help)
	p.line()
}

// steps writes what would be done, below the paths of the files.
func (p *textPage) steps(plan *fixes.Plan) {
	var numbers, ids int
	for _, s := range plan.Steps {
		numbers, ids = max(numbers, len(fmt.Sprint(s.At.Line()))), max(ids, len(s.ID))
	}
	path := ""
	for n, s := range plan.Steps {
		if n == 0 || s.At.Path() != path {
			path = s.At.Path()
			p.line(printable(line(path)))
		}
		before := "  " + p.style(fmt.Sprintf("%*d", numbers, s.At.Line()), ansi.AttrFaint) + "  " + p.link(s.ID, s.URL) + strings.Repeat(" ", ids-len(s.ID)) + "  "
		indent := numbers + ids + 6
		for _, l := range p.wrap(s.Title, min(p.width, maxProse)-indent) {
			p.line(before, l)
			before = strings.Repeat(" ", indent)
		}
		for why := range strings.SplitSeq(s.Because, "\n") {
			sign := "· "
			for _, l := range p.wrap(why, min(p.width, maxProse)-indent-2) {
				p.line(strings.Repeat(" ", indent), p.style(sign, ansi.AttrFaint), l)
				sign = "  "
			}
		}
	}
	p.line()
}

// patch writes a change as a patch in colors.
func (p *textPage) patch(c fixes.Change) {
	for l := range strings.Lines(c.Diff()) {
		p.line(p.patchLine(strings.TrimRight(l, "\r\n")))
	}
}

// patchLine is a line of a patch in its color.
func (p *textPage) patchLine(l string) string {
	shown := printable(l)
	switch {
	case strings.HasPrefix(l, "diff "), strings.HasPrefix(l, "--- "), strings.HasPrefix(l, "+++ "):
		return p.style(shown, ansi.AttrBold)
	case strings.HasPrefix(l, "@@"):
		return p.style(shown, colorCode)
	case strings.HasPrefix(l, "-"):
		return p.style(shown, colorNew)
	case strings.HasPrefix(l, "+"):
		return p.style(shown, colorFixed)
	}
	return shown
}

// placed says where a sentence holds, where that is not the plan's own file.
func placed(at fixes.Place, plan *fixes.Plan, message string) string {
	if at.File == nil || at.File == plan.File {
		return message
	}
	return fmt.Sprintf("`%s:%d`: %s", at.Path(), at.Line(), message)
}

// link is an id that links to its page.
func (p *textPage) link(id, url string) string {
	return p.rule(&checks.Rule{ID: id, URL: url})
}

func (p *textPage) plansSum(all Plans) {
	count := map[fixes.Verdict]int{}
	files := 0
	for _, plan := range all.Plans {
		count[plan.Verdict]++
		files += len(plan.Changes)
	}
	p.section("")
	if len(all.Plans) == 0 {
		if all.Careful > 0 {
			p.prose("", fmt.Sprintf("There is nothing to change without `--unsafe`, which takes %s that a person should look at.", plural(all.Careful, "fix")))
			return
		}
		p.prose("", fmt.Sprintf("There is nothing to change. %s looked at.", plural(all.Dockerfiles, "Dockerfile")))
		return
	}
	var parts []string
	for _, v := range []fixes.Verdict{fixes.Safe, fixes.SafeWithEdits, fixes.NeedsPerson, fixes.Refuse} {
		color := colorFixed
		switch v {
		case fixes.NeedsPerson:
			color = colorOf(checks.Warning)
		case fixes.Refuse:
			color = colorNew
		case fixes.Safe, fixes.SafeWithEdits:
		}
		name := v.String()
		if v == fixes.Refuse {
			name = "refused"
		}
		if count[v] > 0 {
			parts = append(parts, p.count(count[v], name, color))
		}
	}
	p.line(strings.Join(parts, " · "))
	switch {
	case all.Applied && files > 0:
		p.prose("", plural(files, "file")+" changed.")
	case files > 0:
		p.prose("", "Nothing was changed. `--apply` changes the files, `--diff` prints a patch for `git apply`.")
	}
	if at := slices.IndexFunc(all.Plans, func(plan *fixes.Plan) bool { return len(plan.Reasons) > 0 }); at >= 0 {
		p.prose("", "Each reason links to a page; `--json` has their addresses.")
	}
}
