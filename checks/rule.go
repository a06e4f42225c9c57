// Package checks is the vocabulary and the engine: what a rule is, what it finds, how
// a tree is checked, and how the results of two trees compare.
//
// A rule is an immutable value whose state lives in the pass it is given; it cannot
// log, fetch, read the clock or know that it runs in a bot. Nothing here knows GitHub,
// settings files or how a result is shown.
package checks

// Severity is how much a finding matters. The names are those of GitHub's annotations,
// but for "error", which GitHub calls failure.
type Severity int8

// The severities, from "worth knowing" to "must not be merged". Off silences a rule.
const (
	Off Severity = iota
	Notice
	Warning
	Error
)

var severities = []string{"off", "notice", "warning", "error"}

// String is the severity's name: off, notice, warning or error.
func (s Severity) String() string { return severities[s] }

// A Rule is one thing that can be wrong. It is immutable.
type Rule struct {
	// ID is kebab-case and is also the stem of the rule's files, its key in settings and
	// the last part of its page's address. Trivy's checks keep Trivy's ids.
	ID string
	// Title says in a few words what is wrong: "Final stage runs as root".
	Title string
	// Since is the first release that has the rule.
	Since string
	// Severity is Off for a rule that finds nothing unless somebody asks for it: settings,
	// or who names it to fix what it finds.
	Severity Severity
	// Refused is the Pod Security Standard from which on admission refuses every pod in
	// which the rule finds something. In a namespace that enforces it the finding is an
	// error.
	Refused Standard
	// Doc is the rule's page in Markdown. Its bad, fixed and good blocks are executed.
	Doc string
	// URL is the page's address.
	URL string
	// Replaces are the checks of other tools that say the same with less knowledge.
	// Their findings are dropped, and their own ignore comments silence this rule.
	Replaces []Replaced
	// A rule has one of these functions, or several. Dockerfile checks one Dockerfile,
	// Object one Kubernetes object, Release all objects that are applied together.
	Dockerfile func(*DockerfilePass)
	Object     func(*ObjectPass)
	Release    func(*ReleasePass)
	// Ignores checks the ignore comments of one file, when all that others found in it is
	// known. No comment silences what it finds.
	Ignores func(*IgnorePass)
}

// A Standard is one of the Pod Security Standards; each forbids what the one before it does.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/
type Standard int8

// The standards. Privileged forbids nothing.
const (
	Privileged Standard = iota
	Baseline
	Restricted
)

// standards are the standards by their names in labels.
var standards = map[string]Standard{"privileged": Privileged, "baseline": Baseline, "restricted": Restricted}

// Replaced is another tool's check that a rule stands in for.
type Replaced struct {
	// ID is the other tool's: "DS-0002" of Trivy, "SecretsUsedInArgOrEnv" of BuildKit.
	ID string
	// Because says what the rule knows that the other check cannot, as a clause.
	Because string
}

// PageURL is where the page of one of our own rules is published.
func PageURL(id string) string {
	return "https://github.com/chiselbot/chiselbot/blob/main/checks/rules/" + id + ".md"
}
