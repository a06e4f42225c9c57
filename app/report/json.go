package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/chiselbot/chiselbot/app/review"
	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

// schemaVersion changes when a field goes away or means something else. New fields may
// come without.
const schemaVersion = 1

// The types of the JSON form. The comments on them are also the descriptions in its
// schema, review.schema.json.

// A jsonReview is what a change makes better and worse. Lists are in a fixed order and
// are empty, not absent, when there is nothing in them.
type jsonReview struct {
	// 1. It changes when a field goes away or gets another meaning; fields may be added.
	SchemaVersion int `json:"schemaVersion" jsonschema:"const=1"`
	// The version of chiselbot that made the review.
	ChiselbotVersion string   `json:"chiselbotVersion"`
	Base             jsonSide `json:"base"`
	Head             jsonSide `json:"head"`
	// What the review comes to. With unsure, nothing new fails it, but something could
	// not be checked or compared.
	Verdict review.Verdict `json:"verdict" jsonschema:"enum=passed,enum=failed,enum=unsure"`
	// The least severity of a new finding that fails the review.
	FailOn string `json:"failOn" jsonschema:"enum=error,enum=warning,enum=notice,enum=none"`
	// How many Dockerfiles, charts and plain manifests the head has.
	Dockerfiles int         `json:"dockerfiles"`
	Charts      int         `json:"charts"`
	Manifests   int         `json:"manifests"`
	Summary     jsonSummary `json:"summary"`
	// Findings of the head that the base does not have.
	New []jsonFinding `json:"new"`
	// Findings of the base that the head does not have; their places are those in the
	// base.
	Fixed []jsonFinding `json:"fixed"`
	// Findings of the head that the base has too.
	Unchanged []jsonFinding `json:"unchanged"`
	// Findings that the base has in a file that the change renamed.
	Moved []jsonMove `json:"moved"`
	// Findings of either side that cannot be called new or fixed, because the other side
	// could not be checked there.
	Unsure []jsonFinding `json:"unsure"`
	// What could not be checked.
	Skips []jsonSkip `json:"skips"`
	// What the change makes of the Kubernetes objects that charts render to and manifests
	// hold.
	Objects []jsonObject `json:"objects"`
	// Findings of the head that are not reported because somebody knew better: another
	// rule, or a person with an ignore comment.
	Drops []jsonDrop `json:"drops"`
}

// A jsonSide is one of the two trees.
type jsonSide struct {
	// How a person calls it: origin/main, working tree.
	Name string `json:"name"`
	// The commit's object name; absent for a working tree.
	Commit string `json:"commit,omitempty"`
}

// A jsonSummary is how many entries each list has.
type jsonSummary struct {
	New       int `json:"new"`
	Fixed     int `json:"fixed"`
	Unchanged int `json:"unchanged"`
	Moved     int `json:"moved"`
	Unsure    int `json:"unsure"`
	Skips     int `json:"skips"`
	Drops     int `json:"drops"`
}

// A jsonFinding is one thing that is wrong at one place.
type jsonFinding struct {
	// The rule's id, and what it finds in a few words.
	Rule  string `json:"rule"`
	Title string `json:"title"`
	// The address of the rule's page.
	URL string `json:"url,omitempty"`
	// The rule's severity, or what the settings made of it. With off, the rule does not
	// report; such a finding can be among the drops.
	Severity string `json:"severity" jsonschema:"enum=error,enum=warning,enum=notice,enum=off"`
	jsonPlace
	// What the finding is about, apart from where it stands. With rule and home it is the
	// identity of the finding and stays when lines move.
	Key string `json:"key"`
	// The path of the file within which the key tells findings apart: the file's own, or
	// the Chart.yaml of its chart.
	Home string `json:"home"`
	// Where the subject of a finding about a Kubernetes object comes from; absent for
	// others.
	Origin *jsonOrigin `json:"origin,omitempty"`
	// The sets of a chart's values with which the finding occurs, by their values files;
	// values.yaml stands for the chart's own values alone. Absent outside of charts.
	Sets []string `json:"sets,omitempty"`
	// What is wrong. Like all texts for people it may have code spans of Markdown.
	Message string `json:"message"`
	// What to do about it.
	Help string `json:"help,omitempty"`
	// Other places that explain the finding.
	Related []jsonRelated `json:"related"`
	// The edits that cure it; absent where a person has to decide.
	Fix *jsonFix `json:"fix,omitempty"`
}

