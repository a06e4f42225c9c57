package github

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/google/go-github/v57/github"

	"github.com/chiselbot/chiselbot/app"
)

// login is who the App is where GitHub names accounts. Credentials that a person typed in
// do not say; then GitHub is asked, once.
func (c *Client) login(ctx context.Context) (string, error) {
	if c.config.Credentials.Slug != "" {
		return c.config.Credentials.Slug + "[bot]", nil
	}
	c.mu.Lock()
	slug := c.slug
	c.mu.Unlock()
	if slug == "" {
		self, err := c.Self(ctx)
		if err != nil {
			return "", err
		}
		c.mu.Lock()
		slug, c.slug = self.Slug, self.Slug
		c.mu.Unlock()
	}
	return slug + "[bot]", nil
}

// Tip reads a branch and who made its newest commit. A commit that the App made through
// the API has the App as its author and GitHub as its committer, who signed it; one that
// somebody changed has another committer.
func (c *Client) Tip(ctx context.Context, repo app.Repository, branch string) (app.Tip, error) {
	tip, err := c.readBranch(ctx, repo, branch)
	if err == nil && tip == nil {
		err = app.ErrNotFound
	}
	if err != nil {
		return app.Tip{}, wrap(err, "read branch %s of %s", cmp.Or(branch, "by default"), repo)
	}
	commit, _, err := c.in(repo, reviewing).Repositories.GetCommit(ctx, repo.Owner, repo.Name, tip.OID, nil)
	if err != nil {
		return app.Tip{}, wrap(err, "read commit %.12s of %s", tip.OID, repo)
	}
	login, err := c.login(ctx)
	if err != nil {
		return app.Tip{}, err
	}
	return app.Tip{Branch: tip.name, Commit: tip.OID, Message: tip.Message, Own: ownCommit(commit, login)}, nil
}

// ownCommit reports whether a commit is one that an App made through the API.
func ownCommit(commit *github.RepositoryCommit, login string) bool {
	inner := commit.GetCommit()
	return commit.GetAuthor().GetLogin() == login && inner.GetVerification().GetVerified() &&
		(strings.HasPrefix(inner.GetCommitter().GetEmail(), "noreply@") || inner.GetCommitter().GetEmail() == inner.GetAuthor().GetEmail())
}

// searched is in how many commits of a branch one is looked for.
const searched = 30

// OwnCommit finds one of the App's commits by a part of its message.
func (c *Client) OwnCommit(ctx context.Context, repo app.Repository, branch, part string) (app.Tip, error) {
	login, err := c.login(ctx)
	if err != nil {
		return app.Tip{}, err
	}
	list, _, err := c.in(repo, reviewing).Repositories.ListCommits(ctx, repo.Owner, repo.Name, &github.CommitsListOptions{
		SHA: branch, ListOptions: github.ListOptions{PerPage: searched},
	})
	if err != nil {
		return app.Tip{}, wrap(err, "list the commits of %s of %s", branch, repo)
	}
	for _, one := range list {
		if strings.Contains(one.GetCommit().GetMessage(), part) && ownCommit(one, login) {
			return app.Tip{Branch: branch, Commit: one.GetSHA(), Message: one.GetCommit().GetMessage(), Own: true}, nil
		}
	}
	return app.Tip{}, wrap(app.ErrNotFound, "find a commit on %s of %s", branch, repo)
}

// A namedRef is a branch as GraphQL answers.
type namedRef struct {
	Name   string    `json:"name"`
	Target branchTip `json:"target"`
}

// readBranch reads a branch, the default one without a name; nil when there is none.
func (c *Client) readBranch(ctx context.Context, repo app.Repository, branch string) (*branchTip, error) {
	var answer struct {
		Repository struct {
			Ref *namedRef `json:"ref"`
		} `json:"repository"`
	}
	query, variables := "ref: defaultBranchRef", map[string]any{"owner": repo.Owner, "name": repo.Name}
	declared := ""
	if branch != "" {
		query, declared, variables["ref"] = "ref(qualifiedName: $ref)", ", $ref: String!", "refs/heads/"+branch
	}
	err := c.query(ctx, repo, `query($owner: String!, $name: String!`+declared+`) {
  repository(owner: $owner, name: $name) { `+query+` { name target { ... on Commit { oid message } } } }
}`, variables, &answer)
	if err != nil || answer.Repository.Ref == nil {
		return nil, err
	}
	tip := &answer.Repository.Ref.Target
	tip.name = answer.Repository.Ref.Name
	return tip, nil
}

// Subjects are the first lines of a branch's newest commits.
func (c *Client) Subjects(ctx context.Context, repo app.Repository, branch string, most int) ([]string, error) {
	list, _, err := c.in(repo, reviewing).Repositories.ListCommits(ctx, repo.Owner, repo.Name, &github.CommitsListOptions{
		SHA: branch, ListOptions: github.ListOptions{PerPage: most},
	})
	if err != nil {
		return nil, wrap(err, "list the commits of %s of %s", branch, repo)
	}
	var subjects []string
	for _, one := range list {
		if len(one.Parents) > 1 || one.GetAuthor().GetType() == "Bot" {
			continue
		}
		subject, _, _ := strings.Cut(one.GetCommit().GetMessage(), "\n")
		subjects = append(subjects, subject)
	}
	return subjects, nil
}

