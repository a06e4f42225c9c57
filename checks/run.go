package checks

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/builds"
	"github.com/chiselbot/chiselbot/checks/chart"
	"github.com/chiselbot/chiselbot/checks/chart/render"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/dotnet"
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
	// IsChart tells the charts that are checked by their folders; nil stands for all.
	IsChart func(dir string) bool
	// Charts are the settings of charts, by their folders.
	Charts map[string][]chart.Settings
	// Fetcher supplies the dependencies of charts that the tree does not have; it may be
	// nil.
	Fetcher chart.Fetcher
	// Render runs the templates of a chart; nil stands for [render.Run] in this process.
	Render chart.Renderer
	// Images are the paths of Dockerfiles by the repositories of the images that they build,
	// where that is known better than from the tree.
	Images map[string]string
	// Mirrors are registries with copies of known images.
	Mirrors base.Mirrors
	// Pods are where kinds of objects have their pods, beside or instead of what
	// [kube.Workloads] says of them.
	Pods kube.Paths
	// Ignores are findings that are known.
	Ignores []Ignore
	// Time is what fetching and rendering charts and asking scanners may take together, by
	// default ten minutes. What there is no time for is skipped.
	Time time.Duration
	// Now is taken for the present: support dates and ignore comments depend on it.
	Now time.Time
}

// A Scanner is another tool's set of checks, run beside the rules.
type Scanner interface {
	// Scan checks one Dockerfile. It is called from several goroutines at once. With an
	// error, what it found nevertheless still counts; a [ScanError] says which checks are
	// missing.
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

// A ScanError says that only some checks of a scanner failed.
type ScanError struct {
	// Checks are the ids of those that did, Err is why the first of them failed.
	Checks []string
	Err    error
}

func (e *ScanError) Error() string {
	return fmt.Sprintf("%s: %v", strings.Join(e.Checks, ", "), e.Err)
}

func (e *ScanError) Unwrap() error { return e.Err }

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
	pods := kube.Workloads()
	maps.Copy(pods, opts.Pods)
	opts.Pods = pods
	if opts.Render == nil {
		opts.Render = render.Run
	}
	if opts.Time <= 0 {
		opts.Time = maxTime
	}
	timed, cancel := context.WithTimeout(ctx, opts.Time)
	defer cancel()
	deadline, _ := timed.Deadline()
	charts, err := chart.Find(ctx, tree, opts.Fetcher)
	if err != nil {
		return nil, err
	}
	found, err := find(ctx, tree, charts.Paths, opts)
	if err != nil {
		return nil, err
	}
	r := &runner{opts: opts, tree: tree, projects: dotnet.NewProjects(tree, found.projects), replaced: replaced(opts.Rules), deadline: deadline}
	var all Result
	manifests, err := r.manifests(ctx, found.manifests, &all)
	if err != nil {
		return nil, err
	}
	if err := r.charts(ctx, charts, &all); err != nil {
		return nil, err
	}
	all.Releases = append(all.Releases, manifestReleases(manifests, opts.Pods)...)
	r.admissions = admissions(all.Releases)
	all.Dockerfiles = len(found.dockerfiles)
	if err := r.readDockerfiles(ctx, found.dockerfiles); err != nil {
		return nil, err
	}
	r.images = builds.New(tree, found.statements, found.dockerfiles, opts.Images, opts.Mirrors)
	r.images.Only(r.onlyImage(all.Releases))

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
	if err := r.yamlIgnores(ctx, manifests, found.chartFiles, &all); err != nil {
		return nil, err
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
	// chartFiles are the templates and values of charts.
	chartFiles []string
	// statements may say which Dockerfile builds an image.
	statements []string
}

func find(ctx context.Context, tree source.Tree, charts []string, opts Options) (*found, error) {
	var f found
	_, err := tree.Find(ctx, func(path string) bool {
		if builds.IsStatement(path) {
			f.statements = append(f.statements, path)
		}
		switch {
		case opts.IsDockerfile(path):
			f.dockerfiles = append(f.dockerfiles, path)
		case dotnet.IsProjectFile(path):
			f.projects = append(f.projects, path)
		case inChart(path, charts):
			if isChartText(path) {
				f.chartFiles = append(f.chartFiles, path)
			}
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
	slices.Sort(f.chartFiles)
	slices.Sort(f.statements)
	return &f, nil
}

type runner struct {
	opts     Options
	tree     source.Tree
	projects *dotnet.Projects
	replaced map[string][]*Rule
	remarks  remarks

	dockerfiles map[string]*parsed
	images      *builds.Images
	admissions  map[string]admission // by the names of namespaces
	deadline    time.Time            // of what may take long
}

// keep adds findings with the severity that the settings give them, unless they are off
// or dropped.
func (r *runner) keep(to *Result, found []Finding, drop func(Finding) (Drop, bool)) {
	for _, one := range found {
		one.Severity = r.severity(one)
		if d, ok := drop(one); ok {
			to.Drops = append(to.Drops, d)
		} else if d, ok := r.known(one); ok && one.Severity != Off {
			to.Drops = append(to.Drops, d)
		} else if one.Severity != Off {
			to.Findings = append(to.Findings, one)
		}
	}
}

// known drops a finding that the settings say is known.
func (r *runner) known(f Finding) (Drop, bool) {
	for _, i := range r.opts.Ignores {
		if i.silences(f, r.opts.Now) {
			return Drop{Finding: f, Reason: i.Reason, By: i.By}, true
		}
	}
	return Drop{}, false
}

// scanSkips are what an error of a scanner leaves unchecked. A check that a rule stands
// in for leaves nothing.
func (r *runner) scanSkips(home *source.File, err error, l *look) []Skip {
	path := home.Path()
	some := (*ScanError)(nil)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errBudget):
		return []Skip{r.late(home, "the checks of other tools did not look at everything in it")}
	case !errors.As(err, &some):
		return []Skip{{Path: path, Reason: sentence(err)}}
	}
	var skips []Skip
	for _, id := range some.Checks {
		if len(r.replaced[id]) == 0 || l.stands[id] {
			skips = append(skips, Skip{Path: path, Rule: id, Reason: sentence(err)})
		}
	}
	return skips
}

// severity is the one that a finding is to have: its own or that of the settings.
func (r *runner) severity(f Finding) Severity {
	if s, ok := r.opts.Severities[f.Rule.ID]; ok {
		return s
	}
	return f.Severity
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
