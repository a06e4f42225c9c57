package report_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/chiselbot/chiselbot/app/report"
	"github.com/chiselbot/chiselbot/app/review"
)

var update = flag.Bool("update", false, "rewrite golden files with what the code gives now")

// golden compares what was written with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), rewrite with -update:\n%s", name, diff)
	}
}

func text(t *testing.T, r *review.Review, terminal report.Terminal, all bool) string {
	t.Helper()
	var out bytes.Buffer
	if err := report.Text(&out, r, terminal, all); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestText(t *testing.T) {
	t.Parallel()
	forEach(t, func(t *testing.T, name string, r *review.Review) {
		plain := text(t, r, report.Terminal{}, false)
		golden(t, name+".txt", plain)
		golden(t, name+".80.all.txt", text(t, r, report.Terminal{Width: 80}, true))

		// Colors and links add nothing but what a terminal does not show.
		pretty := text(t, r, report.Terminal{Colors: true, Links: true}, false)
		if diff := cmp.Diff(plain, ansi.Strip(pretty)); diff != "" {
			t.Errorf("with colors (-without +with):\n%s", diff)
		}
		if name == "sample" {
			golden(t, "sample.color.txt", strings.ReplaceAll(strings.ReplaceAll(pretty, "\x1b", "ESC"), "\x07", "BEL"))
		}
		harmless(t, plain)
		if strings.Contains(plain, "\t") {
			t.Error("a tab, whose width only the terminal knows")
		}
	})
}

// harmless demands that there is nothing to obey, for a terminal or for a machine that
// reads the log of a build.
func harmless(t *testing.T, out string) {
	t.Helper()
	if !utf8.ValidString(out) {
		t.Error("the output is not UTF-8")
	}
	for line := range strings.Lines(out) {
		for _, r := range strings.TrimSuffix(line, "\n") {
			if unicode.IsControl(r) && r != '\t' || unicode.Is(unicode.Bidi_Control, r) {
				t.Errorf("%U in %q", r, line)
			}
		}
		if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[a") || strings.Contains(line, "##vso[") {
			t.Errorf("a command for a machine that reads the log: %q", line)
		}
	}
}

func TestTextWidths(t *testing.T) {
	t.Parallel()
	forEach(t, func(t *testing.T, _ string, r *review.Review) {
		for width := 1; width < 150; width += 7 {
			for line := range strings.Lines(text(t, r, report.Terminal{Width: width}, true)) {
				// Only words that must stay whole stick out.
				if w := ansi.StringWidth(strings.TrimSuffix(line, "\n")); strings.Contains(line, "│") && w > max(width, 40) && len(strings.Fields(line)) > 3 {
					t.Errorf("width %d: %d columns in %q", width, w, line)
				}
			}
		}
	})
}

// schemaOf compiles a JSON Schema of testdata.
func schemaOf(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// valid demands that the text is JSON that the schema allows.
func valid(t *testing.T, schema *jsonschema.Schema, text []byte) {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(value); err != nil {
		t.Error(err)
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	schema := schemaOf(t, "review.schema.json")
	forEach(t, func(t *testing.T, name string, r *review.Review) {
		var out bytes.Buffer
		if err := report.JSON(&out, r, "v1.2.3"); err != nil {
			t.Fatal(err)
		}
		golden(t, name+".json", out.String())
		valid(t, schema, out.Bytes())
		harmless(t, out.String())

		// Escapes change how a string is written, not what it is.
		var got struct{ Head struct{ Name string } }
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r.Head.Name, got.Head.Name); diff != "" {
			t.Errorf("name of the head (-want +got):\n%s", diff)
		}
	})
}

func TestSARIF(t *testing.T) {
	t.Parallel()
	schema := schemaOf(t, filepath.Join("testdata", "sarif-schema-2.1.0.json"))
	forEach(t, func(t *testing.T, name string, r *review.Review) {
		var out bytes.Buffer
		if err := report.SARIF(&out, r, "v1.2.3"); err != nil {
			t.Fatal(err)
		}
		golden(t, name+".sarif", out.String())
		valid(t, schema, out.Bytes())

		var log struct {
			Runs []struct {
				Results []struct{ BaselineState string }
			}
		}
		if err := json.Unmarshal(out.Bytes(), &log); err != nil {
			t.Fatal(err)
		}
		states := map[string]int{}
		for _, result := range log.Runs[0].Results {
			states[result.BaselineState]++
		}
		d := r.Delta
		want := map[string]int{}
		for state, n := range map[string]int{"new": len(d.New), "unchanged": len(d.Same), "updated": len(d.Moved)} {
			if n > 0 {
				want[state] = n
			}
		}
		for _, drop := range d.Drops {
			if drop.By.File != nil {
				want["unchanged"]++
			}
		}
		if diff := cmp.Diff(want, states); diff != "" {
			t.Errorf("results by baselineState (-want +got):\n%s", diff)
		}
		harmless(t, out.String())
	})
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	forEach(t, func(t *testing.T, name string, r *review.Review) {
		var out bytes.Buffer
		if err := report.WriteMarkdown(&out, r); err != nil {
			t.Fatal(err)
		}
		golden(t, name+".md", out.String())
		harmless(t, out.String())
	})
}

func TestGitHub(t *testing.T) {
	t.Parallel()
	forEach(t, func(t *testing.T, name string, r *review.Review) {
		var out bytes.Buffer
		if err := report.GitHub(&out, r); err != nil {
			t.Fatal(err)
		}
		golden(t, name+".github", out.String())
	})
}
