package propose

import (
	"cmp"
	"fmt"
	"path"
	"strings"

	"github.com/chiselbot/chiselbot/app/report"
	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
)

// maxBody is what GitHub takes of a body, in characters, of which there are never more
// than bytes.
const maxBody = 65_000

// body is the pull request's text. Of one that would be too long the edits are left out:
// the commit has them.
func body(p Proposal, tree source.Tree, plans []*fixes.Plan) string {
	text := bodyOf(p, tree, plans, true)
	if len(text) > maxBody {
		text = bodyOf(p, tree, plans, false)
	}
	if len(text) > maxBody {
		text = text[:strings.LastIndexByte(text[:maxBody], '\n')+1] + "\n…\n"
	}
	return text
}

func bodyOf(p Proposal, tree source.Tree, plans []*fixes.Plan, edits bool) string {
	var b strings.Builder
	b.WriteString(p.mark() + "\n")
	var left []*fixes.Plan
	applicable := 0
	for _, plan := range plans {
		if plan.Applicable() {
			applicable++
			summary(&b, plan)
		} else if len(plan.Reasons) > 0 {
			left = append(left, plan)
		}
	}
	for _, plan := range plans {
		if !plan.Applicable() {
			continue
		}
		if applicable > 1 {
			b.WriteString("\n### " + report.CodeSpan(plan.File.Path()) + "\n")
		}
		table(&b, plan)
		Proof(&b, plan)
		Notes(&b, plan)
		if edits {
			Steps(&b, plan)
			Traps(&b, plan)
		}
	}
	if !edits {
		b.WriteString("\nThe edits are too many to be listed here; the commit has them.\n")
	}
	if len(left) > 0 {
		b.WriteString("\n### Left to a person\n\n")
		for _, plan := range left {
			Reasons(&b, plan)
		}
	}
	try(&b, p, tree, plans)
	same := "images"
	if p.Recipe == Fixes {
		same = "findings"
	}
	b.WriteString("\n### If you do not want this\n\nClose this pull request. It does not come back for the same " + same + ", unless somebody with write access comments " +
		"`/chisel recreate`.\n\nTo change something, commit to this branch: chiselbot leaves it alone from then on, and says so where it would have changed it.\n")
	return b.String()
}

// summary is what a plan changes in a sentence.
func summary(b *strings.Builder, plan *fixes.Plan) {
	before, after := sides(plan)
	if before.image == after.image {
		b.WriteString("\n" + report.Prose(plan.Title))
	} else {
		fmt.Fprintf(b, "\nMoves %s from %s to %s", report.CodeSpan(plan.File.Path()), orUnknown(before.image), orUnknown(after.image))
	}
	var others []string
	for _, c := range plan.Changes {
		if c.Path != plan.File.Path() {
			others = append(others, report.CodeSpan(c.Path))
		}
	}
	switch n := len(others); {
	case n == 1:
		b.WriteString(", and changes " + others[0] + " with it")
	case n > 1:
		fmt.Fprintf(b, ", and changes %s and %s with it", others[0], countOf(n-1, "other file"))
	}
	b.WriteString(".\n")
}

func countOf(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return report.CodeSpan(s)
}

