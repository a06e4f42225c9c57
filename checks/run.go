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
	"github.com/chiselbot/chiselbot/checks/kube"
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
	// IsManifest tells by their path the files that are Kubernetes manifests if their
	// content says so; nil stands for [MayBeManifest].
	IsManifest func(path string) bool
	// Pods are where kinds of objects have their pods; nil stands for [kube.Workloads].
	Pods kube.Paths
	// Now is taken for the present: support dates and ignore comments depend on it.
	Now time.Time
}

// A Scanner is another tool's set of checks, run beside the rules.
type Scanner interface {
	// Scan checks one Dockerfile. It is called from several goroutines at once. With an
	// error, what it found nevertheless still counts.
	Scan(ctx context.Context, f *dockerfile.File) ([]Finding, error)
	// ScanObject checks one Kubernetes object, likewise.
	ScanObject(ctx context.Context, o *kube.Object) ([]ObjectFinding, error)
}

// An ObjectFinding is a scanner's finding about an object. It needs a rule, a message, a
// key within the object and its origin; the engine adds the rest.
type ObjectFinding struct {
	Finding
	At kube.Origin
}

// A Result is what the checks of one tree found, each list in a fixed order.
type Result struct {
	// Files are the files that findings may have for home: Dockerfiles, manifests and
	// Chart.yaml files.
	Files []*source.File
	// Dockerfiles, Manifests and Charts are how many of each were checked or skipped.
	Dockerfiles, Manifests, Charts int
	// Releases are the objects that were checked, those of a chart once for each set.
	Releases []*Release
	Findings []Finding
	Skips    []Skip
	Drops    []Drop
}

func (r *Result) add(other Result) {
	r.Files = append(r.Files, other.Files...)
	r.Findings = append(r.Findings, other.Findings...)
	r.Skips = append(r.Skips, other.Skips...)
	r.Drops = append(r.Drops, other.Drops...)
}

// Run checks all Dockerfiles and Kubernetes objects of a tree. What cannot be read,
// parsed or rendered, a rule that panics and a scanner that fails are skips; an error
// means that the tree could not be listed or that ctx ended.
func Run(ctx context.Context, tree source.Tree, opts Options) (*Result, error) {
	if opts.IsManifest == nil {
		opts.IsManifest = MayBeManifest
	}
	found, err := find(ctx, tree, opts)
	if err != nil {
		return nil, err
	}
	r := &runner{opts: opts, tree: tree, projects: dotnet.NewProjects(tree, found.projects), replaced: replaced(opts.Rules)}
	var all Result
	manifests, err := r.manifests(ctx, found.manifests, &all)
	if err != nil {
		return nil, err
	}
	all.Releases = manifestReleases(manifests, opts.Pods)
	all.Dockerfiles = len(found.dockerfiles)

	var jobs []func(context.Context) Result
	for _, path := range found.dockerfiles {
		jobs = append(jobs, func(ctx context.Context) Result { return r.file(ctx, path) })
	}
	for _, rel := range all.Releases {
		jobs = append(jobs, func(ctx context.Context) Result { return r.release(ctx, rel) })
	}
	results, err := each(ctx, jobs)
	if err != nil {
		return nil, err
	}
	for _, one := range results {
		all.add(one)
	}
	all.mergeSets()
	sortFindings(all.Findings)
	sortSkips(all.Skips)
	sortDrops(all.Drops)
	return &all, nil
}

