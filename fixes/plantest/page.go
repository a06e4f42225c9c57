package plantest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks/checktest"
	"github.com/chiselbot/chiselbot/fixes"
)

// Page runs the examples of a page: a fenced block whose info string is "dockerfile
// before", the one "dockerfile after" behind it, which must be what the plan makes of it,
// and "dockerfile refused", for which the plan must change nothing and say why. Where an
// example needs more files than the Dockerfile the language is txtar.
func Page(t *testing.T, recipe *fixes.Recipe, id, doc string) {
	if !strings.HasPrefix(doc, "# "+id+"\n") {
		t.Errorf("the page must begin with the heading %q", "# "+id)
	}
	var before map[string]string
	seen := map[string]int{}
	for _, block := range checktest.Blocks(doc) {
		lang, role, ok := strings.Cut(block.Info, " ")
		if !ok {
			continue
		}
		files := block.Files(lang)
		seen[role]++
		t.Run(fmt.Sprintf("%s-%d", role, seen[role]), func(t *testing.T) {
			switch role {
			case "before":
				before = files
			case "after":
				plans := Plans(t, recipe, before)
				proven(t, plans)
				got := After(plans)
				for name, text := range before {
					if _, ok := got[name]; !ok && files[name] != "" {
						got[name] = text
					}
				}
				if diff := cmp.Diff(files, got); diff != "" {
					t.Errorf("the after example (-page +plan):\n%s\n%s", diff, Describe(plans))
				}
			case "refused":
				plans := Plans(t, recipe, files)
				proven(t, plans)
				if len(plans) == 0 || len(After(plans)) > 0 {
					t.Errorf("the refused example is not refused:\n%s", Describe(plans))
				}
			default:
				t.Errorf("info string %q: want before, after or refused", block.Info)
			}
		})
	}
	if seen["before"] != seen["after"] || seen["before"]+seen["refused"] == 0 {
		t.Error("the page needs a before and an after example, or one that is refused")
	}
}
