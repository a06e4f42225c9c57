package render

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"

	chart "helm.sh/helm/v4/pkg/chart/v2"

	"github.com/chiselbot/chiselbot/checks/source"
)

var (
	// The errors of the template package
	// (https://cs.opensource.google/go/go/+/refs/tags/go1.26:src/text/template/exec.go).
	executeError = regexp.MustCompile(`(?s)^template: (.*?):(\d+):(\d+): executing ".*?" at <(.*?)>: (.*)$`)
	parseError   = regexp.MustCompile(`(?s)^template: (.*?):(\d+): (.*)$`)
	// How calls of functions that stand in for others show up in errors.
	calling = regexp.MustCompile(`^(?:error calling )?(?:__)?(\w+): `)
	// A key of the values in the text of an action.
	valuesKey = regexp.MustCompile(`\$?\.Values\.([A-Za-z_][\w.]*\w)`)
)

// maxLinks is how many links of a chain of errors are asked for a place.
const maxLinks = 20

func isParseError(err error) bool {
	_, ran := errors.AsType[template.ExecError](err)
	return !ran && parseError.MatchString(err.Error())
}

// failure says why a template gives nothing: where, in the words of Helm or of the chart.
func (r *run) failure(one renderable, err error) Problem {
	p := Problem{Reason: Other, Place: Place{File: None}, Templates: []int{one.file}, Message: err.Error(), Dependency: None}
	// The innermost error knows the place. Those around it repeat its text, which grows
	// with each of them: only the ones that are needed are asked for it.
	var executing []template.ExecError
	cause := err
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		if e, ok := inner.(template.ExecError); ok { //nolint:errorlint // each link of the chain by itself
			executing = append(executing, e)
		}
		cause = inner
	}
	if m := parseError.FindStringSubmatch(cause.Error()); m != nil && !executeError.MatchString(cause.Error()) {
		p.Reason, p.Message = Syntax, m[3]
		if file, ok := r.files[m[1]]; ok {
			p.Place = r.place(file, m[2], "")
		}
	}
	action := ""
	for i, e := range slices.Backward(executing) {
		m := executeError.FindStringSubmatch(e.Error())
		if m == nil {
			break
		}
		if i == len(executing)-1 && p.Reason != Syntax {
			p.Message, action = m[5], m[4]
			if strings.HasPrefix(p.Message, "error calling ") {
				p.Message = calling.ReplaceAllString(p.Message, "$1: ")
			}
		}
		if file, ok := r.files[m[1]]; ok && p.Place.File == None { // the text of a `tpl` is no file
			p.Place = r.place(file, m[2], m[3])
			break
		}
		if len(executing)-i > maxLinks {
			break
		}
	}
	if refused, ok := errors.AsType[*refusal](err); ok {
		p.Reason, p.Message = refused.reason, refused.message
	}
	if too, ok := errors.AsType[*limit](err); ok {
		p.Reason, p.Message = Limit, too.Error()
	}
	if strings.Contains(p.Message, "nil pointer evaluating") {
		p.Reason = Nil
	}
	if keys := valuesKey.FindAllStringSubmatch(action, -1); keys != nil && p.Reason != Limit {
		p.Key = strings.Join(append(chartNames(one.name), keys[len(keys)-1][1]), ".")
	}
	if name, _, _ := strings.Cut(p.Key, "."); p.Reason == Nil {
		i := slices.IndexFunc(r.req.Missing, func(d Dependency) bool { return d.Chart == "" && d.Name == name })
		if i >= 0 {
			p.Reason, p.Dependency = Missing, i
			p.Message = fmt.Sprintf("%s: the dependency `%s` is missing, and its values with it", p.Message, name)
		}
	}
	return p
}