// table compares the image with what it becomes. What fixes findings may leave it as it is.
func table(b *strings.Builder, plan *fixes.Plan) {
	before, after := sides(plan)
	if before == after {
		return
	}
	images := []string{before.image, after.image}
	if path.Dir(before.image) == path.Dir(after.image) && before.image != "" {
		images = []string{path.Base(before.image), path.Base(after.image)} // so that a telephone can show it
	}
	b.WriteString("\n| | Before | After |\n| :-- | :-- | :-- |\n")
	for _, row := range []struct{ name, before, after string }{
		{"Image", images[0], images[1]}, {"User", before.user, after.user}, {"Exposed ports", before.ports, after.ports},
		{"Shell", before.shell, after.shell}, {"Package manager", before.packages, after.packages},
	} {
		if before.image == after.image && row.before == row.after {
			continue // it is not about another image
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", row.name, cell(row.before), cell(row.after))
	}
	if after.size != "" {
		fmt.Fprintf(b, "| Size to pull | %s | %s |\n", cmp.Or(before.size, "unknown"), after.size)
	}
}

// cell is text in a table, where a bar ends the cell even in a code span.
func cell(s string) string {
	switch s {
	case "":
		return "unknown"
	case "yes", "no":
		return s
	}
	return strings.ReplaceAll(report.CodeSpan(s), "|", `\|`)
}

// Proof says what of a plan was proven and what was not.
func Proof(b *strings.Builder, plan *fixes.Plan) {
	if plan.Proof == nil {
		return
	}
	b.WriteString("\n**Proven**\n\n")
	for _, held := range plan.Proof.Held {
		b.WriteString("- ✅ " + report.Prose(held) + "\n")
		fields(b, plan.Proof.Beneath(held))
	}
	b.WriteString("\n**Not proven**\n\n")
	for _, open := range plan.Proof.Open {
		b.WriteString("- ⬜ " + report.Prose(open) + "\n")
	}
}

// maxFields is how many fields of rendered objects are named.
const maxFields = 12

// fields lists the fields of rendered objects that differ.
func fields(b *strings.Builder, list []string) {
	for i, field := range list {
		if i == maxFields {
			fmt.Fprintf(b, "  - … and %d more\n", len(list)-i)
			return
		}
		b.WriteString("  - " + report.Prose(field) + "\n")
	}
}

// Steps lists what is changed, where and why.
func Steps(b *strings.Builder, plan *fixes.Plan) {
	fmt.Fprintf(b, "\n<details>\n<summary>Each change and why (%d)</summary>\n\n", len(plan.Steps))
	for _, s := range plan.Steps {
		fmt.Fprintf(b, "- %s, %s: %s\n", place(s.At), link(s.ID, s.URL), report.Prose(s.Title))
		for why := range strings.SplitSeq(s.Because, "\n") {
			if why != "" {
				b.WriteString("  - " + report.Prose(why) + "\n")
			}
		}
	}
	b.WriteString("\n</details>\n")
}

// Notes lists what to know about a plan.
func Notes(b *strings.Builder, plan *fixes.Plan) {
	if len(plan.Notes) == 0 {
		return
	}
	b.WriteString("\n**To know**\n\n")
	for _, n := range plan.Notes {
		at := ""
		if n.At.File != nil && n.At.File != plan.File {
			at = place(n.At) + ": "
		}
		b.WriteString("- " + at + report.Prose(n.Message) + "\n")
	}
}

// Reasons lists what stands in the way of a plan and what a person would do.
func Reasons(b *strings.Builder, plan *fixes.Plan) {
	verdict := plan.Verdict.String()
	if plan.Verdict == fixes.Refuse {
		verdict = "refused"
	}
	fmt.Fprintf(b, "- %s (%s)\n", report.CodeSpan(plan.File.Path()), verdict)
	for _, r := range plan.Reasons {
		at := ""
		if r.At.File != nil {
			at = place(r.At) + ", "
		}
		fmt.Fprintf(b, "  - %s%s: %s %s\n", at, link(r.ID, r.URL), report.Prose(r.Message), report.Prose(r.Help))
	}
}

func place(p fixes.Place) string {
	if p.File == nil {
		return "(no place)"
	}
	return report.CodeSpan(fmt.Sprintf("%s:%d", p.Path(), p.Line()))
}

func link(id, url string) string {
	if url == "" {
		return report.Prose(id)
	}
	return "[" + report.Prose(id) + "](" + url + ")"
}

// SettingsBody is the text of a pull request that changes the settings file, and nothing else.
func SettingsBody(r Request, file string) string {
	return fmt.Sprintf("%s\n\nChanges which findings are known, as was asked for on #%d. The reasons stand in %s; what is not reported because of them is listed in each check run.\n\n"+
		"It holds for a pull request once it is merged into the branch that the pull request is for. Close it if you do not want that.\n", r.mark(), r.Pull, report.CodeSpan(file))
}
