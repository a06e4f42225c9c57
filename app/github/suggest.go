package github

import (
	"context"
	"slices"

	"github.com/google/go-github/v57/github"

	"github.com/chiselbot/chiselbot/app"
)

// Suggested lists the App's own comments on lines of a pull request.
func (c *Client) Suggested(ctx context.Context, repo app.Repository, number int) ([]app.Suggestion, error) {
	login, err := c.login(ctx)
	if err != nil {
		return nil, err
	}
	var made []app.Suggestion
	err = pages(ctx, func(ctx context.Context, page *github.ListOptions) (*github.Response, error) {
		comments, resp, err := c.in(repo, talking).PullRequests.ListComments(ctx, repo.Owner, repo.Name, number, &github.PullRequestListCommentsOptions{ListOptions: *page})
		for _, one := range comments {
			if one.GetUser().GetLogin() != login {
				continue
			}
			s := app.Suggestion{Path: one.GetPath(), First: one.GetLine(), Last: one.GetLine(), Body: one.GetBody()}
			if one.StartLine != nil {
				s.First = one.GetStartLine()
			}
			made = append(made, s)
		}
		return resp, err
	})
	return made, wrap(err, "list what was suggested on %s#%d", repo, number)
}

// Suggest makes the suggestions that the App has not made at these lines before.
func (c *Client) Suggest(ctx context.Context, repo app.Repository, number int, head string, list []app.Suggestion) error {
	made, err := c.Suggested(ctx, repo, number)
	if err != nil {
		return err
	}
	var drafts []*github.DraftReviewComment
	for _, s := range list {
		if slices.Contains(made, s) {
			continue
		}
		draft := &github.DraftReviewComment{Path: new(s.Path), Body: new(s.Body), Line: new(s.Last), Side: new("RIGHT")}
		if s.First < s.Last {
			draft.StartLine, draft.StartSide = new(s.First), new("RIGHT")
		}
		drafts = append(drafts, draft)
	}
	if len(drafts) == 0 {
		return nil
	}
	_, _, err = c.in(repo, talking).PullRequests.CreateReview(ctx, repo.Owner, repo.Name, number, &github.PullRequestReviewRequest{
		CommitID: &head, Event: new("COMMENT"), Comments: drafts,
	})
	return wrap(err, "suggest changes on %s#%d", repo, number)
}
