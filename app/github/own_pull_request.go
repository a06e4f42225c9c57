package github

import (
	"context"
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
		return app.Tip{}, wrap(err, "read branch %s of %s", branch, repo)
	}
	commit, _, err := c.in(repo, reviewing).Repositories.GetCommit(ctx, repo.Owner, repo.Name, tip.OID, nil)
	if err != nil {
		return app.Tip{}, wrap(err, "read commit %.12s of %s", tip.OID, repo)
	}
	login, err := c.login(ctx)
	if err != nil {
		return app.Tip{}, err
	}
	inner := commit.GetCommit()
	own := commit.GetAuthor().GetLogin() == login && inner.GetVerification().GetVerified() &&
		(strings.HasPrefix(inner.GetCommitter().GetEmail(), "noreply@") || inner.GetCommitter().GetEmail() == inner.GetAuthor().GetEmail())
	return app.Tip{Commit: tip.OID, Message: tip.Message, Own: own}, nil
}

func (c *Client) readBranch(ctx context.Context, repo app.Repository, branch string) (*branchTip, error) {
	var answer struct {
		Repository struct {
			Ref *struct {
				Target branchTip `json:"target"`
			} `json:"ref"`
		} `json:"repository"`
	}
	err := c.query(ctx, repo, `query($owner: String!, $name: String!, $ref: String!) {
  repository(owner: $owner, name: $name) { ref(qualifiedName: $ref) { target { ... on Commit { oid message } } } }
}`, map[string]any{"owner": repo.Owner, "name": repo.Name, "ref": "refs/heads/" + branch}, &answer)
	if err != nil || answer.Repository.Ref == nil {
		return nil, err
	}
	return &answer.Repository.Ref.Target, nil
}

// OwnPullRequests lists those that the App opened from a branch.
func (c *Client) OwnPullRequests(ctx context.Context, repo app.Repository, branch string) ([]app.OwnPullRequest, error) {
	login, err := c.login(ctx)
	if err != nil {
		return nil, err
	}
	var own []app.OwnPullRequest
	err = pages(ctx, func(ctx context.Context, page *github.ListOptions) (*github.Response, error) {
		list, resp, err := c.in(repo, reviewing).PullRequests.List(ctx, repo.Owner, repo.Name, &github.PullRequestListOptions{
			State: "all", Head: repo.Owner + ":" + branch, ListOptions: *page,
		})
		for _, p := range list {
			if p.GetUser().GetLogin() == login && p.GetHead().GetRef() == branch { // GitHub lists all where it does not know the head
				own = append(own, app.OwnPullRequest{
					Number: p.GetNumber(), Open: p.GetState() == "open", Merged: p.MergedAt != nil,
					Title: p.GetTitle(), Body: p.GetBody(), Branch: branch, Base: p.GetBase().GetRef(),
				})
			}
		}
		return resp, err
	})
	return own, wrap(err, "list the pull requests from %s of %s", branch, repo)
}

// OpenPullRequest opens a pull request that maintainers may change.
func (c *Client) OpenPullRequest(ctx context.Context, repo app.Repository, pull app.OwnPullRequest) (int, error) {
	made, _, err := c.in(repo, talking).PullRequests.Create(ctx, repo.Owner, repo.Name, &github.NewPullRequest{
		Title: &pull.Title, Head: &pull.Branch, Base: &pull.Base, Body: &pull.Body,
	})
	if err != nil {
		return 0, wrap(err, "open a pull request from %s of %s", pull.Branch, repo)
	}
	return made.GetNumber(), nil
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
