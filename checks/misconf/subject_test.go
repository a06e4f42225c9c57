package misconf

import (
	"fmt"
	"strings"
	"testing"
)

// whole are the objects whose findings stand at the object as a whole, and why.
var whole = map[string]string{
	"form-containers-as-mapping": "Kubernetes wants a list",
	"form-numbers":               "a port is no fraction",
}

// TestObjectPlaces records where each finding of the corpus stands, what it is about and
// what it says.
func TestObjectPlaces(t *testing.T) {
	t.Parallel()
	s := shared()
	var b strings.Builder
	found := map[string]bool{}
	for _, name := range manifestNames(t) {
		o := manifest(t, name)
		findings, err := s.ScanObject(t.Context(), o)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		fmt.Fprintf(&b, "%s\n", name)
		for _, f := range findings {
			found[f.Rule.ID] = true
			at := f.At.Place()
			pos := at.File.Position(at.Span.Start)
			text, _, more := strings.Cut(at.File.Slice(at.Span), "\n")
			if more {
				text += "…"
			}
			fmt.Fprintf(&b, "\t%s %d:%d `%s` [%s] {%s} %s\n", f.Rule.ID, pos.Line, pos.Column, strings.TrimRight(text, "\r"), f.Key, f.Problem, f.Message)
			if f.Key == "object" && whole[name] == "" {
				t.Errorf("%s: %s stands at the object as a whole", name, f.Rule.ID)
			}
		}
	}
	golden(t, "objects.golden", b.String())
	for _, id := range objectIDs {
		if !found[id] && unreachable[id] == "" {
			t.Errorf("%s is never found", id)
		}
	}
}
