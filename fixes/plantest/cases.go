package plantest

import (
	"slices"
	"strings"
	"testing"

	"github.com/chiselbot/chiselbot/checks/checktest"
	"github.com/chiselbot/chiselbot/fixes"
)

// Cases runs the cases of a txtar file. CASE/want holds what [Describe] says of the plans,
// CASE/after/PATH the files as the plans leave them, and CASE/flags, which may be missing,
// what recipe is asked for; with "resolve-digests" among them a [Registry] is asked.
func Cases(t *testing.T, recipe func(flags []string) *fixes.Recipe, file string) {
	changes, stays := false, false
	checktest.Archive{Path: file, Given: "flags", Outcome: "after"}.Run(t, func(t *testing.T, c checktest.Case) (string, map[string]string) {
		flags, opts := strings.Fields(c.Given), Options()
		if n := slices.Index(flags, "resolve-digests"); n >= 0 {
			flags, opts.Resolver = slices.Delete(flags, n, n+1), Registry{}
		}
		r := recipe(flags)
		made := plans(t, r, c.Files, opts)
		proven(t, made)
		same(t, r, c.Files, opts, made)
		after := After(made)
		changes, stays = changes || len(after) > 0, stays || len(after) == 0
		return Describe(made), after
	})
	if !changes || !stays {
		t.Errorf("%s: want at least one case that changes something and one that does not", file)
	}
}
