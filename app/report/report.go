// Package report turns a review into what somebody reads: text for a terminal, JSON,
// SARIF, Markdown for a check run, and workflow commands of GitHub Actions.
//
// Much of a review was written by strangers: paths, source lines, names of stages and
// images. Each format shows them without obeying them. The same review gives the same
// bytes. The package knows neither git nor GitHub's API, no files, no clock and no
// environment: what a terminal can show is told to it.
package report

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/chiselbot/chiselbot/app/review"
	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/source"
)

// notCompared says what is the matter with an unsure finding.
const notCompared = "Whether this is new is not known, because the other side of the change could not be checked here."

// title sums the review up in a line that has no stranger's text in it.
func title(r *review.Review) string {
	d := r.Delta
	var parts []string
	for s := checks.Error; s > checks.Off; s-- {
		if n := countOf(d.New, s); n > 0 {
			parts = append(parts, plural(n, "new "+s.String()))
		}
	}
	if n := len(d.Fixed); n > 0 {
		parts = append(parts, fmt.Sprintf("%d fixed", n))
	}
	if n := len(d.Unsure); n > 0 {
		parts = append(parts, fmt.Sprintf("%d not compared", n))
	}
	if n := len(d.Skips); n > 0 {
		parts = append(parts, fmt.Sprintf("%d not checked", n))
	}
	return cmp.Or(strings.Join(parts, ", "), "Nothing new")
}

// verdictSentence says what the review comes to and how much it saw.
func verdictSentence(r *review.Review) string {
	d := r.Delta
	files := filesOf(r)
	switch r.Verdict() {
	case review.Failed:
		if r.FailOn == checks.Notice {
			return fmt.Sprintf("This change brings new findings. %s checked.", files)
		}
		return fmt.Sprintf("This change brings new findings of severity %s or above. %s checked.", r.FailOn, files)
	case review.Unsure:
		return fmt.Sprintf("Whether this change is good is not known, because not everything could be checked. %s looked at.", files)
	}
	switch {
	case len(d.New) > 0 && r.FailOn == checks.Off:
		return fmt.Sprintf("This change brings new findings, and nothing fails it: `fail-on` is none. %s checked.", files)
	case len(d.New) > 0:
		return fmt.Sprintf("This change brings new findings, but none of severity %s or above. %s checked.", r.FailOn, files)
	case empty(r) && len(d.Fixed) == 0:
		return "There is no Dockerfile, chart or manifest to check."
	}
	return fmt.Sprintf("This change brings no new findings. %s checked.", files)
}

// empty reports whether the head has nothing that could be checked.
func empty(r *review.Review) bool { return r.Files+r.Manifests+r.Charts == 0 }

// filesOf says how many files the head has of each kind.
func filesOf(r *review.Review) string {
	var parts []string
	for _, kind := range []struct {
		n    int
		noun string
	}{{r.Files, "Dockerfile"}, {r.Charts, "chart"}, {r.Manifests, "manifest"}} {
		if kind.n > 0 {
			parts = append(parts, plural(kind.n, kind.noun))
		}
	}
	return cmp.Or(and(parts), "0 files")
}

// and lists words as a sentence does.
func and(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// provenance says what of the values a finding about a chart's object comes from, and
// with which of them it occurs. It is empty for other findings.
func provenance(f checks.Finding) string {
	var says []string
	if o := f.Origin; o != nil {
		if o.Value != nil && o.Value.IsZero() {
			says = append(says, "The value `"+o.Value.Key+"` would set it.")
		} else if o.Value != nil {
			says = append(says, "The value `"+o.Value.Key+"` sets it.")
		}
		if !o.Verified && !o.Place().IsZero() {
			says = append(says, "This place is likely, but not proven.")
		}
	}
	if with := setsOf(f.Sets); with != "" {
		says = append(says, "It is so with "+with+".")
	}
	return strings.Join(says, " ")
}

// setsOf names sets of values. It is empty where the chart's own are the only one.
func setsOf(sets []string) string {
	var names []string
	named := false
	for _, set := range sets {
		named = named || set != checks.DefaultSet
		names = append(names, "`"+set+"`")
	}
	if !named {
		return ""
	}
	return and(names)
}

// unchanged are the findings that the base has too, in files that it may call otherwise.
func unchanged(d checks.Delta) []checks.Finding {
	same := append([]checks.Finding(nil), d.Same...)
	for _, m := range d.Moved {
		same = append(same, m.Finding)
	}
	return same
}

func countOf(fs []checks.Finding, s checks.Severity) int {
	n := 0
	for _, f := range fs {
		if f.Severity == s {
			n++
		}
	}
	return n
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// lastLineBreakOff is the span without the line break at its end, which would have
// viewers mark the next line too.
func lastLineBreakOff(f *source.File, s source.Span) source.Span {
	text := f.Slice(s)
	text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	return source.Span{Start: s.Start, End: s.Start + len(text)}
}
