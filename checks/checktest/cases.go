package checktest

import (
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks"
)

var update = flag.Bool("update", false, "rewrite golden files with what the code gives now")

// Cases runs the cases of a txtar file against a rule. CASE/want holds what [Describe]
// says of the result, and CASE/fixed/PATH the files as the fixes leave them. CASE/now is a
// date, where the case is about one. known are all rules, so that a case can name them in
// ignore comments.
func Cases(t *testing.T, rule *checks.Rule, file string, known []*checks.Rule) {
	quiet, loud := false, false
	Archive{Path: file, Given: "now", Outcome: "fixed"}.Run(t, func(t *testing.T, c Case) (string, map[string]string) {
		now := Now
		if c.Given != "" {
			day, err := time.Parse(time.DateOnly, strings.TrimSpace(c.Given))
			if err != nil {
				t.Fatal(err)
			}
			now = day
		}
		res := Run(t, now, rule, c.Files, known...)
		changed := Fix(t, res, c.Files)
		silenced(t, now, rule, res, c.Files, changed, known)
		if len(res.Findings) > 0 {
			loud = true
		} else {
			quiet = true
		}

		said, crlf := Describe(res), CRLF(c.Files)
		dos := Run(t, now, rule, crlf, known...)
		if diff := cmp.Diff(said, strings.ReplaceAll(Describe(dos), `\r\n`, `\n`)); diff != "" {
			t.Errorf("CRLF line ends change the findings (-LF +CRLF):\n%s", diff)
		}
		if diff := cmp.Diff(CRLF(changed), Fix(t, dos, crlf)); diff != "" {
			t.Errorf("fixes do not keep CRLF line ends (-want +got):\n%s", diff)
		}
		return said, changed
	})
	if !quiet || !loud {
		t.Errorf("%s: want at least one case with a finding and one without", file)
	}
}
