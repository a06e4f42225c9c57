package chart_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/chiselbot/chiselbot/checks/chart"
	"github.com/chiselbot/chiselbot/checks/chart/render"
	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

var update = flag.Bool("update", false, "rewrite the golden parts of testdata")

// token is how a chart of ours names one of its lines: in a comment of YAML, which is
// rendered with the line, or in one of the template, which is not.
var token = regexp.MustCompile(`(?:#|/\*)@([a-z0-9-]+)`)

// TestMap renders every chart of testdata and holds the origin of every line against the
// names that the chart's lines bear. A rendered line that bears a name must come from
// the line of that name, whatever the golden part says.
func TestMap(t *testing.T) {
	t.Parallel()
	stories, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(stories) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, name := range stories {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			archive := txtar.Parse(data)
			var got strings.Builder
			want, at := "", -1
			for i, f := range archive.Files {
				if f.Name == "want" {
					want, at = string(f.Data), i
				}
			}
			mapStory(t, string(data), &got)
			if *update {
				if at < 0 {
					archive.Files = append(archive.Files, txtar.File{Name: "want"})
					at = len(archive.Files) - 1
				}
				archive.Files[at].Data = []byte(got.String())
				if out := txtar.Format(archive); !bytes.Equal(out, data) {
					if err := os.WriteFile(name, out, 0o600); err != nil {
						t.Fatal(err)
					}
				}
				return
			}
			if d := cmp.Diff(want, got.String()); d != "" {
				t.Errorf("map (-want +got):\n%s", d)
			}
		})
	}
}

func mapStory(t *testing.T, data string, out *strings.Builder) {
	t.Helper()
	var questions []string
	for _, f := range txtar.Parse([]byte(data)).Files {
		if f.Name == "ask" {
			questions = strings.Split(strings.TrimSpace(string(f.Data)), "\n")
		}
	}
	charts, err := chart.Find(t.Context(), tree(data), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range charts.Paths {
		c, err := charts.Load(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		renderings, err := c.Render(t.Context(), render.Run)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range c.Problems {
			printProblem(out, p)
		}
		for _, r := range renderings {
			if r.Set.Name != "" {
				fmt.Fprintf(out, "==== %s\n", r.Set.Name)
			}
			for _, d := range r.Documents {
				mapDocument(t, d, out)
			}
			for _, p := range r.Problems {
				printProblem(out, p)
			}
			for _, question := range questions {
				ask(question, r.Objects(), out)
			}
		}
	}
}

// ask prints where fields come from that a story asks for, one a line, and where fields
// would come from that it asks for and that are absent.
func ask(question string, objects []*kube.Object, out *strings.Builder) {
	kind, path, _ := strings.Cut(question, " ")
	for _, o := range objects {
		if o.Kind != kind {
			continue
		}
		node := o.Root
		steps := strings.Split(path, ".")
		for i, step := range steps {
			var next *kube.Node
			if n, err := strconv.Atoi(step); err == nil && node.Kind == kube.Sequence && n < len(node.Items) {
				next = node.Items[n]
			} else {
				next = node.Get(step)
			}
			if next == nil {
				fmt.Fprintf(out, "? no %s: %s\n", path, originName(o.WhereAbsent(node, steps[i:]...)))
				node = nil
				break
			}
			node = next
		}
		if node != nil {
			fmt.Fprintf(out, "? %s: %s\n", path, originName(o.Where(node)))
		}
	}
}

func printProblem(out *strings.Builder, p chart.Problem) {
	fmt.Fprintf(out, "PROBLEM %s %s %s: %s\n", p.Reason, p.Path, placeName(p.Place), p.Message)
}

func mapDocument(t *testing.T, d *chart.Document, out *strings.Builder) {
	t.Helper()
	fmt.Fprintf(out, "## %s\n", d.Template.Path())
	if len(d.Stubbed) > 0 {
		fmt.Fprintf(out, "STUBBED %s\n", d.Stubbed)
	}
	for line := 1; line <= d.File.Lines(); line++ {
		text := d.File.LineText(line)
		if strings.TrimSpace(text) == "" {
			continue
		}
		var origins []string
		span := d.File.LineSpan(line)
		parts := d.Origins.Parts(span)
		done := span.Start + len(text) - len(strings.TrimLeft(text, " \t"))
		for _, part := range parts {
			if gap := strings.TrimSpace(d.File.Slice(source.Span{Start: done, End: part.Start})); gap != "" {
				t.Errorf("%s:%d: %q has no origin", d.File.Path(), line, gap)
			}
			done = part.End
			origin := d.Origins.Of(part)
			if origin.Verified == (len(d.Stubbed) > 0) {
				t.Errorf("%s:%d: %q: verified is %t", d.File.Path(), line, d.File.Slice(part), origin.Verified)
			}
			origins = append(origins, originName(origin))
			if m := token.FindStringSubmatch(d.File.Slice(part)); len(m) > 0 && !strings.Contains(placeLine(origin.Template), "@"+m[1]) {
				t.Errorf("%s:%d: %q comes from %q", d.File.Path(), line, d.File.Slice(part), placeLine(origin.Template))
			}
		}
		if rest := strings.TrimSpace(d.File.Slice(source.Span{Start: done, End: span.End})); rest != "" {
			t.Errorf("%s:%d: %q has no origin", d.File.Path(), line, rest)
		}
		fmt.Fprintf(out, "%-40s | %s\n", token.ReplaceAllString(text, "#"), strings.Join(origins, " + "))
	}
}

// originName writes an origin: the place in the template, the inclusions that led there,
// the innermost first, and the key with its place in the values.
func originName(o kube.Origin) string {
	s := placeName(o.Template)
	for _, at := range slices.Backward(o.Includes) {
		s += " < " + placeName(at)
	}
	if o.Value != nil {
		s += " = " + o.Value.Key
		if !o.Value.IsZero() {
			s += " " + placeName(o.Value.Place)
		}
	}
	return s
}

func placeName(p kube.Place) string {
	if p.IsZero() {
		return "nowhere"
	}
	if m := token.FindStringSubmatch(placeLine(p)); m != nil {
		return "@" + m[1]
	}
	return fmt.Sprintf("%s:%d", filepath.Base(p.File.Path()), p.Line())
}

func placeLine(p kube.Place) string {
	if p.IsZero() {
		return ""
	}
	return p.File.LineText(p.Line())
}