// A jsonOrigin is where a part of an object comes from.
type jsonOrigin struct {
	// Where it is written: text or action of a template, or the part itself in a plain
	// manifest. Absent where it is not known.
	Template *jsonPlace `json:"template,omitempty"`
	// The actions that led to the template, the outermost first.
	Includes []jsonPlace `json:"includes"`
	// The value that it is taken from; absent where the template alone gives it.
	Value *jsonValue `json:"value,omitempty"`
	// Whether the origin is proven and not only likely.
	Verified bool `json:"verified"`
}

// A jsonValue is a key of a chart's values.
type jsonValue struct {
	// The key as one writes it behind .Values.
	Key string `json:"key"`
	// Where it is set; absent when nothing sets it.
	Place *jsonPlace `json:"place,omitempty"`
	// The set of values that was in force.
	Set string `json:"set,omitempty"`
}

// A jsonPlace is a span of a file.
type jsonPlace struct {
	// The path from the root of the repository, with slashes. What is not UTF-8 in it
	// reads U+FFFD.
	Path  string       `json:"path"`
	Start jsonPosition `json:"start"`
	// The first byte after the span.
	End jsonPosition `json:"end"`
}

// A jsonPosition is the place of a byte.
type jsonPosition struct {
	// In bytes from the start of the file.
	Offset int `json:"offset"`
	// From one.
	Line int `json:"line"`
	// In Unicode code points, from one.
	Column int `json:"column"`
}

// A jsonRelated is another place that explains a finding.
type jsonRelated struct {
	jsonPlace
	Message string `json:"message"`
}

// A jsonFix is a set of edits that belong together.
type jsonFix struct {
	// What it does, in the imperative.
	Title string `json:"title"`
	// A safe fix cannot change what a working image does.
	Safe  bool       `json:"safe"`
	Edits []jsonEdit `json:"edits"`
}

// One jsonEdit replaces bytes of a file; equal offsets are an insertion.
type jsonEdit struct {
	Path string `json:"path"`
	// The offset of the first byte that is replaced.
	Start int `json:"start"`
	// The offset of the first byte after them.
	End int `json:"end"`
	// What stands there instead.
	New string `json:"new"`
}

// A jsonMove is a finding in a renamed file.
type jsonMove struct {
	jsonFinding
	// The file's path in the base.
	From string `json:"from"`
}

// A jsonSkip is something that could not be checked.
type jsonSkip struct {
	// The file; absent when the obstacle is not in one.
	Path string `json:"path,omitempty"`
	// Where the obstacle stands; both are absent when it has no place.
	Start *jsonPosition `json:"start,omitempty"`
	End   *jsonPosition `json:"end,omitempty"`
	// The id of the rule that could not be applied; absent when none could.
	Rule string `json:"rule,omitempty"`
	// The sets of a chart's values that are affected; absent for all and outside of charts.
	Sets []string `json:"sets,omitempty"`
	// Why it could not be checked.
	Reason string `json:"reason"`
	// What to do about it.
	Help string `json:"help,omitempty"`
}

// A jsonDrop is a finding that is not reported.
type jsonDrop struct {
	Finding jsonFinding `json:"finding"`
	// Why it is not reported.
	Reason string `json:"reason"`
	// The ignore comment that says so; absent when another rule stands in.
	By *jsonPlace `json:"by,omitempty"`
}

// JSON writes the whole review, made by chiselbot of that version, as JSON that
// review.schema.json describes.
func JSON(w io.Writer, r *review.Review, version string) error {
	d := r.Delta
	out := jsonReview{
		SchemaVersion: schemaVersion, ChiselbotVersion: version,
		Base: jsonSide{r.Base.Name, r.Base.Tree.Commit}, Head: jsonSide{r.Head.Name, r.Head.Tree.Commit},
		Verdict: r.Verdict(), FailOn: r.FailOn.String(), Dockerfiles: r.Files, Charts: r.Charts, Manifests: r.Manifests,
		Summary: jsonSummary{len(d.New), len(d.Fixed), len(d.Same), len(d.Moved), len(d.Unsure), len(d.Skips), len(d.Drops)},
		New:     each(d.New, findingJSON), Fixed: each(d.Fixed, findingJSON), Unchanged: each(d.Same, findingJSON),
		Moved:  each(d.Moved, func(m checks.Move) jsonMove { return jsonMove{findingJSON(m.Finding), m.From} }),
		Unsure: each(d.Unsure, findingJSON), Skips: each(d.Skips, skipJSON), Objects: each(r.Objects, objectJSON), Drops: each(d.Drops, dropJSON),
	}
	if r.FailOn == checks.Off {
		out.FailOn = "none"
	}
	return writeJSON(w, out)
}

