package checktest

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// A Case is one folder of an archive of cases: a small repository and what is to come of
// it.
type Case struct {
	// Files are the repository's, by their paths.
	Files map[string]string
	// Given is what the case says beside its files, empty where it says nothing.
	Given string

	order   []string // paths of files as they stand in the archive
	want    string
	outcome map[string]string
}

// An Archive is a txtar file of cases. Its files are CASE/PATH; the one called CASE/want
// holds what is said, and those of one more folder the repository's files as they are
// afterwards.
type Archive struct {
	// Path is where the file is.
	Path string
	// Given is the name of the file that says something beside the repository's files, which
	// a case may lack, and Outcome that of the folder.
	Given, Outcome string
}

// Run runs each case as a test of its own, which returns what is said and the files that
// have changed. With -update they are written to the file instead of compared.
func (a Archive) Run(t *testing.T, run func(t *testing.T, c Case) (said string, outcome map[string]string)) {
	t.Helper()
	archive, err := txtar.ParseFile(a.Path)
	if err != nil {
		t.Fatal(err)
	}
	names, cases := a.split(t, archive)
	if len(names) == 0 {
		t.Fatalf("%s: no cases", a.Path)
	}
	for _, name := range names {
		c := cases[name]
		t.Run(name, func(t *testing.T) {
			said, outcome := run(t, *c)
			if *update {
				c.want, c.outcome = said, outcome
				return
			}
			if diff := cmp.Diff(c.want, said); diff != "" {
				t.Errorf("%s (-want +got), rewrite with -update:\n%s", a.Path, diff)
			}
			if diff := cmp.Diff(c.outcome, outcome); diff != "" {
				t.Errorf("files afterwards (-want +got), rewrite with -update:\n%s", diff)
			}
		})
	}
	if *update && !t.Failed() {
		if err := os.WriteFile(a.Path, txtar.Format(a.join(archive.Comment, names, cases)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func (a Archive) split(t *testing.T, archive *txtar.Archive) (names []string, cases map[string]*Case) {
	t.Helper()
	cases = map[string]*Case{}
	for _, f := range archive.Files {
		name, rest, ok := strings.Cut(f.Name, "/")
		if !ok {
			t.Fatalf("%s: want CASE/PATH", f.Name)
		}
		c, ok := cases[name]
		if !ok {
			names = append(names, name)
			c = &Case{Files: map[string]string{}, outcome: map[string]string{}}
			cases[name] = c
		}
		switch path, after := strings.CutPrefix(rest, a.Outcome+"/"); {
		case rest == "want":
			c.want = string(f.Data)
		case rest == a.Given:
			c.Given = string(f.Data)
		case after:
			c.outcome[path] = string(f.Data)
		default:
			c.Files[rest] = string(f.Data)
			c.order = append(c.order, rest)
		}
	}
	return names, cases
}

func (a Archive) join(comment []byte, names []string, cases map[string]*Case) *txtar.Archive {
	out := &txtar.Archive{Comment: comment}
	for _, name := range names {
		add := func(path, text string) {
			out.Files = append(out.Files, txtar.File{Name: name + "/" + path, Data: []byte(text)})
		}
		c := cases[name]
		if c.Given != "" {
			add(a.Given, c.Given)
		}
		for _, path := range c.order {
			add(path, c.Files[path])
		}
		for _, path := range slices.Sorted(maps.Keys(c.outcome)) {
			add(a.Outcome+"/"+path, c.outcome[path])
		}
		add("want", c.want)
	}
	return out
}

// CRLF are the files with CRLF line ends.
func CRLF(files map[string]string) map[string]string {
	out := make(map[string]string, len(files))
	for name, text := range files {
		out[name] = strings.ReplaceAll(text, "\n", "\r\n")
	}
	return out
}
