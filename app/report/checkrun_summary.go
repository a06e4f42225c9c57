package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/app/review"
	"github.com/chiselbot/chiselbot/checks"
)

const (
	// maxRows is how many rows each part of the summary has.
	maxRows = 8
	// maxPlaces is how many places a row names.
	maxPlaces = 3
)

// deltaSummary is what a person reads first: whether it is well, what got worse and
// where, what got better, and what to do.
func deltaSummary(r *review.Review) string {
	d := r.Delta
	p := page{}
	p.add("### " + headline(r) + "\n\n")
	rows(&p, "Worse", alike(byWorth(r)), func(same []checks.Finding) string {
		return icon(same[0].Severity) + " **" + Prose(same[0].Rule.Title) + "** · " + places(same) + " · " + ruleLink(same[0].Rule) + "\\\n  " + Prose(same[0].Message)
	})
	rows(&p, "Better", alike(d.Fixed), func(same []checks.Finding) string {
		return "✅ ~~" + Prose(same[0].Rule.Title) + "~~ · " + places(same) + " · " + ruleLink(same[0].Rule)
	})
	rows(&p, "Newly ignored", d.Ignored, func(drop checks.Drop) string {
		return "🔇 " + Prose(drop.Finding.Rule.Title) + " · " + findingPlace(drop.Finding) + " · " + ruleLink(drop.Finding.Rule) + "\\\n  " + Prose(drop.Reason)
	})
	rows(&p, "Not checked", d.Skips, func(s checks.Skip) string { return "⚠️ " + skipped(s) })
	if n := len(d.Unsure); n > 0 {
		p.add(fmt.Sprintf("%s cannot be called new or fixed, because the other side of the change could not be checked there.\n\n", plural(n, "finding")))
	}
	rows(&p, "What to do", whatToDo(r), func(todo string) string { return todo })
	if !empty(r) {
		p.add(filesOf(r) + " checked.\n")
	}
	return p.String()
}

// headline is the review in a sentence.
func headline(r *review.Review) string {
	d := r.Delta
	failing := 0
	for _, f := range d.New {
		if r.FailOn != checks.Off && f.Severity >= r.FailOn {
			failing++
		}
	}
	switch r.Verdict() {
	case review.Failed:
		if failing == 1 {
			return "❌ One thing got worse that must not be merged"
		}
		return fmt.Sprintf("❌ %d things got worse that must not be merged", failing)
	case review.Unsure:
		return "⚠️ Not everything could be checked"
	case review.Passed:
	}
	switch {
	case len(d.New) > 0 && len(d.Fixed) > 0:
		return "✅ Some things got better, some worse, none so bad that it fails"
	case len(d.New) > 0:
		return "✅ Some things got worse, none so bad that it fails"
	case len(d.Fixed) > 0:
		return "✅ This change makes things better"
	case len(d.Same)+len(d.Moved) > 0:
		return "✅ This change makes nothing worse"
	}
	return "✅ Nothing was found"
}

func icon(s checks.Severity) string {
	return [...]string{checks.Off: "", checks.Notice: "🔵", checks.Warning: "🟠", checks.Error: "🔴"}[s]
}

// rows lists the first few of what is told in full elsewhere.
func rows[T any](p *page, title string, all []T, row func(T) string) {
	for i, one := range all {
		if i == 0 {
			p.add("**" + title + "**\n\n")
		}
		if i == maxRows || !p.add("- "+row(one)+"\n") {
			p.more("- … ", len(all)-i)
			break
		}
	}
	if len(all) > 0 {
		p.add("\n")
	}
}

// alike puts findings together that say the same of several places.
func alike(fs []checks.Finding) [][]checks.Finding {
	var groups [][]checks.Finding
	for _, f := range fs {
		at := slices.IndexFunc(groups, func(g []checks.Finding) bool { return g[0].Rule.ID == f.Rule.ID && g[0].Message == f.Message })
		if at < 0 {
			groups = append(groups, nil)
			at = len(groups) - 1
		}
		groups[at] = append(groups[at], f)
	}
	return groups
}

// places names the first few.
func places(fs []checks.Finding) string {
	var names []string
	for i, f := range fs {
		if i == maxPlaces {
			return strings.Join(names, ", ") + fmt.Sprintf(" and %d more", len(fs)-i)
		}
		names = append(names, findingPlace(f))
	}
	return strings.Join(names, ", ")
}

func findingPlace(f checks.Finding) string { return place(f.Path(), f.Line()) }

// whatToDo is what can be done about what got worse and about images that could move.
func whatToDo(r *review.Review) []string {
	var todo []string
	buttons := actions(r)
	safe := slices.Contains(buttons, Fix)
	if safe {
		todo = append(todo, "`/chisel fix` in a comment, or *"+Fix.Label+"* above, commits the fixes that are certain.")
	}
	var others []string
	for _, f := range byWorth(r) {
		if f.Fix != nil && f.Fix.Safety == checks.Unsafe && !slices.Contains(others, f.Rule.ID) {
			others = append(others, f.Rule.ID)
		}
	}
	if len(others) > 0 {
		todo = append(todo, CodeSpan("/chisel fix "+strings.Join(others, " "))+" commits fixes that a person should look at.")
	}
	if slices.Contains(buttons, Migrate) {
		todo = append(todo, "`/chisel migrate`, or *"+Migrate.Label+"* above, opens a pull request that moves the image to a chiseled one, and what belongs to it.")
	}
	if len(r.Delta.New) > 0 {
		todo = append(todo, "Each rule's page says how to mend it by hand. `/chisel ignore RULE REASON` silences what is meant to be so.")
	}
	if len(r.Delta.Skips) > 0 {
		todo = append(todo, "Make readable what could not be checked, or look at it yourself.")
	}
	return todo
}
