package report

// A CheckRun is what a check run shows, in GitHub's words and within GitHub's limits.
// See https://docs.github.com/en/rest/checks/runs.
type CheckRun struct {
	// Conclusion is empty while the run is in progress.
	Conclusion Conclusion
	// Title has at most 255 characters and no markup. Summary and Text are GitHub's
	// Markdown of at most 65,535 characters each.
	Title, Summary, Text string
	// Annotations are those of the whole run in the order of their worth; GitHub takes 50
	// in one request.
	Annotations []Annotation
	// Actions are at most three buttons.
	Actions []Action
}

// A Conclusion is what a check run comes to.
type Conclusion string

// The conclusions we use.
const (
	Success   Conclusion = "success"
	Failure   Conclusion = "failure"
	Neutral   Conclusion = "neutral"
	Cancelled Conclusion = "cancelled" // superseded before it was done
)

// An Annotation is text at lines of a file. Columns are 0 when the lines are several,
// where GitHub refuses them.
type Annotation struct {
	Path                   string
	StartLine, EndLine     int
	StartColumn, EndColumn int
	Level                  Level
	Title, Message         string
}

// A Level is how an annotation looks.
type Level string

// The levels.
const (
	LevelNotice  Level = "notice"
	LevelWarning Level = "warning"
	LevelFailure Level = "failure"
)

// An Action is a button: at most 20 characters of label, 40 of description and 20 of
// identifier.
type Action struct {
	Label, Description, Identifier string
}
