// Package misconf runs the Dockerfile and Kubernetes checks that Trivy ships, warm: they
// are compiled once and then asked about each file and object, which takes milliseconds
// where a run of the trivy command takes a second.
//
// The checks, their built-in functions and the Dockerfile reader are Trivy's own; only
// the evaluation is driven from here, by the engine that Trivy uses as well. That is why
// the results agree with the command's, which a test holds on a corpus. What Trivy does
// around the evaluation is left out on purpose: it compiles the checks of every cloud
// first, logs, gives the environment to the checks, treats a check that failed to run as
// one that did not exist, and applies its ignore comments itself.
//
// A check of Trivy's names the mapping that it dislikes, often the whole container. The
// package knows the field that each check is about, so that a finding stands where a
// person would edit, and which checks say the same of one field. Where one edit of a
// Dockerfile cures a check for certain, its findings carry that.
//
// The package may not know our own rules: which finding another rule says better, and
// which one a comment silences, is decided by whoever runs it.
package misconf

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
)

// timeLimit is how long the checks may take for one file or object. A usual one takes
// some milliseconds; some checks compare every part with every other, so that a file made
// for the purpose takes minutes.
const timeLimit = 10 * time.Second

// A Scanner runs Trivy's checks. It is safe for concurrent use.
type Scanner struct {
	load        func() (*policies, error)
	loadObjects func() (*objectPolicies, error)
	limit       time.Duration
	seen        *memo
	seenObjects *memo
}

// New makes a scanner. The checks of Dockerfiles and those of objects are compiled when
// the first of either is scanned, or by [Scanner.Warm] and [Scanner.WarmObjects].
func New() *Scanner {
	return &Scanner{
		load: sync.OnceValues(compile), loadObjects: sync.OnceValues(compileObjects),
		limit: timeLimit, seen: newMemo(memoFiles), seenObjects: newMemo(memoObjects),
	}
}

// Warm compiles the Dockerfile checks, so that the first [Scanner.Scan] finds them ready;
// run it in a goroutine beside other work. An error comes back from every Scan. It does
// nothing when ctx has ended.
func (s *Scanner) Warm(ctx context.Context) {
	if ctx.Err() == nil {
		_, _ = s.load()
	}
}

// WarmObjects does the same for the Kubernetes checks and [Scanner.ScanObject]. Only a
// tree that has objects needs them.
func (s *Scanner) WarmObjects(ctx context.Context) {
	if ctx.Err() == nil {
		_, _ = s.loadObjects()
	}
}

// Scan checks one Dockerfile. Findings are sorted by check and line. With an error there
// may still be findings: those of the checks that could be evaluated.
func (s *Scanner) Scan(ctx context.Context, f *dockerfile.File) ([]checks.Finding, error) {
	p, err := s.load()
	if err != nil {
		return nil, err
	}
	verdicts, err := s.seen.get(sha256.Sum256([]byte(f.Text())), s.within(ctx, "a Dockerfile", func(ctx context.Context) ([]verdict, error) {
		return p.eval(ctx, f.Text())
	}))
	findings := make([]checks.Finding, 0, len(verdicts))
	for _, v := range verdicts {
		findings = append(findings, finding(f, v))
	}
	return findings, err
}

// within asks under the time limit, in the form that [memo.get] takes. What took too long
// once will take too long again, but what was cancelled is asked anew.
func (s *Scanner) within(ctx context.Context, what string, ask func(context.Context) ([]verdict, error)) func() ([]verdict, bool, error) {
	return func() ([]verdict, bool, error) {
		limited, cancel := context.WithTimeout(ctx, s.limit)
		defer cancel()
		verdicts, err := ask(limited)
		switch {
		case ctx.Err() != nil:
			return nil, false, fmt.Errorf("run Trivy's checks: %w", ctx.Err())
		case limited.Err() != nil:
			return nil, true, fmt.Errorf("run Trivy's checks: not done within %v; %s of usual size takes milliseconds", s.limit, what)
		}
		return verdicts, true, err
	}
}

// A verdict is one failure of one check, in Trivy's terms. Lines are counted from one; a
// failure that has no place, because something is missing from the file, has line 0. For
// an object both are the number of the mapping, as [numbered] counts them.
type verdict struct {
	check      *description
	message    string
	start, end int
}

// eval asks all checks about the text of a Dockerfile.
func (p *policies) eval(ctx context.Context, text string) ([]verdict, error) {
	in, err := input(ctx, text)
	if err != nil {
		return nil, err
	}
	var verdicts []verdict
	var failed []string
	var cause error
	for _, c := range p.checks {
		failures, err := c.deny(ctx, in)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			failed, cause = append(failed, c.rule.ID), cmp.Or(cause, err)
		}
		verdicts = append(verdicts, failures...)
	}
	if cause != nil {
		return verdicts, fmt.Errorf("run Trivy's checks: %w", &checks.ScanError{Checks: failed, Err: cause})
	}
	return verdicts, nil
}

func sortVerdicts(vs []verdict) {
	slices.SortFunc(vs, func(a, b verdict) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end), cmp.Compare(a.message, b.message))
	})
}
