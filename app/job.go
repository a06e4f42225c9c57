package app

import (
	"log/slog"
	"time"

	"github.com/chiselbot/chiselbot/app/propose"
)

// A Job is one piece of work that the queue does not lose. What it says is a hint: each
// use case reads anew what is true when it runs.
type Job interface {
	// Kind names the use case.
	Kind() string
	// Origin says why there is the job.
	Origin() Cause
	// About is what the job works on, for logs.
	About() []slog.Attr
}

// A Cause is why there is a job.
type Cause struct {
	// Key is equal for equal causes: while a job with it is not done, no other one is taken
	// in. For a webhook it is the delivery's GUID.
	Key string `json:"key" river:"unique"`
	// Delivery is the GUID of the webhook, empty when there was none.
	Delivery string `json:"delivery,omitempty"`
}

// Origin is the cause itself.
func (c Cause) Origin() Cause { return c }

// Delivered is the cause of a job that a webhook asks for.
func Delivered(guid string) Cause { return Cause{Key: guid, Delivery: guid} }

// ReviewPullRequest reviews a pull request as it is.
type ReviewPullRequest struct {
	Cause
	Repository Repository `json:"repository"`
	Number     int        `json:"number"`
	// Head is the head that the cause told of, and At when, by GitHub's clock.
	Head string    `json:"head,omitempty"`
	At   time.Time `json:"at,omitzero"`
	// Again, when not empty, asks for a new run although there may be one; equal ones ask
	// for the same.
	Again string `json:"again,omitempty"`
}

// AnswerMergeGroup reviews what a merge queue is about to merge.
type AnswerMergeGroup struct {
	Cause
	Repository Repository `json:"repository"`
	Head       string     `json:"head"`
	// HeadTree is the folder at the root of the head, empty when not known.
	HeadTree string `json:"head_tree,omitempty"`
	Base     string `json:"base"`
	Again    string `json:"again,omitempty"`
}

// Recheck reviews again what was reviewed at a head.
type Recheck struct {
	Cause
	Repository Repository `json:"repository"`
	Head       string     `json:"head"`
	Again      string     `json:"again"`
}

// Command carries out the slash commands of a comment on a pull request.
type Command struct {
	Cause
	Repository Repository `json:"repository"`
	Number     int        `json:"number"`
	// Comment is the comment's id, Body its text and Sender who wrote it.
	Comment int64  `json:"comment"`
	Body    string `json:"body"`
	Sender  string `json:"sender"`
}

// KeepProposal brings what was proposed for a branch up to date with it.
type KeepProposal struct {
	Cause
	Repository Repository `json:"repository"`
	Branch     string     `json:"branch"`
}

// NoteProposal remembers in what state the App's own pull requests from a branch are.
type NoteProposal struct {
	Cause
	Repository Repository `json:"repository"`
	Branch     string     `json:"branch"`
}

// Propose makes a proposal that somebody asked for and that has to wait: for its turn, or
// until its images are built.
type Propose struct {
	Cause
	Repository Repository      `json:"repository"`
	Request    propose.Request `json:"request"`
	Base       string          `json:"base"`
	Anew       bool            `json:"anew,omitempty"`
	Now        bool            `json:"now,omitempty"`
	// Fork has the change suggested on a pull request from a fork, where none is opened.
	Fork bool `json:"fork,omitempty"`
	// Number and Reply are where it was asked for, Sender by whom and Command in which words.
	Number  int    `json:"number"`
	Reply   string `json:"reply"`
	Sender  string `json:"sender"`
	Command string `json:"command"`
}

// Sweep looks through a repository for images to move.
type Sweep struct {
	Cause
	Repository Repository `json:"repository"`
}

// SuggestFixes suggests fixes at the lines of a pull request, unasked.
type SuggestFixes struct {
	Cause
	Repository Repository `json:"repository"`
	Number     int        `json:"number"`
	Head       string     `json:"head"`
}

