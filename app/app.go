// Package app is what chiselbot does on GitHub, apart from how: it reviews pull
// requests, answers merge queues and finds what was missed. This file is its vocabulary
// and the little it asks of GitHub and of a database; app/github and app/store give it.
//
// It knows no HTTP, no SQL and no queue. Each use case is a method of [App] that is
// called by a job and may be called again: whatever it publishes it finds again.
package app

import (
	"context"
	"iter"
	"time"

	"github.com/chiselbot/chiselbot/app/report"
	"github.com/chiselbot/chiselbot/checks/source"
)

// CheckName is what the check run of every head is called. Branch protection names it.
const CheckName = "chiselbot"

// OwnersRepository is the one in which an owner keeps what holds for all repositories.
const OwnersRepository = ".github"

// A Repository is one in which the App is installed. Owner and name are how GitHub is
// asked, and change; the ID does not, and is 0 where only the name is known.
type Repository struct {
	Installation int64  `json:"installation"`
	ID           int64  `json:"id"`
	Owner        string `json:"owner"`
	Name         string `json:"name"`
}

func (r Repository) String() string { return r.Owner + "/" + r.Name }

// A PullRequest is one as it is now.
type PullRequest struct {
	Repository  Repository
	Number      int
	Open, Draft bool
	// Head and Base are the commits at the tips of both branches.
	Head, Base             string
	HeadBranch, BaseBranch string
	// HeadRepository is "owner/name" of the head's repository, empty when it was deleted.
	HeadRepository string
	Title, Author  string
	// Updated is when it last changed, in GitHub's seconds.
	Updated time.Time
}

// Fork reports whether the head is in a repository in which the App may not push.
func (p PullRequest) Fork() bool { return p.HeadRepository != p.Repository.String() }

// An Installation is an account that installed the App.
type Installation struct {
	ID        int64
	Account   string
	Suspended bool
}

// A Head is an open pull request in a listing, with what our check run on it says.
type Head struct {
	PullRequest
	// Checked means that the head has a completed check run of this App named
	// [CheckName].
	Checked bool
}

// A Delivery is GitHub's record of one attempt to deliver a webhook.
type Delivery struct {
	// ID is of the attempt, GUID of the event: a redelivery has the same GUID.
	ID        int64
	GUID      string
	Event     string
	Action    string
	Delivered time.Time
	// Status is the HTTP status that we answered with, 0 when we did not answer.
	Status int
}

// A CheckRun is one run of our check on one commit.
type CheckRun struct {
	// ID is GitHub's, 0 for a run that is to be created.
	ID   int64
	Head string
	// ExternalID is ours: equal for all attempts of what is one run to a person.
	ExternalID string
	// DetailsURL is where the run's Details link leads, empty for GitHub's own page.
	DetailsURL string
	// Output is what the run shows. Without a conclusion the run is in progress.
	Output report.CheckRun
	// Annotations is how many annotations GitHub has of the run when it was found.
	Annotations int
}

// PullRequests reads pull requests.
type PullRequests interface {
	// PullRequest reads one as it is now, in one request.
	PullRequest(ctx context.Context, repo Repository, number int) (PullRequest, error)
	// OpenPullRequests lists the open ones, in few requests. The listing ends with the
	// first error.
	OpenPullRequests(ctx context.Context, repo Repository) iter.Seq2[Head, error]
}

// Trees reads commits.
type Trees interface {
	// Change opens the merge base of two commits and the head, in few requests, and in the
	// same ones the named files at the base's tip, which are small. The commits may be of a
	// fork, so long as a pull request of repo has them.
	Change(ctx context.Context, repo Repository, base, head string, atTip []string) (Change, error)
	// Tree opens one commit by its name or by a branch's; with an empty revision, the
	// default branch. A repository that is empty has an empty tree.
	Tree(ctx context.Context, repo Repository, revision string) (source.Tree, error)
}

// A Change is two trees of one repository. Reading a file that was not prefetched costs
// a request of its own.
type Change interface {
	// Base is the tree of the merge base, Head that of the head.
	Base() source.Tree
	Head() source.Tree
	// Tip is the base's own commit, with the files that were asked for at its tip alone.
	Tip() source.Tree
	// HeadTree is the object name of the head's root folder: equal names, equal files.
	HeadTree() string
	// Changed lists the paths whose content or mode differs, sorted.
	Changed() []string
	// Prefetch brings the regular files of both trees that rank gives a number, the lowest
	// first and none below zero, in few requests and what is in the cache in none. Files
	// over [source.MaxFileBytes] are left out. When there are too many it returns the paths
	// of the others, sorted.
	Prefetch(ctx context.Context, rank func(path string) int) (beyond []string, err error)
}

