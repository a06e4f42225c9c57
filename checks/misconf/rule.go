package misconf

import (
	"fmt"
	"slices"
	"strings"

	trivyrego "github.com/aquasecurity/trivy/pkg/iac/rego"

	"github.com/chiselbot/chiselbot/checks"
)

// Checks are the checks as rules: those of Dockerfiles, then those of objects, each in the
// order of their ids.
func Checks() ([]*checks.Rule, error) {
	var rules []*checks.Rule
	for _, f := range []family{dockerfileFamily, objectFamily} {
		_, described, err := f.read()
		if err != nil {
			return nil, err
		}
		for _, d := range described {
			rules = append(rules, d.rule)
		}
	}
	return rules, nil
}

// IDs are the ids of all checks, in the order of [Checks], without the cost of reading
// them: settings and ignore comments are read before any file is checked.
func IDs() []string { return slices.Concat(dockerfileIDs[:], objectIDs[:]) }

var dockerfileIDs = [...]string{
	"DS-0001", "DS-0002", "DS-0004", "DS-0005", "DS-0006", "DS-0007", "DS-0008", "DS-0009",
	"DS-0010", "DS-0011", "DS-0012", "DS-0013", "DS-0014", "DS-0015", "DS-0016", "DS-0017",
	"DS-0019", "DS-0020", "DS-0021", "DS-0022", "DS-0023", "DS-0025", "DS-0026", "DS-0027",
	"DS-0029", "DS-0030", "DS-0031",
}

var objectIDs = [...]string{
	"KCV-0001", "KCV-0002", "KCV-0003", "KCV-0004", "KCV-0005", "KCV-0006", "KCV-0007", "KCV-0008",
	"KCV-0009", "KCV-0010", "KCV-0011", "KCV-0012", "KCV-0014", "KCV-0015", "KCV-0016", "KCV-0017",
	"KCV-0018", "KCV-0019", "KCV-0020", "KCV-0021", "KCV-0022", "KCV-0024", "KCV-0025", "KCV-0026",
	"KCV-0027", "KCV-0028", "KCV-0029", "KCV-0030", "KCV-0033", "KCV-0034", "KCV-0035", "KCV-0036",
	"KCV-0037", "KCV-0038", "KCV-0039", "KCV-0040", "KCV-0041", "KCV-0042", "KCV-0043", "KCV-0044",
	"KCV-0045", "KCV-0046", "KCV-0047", "KCV-0093", "KSV-0001", "KSV-0002", "KSV-0003", "KSV-0004",
	"KSV-0005", "KSV-0006", "KSV-0007", "KSV-0008", "KSV-0009", "KSV-0010", "KSV-0011", "KSV-0012",
	"KSV-0013", "KSV-0014", "KSV-0015", "KSV-0016", "KSV-0017", "KSV-0018", "KSV-0020", "KSV-0021",
	"KSV-0022", "KSV-0023", "KSV-0024", "KSV-0025", "KSV-0026", "KSV-0027", "KSV-0028", "KSV-0030",
	"KSV-0036", "KSV-0037", "KSV-0038", "KSV-0039", "KSV-0040", "KSV-0041", "KSV-0042", "KSV-0043",
	"KSV-0044", "KSV-0045", "KSV-0046", "KSV-0047", "KSV-0048", "KSV-0049", "KSV-0050", "KSV-0051",
	"KSV-0052", "KSV-0053", "KSV-0054", "KSV-0055", "KSV-0056", "KSV-01010", "KSV-01011", "KSV-0102",
	"KSV-0103", "KSV-0104", "KSV-0105", "KSV-0106", "KSV-0107", "KSV-0108", "KSV-0109", "KSV-0110",
	"KSV-0111", "KSV-0112", "KSV-0113", "KSV-0114", "KSV-0115", "KSV-0116", "KSV-0117", "KSV-0118",
	"KSV-0119", "KSV-0120", "KSV-0121", "KSV-0122", "KSV-0123", "KSV-0124", "KSV-0125",
}

// severities are Trivy's, as ours. Only what Trivy calls critical stops a merge by
// itself: its "high" is given to habits such as apt-get without -y.
var severities = map[string]checks.Severity{
	"CRITICAL": checks.Error,
	"HIGH":     checks.Warning,
	"MEDIUM":   checks.Warning,
	"LOW":      checks.Notice,
}

// adjusted are the severities that are not Trivy's, each with the reason, a clause. What is
// off says nothing unless the settings give it a severity.
var adjusted = map[string]struct {
	severity checks.Severity
	because  string
}{
	"KSV-01010": {checks.Off, "it takes any number, and any word in capitals, for that of a passport"},
	"KSV-0110":  {checks.Off, "charts and most manifests leave the namespace to whoever applies them, and the check takes that for the namespace `default`"},
	"KSV-0125":  {checks.Off, "it trusts the registries of three clouds and no other, whatever your own is"},

	"KSV-0037": {checks.Notice, "what watches the cluster's own components has to be beside them"},
	"KSV-0109": {checks.Notice, "it goes by words such as token, wherever they occur"},

	// What gives away the cluster, such as every right on everything, stays an error.
	"KSV-0041": {checks.Warning, "an operator may need it, which a person has to decide"},
	"KSV-0045": {checks.Warning, "an operator may need it, which a person has to decide"},
	"KSV-0046": {checks.Warning, "an operator may need it, which a person has to decide"},
	"KSV-0050": {checks.Warning, "an operator may need it, which a person has to decide"},
	"KSV-0112": {checks.Warning, "an operator may need it, which a person has to decide"},
	"KSV-0114": {checks.Warning, "an operator may need it, which a person has to decide"},
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
	note := ""
	if o, ok := adjusted[r.ID]; ok {
		note = fmt.Sprintf("\n\nIts severity is %s and not Trivy's %s: %s.", o.severity, strings.ToLower(meta.Severity), o.because)
		r.Severity = o.severity
	}
	r.Doc = fmt.Sprintf("# %s\n\n**%s** (a check of Trivy)\n\n%s%s\n\n## What to do\n\n%s%s\n\nMore: <%s>\n",
		r.ID, r.Title, sentence(meta.Description), note, sentence(meta.RecommendedActions), offer(r.ID), r.URL)
	return r, nil
}

// offer says how to have a fix made, where the check has one.
func offer(id string) string {
	switch fixer, ok := fixers[id]; {
	case !ok:
		return ""
	case fixer.safety == checks.Safe:
		return fmt.Sprintf(" `chiselbot fix --rule %s` does it where it is certain how.", id)
	default:
		return fmt.Sprintf(" `chiselbot fix --rule %s --unsafe` does it, for you to look at.", id)
	}
}
