package fixes

import (
	"errors"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

// An opening is a block that a template takes from a values key which nothing sets: the
// place for fields that the objects lack.
type opening struct {
	key     string
	file    *source.File // the chart's values.yaml
	block   []string     // what is to be written below the key
	ids     []string
	because []string
	at      Place
}

// taken are blocks of a template, and the values key that each is taken from.
var taken = []*regexp.Regexp{
	regexp.MustCompile(`^\s*(?:-\s+)?\w+:\s*\{\{-?\s*toYaml\s+\.Values\.(\w+)\s*\|\s*n?indent\s+\d+\s*-?\}\}`),
	regexp.MustCompile(`^\s*\{\{-?\s*with\s+\.Values\.(\w+)\s*-?\}\}\s*\w+:\s*\{\{-?\s*toYaml\s+\.\s*\|\s*n?indent\s+\d+\s*-?\}\}`),
}

// open gives values keys that a chart's templates read and nothing sets the fields that
// findings about the image's containers ask for, where the rule itself finds no place for
// them. A key goes to the end of the chart's values.yaml.
func (p *Plan) open(after *look, uses []use, recipe *Recipe) ([]source.Edit, error) {
	var found []*opening
	for _, f := range after.result.Findings {
		n := slices.IndexFunc(recipe.Follows, func(r Follow) bool { return r.Rule == f.Rule.ID && r.Block != "" })
		if n < 0 || f.Fix != nil || !about(f, uses) {
			continue
		}
		o, err := openingAt(after.tree, f)
		if err != nil {
			return nil, err
		}
		if o == nil {
			continue
		}
		if at := slices.IndexFunc(found, func(other *opening) bool { return other.key == o.key && other.file.Path() == o.file.Path() }); at >= 0 {
			o = found[at]
		} else {
			found = append(found, o)
		}
		if !slices.Contains(o.block, recipe.Follows[n].Block) {
			o.block = append(o.block, recipe.Follows[n].Block)
			o.ids = append(o.ids, f.Rule.ID)
			o.because = append(o.because, f.Message)
		}
	}
	var edits []source.Edit
	for _, o := range found {
		e := o.edit()
		if slices.ContainsFunc(edits, func(other source.Edit) bool { return other.Path == e.Path }) {
			continue // in the next round
		}
		edits = append(edits, e)
		p.follows = append(p.follows, o.ids...)
		p.Steps = append(p.Steps, Step{
			ID: o.ids[0], URL: checks.PageURL(o.ids[0]), At: p.original(o.at), Edits: []source.Edit{e},
			Title:   "Set `" + o.key + "` in `" + o.file.Path() + "`, from which the template takes the block",
			Because: strings.Join(o.because, "\n"),
		})
	}
	return edits, nil
}

// openingAt is the opening at the place of a finding about a chart, nil where there is
// none.
func openingAt(tree source.Tree, f checks.Finding) (*opening, error) {
	if f.Home == nil || path.Base(f.Home.Path()) != "Chart.yaml" {
		return nil, nil
	}
	line := f.File.LineSpan(f.File.LineAt(f.Span.Start))
	var m []string
	for _, form := range taken {
		if m == nil {
			m = form.FindStringSubmatch(f.File.Text()[line.Start:])
		}
	}
	if m == nil {
		return nil, nil
	}
	values, err := tree.Read(path.Join(path.Dir(f.Home.Path()), "values.yaml"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	roots, problems := kube.Roots(values)
	if len(problems) > 0 || len(roots) > 1 || len(roots) == 1 && (roots[0].Kind != kube.Mapping || values.Text()[roots[0].Span.Start] == '{') {
		return nil, nil
	}
	for _, root := range roots {
		if slices.ContainsFunc(root.Items, func(n *kube.Node) bool { return n.Key == m[1] }) {
			return nil, nil
		}
	}
	return &opening{key: m[1], file: values, at: Place{f.File, f.Span}}, nil
}

// edit writes the key behind all others.
func (o *opening) edit() source.Edit {
	eol := "\n"
	if strings.Contains(o.file.Text(), "\r\n") {
		eol = "\r\n"
	}
	slices.Sort(o.block)
	var lines []string
	for _, b := range o.block {
		for l := range strings.SplitSeq(b, "\n") {
			lines = append(lines, "  "+l)
		}
	}
	text := o.file.Text()
	end := len(text)
	written := strings.Join(append([]string{"", o.key + ":"}, lines...), eol) + eol
	if text != "" && !strings.HasSuffix(text, "\n") {
		written = eol + strings.TrimSuffix(written, eol)
	}
	return source.Edit{Path: o.file.Path(), Span: source.Span{Start: end, End: end}, New: written}
}
