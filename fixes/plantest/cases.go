package plantest

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/chiselbot/chiselbot/checks/checktest"
	"github.com/chiselbot/chiselbot/fixes"
)

// Cases runs the cases of a txtar file. Its files are CASE/PATH; the one called
// CASE/want holds what [Describe] says of the plans, CASE/after/PATH the files as the
// plans leave them, and CASE/flags, which may be missing, what recipe is asked for; with
// "resolve-digests" among them a [Registry] is asked. With
// -update the first two are written.
func Cases(t *testing.T, recipe func(flags []string) *fixes.Recipe, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	names, cases := split(t, archive)
	if len(names) == 0 {
		t.Fatalf("%s: no cases", file)
	}
	changes, stays := false, false
	for _, name := range names {
		c := cases[name]
		t.Run(name, func(t *testing.T) {
			flags, opts := strings.Fields(c.flags), Options()
			if n := slices.Index(flags, "resolve-digests"); n >= 0 {
				flags, opts.Resolver = slices.Delete(flags, n, n+1), Registry{}
			}
			r := recipe(flags)
			made := plans(t, r, c.files, opts)
			proven(t, made)
			same(t, r, c.files, opts, made)
			got, after := Describe(made), After(made)
			changes, stays = changes || len(after) > 0, stays || len(after) == 0
			if checktest.Updating() {
				c.want, c.after = got, after
				cases[name] = c
				return
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("plans (-want +got), rewrite with -update:\n%s", diff)
			}
			if diff := cmp.Diff(c.after, after); diff != "" {
				t.Errorf("files afterwards (-want +got), rewrite with -update:\n%s", diff)
			}
		})
	}
	if !changes || !stays {
		t.Errorf("%s: want at least one case that changes something and one that does not", file)
	}
	if checktest.Updating() && !t.Failed() {
		if err := os.WriteFile(file, txtar.Format(join(archive.Comment, names, cases)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// testCase is one folder of the archive.
type testCase struct {
	order       []string // paths of files as they stand in the archive
	files       map[string]string
	flags, want string
	after       map[string]string
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
			c = testCase{files: map[string]string{}, after: map[string]string{}}
		}
		switch after, isAfter := strings.CutPrefix(rest, "after/"); {
		case rest == "want":
			c.want = string(f.Data)
		case rest == "flags":
			c.flags = string(f.Data)
		case isAfter:
			c.after[after] = string(f.Data)
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
	add := func(name, text string) {
		out.Files = append(out.Files, txtar.File{Name: name, Data: []byte(text)})
	}
	for _, name := range names {
		c := cases[name]
		if c.flags != "" {
			add(name+"/flags", c.flags)
		}
		for _, path := range c.order {
			add(name+"/"+path, c.files[path])
		}
		for _, path := range slices.Sorted(maps.Keys(c.after)) {
			add(name+"/after/"+path, c.after[path])
		}
		add(name+"/want", c.want)
	}
	return out
}
