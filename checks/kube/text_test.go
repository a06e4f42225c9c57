package kube_test

import (
	"strings"
	"testing"

	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

// TestLongLine holds that nodes are found on a line with very many columns, in whatever
// order they are looked up. Were each of them searched for from the beginning of the line
// this would take minutes.
func TestLongLine(t *testing.T) {
	t.Parallel()
	const times = 100_000
	text := "apiVersion: v1\nkind: A\nlist: [&x {é: ü}, " + strings.Repeat("{é: *x}, ", times) + "end]\n"
	f := source.NewFile("m.yaml", text)
	objects, problems := kube.Parse(f, nil)
	if len(objects) != 1 || len(problems) > 0 {
		t.Fatalf("want one object, got %d and %v", len(objects), problems)
	}
	items := objects[0].Root.List("list")
	if len(items) != times+2 {
		t.Fatalf("want %d items, got %d", times+2, len(items))
	}
	for i, n := range items[1 : times+1] {
		if got := f.Slice(n.Span); got != "{é: *x}" {
			t.Fatalf("item %d is %q", i, got)
		}
		if inner := n.Get("é", "é"); inner == nil || f.Slice(inner.Span) != "ü" {
			t.Fatalf("item %d does not lead to its anchor", i)
		}
	}
	if got := f.Slice(items[times+1].Span); got != "end" {
		t.Errorf("the last item is %q", got)
	}
}
