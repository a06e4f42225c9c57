package report

import (
	"fmt"
	"path"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// maxShownFields is how many fields of an object Markdown shows, and maxShownBytes how
// much of each value.
const (
	maxShownFields = 20
	maxShownBytes  = 60
)

// objectLines are the changes of objects as items of a list.
func objectLines(changes []checks.ObjectChange) []string {
	var lines []string
	for _, c := range changes {
		var b strings.Builder
		b.WriteString(CodeSpan(c.Object) + " of " + CodeSpan(ownerOf(c.Home)))
		if with := setsOf(c.Sets); with != "" {
			b.WriteString(" with " + Prose(with))
		}
		switch {
		case c.Added:
			b.WriteString(" is new.")
		case c.Removed:
			b.WriteString(" is gone.")
		}
		for i, f := range c.Fields {
			if i == maxShownFields {
				fmt.Fprintf(&b, "\n  - and %d more", len(c.Fields)-i)
				break
			}
			b.WriteString("\n  - " + fieldLine(f))
		}
		lines = append(lines, b.String())
	}
	return lines
}

// ownerOf is the chart's folder, or the manifest.
func ownerOf(home string) string {
	if path.Base(home) == "Chart.yaml" {
		return path.Dir(home)
	}
	return home
}

func fieldLine(f checks.FieldChange) string {
	says := CodeSpan(f.Path) + ": "
	switch {
	case f.Before == "":
		says += "now " + CodeSpan(shortened(f.After))
	case f.After == "":
		says += CodeSpan(shortened(f.Before)) + " is gone"
	default:
		says += CodeSpan(shortened(f.Before)) + " → " + CodeSpan(shortened(f.After))
	}
	for _, o := range []kube.Origin{f.To, f.From} {
		if at := o.Place(); !at.IsZero() {
			return says + ", by " + place(at.File.Path(), at.Line())
		}
	}
	return says
}

func shortened(s string) string {
	if len(s) <= maxShownBytes {
		return s
	}
	return strings.ToValidUTF8(s[:maxShownBytes], "") + "…"
}

// A jsonObject is what the change makes of one Kubernetes object.
type jsonObject struct {
	// The manifest, or the chart's Chart.yaml; of an object that is gone, in the base.
	Home string `json:"home"`
	// Kind, namespace if it has one, and name.
	Object string `json:"object"`
	// The sets of values of the chart with which it changes so.
	Sets []string `json:"sets,omitempty"`
	// Whether the base or the head does not have it; then it has no fields.
	Added   bool `json:"added,omitempty"`
	Removed bool `json:"removed,omitempty"`
	// The fields that differ.
	Fields []jsonField `json:"fields"`
}

// A jsonField is one field of an object that differs.
type jsonField struct {
	// The names that lead to it; items of lists go by their own names or by numbers.
	Path string `json:"path"`
	// What it holds on each side, on one line and cut if it is long; absent where there is
	// none. What is in Secrets is hidden.
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
	// Where it comes from on each side.
	From *jsonOrigin `json:"from,omitempty"`
	To   *jsonOrigin `json:"to,omitempty"`
}

func objectJSON(c checks.ObjectChange) jsonObject {
	return jsonObject{Home: c.Home, Object: c.Object, Sets: c.Sets, Added: c.Added, Removed: c.Removed, Fields: each(c.Fields, fieldJSON)}
}

func fieldJSON(f checks.FieldChange) jsonField {
	out := jsonField{Path: f.Path, Before: f.Before, After: f.After}
	if !f.From.Place().IsZero() {
		out.From = originJSON(&f.From)
	}
	if !f.To.Place().IsZero() {
		out.To = originJSON(&f.To)
	}
	return out
}