// each does jobs in parallel and gives their results in the order of the jobs.
func each[T any](ctx context.Context, jobs []func(context.Context) T) ([]T, error) {
	results := make([]T, len(jobs))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, job := range jobs {
		g.Go(func() error {
			results[i] = job(ctx)
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return results, nil
}

// found are the files of a tree that are of interest, each list in lexical order.
type found struct {
	dockerfiles, projects, manifests []string
}

func find(ctx context.Context, tree source.Tree, opts Options) (*found, error) {
	var f found
	_, err := tree.Find(ctx, func(path string) bool {
		switch {
		case opts.IsDockerfile(path):
			f.dockerfiles = append(f.dockerfiles, path)
		case dotnet.IsProjectFile(path):
			f.projects = append(f.projects, path)
		case opts.IsManifest(path):
			f.manifests = append(f.manifests, path)
		}
		return false
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(f.dockerfiles)
	slices.Sort(f.manifests)
	return &f, nil
}

// replaced maps the ids of other tools' checks to the rules that stand in for them.
func replaced(rules []*Rule) map[string]*Rule {
	m := map[string]*Rule{}
	for _, r := range rules {
		for _, other := range r.Replaces {
			m[other.ID] = r
		}
	}
	return m
}

type runner struct {
	opts     Options
	tree     source.Tree
	projects *dotnet.Projects
	replaced map[string]*Rule
	comments comments
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

	ignores := ignore.In(f)
	var found []Finding
	for _, rule := range r.opts.Rules {
		if rule.Dockerfile == nil {
			continue
		}
		pass := &DockerfilePass{
			File: f, Final: f.Final(), Projects: r.projects, Ignores: ignores,
			Rules: r.opts.Rules, Now: r.opts.Now, rule: rule,
		}
		if err := guard(func() error { rule.Dockerfile(pass); return nil }); err != nil {
			res.Skips = append(res.Skips, failed(rule, text, err))
			continue
		}
		found = append(found, pass.findings...)
		res.Skips = append(res.Skips, pass.skips...)
	}
	for _, s := range r.opts.Scanners {
		var theirs []Finding
		err := guard(func() (err error) { theirs, err = s.Scan(ctx, f); return err })
		if err != nil {
			res.Skips = append(res.Skips, Skip{Path: path, Reason: sentence(err)})
		}
		found = append(found, theirs...)
	}

	r.keep(&res, found, func(one Finding) (Drop, bool) {
		if d, ok := r.dropReplaced(one); ok {
			return d, true
		}
		return r.dropComment(one, text, one.Span, ignores)
	})
	return res
}

// keep adds findings with the severity that the settings give them, unless they are off
// or dropped.
func (r *runner) keep(to *Result, found []Finding, drop func(Finding) (Drop, bool)) {
	for _, one := range found {
		if s, ok := r.opts.Severities[one.Rule.ID]; ok {
			one.Severity = s
		}
		if d, ok := drop(one); ok {
			to.Drops = append(to.Drops, d)
		} else if one.Severity != Off {
			to.Findings = append(to.Findings, one)
		}
	}
}

// dropReplaced drops what one of the rules says with more knowledge.
func (r *runner) dropReplaced(f Finding) (Drop, bool) {
	if by := r.replaced[f.Rule.ID]; by != nil {
		for _, other := range by.Replaces {
			if other.ID == f.Rule.ID {
				return Drop{Finding: f, Reason: fmt.Sprintf("`%s` says it instead: %s.", by.ID, other.Because)}, true
			}
		}
	}
	return Drop{}, false
}

// dropComment drops what a comment covers that stands in the file with the place.
func (r *runner) dropComment(f Finding, file *source.File, at source.Span, comments []ignore.Comment) (Drop, bool) {
	for _, c := range comments {
		if c.Problem != "" || c.Expired(r.opts.Now) || !c.Covers(at) || !names(c, f.Rule) {
			continue
		}
		return Drop{Finding: f, Reason: c.Reason, By: Related{File: file, Span: c.Span}}, true
	}
	return Drop{}, false
}

// names reports whether an ignore comment names the rule or, in another tool's dialect,
// a check that the rule replaces.
func names(c ignore.Comment, rule *Rule) bool {
	if c.Names(rule.ID) {
		return true
	}
	return slices.ContainsFunc(rule.Replaces, func(o Replaced) bool { return c.Names(o.ID) })
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
