package misconf

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// ScanObject checks one Kubernetes object. Findings are sorted by check and by their
// order in the object. With an error there may still be findings: those of the checks
// that could be evaluated.
func (s *Scanner) ScanObject(ctx context.Context, o *kube.Object) ([]checks.ObjectFinding, error) {
	p, err := s.loadObjects()
	if err != nil {
		return nil, err
	}
	verdicts, err := s.seenObjects.get(digest(o.Root), s.within(ctx, "an object", func(ctx context.Context) ([]verdict, error) {
		in, err := objectInput(o)
		if err != nil {
			return nil, err
		}
		verdicts, err := p.eval(ctx, in, o.Kind)
		return bearable(verdicts), err
	}))
	return objectFindings(o, verdicts), err
}

// What is kept of the verdicts about one object: as many of a check as a pod may have
// containers, and of a message what the subjects are found by.
const (
	maxPerCheck     = 2 * maxContainers
	maxVerdictBytes = 2 << 10
)

// bearable is verdicts of a size that can be remembered.
func bearable(verdicts []verdict) []verdict {
	kept := map[*description]int{}
	var few []verdict
	for _, v := range verdicts {
		if kept[v.check]++; kept[v.check] > maxPerCheck {
			continue
		}
		if len(v.message) > maxVerdictBytes {
			v.message = strings.Clone(strings.ToValidUTF8(v.message[:maxVerdictBytes], ""))
		}
		few = append(few, v)
	}
	return few
}

// kubernetesVersion is the version for which the checks speak: the newest that they know
// anything about. The trivy command leaves it open unless it is told one, and is silent
// about outdated API versions then.
const kubernetesVersion = "1.32.0"

// objectPolicies are the compiled Kubernetes checks.
type objectPolicies struct {
	compiler *ast.Compiler
	store    storage.Store
	// byKind are the questions for the kinds that checks name, in lower case; the one
	// for all others is under the empty name.
	byKind map[string]func() (*question, error)
}

// A question is one query that asks all checks which apply to a kind at once. They share
// what they compute that way, above all the list of containers: asked one by one they
// take four times as long.
type question struct {
	checks []*description
	query  rego.PreparedEvalQuery
}

func compileObjects() (*objectPolicies, error) {
	compiler, described, err := objectFamily.compile()
	if err != nil {
		return nil, err
	}
	p := &objectPolicies{
		compiler: compiler,
		store:    inmem.NewFromObject(map[string]any{"k8s": map[string]any{"version": kubernetesVersion}}),
		byKind:   map[string]func() (*question, error){},
	}
	kinds := map[string]bool{"": true}
	for _, d := range described {
		for _, k := range d.kinds {
			kinds[k] = true
		}
	}
	for kind := range kinds {
		var applicable []*description
		for i := range described {
			if d := &described[i]; d.kinds == nil || slices.Contains(d.kinds, kind) {
				applicable = append(applicable, d)
			}
		}
		p.byKind[kind] = sync.OnceValues(func() (*question, error) { return p.prepare(applicable) })
	}
	return p, nil
}

func (p *objectPolicies) prepare(all []*description) (*question, error) {
	terms := make([]string, len(all))
	for i, d := range all {
		terms[i] = d.path + ".deny"
	}
	// Preparing computes only, there is nothing to cancel.
	query, err := rego.New(
		rego.Query("["+strings.Join(terms, ", ")+"]"),
		rego.Compiler(p.compiler),
		rego.Store(p.store),
	).PrepareForEval(context.Background())
	if err != nil {
		return nil, fmt.Errorf("compile Trivy's checks: %w", err)
	}
	return &question{all, query}, nil
}

// question is what to ask about an object of a kind.
func (p *objectPolicies) question(kind string) (*question, error) {
	ask, ok := p.byKind[strings.ToLower(kind)]
	if !ok {
		ask = p.byKind[""]
	}
	return ask()
}

// failsByConflict are the checks whose evaluation ends with a conflict when they have
// found something. KSV-0109 takes the name of a secret from its line, and cannot decide
// for one where the line has both a colon and an equals sign.
var failsByConflict = map[string]bool{"KSV-0109": true}

// eval asks all checks that apply to the kind.
func (p *objectPolicies) eval(ctx context.Context, in ast.Value, kind string) ([]verdict, error) {
	q, err := p.question(kind)
	if err != nil {
		return nil, err
	}
	verdicts, err := q.ask(ctx, in)
	if err == nil || ctx.Err() != nil {
		return verdicts, err
	}
	// One check that cannot be evaluated fails the query of all.
	verdicts = nil
	var failed []string
	var cause error
	for _, d := range q.checks {
		one, err := p.prepare([]*description{d})
		if err != nil {
			return nil, err
		}
		found, err := one.ask(ctx, in)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case failsByConflict[d.rule.ID] && topdown.IsError(err) && strings.Contains(err.Error(), topdown.ConflictErr):
			found = []verdict{{check: d}}
		case err != nil:
			failed, cause = append(failed, d.rule.ID), cmp.Or(cause, err)
		}
		verdicts = append(verdicts, found...)
	}
	if cause != nil {
		return verdicts, fmt.Errorf("run Trivy's checks: %w", &checks.ScanError{Checks: failed, Err: cause})
	}
	return verdicts, nil
}

// ask evaluates the query. Verdicts are sorted by check and then by place.
func (q *question) ask(ctx context.Context, in ast.Value) ([]verdict, error) {
	results, err := q.query.Eval(ctx, rego.EvalParsedInput(in))
	if err != nil {
		return nil, err
	}
	if len(results) != 1 || len(results[0].Expressions) != 1 {
		return nil, fmt.Errorf("want one result, got %d", len(results))
	}
	lists, ok := results[0].Expressions[0].Value.([]any)
	if !ok || len(lists) != len(q.checks) {
		return nil, fmt.Errorf("want %d sets of failures, got %T", len(q.checks), results[0].Expressions[0].Value)
	}
	var all []verdict
	for i, list := range lists {
		found, err := q.checks[i].failures(list)
		if err != nil {
			return nil, err
		}
		sortVerdicts(found)
		all = append(all, found...)
	}
	return all, nil
}
