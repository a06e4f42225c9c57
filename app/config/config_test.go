package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"
	"golang.org/x/tools/txtar"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/source"
)

var update = flag.Bool("update", false, "write what the tests find to the files that they compare it with")

var (
	rules = []*checks.Rule{
		{ID: "root-user", Title: "Final stage runs as root", Severity: checks.Error},
		{ID: "floating-tag", Title: "Image tag floats", Severity: checks.Notice},
		{ID: "nightly-image", Title: "Nightly image", Severity: checks.Warning},
		{ID: "DS-0026", Title: "No HEALTHCHECK", Severity: checks.Notice},
	}
	known = []string{"root-user", "floating-tag", "nightly-image", "DS-0026"}
)

func TestExample(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/example.yml")
	if err != nil {
		t.Fatal(err)
	}
	got, problems := Parse(source.NewFile(Path, string(text)), known)
	for _, p := range problems {
		t.Error(p)
	}
	want := &Settings{
		FailOn: checks.Error, Unaffected: Success, Fix: FixProposes, Suggestions: 5,
		Ignore:  Ignore{Who: Admins, Where: IgnoreInSettings},
		Ignores: []Ignored{{Rule: "root-user", Path: "legacy/**", Until: "2027-01-31", Reason: "the volume still belongs to root"}},
		Proposals: Proposals{
			Sweep: "0 6 * * 1", Window: "* 6-20 * * 1-5", TimeZone: "Europe/Berlin", Upgrade: true, Variant: Extra, ReadOnly: true, Open: 2, AtFirst: Many, Titles: Conventional,
			Reviewers: NoReviewers, Labels: []string{"dependencies"}, Assignees: []string{"alice"},
		},
		Rules: map[string]checks.Severity{"root-user": checks.Error, "floating-tag": checks.Notice, "DS-0026": checks.Off},
		Dockerfiles: Dockerfiles{
			Include: []string{"docker/*.docker"},
			Exclude: []string{"**/testdata/**"},
		},
		Manifests: Manifests{Exclude: []string{"examples/**"}},
		Charts: []Chart{{
			Path: "charts/shop", Values: []string{"../../environments/production.yaml"}, Set: []string{"image.tag=1.2.3"},
			KubeVersion: "1.34.0", APIVersions: []string{"monitoring.coreos.com/v1"},
		}},
		Images:  map[string]string{"registry.example.com/shop": "src/Web/Dockerfile", "registry.example.com/proxy": ""},
		Mirrors: base.Mirrors{"registry.example.com/mcr": "mcr.microsoft.com"},
		Pods:    map[string][]string{"Server.example.com": {"spec.template"}},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Ignored{})); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	if err := validate(compile(t), string(text)); err != nil {
		t.Errorf("schema: %v", err)
	}
}

