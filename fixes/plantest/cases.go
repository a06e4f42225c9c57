package plantest

import (
	"strings"
	"testing"

	"github.com/chiselbot/chiselbot/checks/checktest"
	"github.com/chiselbot/chiselbot/fixes"
)

// Cases runs the cases of a txtar file. CASE/want holds what [Describe] says of the plans,
// CASE/after/PATH the files as the plans leave them, and CASE/flags, which may be missing,
// what recipe is asked for.
func Cases(t *testing.T, recipe func(flags []string) *fixes.Recipe, file string) {
	changes, stays := false, false
	checktest.Archive{Path: file, Given: "flags", Outcome: "after"}.Run(t, func(t *testing.T, c checktest.Case) (string, map[string]string) {
		r := recipe(strings.Fields(c.Given))
		plans := Plans(t, r, c.Files)
		proven(t, plans)
		same(t, r, c.Files, plans)
		after := After(plans)
		changes, stays = changes || len(after) > 0, stays || len(after) == 0
		return Describe(plans), after
	})
	if !changes || !stays {
		t.Errorf("%s: want at least one case that changes something and one that does not", file)
	}
}