// LookAtRepository has every open pull request reviewed that should have been.
type LookAtRepository struct {
	Cause
	Repository Repository `json:"repository"`
	// Again, when not empty, has the others reviewed again too, because the settings
	// changed.
	Again string `json:"again,omitempty"`
	// Branch is one that was pushed to, if any.
	Branch string `json:"branch,omitempty"`
}

// LookAtInstallation looks at repositories of an installation, at all of them when none
// is named.
type LookAtInstallation struct {
	Cause
	Installation int64        `json:"installation"`
	Repositories []Repository `json:"repositories,omitempty"`
	// Again is as that of [LookAtRepository].
	Again string `json:"again,omitempty"`
}

// LookAround looks at every installation.
type LookAround struct{ Cause }

// Redeliver asks GitHub for the deliveries that did not reach us.
type Redeliver struct{ Cause }

// Kinds are in the database, so that they must not change.

// Kind names the use case.
func (ReviewPullRequest) Kind() string { return "review-pull-request" }

// Kind names the use case.
func (AnswerMergeGroup) Kind() string { return "answer-merge-group" }

// Kind names the use case.
func (Recheck) Kind() string { return "recheck" }

// Kind names the use case.
func (Command) Kind() string { return "command" }

// Kind names the use case.
func (KeepProposal) Kind() string { return "keep-proposal" }

// Kind names the use case.
func (NoteProposal) Kind() string { return "note-proposal" }

// Kind names the use case.
func (Propose) Kind() string { return "propose" }

// Kind names the use case.
func (Sweep) Kind() string { return "sweep" }

// Kind names the use case.
func (SuggestFixes) Kind() string { return "suggest-fixes" }

// Kind names the use case.
func (LookAtRepository) Kind() string { return "look-at-repository" }

// Kind names the use case.
func (LookAtInstallation) Kind() string { return "look-at-installation" }

// Kind names the use case.
func (LookAround) Kind() string { return "look-around" }

// Kind names the use case.
func (Redeliver) Kind() string { return "redeliver" }

// About names the pull request.
func (j ReviewPullRequest) About() []slog.Attr {
	return about(j.Repository, slog.Int("pr", j.Number), slog.String("sha", j.Head))
}

// About names the merge group's head.
func (j AnswerMergeGroup) About() []slog.Attr {
	return about(j.Repository, slog.String("sha", j.Head))
}

// About names the head.
func (j Recheck) About() []slog.Attr { return about(j.Repository, slog.String("sha", j.Head)) }

// About names the pull request.
func (j Command) About() []slog.Attr { return about(j.Repository, slog.Int("pr", j.Number)) }

// About names the repository.
func (j KeepProposal) About() []slog.Attr { return about(j.Repository) }

// About names the repository.
func (j NoteProposal) About() []slog.Attr { return about(j.Repository) }

// About names the pull request on which it was asked for.
func (j Propose) About() []slog.Attr { return about(j.Repository, slog.Int("pr", j.Number)) }

// About names the repository.
func (j Sweep) About() []slog.Attr { return about(j.Repository) }

// About names the pull request.
func (j SuggestFixes) About() []slog.Attr {
	return about(j.Repository, slog.Int("pr", j.Number), slog.String("sha", j.Head))
}

// About names the repository.
func (j LookAtRepository) About() []slog.Attr { return about(j.Repository) }

// About names the installation.
func (j LookAtInstallation) About() []slog.Attr {
	return []slog.Attr{slog.Int64("installation", j.Installation)}
}

// About is nothing in particular.
func (LookAround) About() []slog.Attr { return nil }

// About is nothing in particular.
func (Redeliver) About() []slog.Attr { return nil }

func about(r Repository, more ...slog.Attr) []slog.Attr {
	return append([]slog.Attr{slog.Int64("installation", r.Installation), slog.String("repository", r.String())}, more...)
}

// An Attempt is one run of a job.
type Attempt struct {
	// Job is the queue's id.
	Job int64
	// Number counts from 1. Attempts that GitHub or a shutdown cut short do not count.
	Number int
	// Enqueued is when the job was taken in.
	Enqueued time.Time
}
