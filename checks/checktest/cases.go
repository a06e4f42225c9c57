package checktest

import (
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/chiselbot/chiselbot/checks"
)

var update = flag.Bool("update", false, "rewrite golden files with what the code gives now")

// Updating says that the test run was asked to rewrite golden files.
func Updating() bool { return *update }

// Cases runs the cases of a txtar file against a rule. Its files are CASE/PATH; the one
// called CASE/want holds what [Describe] says of the result, and CASE/fixed/PATH the
// files as the fixes leave them. With -update those two are written. CASE/now is a date,
// where the case is about one. known are all
// rules, so that a case can name them in ignore comments.
func Cases(t *testing.T, rule *checks.Rule, file string, known []*checks.Rule) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	names, cases := split(t, archive)
	if len(names) == 0 {
		t.Fatalf("%s: no cases", file)
	}
	quiet, loud := false, false
	for _, name := range names {
		c := cases[name]
		t.Run(name, func(t *testing.T) {
			res := Run(t, c.now, rule, c.files, known...)
			changed := Fix(t, res, c.files)
			silenced(t, c.now, rule, res, c.files, changed, known)
			got := Describe(res)
			if len(res.Findings) > 0 {
				loud = true
			} else {
				quiet = true
			}

			crlf := crlfOf(c.files)
			dos := Run(t, c.now, rule, crlf, known...)
			if diff := cmp.Diff(got, strings.ReplaceAll(Describe(dos), `\r\n`, `\n`)); diff != "" {
				t.Errorf("CRLF line ends change the findings (-LF +CRLF):\n%s", diff)
			}
			if diff := cmp.Diff(crlfOf(changed), Fix(t, dos, crlf)); diff != "" {
				t.Errorf("fixes do not keep CRLF line ends (-want +got):\n%s", diff)
			}

			if *update {
				c.want, c.fixed = got, changed
				cases[name] = c
				return
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("findings (-want +got), rewrite with -update:\n%s", diff)
			}
			if diff := cmp.Diff(c.fixed, changed); diff != "" {
				t.Errorf("fixed files (-want +got), rewrite with -update:\n%s", diff)
			}
		})
	}
	if !quiet || !loud {
		t.Errorf("%s: want at least one case with a finding and one without", file)
	}
	if *update && !t.Failed() {
		if err := os.WriteFile(file, txtar.Format(join(archive.Comment, names, cases)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// testCase is one folder of the archive.
type testCase struct {
	order []string // paths of files as they stand in the archive
	files map[string]string
	want  string
	fixed map[string]string
	now   time.Time
	today string // the text of now, empty where the case has none
}

func split(t *testing.T, archive *txtar.Archive) (names []string, cases map[string]testCase) {
	t.Helper()
	cases = map[string]testCase{}
	for _, f := range archive.Files {
		name, rest, ok := strings.Cut(f.Name, "/")
		if !ok {
			t.Fatalf("%s: want CASE/PATH", f.Name)
		}
		c, ok := cases[name]
		if !ok {
			names = append(names, name)
			c = testCase{now: Now, files: map[string]string{}, fixed: map[string]string{}}
		}
		switch fixed, isFixed := strings.CutPrefix(rest, "fixed/"); {
		case rest == "want":
			c.want = string(f.Data)
		case rest == "now":
			day, err := time.Parse(time.DateOnly, strings.TrimSpace(string(f.Data)))
			if err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
			c.now, c.today = day, string(f.Data)
		case isFixed:
			c.fixed[fixed] = string(f.Data)
		default:
			c.files[rest] = string(f.Data)
			c.order = append(c.order, rest)
		}
		cases[name] = c
	}
	return names, cases
}

func join(comment []byte, names []string, cases map[string]testCase) *txtar.Archive {
	out := &txtar.Archive{Comment: comment}
	for _, name := range names {
		c := cases[name]
		if c.today != "" {
			out.Files = append(out.Files, txtar.File{Name: name + "/now", Data: []byte(c.today)})
		}
		for _, path := range c.order {
			out.Files = append(out.Files, txtar.File{Name: name + "/" + path, Data: []byte(c.files[path])})
		}
		for _, path := range slices.Sorted(maps.Keys(c.fixed)) {
			out.Files = append(out.Files, txtar.File{Name: name + "/fixed/" + path, Data: []byte(c.fixed[path])})
		}
		out.Files = append(out.Files, txtar.File{Name: name + "/want", Data: []byte(c.want)})
	}
	return out
}

func crlfOf(files map[string]string) map[string]string {
	out := make(map[string]string, len(files))
	for name, text := range files {
		out[name] = strings.ReplaceAll(text, "\n", "\r\n")
	}
	return out
}