func TestAccepted(t *testing.T) {
	t.Parallel()
	archive, err := txtar.ParseFile("testdata/accepted.txtar")
	if err != nil {
		t.Fatal(err)
	}
	schema := compile(t)
	for _, f := range archive.Files {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			_, problems := Parse(source.NewFile(f.Name, string(f.Data)), known)
			for _, p := range problems {
				t.Error(p)
			}
			if err := validate(schema, string(f.Data)); err != nil {
				t.Errorf("schema: %v", err)
			}
		})
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	const path = "testdata/problems.txtar"
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	schema := compile(t)
	want := map[string]string{}
	got := txtar.Archive{Comment: archive.Comment}
	for _, f := range archive.Files {
		if strings.HasSuffix(f.Name, ".txt") {
			want[f.Name] = string(f.Data)
			continue
		}
		file := source.NewFile(f.Name, string(f.Data))
		settings, problems := Parse(file, known)
		if len(problems) == 0 {
			t.Errorf("%s: no problem", f.Name)
		}
		if diff := cmp.Diff(Default(), settings); diff != "" {
			t.Errorf("%s: settings are not the default (-want +got):\n%s", f.Name, diff)
		}
		var out strings.Builder
		for _, p := range problems {
			fmt.Fprintf(&out, "%s\n\t%s %q\n", strings.TrimPrefix(p.String(), f.Name+":"), p.Key, file.Slice(p.Span))
		}
		fmt.Fprintf(&out, "seen with the schema: %t\n", validate(schema, string(f.Data)) != nil)
		got.Files = append(got.Files, f, txtar.File{Name: strings.TrimSuffix(f.Name, ".yml") + ".txt", Data: []byte(out.String())})
	}
	if *update {
		if err := os.WriteFile(path, txtar.Format(&got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, f := range got.Files {
		if strings.HasSuffix(f.Name, ".txt") {
			if diff := cmp.Diff(want[f.Name], string(f.Data)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", f.Name, diff)
			}
		}
	}
}

// What a txtar archive cannot hold, and what would fill it.
func TestProblemsOfText(t *testing.T) {
	t.Parallel()
	globs := func(n, runes int) string {
		return "dockerfiles:\n  include:\n" + strings.Repeat("  - "+strings.Repeat("ä", runes)+"\n", n)
	}
	manyKeys := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "key-%d: x\n", i)
		}
		return b.String()
	}
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"byte order mark":         {"\ufefffail-on: error\n", nil},
		"after byte order mark":   {"\ufefffail-on: x\n", []string{"f:1:11: `x` is not a severity for `fail-on`. Write `none`, `notice`, `warning` or `error`."}},
		"CRLF":                    {"fail-on: none\r\nrules:\r\n  root-user: off\r\n", nil},
		"in CRLF":                 {"fail-on: none\r\nrules:\r\n  root-user: of\r\n", []string{"f:3:14: `of` is not a severity for `rules.root-user`. Did you mean `off`?"}},
		"CR":                      {"fail-on: none\rrules: {}", []string{"f:1:14: The character U+000D ends a line for some programs and not for others. Replace it by a line feed."}},
		"line separator":          {"# ä\u2028rules: {}", []string{"f:1:4: The character U+2028 ends a line for some programs and not for others. Replace it by a line feed."}},
		"NUL":                     {"fail-on: error\x00\n", []string{"f:1:1: The file is not valid YAML: control characters are not allowed (value: 0)."}},
		"Latin-1":                 {"fail-on: error # d\xf6ner\n", []string{"f:1:19: The file is not text in UTF-8. Save it in that encoding."}},
		"UTF-16":                  {"\xff\xfea\x00", []string{"f:1:1: The file is not text in UTF-8. Save it in that encoding."}},
		"replacement character":   {"fail-on: error # \ufffd\n", nil},
		"empty":                   {"", nil},
		"comment alone":           {"# fail-on: none\n", nil},
		"document without text":   {"---\n", nil},
		"as many globs as may be": {globs(maxGlobs, maxGlobRunes), nil},
		"too many globs":          {globs(maxGlobs+1, 1), []string{"f:53:5: `dockerfiles.include` has more than 50 globs. Say the same with fewer."}},
		"too long a glob":         {globs(1, maxGlobRunes+1), []string{"f:3:5: The glob is longer than 200 characters."}},
		"as large as may be":      {strings.Repeat("#", maxBytes), nil},
		"too large":               {strings.Repeat("#", maxBytes+1), []string{"f:1:1: The file is larger than 64 KiB."}},
		"many problems": {manyKeys(1000), append(strings.Split(strings.Repeat("…\n", maxProblems-1), "\n")[:maxProblems-1],
			"f:50:1: There are more than 49 problems; the others are not shown.")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, problems := Parse(source.NewFile("f", c.text), known)
			var got []string
			for i, p := range problems {
				got = append(got, p.String())
				if i < len(c.want) && c.want[i] == "…" {
					got[i] = "…"
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	none := &fstest.MapFile{Data: []byte("fail-on: none\n")}
	for name, c := range map[string]struct {
		files    fstest.MapFS
		failOn   checks.Severity
		file     string
		problems []string
	}{
		"no file":           {fstest.MapFS{"README.md": none}, checks.Error, "", nil},
		"file":              {fstest.MapFS{Path: none}, checks.Off, Path, nil},
		"other name":        {fstest.MapFS{otherPath: none}, checks.Off, otherPath, nil},
		"both":              {fstest.MapFS{Path: none, otherPath: none}, checks.Error, Path, []string{".github/chiselbot.yaml:1:1: The settings are in both `.github/chiselbot.yml` and `.github/chiselbot.yaml`. Move them all to `.github/chiselbot.yml` and remove the other file."}},
		"problem":           {fstest.MapFS{Path: {Data: []byte("fail-on: x")}}, checks.Error, Path, []string{".github/chiselbot.yml:1:10: `x` is not a severity for `fail-on`. Write `none`, `notice`, `warning` or `error`."}},
		"folder":            {fstest.MapFS{Path + "/x": none}, checks.Error, Path, []string{".github/chiselbot.yml:1:1: The settings are not a regular file."}},
		"link":              {fstest.MapFS{Path: {Data: []byte("x"), Mode: fs.ModeSymlink}}, checks.Error, Path, []string{".github/chiselbot.yml:1:1: The settings are not a regular file."}},
		"too large":         {fstest.MapFS{otherPath: {Data: make([]byte, source.MaxFileBytes+1)}}, checks.Error, otherPath, []string{".github/chiselbot.yaml:1:1: The file is larger than 64 KiB."}},
		".github is a file": {fstest.MapFS{".github": none}, checks.Error, "", nil},
		".github is a link": {fstest.MapFS{".github": {Data: []byte("a"), Mode: fs.ModeSymlink}, "a/chiselbot.yml": none}, checks.Error, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings, file, problems, err := Read(source.Tree{FS: c.files}, known, nil)
			if err != nil {
				t.Fatal(err)
			}
			if settings.FailOn != c.failOn {
				t.Errorf("fail-on %v, want %v", settings.FailOn, c.failOn)
			}
			var got []string
			for _, p := range problems {
				got = append(got, p.String())
			}
			if diff := cmp.Diff(c.problems, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if (file == nil) != (c.file == "") || file != nil && file.Path() != c.file {
				t.Errorf("file %v, want %q", file, c.file)
			}
		})
	}
}

func TestReadBrokenTree(t *testing.T) {
	t.Parallel()
	_, _, _, err := Read(source.Tree{FS: brokenFS{}}, known, nil)
	if !errors.Is(err, fs.ErrPermission) {
		t.Errorf("error %v, want one of permission", err)
	}
}

type brokenFS struct{}

func (brokenFS) Open(string) (fs.File, error) { return nil, fs.ErrPermission }

func TestParseFailOn(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]checks.Severity{"none": checks.Off, "notice": checks.Notice, "warning": checks.Warning, "error": checks.Error} {
		if got, err := ParseFailOn(name); got != want || err != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if _, err := ParseFailOn("off"); err == nil {
		t.Error("off is accepted")
	}
}

// The properties of the schema are the keys that Parse knows, on every level.
func TestSchema(t *testing.T) {
	t.Parallel()
	schema := Schema(rules)
	const path = "testdata/schema.json"
	if *update {
		if err := os.WriteFile(path, schema, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(filepath.FromSlash(path))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(schema)); diff != "" {
		t.Errorf("schema (-want +got):\n%s", diff)
	}

	var node struct {
		Properties map[string]struct {
			Description string
			Properties  map[string]struct{ Description string }
		}
	}
	if err := json.Unmarshal(schema, &node); err != nil {
		t.Fatal(err)
	}
	for key, of := range node.Properties {
		if of.Description == "" {
			t.Errorf("%s has no description", key)
		}
		for inner, of := range of.Properties {
			if of.Description == "" {
				t.Errorf("%s.%s has no description", key, inner)
			}
			_, problems := Parse(source.NewFile("f", key+":\n  "+inner+": {}\n"), known)
			if len(problems) != 1 || !strings.Contains(problems[0].Message, "must be") {
				t.Errorf("%s.%s: %v, want one problem with its type", key, inner, problems)
			}
		}
		_, problems := Parse(source.NewFile("f", key+": 1.5\n"), known)
		if len(problems) != 1 || !strings.Contains(problems[0].Message, "must be") {
			t.Errorf("%s: %v, want one problem with its type", key, problems)
		}
	}
}

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema(rules)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("schema.json") // which validates it against its meta-schema
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// validate validates YAML as an editor would.
func validate(schema *jsonschema.Schema, text string) error {
	var value any
	if err := yaml.Load([]byte(text), &value); err != nil {
		return err
	}
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if value, err = jsonschema.UnmarshalJSON(bytes.NewReader(data)); err != nil {
		return err
	}
	return schema.Validate(value)
}

func FuzzParse(f *testing.F) {
	for _, path := range []string{"testdata/accepted.txtar", "testdata/problems.txtar"} {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			f.Add(string(file.Data))
		}
	}
	f.Add("\ufefffail-on: x\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		file := source.NewFile(Path, text)
		settings, problems := Parse(file, known)
		if len(problems) > maxProblems {
			t.Errorf("%d problems", len(problems))
		}
		for _, p := range problems {
			if p.Span.Start < 0 || p.Span.End < p.Span.Start || p.Span.End > len(text) {
				t.Fatalf("span %v outside the %d bytes of the file: %s", p.Span, len(text), p.Message)
			}
			if line := p.String(); strings.ContainsAny(line+p.Key, "\n\x1b") {
				t.Errorf("not one plain line: %q", line)
			}
			if p.Message == "" || !strings.HasSuffix(p.Message, ".") {
				t.Errorf("not a sentence: %q", p.Message)
			}
		}
		if len(problems) > 0 && !cmp.Equal(settings, Default()) {
			t.Errorf("settings with problems are used: %+v", settings)
		}
		settings.IsDockerfile("a/b/Dockerfile")
	})
}

// TestReadme reads the settings that the README shows.
func TestReadme(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "### Settings\n")
	section, _, _ = strings.Cut(section, "\n## ")
	schema := compile(t)
	blocks := strings.Split(section, "```yaml\n")[1:]
	if len(blocks) != 3 {
		t.Fatalf("%d blocks of settings", len(blocks))
	}
	for i, block := range blocks {
		block, _, _ = strings.Cut(block, "```")
		if i == len(blocks)-1 {
			if _, problems := ParseOwner(source.NewFile(OwnersPath, block), known); len(problems) > 0 {
				t.Errorf("%s%v", block, problems)
			}
			continue
		}
		if _, problems := Parse(source.NewFile(Path, block), known); len(problems) > 0 {
			t.Errorf("%s%v", block, problems)
		}
		if err := validate(schema, block); err != nil {
			t.Errorf("%s%v", block, err)
		}
	}
}
