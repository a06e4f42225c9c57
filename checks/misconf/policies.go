package misconf

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	trivychecks "github.com/aquasecurity/trivy-checks"
	trivyrego "github.com/aquasecurity/trivy/pkg/iac/rego"
	"github.com/aquasecurity/trivy/pkg/iac/scanners/dockerfile/parser"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/util"

	"github.com/chiselbot/chiselbot/checks"
)

// The folders of Trivy's embedded file systems that hold the Dockerfile checks and what
// they import.
const (
	policyDir  = "checks/docker"
	libraryDir = "lib/docker"
)

// policies are the compiled checks, in the order of their ids.
type policies struct {
	checks []*check
}

// A check is one compiled check.
type check struct {
	rule  *checks.Rule
	help  string
	query rego.PreparedEvalQuery
}

// compile compiles the checks that the trivy command runs by default: all but the
// deprecated ones.
func compile() (*policies, error) {
	modules, err := trivyrego.LoadPoliciesFromDirs(trivychecks.EmbeddedPolicyFileSystem, policyDir)
	if err != nil {
		return nil, fmt.Errorf("read Trivy's checks: %w", err)
	}
	libraries, err := trivyrego.LoadPoliciesFromDirs(trivychecks.EmbeddedLibraryFileSystem, libraryDir)
	if err != nil {
		return nil, fmt.Errorf("read Trivy's libraries: %w", err)
	}
	all := make(map[string]*ast.Module, len(modules)+len(libraries))
	for _, set := range []map[string]*ast.Module{modules, libraries} {
		for name, m := range set {
			all[name] = m
		}
	}
	schemas, err := trivyrego.BuildSchemaSetFromPolicies(all, nil, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("read the schemas of Trivy's checks: %w", err)
	}
	compiler := ast.NewCompiler().
		WithUseTypeCheckAnnotations(true).
		WithCapabilities(ast.CapabilitiesForThisVersion()).
		WithSchemas(schemas)
	if compiler.Compile(all); compiler.Failed() {
		return nil, fmt.Errorf("compile Trivy's checks: %w", compiler.Errors)
	}

	p := &policies{}
	for name, m := range modules {
		meta, err := trivyrego.MetadataFromAnnotations(m)
		if err != nil {
			return nil, fmt.Errorf("read the description of Trivy's check %s: %w", name, err)
		}
		if meta == nil || meta.Deprecated {
			continue
		}
		rule, err := newRule(meta)
		if err != nil {
			return nil, err
		}
		// All Dockerfile checks have one rule named deny, a set of failures.
		query, err := rego.New(
			rego.Query(m.Package.Path.String()+".deny"), rego.Compiler(compiler),
		).PrepareForEval(context.Background())
		if err != nil {
			return nil, fmt.Errorf("compile Trivy's check %s: %w", rule.ID, err)
		}
		p.checks = append(p.checks, &check{rule: rule, help: sentence(meta.RecommendedActions), query: query})
	}
	slices.SortFunc(p.checks, func(a, b *check) int { return cmp.Compare(a.rule.ID, b.rule.ID) })
	return p, nil
}

// input is a Dockerfile in the form that the checks take. It goes through JSON as it
// does in Trivy, which makes a missing list null rather than empty.
func input(ctx context.Context, text string) (ast.Value, error) {
	files, err := parser.NewParser().Parse(ctx, strings.NewReader(text), "Dockerfile")
	if err != nil {
		return nil, fmt.Errorf("read the file as Trivy does: %w", err)
	}
	contents := files[0].ToRego()
	if err := util.RoundTrip(&contents); err != nil {
		return nil, fmt.Errorf("hand the file to Trivy's checks: %w", err)
	}
	value, err := ast.InterfaceToValue(contents)
	if err != nil {
		return nil, fmt.Errorf("hand the file to Trivy's checks: %w", err)
	}
	return value, nil
}

// deny is what the check has against a Dockerfile, sorted.
func (c *check) deny(ctx context.Context, in ast.Value) ([]verdict, error) {
	results, err := c.query.Eval(ctx, rego.EvalParsedInput(in))
	if err != nil {
		return nil, err
	}
	var verdicts []verdict
	for _, r := range results {
		for _, e := range r.Expressions {
			set, ok := e.Value.([]any)
			if !ok {
				return nil, fmt.Errorf("want a set of failures, got %T", e.Value)
			}
			for _, member := range set {
				m, ok := member.(map[string]any)
				if !ok {
					return nil, fmt.Errorf("want a failure with its place, got %T", member)
				}
				message, _ := m["msg"].(string)
				verdicts = append(verdicts, verdict{c, message, number(m["startline"]), number(m["endline"])})
			}
		}
	}
	sortVerdicts(verdicts)
	return verdicts, nil
}

func number(v any) int {
	n, ok := v.(json.Number)
	if !ok {
		return 0
	}
	i, err := n.Int64()
	if err != nil {
		return 0
	}
	return int(i)
}
