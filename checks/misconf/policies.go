package misconf

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	trivychecks "github.com/aquasecurity/trivy-checks"
	trivyrego "github.com/aquasecurity/trivy/pkg/iac/rego"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

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
	description
	query rego.PreparedEvalQuery
}

// A description is what the annotations of a check's source say.
type description struct {
	rule *checks.Rule
	help string
	path string // of the package: "data.builtin.dockerfile.DS002"
}

// read reads the sources of the checks and describes those that the trivy command runs
// by default: all but the deprecated ones.
func read() (map[string]*ast.Module, []description, error) {
	modules, err := trivyrego.LoadPoliciesFromDirs(trivychecks.EmbeddedPolicyFileSystem, policyDir)
	if err != nil {
		return nil, nil, fmt.Errorf("read Trivy's checks: %w", err)
	}
	var all []description
	for name, m := range modules {
		meta, err := trivyrego.MetadataFromAnnotations(m)
		if err != nil {
			return nil, nil, fmt.Errorf("read the description of Trivy's check %s: %w", name, err)
		}
		if meta == nil || meta.Deprecated {
			continue
		}
		rule, err := newRule(meta)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, description{rule, sentence(meta.RecommendedActions), m.Package.Path.String()})
	}
	slices.SortFunc(all, func(a, b description) int { return cmp.Compare(a.rule.ID, b.rule.ID) })
	return modules, all, nil
}

// compile makes the checks ready to be asked.
func compile() (*policies, error) {
	modules, described, err := read()
	if err != nil {
		return nil, err
	}
	libraries, err := trivyrego.LoadPoliciesFromDirs(trivychecks.EmbeddedLibraryFileSystem, libraryDir)
	if err != nil {
		return nil, fmt.Errorf("read the libraries of Trivy's checks: %w", err)
	}
	maps.Copy(modules, libraries)
	schemas, err := trivyrego.BuildSchemaSetFromPolicies(modules, nil, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("read the schemas of Trivy's checks: %w", err)
	}
	compiler := ast.NewCompiler().
		WithUseTypeCheckAnnotations(true).
		WithCapabilities(ast.CapabilitiesForThisVersion()).
		WithSchemas(schemas)
	if compiler.Compile(modules); compiler.Failed() {
		return nil, fmt.Errorf("compile Trivy's checks: %w", compiler.Errors)
	}

	p := &policies{}
	for _, d := range described {
		// Every Dockerfile check has one rule named deny, the set of its failures.
		// Preparing computes only, there is nothing to cancel.
		query, err := rego.New(rego.Query(d.path+".deny"), rego.Compiler(compiler)).PrepareForEval(context.Background())
		if err != nil {
			return nil, fmt.Errorf("compile Trivy's check %s: %w", d.rule.ID, err)
		}
		p.checks = append(p.checks, &check{description: d, query: query})
	}
	return p, nil
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
