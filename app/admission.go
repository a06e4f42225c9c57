package app

import (
	"fmt"
	"time"
)

// Limits are how many pull requests the App opens.
type Limits struct {
	// Open is how many may be open in a repository at once, and AllOpen in all
	// repositories of an installation.
	Open, AllOpen int
	// One allows one in a repository until the first one was merged or closed.
	One bool
	// Hour and Day are how many an installation opens within these times.
	Hour, Day int
}

// A Limit is one of [Limits], or the window.
type Limit string

// The limits.
const (
	LimitOpen    Limit = "open"
	LimitFirst   Limit = "first"
	LimitAllOpen Limit = "all open"
	LimitHour    Limit = "hour"
	LimitDay     Limit = "day"
	LimitWindow  Limit = "window"
)

// Later is a pull request that has to wait.
type Later struct {
	Limit Limit
	// Most is how many the limit allows.
	Most int
	// Number is the pull request that stands in the way of a second one, 0 where it is not
	// known.
	Number int
	// Until is when to try again. Only that of a window, an hour and a day is known; until
	// somebody closes a pull request nobody knows.
	Until time.Time
}

func (e *Later) Error() string {
	return fmt.Sprintf("the limit %q of %d holds until %s at least", e.Limit, e.Most, e.Until.UTC().Format(time.RFC3339))
}

// because is the reason in a sentence.
func (e *Later) because() string {
	switch e.Limit {
	case LimitFirst:
		which := ""
		if e.Number > 0 {
			which = fmt.Sprintf(", #%d,", e.Number)
		}
		return "There is one pull request of chiselbot's here" + which + " until somebody has merged or closed the first one."
	case LimitOpen:
		return fmt.Sprintf("As many pull requests of chiselbot's are open in this repository as the settings allow: %d.", e.Most)
	case LimitAllOpen:
		return fmt.Sprintf("As many pull requests of chiselbot's are open in all repositories of this owner as the settings allow: %d.", e.Most)
	case LimitHour:
		return fmt.Sprintf("As many were opened within an hour, in all repositories of this owner, as the settings allow: %d.", e.Most)
	case LimitDay:
		return fmt.Sprintf("As many were opened within a day, in all repositories of this owner, as the settings allow: %d.", e.Most)
	case LimitWindow:
		return "The settings have a time for new pull requests, and it is not now."
	}
	return ""
}

// timed reports whether it is known when the limit ends.
func (e *Later) timed() bool {
	return e.Most > 0 && (e.Limit == LimitHour || e.Limit == LimitDay) || e.Limit == LimitWindow
}

// A ProposalState is how far a pull request of the App's is.
type ProposalState string

// The states of a proposal.
const (
	Reserved  ProposalState = "reserved" // it may be opened, and may have been
	Opened    ProposalState = "open"
	Merged    ProposalState = "merged"
	Declined  ProposalState = "closed"
	Withdrawn ProposalState = "withdrawn" // closed by the App itself
)

// A KnownProposal is what is remembered of a pull request of the App's. Number is 0 while it
// is reserved.
type KnownProposal struct {
	Repository Repository
	Branch     string
	Number     int
	State      ProposalState
	// Dressed means that it was given its labels, reviewers and assignees.
	Dressed bool
}
