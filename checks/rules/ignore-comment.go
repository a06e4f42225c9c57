package rules

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/agext/levenshtein"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/ignore"
	"github.com/chiselbot/chiselbot/checks/source"
)

// ignoreComment looks at ignore comments when all else is known: only then it shows that
// one silences nothing. Other tools' comments are theirs to judge, but for those that
// cannot be read and those whose day is over.
var ignoreComment = page(checks.Rule{
	ID: "ignore-comment", Title: "Ignore comment that does not hold", Since: "0.1.0", Severity: checks.Notice,
	Ignores: checkIgnoreComments,
	Object:  checkIgnoreAnnotations,
})

// checkIgnoreAnnotations looks at the annotations with which an object silences rules.
func checkIgnoreAnnotations(p *checks.ObjectPass) {
	annotations := p.Object.Root.Get("metadata", "annotations")
	if annotations == nil {
		return
	}
	for _, a := range annotations.Items {
		id, ours := strings.CutPrefix(a.Key, checks.IgnoreAnnotation)
		f := checks.Finding{Key: "annotation " + id}
		switch {
		case !ours:
			continue
		case !isRule(p.Rules, id) && !ignore.Foreign(id):
			f.Message = fmt.Sprintf("There is no rule %s, so the annotation silences nothing.", checks.Code(id))
			f.Help = unknownRuleHelp(p.Rules, id)
		case strings.TrimSpace(a.Text()) == "":
			f.Message = "The annotation gives no reason, so it silences nothing."
			f.Help = "Write the reason as its value."
		default:
			continue
		}
		p.Report(p.Object.WhereKey(a), f)
	}
}

func unknownRuleHelp(rules []*checks.Rule, id string) string {
	if like := nearestRule(rules, id); like != "" {
		return fmt.Sprintf("Is %s meant?", checks.Code(like))
	}
	return "`chiselbot rules` lists them."
}

func checkIgnoreComments(p *checks.IgnorePass) {
	for n, c := range p.Ignores {
		key := "comment " + strings.Join(c.IDs, ",")
		switch {
		case c.Problem != "":
			p.Report(checks.Finding{Span: c.ProblemSpan, Key: key + " problem", Message: c.Problem, Help: "As it stands it silences nothing."})
		case c.Expired(p.Now):
			p.Report(checks.Finding{
				Span: c.Span, Key: key + " expired",
				Message: fmt.Sprintf("This comment held until %s and silences nothing any more.", c.Until.Format(time.DateOnly)),
				Help:    "Mend what it was about; or decide anew, with a reason that holds today and a later date.",
			})
		case c.Tool == ignore.Chiselbot:
			checkIgnored(p, n, key)
		}
	}
}

// checkIgnored looks at what a comment of ours names.
func checkIgnored(p *checks.IgnorePass, n int, key string) {
	c := p.Ignores[n]
	var kept, idle []string
	for k, id := range c.IDs {
		switch {
		case !isRule(p.Rules, id) && !ignore.Foreign(id):
			f := checks.Finding{Span: c.IDSpans[k], Key: "comment " + id + " unknown", Message: fmt.Sprintf("There is no rule %s, so the comment silences nothing by that name.", checks.Code(id))}
			f.Help = unknownRuleHelp(p.Rules, id)
			p.Report(f)
			kept = append(kept, id)
		case p.Silenced(n, k) || !isRule(p.Rules, id) || !p.Checked(id):
			kept = append(kept, id)
		default:
			idle = append(idle, id)
		}
	}
	if len(idle) == 0 {
		return
	}
	f := checks.Finding{
		Span: c.Span, Key: key + " idle",
		Message: fmt.Sprintf("This comment silences nothing: nothing is found here by %s.", checks.Codes(idle)),
		Help:    "Remove it: what it was about is mended, or stands elsewhere. An ignore comment covers what follows it; at the head of the file, all of it.",
		Fix:     &checks.Fix{Title: "Remove the comment", Safety: checks.Safe},
	}
	if len(kept) > 0 {
		f.Message = fmt.Sprintf("This comment names %s for nothing.", checks.Codes(idle))
		f.Help = "Remove the name: what it was about is mended, or stands elsewhere."
		f.Fix.Title = "Remove the name"
		all := source.Span{Start: c.IDSpans[0].Start, End: c.IDSpans[len(c.IDSpans)-1].End}
		f.Fix.Edits = []source.Edit{p.Edit(all, strings.Join(kept, ","))}
	} else {
		f.Fix = removeComment(p, c)
	}
	p.Report(f)
}

// removeComment is the fix that removes a comment, with its line where nothing else
// stands there; nil where it is a part of another comment.
func removeComment(p *checks.IgnorePass, c ignore.Comment) *checks.Fix {
	number := p.File.LineAt(c.Span.Start)
	line := p.File.LineSpan(number)
	before := strings.TrimRight(p.File.Slice(source.Span{Start: line.Start, End: c.Span.Start}), " \t")
	at := source.Span{Start: line.Start + len(before), End: line.End}
	switch {
	case !strings.HasPrefix(p.File.Slice(c.Span), "#"):
		return nil
	case before == "":
		at = source.Span{Start: line.Start, End: p.File.LineSpan(number + 1).Start}
	}
	return &checks.Fix{Title: "Remove the comment", Safety: checks.Safe, Edits: []source.Edit{p.Edit(at, "")}}
}

func isRule(rules []*checks.Rule, id string) bool {
	return slices.ContainsFunc(rules, func(r *checks.Rule) bool { return r.ID == id })
}

// nearestRule is the id that is least different from a word, empty where none is close.
func nearestRule(rules []*checks.Rule, word string) string {
	best, least := "", 4
	for _, r := range rules {
		if d := levenshtein.Distance(strings.ToLower(word), r.ID, nil); d < least {
			best, least = r.ID, d
		}
	}
	return best
}