// unreadable is why the files of a chart cannot be loaded, with its place if that is in
// one of the values files.
func (r *run) unreadable(err error) Problem {
	p := whole(Syntax, "%v", err)
	for i, f := range r.req.Files {
		if base := path.Base(f.Name); base != "values.yaml" && base != "Chart.yaml" && !slices.Contains(r.set.Values, i) {
			continue
		}
		for _, at := range r.program.values(i, f).problems {
			if at.Lost {
				p.Place, p.Templates = Place{File: i, Start: at.Span.Start, End: at.Span.End}, []int{i}
				p.Message = at.Message // Helm's is about any of several broken files
				return p
			}
		}
	}
	return p
}

// excessive is why a chart must not be loaded: aliases in its YAML stand for more than
// anybody means. Helm would read them all before it says anything.
func (r *run) excessive() *Problem {
	for i, f := range r.req.Files {
		base := path.Base(f.Name)
		if base != "values.yaml" && base != "Chart.yaml" && base != "requirements.yaml" && !slices.Contains(r.set.Values, i) {
			continue
		}
		if !strings.Contains(f.Data, "&") {
			continue // without anchors there are no aliases
		}
		for _, at := range r.program.values(i, f).problems {
			if at.Excessive {
				p := whole(Limit, "%s", at.Message)
				p.Place, p.Templates = Place{File: i, Start: at.Span.Start, End: at.Span.End}, []int{i}
				return &p
			}
		}
	}
	return nil
}

// sortProblems puts the problems into the order of their places. The template in which
// the cause lies comes first among those that are lost.
func (r *run) sortProblems() {
	for i := range r.out.Problems {
		p := &r.out.Problems[i]
		slices.SortStableFunc(p.Templates, func(a, b int) int {
			return cmp.Or(order(b == p.Place.File, a == p.Place.File), strings.Compare(r.req.Files[a].Name, r.req.Files[b].Name))
		})
	}
	slices.SortStableFunc(r.out.Problems, func(a, b Problem) int {
		if len(a.Templates) == 0 || len(b.Templates) == 0 {
			return cmp.Compare(len(a.Templates), len(b.Templates))
		}
		return cmp.Or(
			strings.Compare(r.req.Files[a.Templates[0]].Name, r.req.Files[b.Templates[0]].Name),
			cmp.Compare(a.Place.Start, b.Place.Start), strings.Compare(a.Message, b.Message),
		)
	})
}

// order compares truths, the false before the true.
func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// place is the action at a line and a column that counts bytes from zero, or the line
// where there is no column.
func (r *run) place(file int, line, column string) Place {
	body, base := r.req.Files[file].body()
	n, err := strconv.Atoi(line)
	if err != nil {
		return Place{File: None}
	}
	span := source.NewFile("", body).LineSpan(n)
	at := Place{Start: span.Start, End: span.End}
	if c, err := strconv.Atoi(column); err == nil {
		at = around(actions(body), span.Start+c)
	}
	return Place{File: file, Start: base + at.Start, End: base + at.End}
}

// missing notes the dependencies that the values switch on and nobody could supply. The
// templates that they would bring are taken for empty.
func (r *run) missing(t *tracer, l *loaded) {
	var visit func(c *chart.Chart)
	visit = func(c *chart.Chart) {
		folder := ""
		for _, f := range c.Raw {
			if f.Name == "Chart.yaml" && len(f.Data) > 0 {
				folder = strings.TrimSuffix(r.req.Files[l.files[&f.Data[0]]].Name, f.Name)
			}
		}
		for i, m := range r.req.Missing {
			if m.Chart == folder && slices.ContainsFunc(c.Metadata.Dependencies, func(d *chart.Dependency) bool { return d.Name == m.Name }) {
				t.stub = true
				p := whole(Missing, "The dependency `%s` is missing, and with it whatever the chart takes from it", m.Name)
				p.Dependency = i
				r.problem(p)
			}
		}
		for _, d := range c.Dependencies() {
			visit(d)
		}
	}
	visit(l.Chart)
}

// chartNames are the names of the dependencies on the way to a template.
func chartNames(name string) []string {
	var names []string
	parts := strings.Split(name, "/")
	for i := 1; i+1 < len(parts) && parts[i] == "charts"; i += 2 {
		names = append(names, parts[i+1])
	}
	return names
}
