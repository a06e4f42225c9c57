package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks/source"
)

// How many of the joined findings are spelled out.
const (
	maxTitles  = 3
	maxRelated = 10
)

// join makes one finding of those about objects that one edit cures: of one problem, at
// one place and under the same values sets. The first in order speaks, with the highest
// severity and the ids of the other rules; what it says of other objects or containers,
// because a loop or a values key makes several of one line, becomes related. A fix of
// its own keeps a finding apart, unless it is the same fix. What stands at one place for
// different reasons is several findings still; [Together] groups it for those who show it.
func join(findings []Finding) []Finding {
	type place struct {
		file          *source.File
		span          source.Span
		problem, sets string
	}
	at := map[place]int{}
	var joined []Finding
	for _, f := range findings {
		if f.Origin == nil {
			joined = append(joined, f)
			continue
		}
		id := place{f.File, f.Span, cmp.Or(f.Problem, f.Rule.ID), strings.Join(f.Sets, "\x00")}
		i, ok := at[id]
		if !ok || !sameFix(joined[i].Fix, f.Fix) || !samePin(joined[i].Pin, f.Pin) {
			at[id] = len(joined)
			joined = append(joined, f)
			continue
		}
		joined[i].take(f)
	}
	for i := range joined {
		joined[i].sayAlso()
	}
	return joined
}

// take makes the finding stand for another one.
func (f *Finding) take(other Finding) {
	f.Message = strings.TrimSuffix(f.Message, f.also())
	f.Severity = max(f.Severity, other.Severity)
	for _, r := range append([]*Rule{other.Rule}, other.Also...) {
		if r != f.Rule && !slices.Contains(f.Also, r) {
			f.Also = append(slices.Clip(f.Also), r)
		}
	}
	if other.Rule != f.Rule {
		return
	}
	message := strings.TrimSuffix(other.Message, other.also())
	says := func(r Related) bool { return r.Message == message }
	if message != f.Message && len(f.Related) < maxRelated && !slices.ContainsFunc(f.Related, says) {
		f.Related = append(slices.Clip(f.Related), Related{File: other.File, Span: other.Span, Message: message})
	}
}

// sayAlso adds the other rules to the message.
func (f *Finding) sayAlso() {
	f.Message = strings.TrimSuffix(f.Message, f.also()) + f.also()
}

// also is what a message says of the other rules.
func (f *Finding) also() string {
	if len(f.Also) == 0 {
		return ""
	}
	names := make([]string, len(f.Also))
	for i, r := range f.Also {
		names[i] = "`" + r.ID + "`"
		if len(f.Also) <= maxTitles {
			names[i] += fmt.Sprintf(" (%s)", strings.TrimSuffix(r.Title, "."))
		}
	}
	list := names[0]
	if last := len(names) - 1; last > 0 {
		list = strings.Join(names[:last], ", ") + " and " + names[last]
	}
	return " Also " + list + "."
}

func sameFix(a, b *Fix) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Title == b.Title && a.Safety == b.Safety && slices.Equal(a.Edits, b.Edits)
}
