package github

import (
	"context"

	"github.com/google/go-github/v57/github"

	"github.com/chiselbot/chiselbot/app"
)

// Suggest makes the suggestions that the App has not made at these lines before.
func (c *Client) Suggest(ctx context.Context, repo app.Repository, number int, head string, list []app.Suggestion) error {
	login, err := c.login(ctx)
	if err != nil {
		return err
	}
	made := map[app.Suggestion]bool{}
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
			made[s] = true
		}
		return resp, err
	})
	if err != nil {
		return wrap(err, "list what was suggested on %s#%d", repo, number)
	}
	var drafts []*github.DraftReviewComment
	for _, s := range list {
		if made[s] {
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
