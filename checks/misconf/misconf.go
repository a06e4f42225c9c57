// Package misconf runs the Dockerfile checks that Trivy ships, warm: they are compiled
// once and then asked about each file, which takes milliseconds where a run of the
// trivy command takes a second.
//
// The checks, their built-in functions and the Dockerfile reader are Trivy's own; only
// the evaluation is driven from here, by the engine that Trivy uses as well. That is why
// the results agree with the command's, which a test holds on a corpus. What Trivy does
// around the evaluation is left out on purpose: it compiles the checks of every cloud
// first, logs, gives the environment to the checks, treats a check that failed to run as
// one that did not exist, and applies its ignore comments itself.
//
// The package may not know our own rules: which finding another rule says better, and
// which one a comment silences, is decided by whoever runs it.
package misconf

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// timeLimit is how long the checks may take for one file. A usual file takes three
// milliseconds; some checks compare every instruction with every other, so that a file
// made for the purpose takes minutes.
const timeLimit = 10 * time.Second

// A Scanner runs Trivy's Dockerfile checks. It is safe for concurrent use.
type Scanner struct {
	load  func() (*policies, error)
	limit time.Duration
	seen  *memo
}

// New makes a scanner. The checks are compiled when they are first needed, or by
// [Scanner.Warm].
func New() *Scanner {
	return &Scanner{load: sync.OnceValues(compile), limit: timeLimit, seen: newMemo(memoFiles)}
}

// Warm compiles the checks, so that the first [Scanner.Scan] finds them ready; run it in
// a goroutine beside other work. An error comes back from every Scan. It does nothing
// when ctx has ended.
func (s *Scanner) Warm(ctx context.Context) {
	if ctx.Err() == nil {
		_, _ = s.load()
	}
}

// Scan checks one Dockerfile. Findings are sorted by check and line. With an error there
// may still be findings: those of the checks that could be evaluated.
func (s *Scanner) Scan(ctx context.Context, f *dockerfile.File) ([]checks.Finding, error) {
	p, err := s.load()
	if err != nil {
		return nil, err
	}
	verdicts, err := s.seen.get(f.Text(), func() ([]verdict, bool, error) {
		limited, cancel := context.WithTimeout(ctx, s.limit)
		defer cancel()
		verdicts, err := p.eval(limited, f.Text())
		switch {
		case ctx.Err() != nil:
			return nil, false, fmt.Errorf("run Trivy's checks: %w", ctx.Err())
		case limited.Err() != nil:
			return nil, true, fmt.Errorf("run Trivy's checks: not done within %v; a Dockerfile of usual size takes milliseconds", s.limit)
		}
		return verdicts, true, err
	})
	findings := make([]checks.Finding, 0, len(verdicts))
	for _, v := range verdicts {
		findings = append(findings, finding(f, v))
	}
	return findings, err
}

// ScanObject checks one Kubernetes object: none of the checks that are compiled is about
// objects.
func (s *Scanner) ScanObject(context.Context, *kube.Object) ([]checks.ObjectFinding, error) {
	return nil, nil
}

// A verdict is one failure of one check, in Trivy's terms. Lines are counted from one; a
// failure that has no place, because something is missing from the file, has line 0.
type verdict struct {
	check      *check
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
