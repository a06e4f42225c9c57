package chart_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/chiselbot/chiselbot/checks/chart"
	"github.com/chiselbot/chiselbot/checks/chart/render"
	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

// scalar are the values that the test knows how to change: numbers and words, quoted or
// not.
var scalar = regexp.MustCompile(`^(?:[^:]+:\s+)?(["']?)([A-Za-z0-9][\w./ -]*)(["']?)$`)

// TestKeys changes each value that a line is said to come from, renders again, and sees
// whether the line has changed. A value that only decides needs no change of this kind to
// show, so lines of such functions are left out, and so are those that show but the name of
// a key.
func TestKeys(t *testing.T) {
	t.Parallel()
	deciding := regexp.MustCompile(`\b(ternary|eq|empty|len|count)\b|{{ \$key }}`)
	stories, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	proven := 0
	for _, story := range stories {
		data, err := os.ReadFile(story)
		if err != nil {
			t.Fatal(err)
		}
		before := tree(string(data))
		for name, document := range documents(t, before) {
			for place, lines := range keyedLines(document) {
				after, ok := changed(before, place)
				if !ok {
					continue
				}
				now := documents(t, after)[name]
				for _, line := range lines {
					text := document.File.LineText(line)
					if now != nil && now.File.Lines() == document.File.Lines() && now.File.LineText(line) == text {
						if o := document.Origins.Of(document.File.LineSpan(line)); !deciding.MatchString(placeLine(o.Template)) && !deciding.MatchString(text) {
							t.Errorf("%s: %s:%d: %q does not come from %q", filepath.Base(story), name, line, text, place.File.Slice(place.Span))
						}
						continue
					}
					proven++
				}
			}
		}
	}
	if proven < 190 {
		t.Errorf("only %d lines were proven", proven)
	}
}

// documents are what the charts of a tree render to with their own values.
func documents(t *testing.T, tree source.Tree) map[string]*chart.Document {
	t.Helper()
	charts, err := chart.Find(t.Context(), tree, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*chart.Document{}
	for _, path := range charts.Paths {
		c, err := charts.Load(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		c.Sets = c.Sets[:min(1, len(c.Sets))]
		renderings, err := c.Render(t.Context(), render.Run)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range renderings {
			for i, d := range r.Documents {
				all[path+" "+string(rune('a'+i))+" "+d.Template.Path()] = d
			}
		}
	}
	return all
}

// keyedLines are the lines of a document by the values that they are said to come from.
func keyedLines(d *chart.Document) map[kube.Place][]int {
	lines := map[kube.Place][]int{}
	for line := 1; line <= d.File.Lines(); line++ {
		for _, part := range d.Origins.Parts(d.File.LineSpan(line)) {
			if v := d.Origins.Of(part).Value; v != nil && !v.IsZero() {
				lines[v.Place] = append(lines[v.Place], line)
			}
		}
	}
	return lines
}

// changed is a tree with another value at a place.
func changed(before source.Tree, place kube.Place) (source.Tree, bool) {
	m := scalar.FindStringSubmatch(place.File.Slice(place.Span))
	if len(m) == 0 || m[2] == "true" || m[2] == "false" || m[2] == "null" || strings.Contains(m[2], "{{") {
		return source.Tree{}, false
	}
	at := place.Span.End - len(m[3]) - len(m[2])
	files := maps.Clone(before.FS.(fstest.MapFS))
	text := place.File.Text()
	files[place.File.Path()] = &fstest.MapFile{Data: []byte(text[:at] + "7" + text[at:])}
	return source.Tree{FS: files}, true
}
