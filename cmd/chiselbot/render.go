package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/chiselbot/chiselbot/app/report"
	"github.com/chiselbot/chiselbot/app/repository"
	"github.com/chiselbot/chiselbot/checks/chart"
	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

// renderFlags are the flags of the verb render.
type renderFlags struct {
	lines      bool
	values     []string
	format     string
	chartsFrom []string
}

func (p program) renderCommand() *cobra.Command {
	var flags renderFlags
	cmd := &cobra.Command{
		Use:   "render PATH",
		Short: "Render a Helm chart and say where each line comes from",
		Long: `Render the Helm chart in the folder PATH as "helm template" does. Dependencies that
are not in its charts/ folder are looked for in the repository, and fetched from where
--charts-from allows it. Templates that fail do
not keep the others from being rendered.

With --map each line is preceded by where it comes from: the line of the template that
wrote it, the actions that included that template (<), and the key of the values that
the line shows with the line that sets it (=). A question mark says that the origin is
not proven.`,
		Example: `  chiselbot render charts/web                       the documents
  chiselbot render charts/web --map                 and their origins
  chiselbot render charts/web --values prod.yaml    with a values file`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.render(cmd.Context(), args[0], flags)
		},
	}
	cmd.Flags().BoolVar(&flags.lines, "map", false, "say where each line comes from")
	cmd.Flags().StringArrayVar(&flags.values, "values", nil, "values file to lay over the chart's own values; may be repeated")
	cmd.Flags().StringVar(&flags.format, "format", "text", "text or json")
	bindChartsFrom(cmd, &flags.chartsFrom)
	return cmd
}

// render renders the chart in a folder to p.out, and says on p.err what is missing.
func (p program) render(ctx context.Context, dir string, flags renderFlags) error {
	write := map[string]func(io.Writer, *chart.Rendering, bool) error{"text": p.renderText, "json": renderJSON}[flags.format]
	if write == nil {
		return fmt.Errorf("read --format %q: want text or json", flags.format)
	}
	tree, root, done, err := around(ctx, dir)
	if err != nil {
		return err
	}
	defer done()
	path, err := within(root, dir)
	if err != nil {
		return err
	}
	settings := chart.Settings{}
	for _, name := range flags.values {
		if _, err := within(root, name); err != nil {
			return err
		}
		rel, err := filepath.Rel(absolute(dir), absolute(name))
		if err != nil {
			return fmt.Errorf("read --values %s: %w", name, err)
		}
		settings.Values = append(settings.Values, filepath.ToSlash(rel))
	}
	places, err := chartPlaces(flags.chartsFrom)
	if err != nil {
		return err
	}
	charts, err := chart.Find(ctx, tree, p.fetcher(places, chartCache()))
	if err != nil {
		return err
	}
	c, err := charts.Load(ctx, path, settings)
	if err != nil {
		return err
	}
	p.problems(c.Problems)
	// Of the sets of values only the one that was asked for is rendered.
	c.Sets = slices.DeleteFunc(c.Sets, func(s chart.Set) bool { return !slices.Equal(s.Values, settings.Values) })
	if len(c.Sets) == 0 {
		if c.Library {
			return fmt.Errorf("render chart %s: a library chart renders to nothing", dir)
		}
		return exit(exitUsage)
	}
	c.Sets = c.Sets[:1]

	children := p.newSandbox()
	defer children.Close()
	renderings, err := c.Render(ctx, renderIn(children))
	if err != nil {
		return err
	}
	if err := write(p.out, renderings[0], flags.lines); err != nil {
		return err
	}
	p.problems(renderings[0].Problems)
	if len(c.Problems)+len(renderings[0].Problems) > 0 {
		return exit(exitUnsure)
	}
	return nil
}

// around is the tree of the repository that holds a folder and its root on disk, or the
// folder alone if no repository does.
func around(ctx context.Context, dir string) (tree source.Tree, root string, done func(), err error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return tree, "", nil, fmt.Errorf("render chart %s: not a folder", dir)
	}
	done = func() {}
	repo, err := repository.Open(dir)
	if err != nil || repo.Root() == "" {
		return source.Tree{FS: os.DirFS(dir)}, absolute(dir), done, nil
	}
	tree, err = repo.WorkingTree(ctx)
	return tree, absolute(repo.Root()), func() { repo.Close() }, err
}

// absolute is a path from the root of the disk, with links followed.
func absolute(name string) string {
	if full, err := filepath.EvalSymlinks(name); err == nil {
		name = full
	}
	if full, err := filepath.Abs(name); err == nil {
		name = full
	}
	return name
}

// within is the path of a file or folder from a root on disk.
func within(root, name string) (string, error) {
	rel, err := filepath.Rel(root, absolute(name))
	if err != nil || !filepath.IsLocal(rel) {
		return "", fmt.Errorf("read %s: it lies outside of %s", name, root)
	}
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read %s: no such file or directory", name)
	}
	return filepath.ToSlash(rel), nil
}