// CheckRuns publishes check runs.
type CheckRuns interface {
	// CreateCheckRun creates a run, in progress or completed, and returns its id.
	// Annotations beyond those that one request takes follow in further ones.
	CreateCheckRun(ctx context.Context, repo Repository, run CheckRun) (int64, error)
	// UpdateCheckRun brings the run of run.ID to what run says. Annotations cannot be
	// taken back, so only those from number run.Annotations on are sent; the conclusion
	// goes with the last request, so that a run is completed only when it is whole.
	UpdateCheckRun(ctx context.Context, repo Repository, run CheckRun) error
	// FindCheckRun finds this App's run on a commit by its external id; [ErrNotFound] in
	// the chain when there is none. The output has the conclusion and texts that GitHub
	// shows, and no annotations: their number is in Annotations.
	FindCheckRun(ctx context.Context, repo Repository, head, externalID string) (CheckRun, error)
}

// People says who may command us, and lets them see that they were heard.
type People interface {
	// Permission is what a person may do in a repository now: "admin", "write", "read" or
	// "none".
	Permission(ctx context.Context, repo Repository, login string) (string, error)
	// React puts an emoji, by GitHub's name ("eyes", "rocket", "confused"), on a comment.
	// A second time it does nothing.
	React(ctx context.Context, repo Repository, comment int64, emoji string) error
}

// Installations lists who installed the App and on what.
type Installations interface {
	Installations(ctx context.Context) iter.Seq2[Installation, error]
	// Repositories lists those of an installation that are neither archived nor disabled.
	Repositories(ctx context.Context, installation int64) iter.Seq2[Repository, error]
}

// Deliveries is GitHub's log of webhooks, which nobody but us reads again: GitHub does
// not redeliver by itself.
type Deliveries interface {
	// Deliveries lists attempts from the newest back to the given instant.
	Deliveries(ctx context.Context, since time.Time) iter.Seq2[Delivery, error]
	// Redeliver asks for one more attempt.
	Redeliver(ctx context.Context, id int64) error
}

// GitHub is all that the use cases ask of it. Errors are those of errors.go.
type GitHub interface {
	PullRequests
	Trees
	CheckRuns
	People
	Branches
	Proposals
	Comments
	Suggestions
	Installations
	Deliveries
}

// An Identity is who the App is by its credentials.
type Identity struct {
	ID   int64
	Slug string
	// Permissions and Events are what the App was registered with.
	Permissions map[string]string
	Events      []string
}

// Self asks GitHub who we are: it answers only those who hold the App's key.
type Self interface {
	Self(ctx context.Context) (Identity, error)
}

// Objects remembers what git can never change, by name, across jobs and replicas: texts
// of blobs, listings of trees. What it forgets is fetched again.
type Objects interface {
	// Objects returns those that are known.
	Objects(ctx context.Context, names []string) (map[string][]byte, error)
	KeepObjects(ctx context.Context, objects map[string][]byte) error
}

// A Ledger is how much content an installation created lately, in all replicas.
type Ledger interface {
	// Spend enters one request that creates content (GitHub's word for comments, issues,
	// pull requests and the like), as urgent as [UrgencyOf] ctx. When GitHub's limit
	// would be passed it enters nothing and returns a [*RateLimited].
	Spend(ctx context.Context, installation int64) error
}

// Credentials are what makes us the App.
type Credentials struct {
	AppID int64  `json:"app_id"`
	Slug  string `json:"slug"`
	// Host is the address of a GitHub Enterprise Server, "https://github.example.com";
	// empty for github.com.
	Host string `json:"host,omitempty"`
	// PrivateKey is PEM.
	PrivateKey string `json:"private_key"`
	// WebhookSecrets are all that are accepted, so that one can be replaced by the next.
	WebhookSecrets []string `json:"webhook_secrets"`
	ClientID       string   `json:"client_id,omitempty"`
	ClientSecret   string   `json:"client_secret,omitempty"`
}
