// Package review is the main job as one pure function: two trees, settings and a
// clock's reading go in, and what the change makes better and worse comes out. The
// same function serves a pull request, a sweep and a laptop.
//
// It knows neither git nor GitHub, and nothing of how a review is shown.
package review

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/chiselbot/chiselbot/app/config"
	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/chart"
	"github.com/chiselbot/chiselbot/checks/chart/render"
	"github.com/chiselbot/chiselbot/checks/source"
)

// A Side is one of the two trees under review.
type Side struct {
	// Name is how a person calls it: "origin/main", "working tree".
	Name string
	Tree source.Tree
}

// Options are what a review needs beside the trees.
type Options struct {
	// Rules are our own rules, Scanners the other tools' checks.
	Rules    []*checks.Rule
	Scanners []checks.Scanner
	// KnownIDs are all ids that settings may name: those of Rules and of the checks
	// behind Scanners.
	KnownIDs []string
	// Render runs the templates of charts; nil stands for this process.
	Render chart.Renderer
	// Fetcher supplies the dependencies of charts that the trees do not have; it may be nil.
	Fetcher chart.Fetcher
	// Time is what fetching and rendering charts and asking scanners may take for each of
	// the trees, by default ten minutes.
	Time time.Duration
	// FailOn overrides the settings when it is not nil.
	FailOn *checks.Severity
	// Tip is where the settings are read, by default the base: on GitHub the tip of the base
	// branch, which may be ahead of what the change is compared with.
	Tip source.Tree
	// Owner are the settings of the repository's owner, which hold where the repository has
	// none of its own; nil for none. OwnerSkips is what is wrong with them.
	Owner      *config.Owner
	OwnerSkips []checks.Skip
	// Beyond are files that were not read because the trees have too many, sorted. Those
	// that may be manifests are taken for none, which is a skip.
	Beyond []string
	// Now is taken for the present.
	Now time.Time
}

// A Review is what a change makes better and worse.
type Review struct {
	Base, Head Side
	Delta      checks.Delta
	// Objects are what the change makes of the Kubernetes objects.
	Objects []checks.ObjectChange
	// Rules are our own rules that ran or were switched off, for their pages.
	Rules []*checks.Rule
	// Files is how many Dockerfiles the head has, Manifests and Charts how many of those.
	Files, Manifests, Charts int
	// FailOn is the least severity of a new finding that fails the review; [checks.Off]
	// means that none does.
	FailOn checks.Severity
	// Touched are the lines that the change wrote, of the files with new findings.
	Touched map[string][]Lines
}

// A Verdict is what a review comes to.
type Verdict string

// The verdicts. Unsure wins over Passed: what could not be checked is never green.
const (
	Passed Verdict = "passed"
	Failed Verdict = "failed"
	Unsure Verdict = "unsure"
)

// Verdict is what the review comes to.
func (r *Review) Verdict() Verdict {
	for _, f := range r.Delta.New {
		if r.FailOn != checks.Off && f.Severity >= r.FailOn {
			return Failed
		}
	}
	if len(r.Delta.Skips) > 0 || len(r.Delta.Unsure) > 0 {
		return Unsure
	}
	return Passed
}

// Of reviews the change from base to head. Settings come from the base, so that a
// change cannot switch off its own review; settings that cannot be read are a skip, and
// the defaults hold. An error means that a tree could not be listed or that ctx ended.
func Of(ctx context.Context, base, head Side, opts Options) (*Review, error) {
	if opts.Tip.FS == nil {
		opts.Tip = base.Tree
	}
	settings, skips, err := settingsOf(head.Tree, opts)
	if err != nil {
		return nil, err
	}
	checkOpts := Checks(settings, opts)
	skips = append(skips, Unread(settings, opts)...)
	var before, after *checks.Result
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { before, err = check(ctx, base, checkOpts); return err })
	g.Go(func() (err error) { after, err = check(ctx, head, checkOpts); return err })
	if err := g.Wait(); err != nil {
		return nil, err
	}

	r := &Review{
		Base: base, Head: head, Rules: opts.Rules, FailOn: settings.FailOn,
		Files: after.Dockerfiles, Manifests: after.Manifests, Charts: after.Charts, Delta: checks.Compare(before, after), Objects: checks.CompareObjects(before, after),
	}
	r.Touched = touched(base.Tree, r.Delta)
	r.Delta.Skips = append(skips, r.Delta.Skips...)
	if opts.FailOn != nil {
		r.FailOn = *opts.FailOn
	}
	return r, nil
}

// Checks are the checks of a review under settings.
func Checks(settings *config.Settings, opts Options) checks.Options {
	run := opts.Render
	if run == nil {
		run = render.Run
	}
	far := beyond(settings, opts.Beyond)
	return checks.Options{
		Rules: opts.Rules, Scanners: opts.Scanners, Fetcher: opts.Fetcher, Render: once(run), Severities: settings.Rules,
		IsDockerfile: settings.IsDockerfile, IsManifest: func(name string) bool { return settings.IsManifest(name) && !far[name] }, IsChart: settings.IsChart,
		Charts: settings.ChartSettings(), Images: settings.Images, Mirrors: settings.Mirrors, Pods: settings.Pods, Ignores: settings.Known(), Time: opts.Time, Now: opts.Now,
	}
}

func check(ctx context.Context, side Side, opts checks.Options) (*checks.Result, error) {
	res, err := checks.Run(ctx, side.Tree, opts)
	if err != nil {
		return nil, fmt.Errorf("check %s: %w", side.Name, err)
	}
	return res, nil
}