// problems says what could not be read or rendered.
func (p program) problems(problems []chart.Problem) {
	for _, problem := range problems {
		at := problem.Path
		if !problem.Place.IsZero() {
			at = placeName(problem.Place)
		}
		text := at + ": " + problem.Message
		if problem.Help != "" {
			text += " " + problem.Help
		}
		fmt.Fprintln(p.err, report.Shown(text))
	}
}

func placeName(at kube.Place) string {
	if at.IsZero() {
		return "?"
	}
	return fmt.Sprintf("%s:%d", at.File.Path(), at.Line())
}

// renderText writes documents as YAML, or as lines with their origins before them.
func (p program) renderText(w io.Writer, r *chart.Rendering, lines bool) error {
	_, terminal := terminalWidth(p.out)
	var out strings.Builder
	for _, d := range r.Documents {
		text := d.File.Text()
		if lines {
			fmt.Fprintf(&out, "# %s\n", report.Shown(d.Template.Path()))
			writeOrigins(&out, originLines(d))
			out.WriteByte('\n')
			continue
		}
		if terminal {
			rows := strings.Split(text, "\n")
			for i, row := range rows {
				rows[i] = report.Shown(row)
			}
			text = strings.Join(rows, "\n")
		}
		fmt.Fprintf(&out, "---\n# Source: %s\n%s\n", report.Shown(d.Template.Path()), strings.TrimSpace(text))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// An originLine is one line of a document and where its parts come from. Parts of one
// origin in a row count once.
type originLine struct {
	Line    int      `json:"line"`
	Text    string   `json:"text"`
	Origins []origin `json:"origins"`
}

// An origin is where a part of a line comes from.
type origin struct {
	Template string   `json:"template"`
	Includes []string `json:"includes,omitempty"`
	Key      string   `json:"key,omitempty"`
	Value    string   `json:"value,omitempty"`
	Verified bool     `json:"verified"`
}

func (o origin) String() string {
	chain := append(slices.Clone(o.Includes), o.Template)
	slices.Reverse(chain)
	s := strings.Join(chain, " < ")
	if o.Key != "" {
		s += " = " + o.Key
		if o.Value != "" {
			s += " (" + o.Value + ")"
		}
	}
	if !o.Verified {
		s += " ?"
	}
	return s
}

// originLines are the lines of a document that are not blank.
func originLines(d *chart.Document) []originLine {
	var all []originLine
	for n := 1; n <= d.File.Lines(); n++ {
		span := d.File.LineSpan(n)
		line := originLine{Line: n, Text: d.File.Slice(span)}
		if strings.TrimSpace(line.Text) == "" {
			continue
		}
		for _, part := range d.Origins.Parts(span) {
			line.Origins = append(line.Origins, originOf(d.Origins.Of(part)))
		}
		line.Origins = slices.CompactFunc(line.Origins, func(a, b origin) bool { return a.String() == b.String() })
		if keyed := slices.ContainsFunc(line.Origins, func(o origin) bool { return o.Key != "" }); keyed {
			// The key tells more than the text around it that stands at the same place.
			line.Origins = slices.DeleteFunc(line.Origins, func(o origin) bool {
				return o.Key == "" && slices.ContainsFunc(line.Origins, func(other origin) bool { return other.Key != "" && other.Template == o.Template })
			})
		}
		if len(line.Origins) == 0 {
			line.Origins = []origin{{Template: "?"}}
		}
		all = append(all, line)
	}
	return all
}

func originOf(o kube.Origin) origin {
	out := origin{Template: placeName(o.Template), Verified: o.Verified}
	for _, at := range o.Includes {
		out.Includes = append(out.Includes, placeName(at))
	}
	if o.Value != nil {
		out.Key = o.Value.Key
		if !o.Value.IsZero() {
			out.Value = placeName(o.Value.Place)
		}
	}
	return out
}

// writeOrigins writes lines in two columns. Origins too long for theirs have a row each.
func writeOrigins(w *strings.Builder, lines []originLine) {
	const widest = 60
	width := 0
	for _, line := range lines {
		for _, o := range line.Origins {
			if n := utf8.RuneCountInString(o.String()); n <= widest {
				width = max(width, n)
			}
		}
	}
	for _, line := range lines {
		for i, o := range line.Origins {
			s := report.Shown(o.String())
			if i < len(line.Origins)-1 || utf8.RuneCountInString(s) > widest {
				fmt.Fprintf(w, "%s\n", s)
				s = ""
			}
			if i == len(line.Origins)-1 {
				fmt.Fprintf(w, "%-*s | %s\n", width, s, report.Shown(line.Text))
			}
		}
	}
}

// renderJSON writes documents with their lines.
func renderJSON(w io.Writer, r *chart.Rendering, lines bool) error {
	type document struct {
		Template string       `json:"template"`
		Text     string       `json:"text"`
		Lines    []originLine `json:"lines,omitempty"`
	}
	documents := []document{}
	for _, d := range r.Documents {
		one := document{Template: d.Template.Path(), Text: d.File.Text()}
		if lines {
			one.Lines = originLines(d)
		}
		documents = append(documents, one)
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		Documents []document `json:"documents"`
	}{documents})
}
