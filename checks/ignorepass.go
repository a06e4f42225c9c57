package checks

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/chiselbot/chiselbot/checks/ignore"
	"github.com/chiselbot/chiselbot/checks/source"
)

// An IgnorePass is one rule's look at the ignore comments of one file, when all else that
// is found in it is known.
type IgnorePass struct {
	File    *source.File
	Ignores []ignore.Comment
	// Rules are all rules that run, Now is what they take for the present.
	Rules []*Rule
	Now   time.Time

	rule     *Rule
	findings []Finding
	// silenced says for each of Ignores and each of its ids whether a finding was dropped
	// for it, unchecked what was skipped, partly that not all of the file took effect.
	silenced  [][]bool
	unchecked []Skip
	partly    bool
}

// Silenced reports whether the id at index id of Ignores[comment] silenced a finding.
func (p *IgnorePass) Silenced(comment, id int) bool { return p.silenced[comment][id] }

// Checked reports whether the file was checked whole for what the id names. A part of a
// chart never is: what a condition leaves out may be what the comment is for.
func (p *IgnorePass) Checked(id string) bool {
	return !p.partly && !slices.ContainsFunc(p.unchecked, func(s Skip) bool { return s.Rule == "" || s.Rule == id })
}

// Report adds a finding. The pass fills in the rule, its severity and the file.
func (p *IgnorePass) Report(f Finding) {
	f.Rule, f.Severity, f.File = p.rule, p.rule.Severity, p.File
	p.findings = append(p.findings, f)
}

// Edit is an edit of the file.
func (p *IgnorePass) Edit(at source.Span, text string) source.Edit {
	return source.Edit{Path: p.File.Path(), Span: at, New: text}
}

// ignores lets the rules about ignore comments look at those of a file.
func (r *runner) ignores(file *source.File, comments []ignore.Comment, silenced [][]bool, unchecked []Skip, partly bool) Result {
	var res Result
	for _, rule := range r.opts.Rules {
		if rule.Ignores == nil {
			continue
		}
		pass := &IgnorePass{
			File: file, Ignores: comments, Rules: r.opts.Rules, Now: r.opts.Now,
			rule: rule, silenced: silenced, unchecked: unchecked, partly: partly,
		}
		if err := guard(func() error { rule.Ignores(pass); return nil }); err != nil {
			res.Skips = append(res.Skips, failed(rule, file, err))
			continue
		}
		r.keep(&res, pass.findings, func(Finding) (Drop, bool) { return Drop{}, false })
	}
	return res
}

// remarks are the ignore comments of YAML files and templates, read once per file, and
// what they silenced. It is safe for concurrent use.
type remarks struct {
	mu     sync.Mutex
	byPath map[string]*remarked
}

type remarked struct {
	comments []ignore.Comment
	silenced [][]bool
}

// of are the comments of a file and, once all objects have been checked, what they
// silenced.
func (m *remarks) of(f *source.File) ([]ignore.Comment, [][]bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := m.file(f)
	return found.comments, found.silenced
}

// file is called with the lock held.
func (m *remarks) file(f *source.File) *remarked {
	if m.byPath == nil {
		m.byPath = map[string]*remarked{}
	}
	found := m.byPath[f.Path()]
	if found == nil {
		found = &remarked{comments: ignore.InYAML(f)}
		for _, c := range found.comments {
			found.silenced = append(found.silenced, make([]bool, len(c.IDs)))
		}
		m.byPath[f.Path()] = found
	}
	return found
}

// note notes that a comment silenced a finding of a rule.
func (m *remarks) note(f *source.File, comment int, rule *Rule) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := m.file(f)
	for k, yes := range namedBy(found.comments[comment], rule) {
		found.silenced[comment][k] = found.silenced[comment][k] || yes
	}
}

// namedBy says of each id of a comment whether it names the rule.
func namedBy(c ignore.Comment, rule *Rule) []bool {
	by := make([]bool, len(c.IDs))
	for k := range c.IDs {
		one := c
		one.IDs = c.IDs[k : k+1]
		by[k] = names(one, rule)
	}
	return by
}

// yamlIgnores looks at the ignore comments of manifests and of the files of charts, when
// all objects have been checked. Without a rule about comments nothing is read.
func (r *runner) yamlIgnores(ctx context.Context, manifests []*manifest, chartFiles []string, all *Result) error {
	if !slices.ContainsFunc(r.opts.Rules, func(rule *Rule) bool { return rule.Ignores != nil }) {
		return nil
	}
	var jobs []func(context.Context) Result
	look := func(file *source.File, partly bool) Result {
		comments, silenced := r.remarks.of(file)
		if len(comments) == 0 {
			return Result{}
		}
		unchecked := slices.DeleteFunc(slices.Clone(all.Skips), func(s Skip) bool { return s.Path != file.Path() && s.home() != file.Path() })
		return r.ignores(file, comments, silenced, unchecked, partly)
	}
	for _, m := range manifests {
		jobs = append(jobs, func(context.Context) Result { return look(m.file, false) })
	}
	for _, name := range chartFiles {
		jobs = append(jobs, func(context.Context) Result {
			file, err := r.tree.Read(name)
			if err != nil {
				return Result{} // the chart's own reader says so
			}
			return look(file, true)
		})
	}
	results, err := each(ctx, jobs)
	if err != nil {
		return err
	}
	for _, one := range results {
		all.add(one)
	}
	return nil
}
