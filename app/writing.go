package app

import (
	"context"
	"errors"
	"iter"
)

// ErrMoved is a branch that is not where it was thought to be: somebody pushed to it.
var ErrMoved = errors.New("the branch has moved")

// A File is one file as a commit shall have it.
type File struct {
	Path, Text string
	// Executable is the file's mode, Removed takes the file away.
	Executable, Removed bool
}

// A Push is one commit on a branch.
type Push struct {
	Branch string
	// Parents are the commits before it. The first is where the branch is, or where it
	// begins when it is not there yet; a second makes a merge.
	Parents []string
	Message string
	// Onto is the commit in whose tree Files are put, by default the first parent.
	Onto string
	// Files are those that differ from that tree's.
	Files []File
}

// A Tip is a branch's newest commit.
type Tip struct {
	Commit, Message string
	// Branch is the branch's name.
	Branch string
	// Own means that the App made the commit, and GitHub vouches for it: nobody has
	// committed on top and nobody has changed it.
	Own bool
}

// Branches writes to repositories.
type Branches interface {
	// Push makes the commit, in the name of the App and signed by GitHub, and moves the
	// branch to it, never by force; [ErrMoved] in the chain when the branch is elsewhere.
	// A push that was made already is found, so that it can be tried again.
	Push(ctx context.Context, repo Repository, push Push) (commit string, err error)
	// Tip reads a branch, the default one when it has no name; [ErrNotFound] in the chain
	// when there is none.
	Tip(ctx context.Context, repo Repository, branch string) (Tip, error)
	// OwnCommit finds a commit of the App's among the newest of a branch by a part of its
	// message; [ErrNotFound] in the chain when there is none.
	OwnCommit(ctx context.Context, repo Repository, branch, part string) (Tip, error)
	// Subjects are the first lines of the newest commits of a branch, no more than so many,
	// without those of merges and of robots.
	Subjects(ctx context.Context, repo Repository, branch string, most int) ([]string, error)
}

// An OwnPullRequest is one that the App opened.
type OwnPullRequest struct {
	Number       int
	Open, Merged bool
	// Draft opens it as one that is not ready for review, where GitHub allows that.
	Draft       bool
	Title, Body string
	// Branch is that of the head, Base the one that it is to be merged into.
	Branch, Base string
}

// Proposals are pull requests of the App's own.
type Proposals interface {
	// OwnPullRequests lists those from a branch of the repository, newest first.
	OwnPullRequests(ctx context.Context, repo Repository, branch string) ([]OwnPullRequest, error)
	// OwnPullRequestsInto lists the open ones that are to be merged into a branch.
	OwnPullRequestsInto(ctx context.Context, repo Repository, base string) ([]OwnPullRequest, error)
	// OpenPullRequest opens one and returns its number.
	OpenPullRequest(ctx context.Context, repo Repository, pull OwnPullRequest) (int, error)
	EditPullRequest(ctx context.Context, repo Repository, number int, title, body string) error
	ClosePullRequest(ctx context.Context, repo Repository, number int) error
	// Label, Assign and RequestReview add to what a pull request has. GitHub makes labels
	// that are not there, leaves out people to whom nothing can be assigned, and does not
	// accept ([ErrInvalid] in the chain) a request to people or teams without access.
	Label(ctx context.Context, repo Repository, number int, labels []string) error
	Assign(ctx context.Context, repo Repository, number int, logins []string) error
	RequestReview(ctx context.Context, repo Repository, number int, logins, teams []string) error
}

// A Suggestion is a comment on lines of a pull request's head, First to Last, with text
// that takes their place at the press of a button.
type Suggestion struct {
	Path        string
	First, Last int
	Body        string
}

// Suggestions makes suggestions.
type Suggestions interface {
	// Suggest makes those that are not there yet, in one review. [ErrInvalid] in the chain
	// when lines are not part of the pull request's diff, or the head is another.
	Suggest(ctx context.Context, repo Repository, number int, head string, list []Suggestion) error
	// Suggested lists the App's own comments on lines of a pull request.
	Suggested(ctx context.Context, repo Repository, number int) ([]Suggestion, error)
}

// A Comment is one on a pull request.
type Comment struct {
	ID   int64
	Body string
}

// Comments talks to people.
type Comments interface {
	Comment(ctx context.Context, repo Repository, number int, body string) (int64, error)
	EditComment(ctx context.Context, repo Repository, id int64, body string) error
	// OwnComments lists the App's own comments on a pull request, oldest first.
	OwnComments(ctx context.Context, repo Repository, number int) iter.Seq2[Comment, error]
}
