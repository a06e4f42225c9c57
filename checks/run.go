package checks

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/dotnet"
	"github.com/chiselbot/chiselbot/checks/ignore"
	"github.com/chiselbot/chiselbot/checks/source"
)

// Options say what is checked and with what.
type Options struct {
	// Rules are those that run, each with the severity it is to have.
	Rules []*Rule
	// Scanners are the other tools that run beside them.
	Scanners []Scanner
	// Severities are those of rules and of scanners' checks that are not to have their
	// own, by id; Off silences one.
	Severities map[string]Severity
	// IsDockerfile tells Dockerfiles by their path.
	IsDockerfile func(path string) bool
	// Now is taken for the present: support dates and ignore comments depend on it.
	Now time.Time
}

// A Scanner is another tool's set of checks, run beside the rules.
type Scanner interface {
	// Scan checks one Dockerfile. It is called from several goroutines at once. With an
	// error, what it found nevertheless still counts.
	Scan(ctx context.Context, f *dockerfile.File) ([]Finding, error)
}

// A Result is what the checks of one tree found, each list in a fixed order.
type Result struct {
	// Files are the Dockerfiles that were checked or skipped.
	Files    []*source.File
	Findings []Finding
	Skips    []Skip
	Drops    []Drop
}

// Run checks all Dockerfiles of a tree. A file that cannot be read or parsed, a rule
// that panics and a scanner that fails are skips; an error means that the tree could
// not be listed or that ctx ended.
func Run(ctx context.Context, tree source.Tree, opts Options) (*Result, error) {
	var dockerfiles, projects []string
	_, err := tree.Find(ctx, func(path string) bool {
		if opts.IsDockerfile(path) {
			dockerfiles = append(dockerfiles, path)
		} else if dotnet.IsProjectFile(path) {
			projects = append(projects, path)
		}
		return false
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(dockerfiles)

	r := runner{opts: opts, tree: tree, projects: dotnet.NewProjects(tree, projects), replaced: replaced(opts.Rules)}
	results := make([]Result, len(dockerfiles))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, path := range dockerfiles {
		g.Go(func() error {
			results[i] = r.file(ctx, path)
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}

	var all Result
	for _, one := range results {
		all.Files = append(all.Files, one.Files...)
		all.Findings = append(all.Findings, one.Findings...)
		all.Skips = append(all.Skips, one.Skips...)
		all.Drops = append(all.Drops, one.Drops...)
	}
	sortFindings(all.Findings)
	sortSkips(all.Skips)
	sortDrops(all.Drops)
	return &all, nil
}

type runner struct {
	opts     Options
	tree     source.Tree
	projects *dotnet.Projects
	replaced map[string][]*Rule
}

// file checks one Dockerfile.
func (r *runner) file(ctx context.Context, path string) Result {
	text, err := r.tree.Read(path)
	if err != nil {
		return Result{Skips: []Skip{{Path: path, Reason: sentence(err)}}}
	}
	res := Result{Files: []*source.File{text}}
	f, err := parse(text)
	if err != nil {
		res.Skips = append(res.Skips, unparsed(text, err))
		return res
	}
	for _, image := range f.Images() {
		if image.Problem != "" {
			res.Skips = append(res.Skips, unresolved(text, image))
		}
	}

	look := look{text: text, ignores: ignore.In(f), said: map[string]bool{}, stands: map[string]bool{}}
	for _, c := range look.ignores {
		look.silenced = append(look.silenced, make([]bool, len(c.IDs)))
	}
	run := func(rule *Rule, check func(*DockerfilePass)) []Finding {
		if check == nil {
			return nil
		}
		pass := &DockerfilePass{
			File: f, Final: f.Final(), Projects: r.projects, Ignores: look.ignores, Rules: r.opts.Rules, Now: r.opts.Now,
			rule: rule, silenced: look.silenced, unchecked: res.Skips,
		}
		if err := guard(func() error { check(pass); return nil }); err != nil {
			res.Skips = append(res.Skips, Skip{
				Path: path, Rule: rule.ID,
				Reason: fmt.Sprintf("The rule failed on this file: %v.", err),
				Help:   "This is a fault of chiselbot: please report it with the file.",
			})
			return nil
		}
		res.Skips = append(res.Skips, pass.skips...)
		look.said[rule.ID] = len(pass.findings) > 0
		for _, id := range pass.stands {
			look.stands[id] = true
		}
		return pass.findings
	}

	var found []Finding
	for _, rule := range r.opts.Rules {
		found = append(found, run(rule, rule.Dockerfile)...)
	}
	for _, s := range r.opts.Scanners {
		var theirs []Finding
		err := guard(func() (err error) { theirs, err = s.Scan(ctx, f); return err })
		if err != nil {
			res.Skips = append(res.Skips, Skip{Path: path, Reason: sentence(err)})
		}
		found = append(found, theirs...)
	}
	for _, one := range found {
		one.Severity = r.severity(one)
		if drop, ok := r.drop(one, &look); ok {
			res.Drops = append(res.Drops, drop)
		} else if one.Severity != Off {
			res.Findings = append(res.Findings, one)
		}
	}
	for _, rule := range r.opts.Rules {
		for _, one := range run(rule, rule.Ignores) {
			if one.Severity = r.severity(one); one.Severity != Off {
				res.Findings = append(res.Findings, one)
			}
		}
	}
	return res
}

// severity is the one that a finding is to have: its own or that of the settings.
func (r *runner) severity(f Finding) Severity {
	if s, ok := r.opts.Severities[f.Rule.ID]; ok {
		return s
	}
	return f.Severity
}

func parse(text *source.File) (f *dockerfile.File, err error) {
	err = guard(func() (err error) { f, err = dockerfile.Parse(text); return err })
	return f, err
}

// guard turns a panic into an error, so that one stranger's file cannot end the review
// of all others.
func guard(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("unexpected %v", p)
		}
	}()
	return do()
}

func unparsed(text *source.File, err error) Skip {
	s := Skip{Path: text.Path(), File: text, Reason: sentence(err), Help: "Nothing in this file was checked; `docker build` would refuse it too."}
	if pe := (*dockerfile.ParseError)(nil); errors.As(err, &pe) {
		s.Span, s.Reason = text.LineSpan(max(1, pe.Line)), sentence(errors.New(pe.Message))
	}
	return s
}

func unresolved(text *source.File, image dockerfile.Image) Skip {
	return Skip{
		Path: text.Path(), File: text, Span: image.Span,
		Reason: fmt.Sprintf("The image `%s` is not known: %s.", image.Written, image.Problem),
		Help:   "What depends on this image was not checked. Give the ARG a default value to have it checked.",
	}
}

// sentence makes an error's text a sentence.
func sentence(err error) string {
	s := err.Error()
	if s == "" {
		return "Unknown cause."
	}
	if c := s[0]; 'a' <= c && c <= 'z' {
		s = string(c-'a'+'A') + s[1:]
	}
	return s + "."
}