// OwnPullRequests lists those that the App opened from a branch.
func (c *Client) OwnPullRequests(ctx context.Context, repo app.Repository, branch string) ([]app.OwnPullRequest, error) {
	list, err := c.ownPullRequests(ctx, repo, &github.PullRequestListOptions{State: "all", Head: repo.Owner + ":" + branch})
	list = slices.DeleteFunc(list, func(o app.OwnPullRequest) bool { return o.Branch != branch }) // GitHub lists all where it does not know the head
	return list, wrap(err, "list the pull requests from %s of %s", branch, repo)
}

// OwnPullRequestsInto lists the open ones that the App wants to be merged into a branch.
func (c *Client) OwnPullRequestsInto(ctx context.Context, repo app.Repository, base string) ([]app.OwnPullRequest, error) {
	list, err := c.ownPullRequests(ctx, repo, &github.PullRequestListOptions{State: "open", Base: base})
	list = slices.DeleteFunc(list, func(o app.OwnPullRequest) bool { return o.Base != base })
	return list, wrap(err, "list the pull requests into %s of %s", base, repo)
}

func (c *Client) ownPullRequests(ctx context.Context, repo app.Repository, options *github.PullRequestListOptions) ([]app.OwnPullRequest, error) {
	login, err := c.login(ctx)
	if err != nil {
		return nil, err
	}
	var own []app.OwnPullRequest
	err = pages(ctx, func(ctx context.Context, page *github.ListOptions) (*github.Response, error) {
		options.ListOptions = *page
		list, resp, err := c.in(repo, reviewing).PullRequests.List(ctx, repo.Owner, repo.Name, options)
		for _, p := range list {
			if p.GetUser().GetLogin() != login {
				continue
			}
			own = append(own, app.OwnPullRequest{
				Number: p.GetNumber(), Open: p.GetState() == "open", Merged: p.MergedAt != nil, Draft: p.GetDraft(),
				Title: p.GetTitle(), Body: p.GetBody(), Branch: p.GetHead().GetRef(), Base: p.GetBase().GetRef(),
			})
		}
		return resp, err
	})
	return own, err
}

// OpenPullRequest opens a pull request that maintainers may change. Where the plan of an
// owner has no drafts it is none.
func (c *Client) OpenPullRequest(ctx context.Context, repo app.Repository, pull app.OwnPullRequest) (int, error) {
	open := func(draft bool) (int, error) {
		made, _, err := c.in(repo, talking).PullRequests.Create(ctx, repo.Owner, repo.Name, &github.NewPullRequest{
			Title: &pull.Title, Head: &pull.Branch, Base: &pull.Base, Body: &pull.Body, Draft: &draft,
		})
		return made.GetNumber(), err
	}
	number, err := open(pull.Draft)
	if answer := (*github.ErrorResponse)(nil); pull.Draft && errors.As(err, &answer) && strings.Contains(strings.ToLower(words(answer)), "draft pull requests are not supported") {
		number, err = open(false)
	}
	return number, wrap(err, "open a pull request from %s of %s", pull.Branch, repo)
}

// Label adds labels.
func (c *Client) Label(ctx context.Context, repo app.Repository, number int, labels []string) error {
	_, _, err := c.in(repo, talking).Issues.AddLabelsToIssue(ctx, repo.Owner, repo.Name, number, labels)
	return wrap(err, "label %s#%d", repo, number)
}

// Assign adds assignees.
func (c *Client) Assign(ctx context.Context, repo app.Repository, number int, logins []string) error {
	_, _, err := c.in(repo, talking).Issues.AddAssignees(ctx, repo.Owner, repo.Name, number, logins)
	return wrap(err, "assign %s#%d", repo, number)
}

// RequestReview asks people and teams to review.
func (c *Client) RequestReview(ctx context.Context, repo app.Repository, number int, logins, teams []string) error {
	_, _, err := c.in(repo, talking).PullRequests.RequestReviewers(ctx, repo.Owner, repo.Name, number, github.ReviewersRequest{Reviewers: logins, TeamReviewers: teams})
	return wrap(err, "request a review of %s#%d", repo, number)
}

// EditPullRequest replaces a pull request's title and body.
func (c *Client) EditPullRequest(ctx context.Context, repo app.Repository, number int, title, body string) error {
	return c.edit(ctx, repo, number, &github.PullRequest{Title: &title, Body: &body})
}

// ClosePullRequest closes a pull request, which keeps its branch.
func (c *Client) ClosePullRequest(ctx context.Context, repo app.Repository, number int) error {
	return c.edit(ctx, repo, number, &github.PullRequest{State: new("closed")})
}

func (c *Client) edit(ctx context.Context, repo app.Repository, number int, pull *github.PullRequest) error {
	_, _, err := c.in(repo, talking).PullRequests.Edit(ctx, repo.Owner, repo.Name, number, pull)
	return wrap(err, "change pull request %s#%d", repo, number)
}