// writeJSON writes a value for machines, and for people who look at it.
func writeJSON(w io.Writer, value any) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(value); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	if _, err := w.Write(escapeJSON(text.Bytes())); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}

// each is the list with each element turned into another, empty and not nil.
func each[A, B any](list []A, turn func(A) B) []B {
	out := make([]B, 0, len(list))
	for _, a := range list {
		out = append(out, turn(a))
	}
	return out
}

func findingJSON(f checks.Finding) jsonFinding {
	out := jsonFinding{
		Rule: f.Rule.ID, Title: f.Rule.Title, URL: f.Rule.URL, Severity: f.Severity.String(),
		jsonPlace: placeJSON(f.File, f.Span), Key: f.Key, Home: f.Path(), Origin: originJSON(f.Origin), Sets: f.Sets,
		Message: f.Message, Help: f.Help,
		Related: each(f.Related, func(r checks.Related) jsonRelated { return jsonRelated{placeJSON(r.File, r.Span), r.Message} }),
	}
	if f.Home != nil {
		out.Home = f.Home.Path()
	}
	if f.Fix != nil {
		out.Fix = &jsonFix{f.Fix.Title, f.Fix.Safety == checks.Safe, each(f.Fix.Edits, func(e source.Edit) jsonEdit {
			return jsonEdit{e.Path, e.Span.Start, e.Span.End, e.New}
		})}
	}
	return out
}

func originJSON(o *kube.Origin) *jsonOrigin {
	if o == nil {
		return nil
	}
	place := func(at kube.Place) *jsonPlace {
		if at.IsZero() {
			return nil
		}
		out := placeJSON(at.File, at.Span)
		return &out
	}
	out := &jsonOrigin{Template: place(o.Template), Includes: []jsonPlace{}, Verified: o.Verified}
	for _, in := range o.Includes {
		if at := place(in); at != nil {
			out.Includes = append(out.Includes, *at)
		}
	}
	if o.Value != nil {
		out.Value = &jsonValue{o.Value.Key, place(o.Value.Place), o.Value.Set}
	}
	return out
}

func skipJSON(s checks.Skip) jsonSkip {
	out := jsonSkip{Path: s.Path, Rule: s.Rule, Sets: s.Sets, Reason: s.Reason, Help: s.Help}
	if s.File != nil {
		place := placeJSON(s.File, s.Span)
		out.Start, out.End = &place.Start, &place.End
	}
	return out
}

func dropJSON(d checks.Drop) jsonDrop {
	out := jsonDrop{Finding: findingJSON(d.Finding), Reason: d.Reason}
	if d.By.File != nil {
		place := placeJSON(d.By.File, d.By.Span)
		out.By = &place
	}
	return out
}

func placeJSON(f *source.File, s source.Span) jsonPlace {
	position := func(offset int) jsonPosition {
		at := f.Position(offset)
		return jsonPosition{offset, at.Line, at.Column}
	}
	return jsonPlace{f.Path(), position(s.Start), position(s.End)}
}

// escapeJSON writes as escapes what a terminal would obey, a person not see, or a
// machine that reads logs take for a command. They mean the same to whoever reads the
// JSON, and all of it can only stand in strings. So does U+FFFD, which stands for what is
// not UTF-8, because Go 1.26 escapes it there and 1.27 does not.
func escapeJSON(text []byte) []byte {
	text = commandAnywhere.ReplaceAll(text, []byte(`\u0023$1`))
	var out bytes.Buffer
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if r == utf8.RuneError || unseen(r) && r != '\n' {
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&out, `\u%04x`, unit)
			}
		} else {
			out.Write(text[:size])
		}
		text = text[size:]
	}
	return out.Bytes()
}
