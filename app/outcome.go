package app

import (
	"fmt"
	"strings"

	"github.com/chiselbot/chiselbot/app/report"
	"github.com/chiselbot/chiselbot/checks"
)

// A proposed is what became of a proposal.
type proposed string

// What can become of a proposal.
const (
	opened      proposed = "opened"
	updated     proposed = "updated"
	unchanged   proposed = "unchanged"
	declined    proposed = "declined"    // somebody closed it
	touched     proposed = "touched"     // somebody committed to it
	unnecessary proposed = "unnecessary" // and closed, if it was open
)

// An outcome is what became of a proposal.
type outcome struct {
	// at is what was planned, built if that came to pass.
	at     *planned
	what   proposed
	number int
	// title and branch are the pull request's.
	title, branch string
}

// said says what became of a proposal, and of what was left out.
func (o outcome) said() string {
	text := o.text()
	if o.what == unnecessary {
		text += told(o.at.plans, nil)
	}
	return text + skippedText(o.at.skips)
}

// text says what became of a proposal in a sentence or two.
func (o outcome) text() string {
	switch o.what {
	case opened:
		return fmt.Sprintf("✅ Opened #%d against this branch: %s.\n", o.number, titled(o.title))
	case updated:
		return fmt.Sprintf("✅ Brought #%d up to date.\n", o.number)
	case unchanged:
		return fmt.Sprintf("✅ #%d is there already, and up to date.\n", o.number)
	case declined:
		return fmt.Sprintf("❌ #%d, which changed the same, was closed. That is taken for a no; `/chisel recreate` makes it anew.\n", o.number)
	case touched:
		if o.number == 0 {
			return fmt.Sprintf("❌ The branch %s is there, with commits that are not chiselbot's. Remove it, or let `/chisel recreate` make it anew.\n", report.CodeSpan(o.branch))
		}
		return fmt.Sprintf("❌ Somebody has committed to #%d, so chiselbot leaves it as it is. `/chisel recreate` makes it anew, over those commits.\n", o.number)
	case unnecessary:
	}
	if o.number != 0 {
		return fmt.Sprintf("✅ Closed #%d: there is nothing left to change.\n", o.number)
	}
	return "❌ Nothing was changed: there is no image here that can be moved.\n"
}

func skippedText(skips []checks.Skip) string {
	var b strings.Builder
	for _, s := range skips {
		fmt.Fprintf(&b, "- %s: %s\n", report.CodeSpan(s.Path), report.Prose(s.Reason))
	}
	return b.String()
}
