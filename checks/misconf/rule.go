package misconf

import (
	"fmt"
	"slices"
	"strings"

	trivyrego "github.com/aquasecurity/trivy/pkg/iac/rego"

	"github.com/chiselbot/chiselbot/checks"
)

// Checks are the checks as rules, in the order of their ids.
func Checks() ([]*checks.Rule, error) {
	_, described, err := read()
	if err != nil {
		return nil, err
	}
	rules := make([]*checks.Rule, len(described))
	for i, d := range described {
		rules[i] = d.rule
	}
	return rules, nil
}

// IDs are the ids of all checks, in order, without the cost of compiling them: settings
// and ignore comments are read before any file is checked.
func IDs() []string { return slices.Clone(ids[:]) }

var ids = [...]string{
	"DS-0001", "DS-0002", "DS-0004", "DS-0005", "DS-0006", "DS-0007", "DS-0008", "DS-0009",
	"DS-0010", "DS-0011", "DS-0012", "DS-0013", "DS-0014", "DS-0015", "DS-0016", "DS-0017",
	"DS-0019", "DS-0020", "DS-0021", "DS-0022", "DS-0023", "DS-0025", "DS-0026", "DS-0027",
	"DS-0029", "DS-0030", "DS-0031",
}

// severities are Trivy's, as ours. Only what Trivy calls critical stops a merge by
// itself: its "high" is given to habits such as apt-get without -y.
var severities = map[string]checks.Severity{
	"CRITICAL": checks.Error,
	"HIGH":     checks.Warning,
	"MEDIUM":   checks.Warning,
	"LOW":      checks.Notice,
}

// newRule makes a rule of a check's description.
func newRule(meta *trivyrego.StaticMetadata) (*checks.Rule, error) {
	severity, ok := severities[meta.Severity]
	if !ok {
		return nil, fmt.Errorf("read the severity of Trivy's check %s: %q is unknown", meta.ID, meta.Severity)
	}
	r := &checks.Rule{
		ID:       meta.ID,
		Title:    meta.Title,
		Severity: severity,
		// The address that the trivy command prints, pkg/scan/local/service.go.
		URL: "https://avd.aquasec.com/misconfig/" + strings.ToLower(meta.ID),
	}
	r.Doc = fmt.Sprintf("# %s\n\n**%s** (a check of Trivy)\n\n%s\n\n## What to do\n\n%s\n\nMore: <%s>\n",
		r.ID, r.Title, sentence(meta.Description), sentence(meta.RecommendedActions), r.URL)
	return r, nil
}
