package misconf

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	trivychecks "github.com/aquasecurity/trivy-checks"
	"github.com/aquasecurity/trivy/pkg/iac/framework"
	trivyrego "github.com/aquasecurity/trivy/pkg/iac/rego"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/chiselbot/chiselbot/checks"
)

// A family is one kind of checks: the folder of Trivy's embedded file systems that holds
// them, and what they import.
type family struct {
	policies  string
	libraries []string
}

var (
	dockerfileFamily = family{"checks/docker", []string{"lib/docker"}}
	objectFamily     = family{"checks/kubernetes", []string{"lib/kubernetes", "lib/cloud/metadata.rego"}}
)

// policies are the compiled Dockerfile checks, in the order of their ids.
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
	// kinds are the kinds of objects that the check is about, in lower case; none for all.
	kinds []string
}

// nodeInfo is the kind of the objects in which "trivy k8s" collects the settings of a
// cluster's nodes. No such object is in a repository.
const nodeInfo = "nodeinfo"

// read reads the sources of the checks and describes those that the trivy command runs
// by default: all but the deprecated ones and those of other frameworks. What is left out
// is not among the modules either.
func (f family) read() (map[string]*ast.Module, []description, error) {
	modules, err := trivyrego.LoadPoliciesFromDirs(trivychecks.EmbeddedPolicyFileSystem, f.policies)
	if err != nil {
		return nil, nil, fmt.Errorf("read Trivy's checks: %w", err)
	}
	var all []description
	for name, m := range modules {
		meta, err := trivyrego.MetadataFromAnnotations(m)
		if err != nil {
			return nil, nil, fmt.Errorf("read the description of Trivy's check %s: %w", name, err)
		}
		if meta == nil {
			continue
		}
		kinds := kindsOf(meta)
		if _, byDefault := meta.Frameworks[framework.Default]; !byDefault || meta.Deprecated || slices.Contains(kinds, nodeInfo) {
			delete(modules, name)
			continue
		}
		rule, err := newRule(meta)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, description{rule, sentence(meta.RecommendedActions), m.Package.Path.String(), kinds})
	}
	slices.SortFunc(all, func(a, b description) int { return cmp.Compare(a.rule.ID, b.rule.ID) })
	return modules, all, nil
}

// kindsOf are the kinds that the selectors of a check name. A check that has a selector
// without kinds is about all.
func kindsOf(meta *trivyrego.StaticMetadata) []string {
	var kinds []string
	for _, s := range meta.InputOptions.Selectors {
		if len(s.Subtypes) == 0 {
			return nil
		}
		for _, t := range s.Subtypes {
			kinds = append(kinds, strings.ToLower(t.Kind))
		}
	}
	return kinds
}

// compile makes the checks of a family ready to be asked.
func (f family) compile() (*ast.Compiler, []description, error) {
	modules, described, err := f.read()
	if err != nil {
		return nil, nil, err
	}
	libraries, err := trivyrego.LoadPoliciesFromDirs(trivychecks.EmbeddedLibraryFileSystem, f.libraries...)
	if err != nil {
		return nil, nil, fmt.Errorf("read the libraries of Trivy's checks: %w", err)
	}
	maps.Copy(modules, libraries)
	schemas, err := trivyrego.BuildSchemaSetFromPolicies(modules, nil, nil, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("read the schemas of Trivy's checks: %w", err)
	}
	compiler := ast.NewCompiler().
		WithUseTypeCheckAnnotations(true).
		WithCapabilities(ast.CapabilitiesForThisVersion()).
		WithSchemas(schemas)
	if compiler.Compile(modules); compiler.Failed() {
		return nil, nil, fmt.Errorf("compile Trivy's checks: %w", compiler.Errors)
	}
	return compiler, described, nil
}

// compile makes the Dockerfile checks ready to be asked.
func compile() (*policies, error) {
	compiler, described, err := dockerfileFamily.compile()
	if err != nil {
		return nil, err
	}
	p := &policies{}
	for _, d := range described {
		// Every check has one rule named deny, the set of its failures. Preparing
		// computes only, there is nothing to cancel.
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
			found, err := c.failures(e.Value)
			if err != nil {
				return nil, err
			}
			verdicts = append(verdicts, found...)
		}
	}
	sortVerdicts(verdicts)
	return verdicts, nil
}

// failures reads what a rule named deny comes to.
func (d *description) failures(value any) ([]verdict, error) {
	set, ok := value.([]any)
	if !ok {
		return nil, fmt.Errorf("want a set of failures, got %T", value)
	}
	var verdicts []verdict
	for _, member := range set {
		m, ok := member.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("want a failure with its place, got %T", member)
		}
		message, _ := m["msg"].(string)
		verdicts = append(verdicts, verdict{d, message, number(m["startline"]), number(m["endline"])})
	}
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
