package github

import (
	"context"
	"iter"

	"github.com/google/go-github/v57/github"

	"github.com/chiselbot/chiselbot/app"
)

// Permission is what a person may do in a repository now. GitHub folds the finer roles
// into these: maintain into write, triage into read.
// https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user
func (c *Client) Permission(ctx context.Context, repo app.Repository, login string) (string, error) {
	level, _, err := c.in(repo, naming).Repositories.GetPermissionLevel(ctx, repo.Owner, repo.Name, login)
	if err != nil {
		return "", wrap(err, "read what %s may do in %s", login, repo)
	}
	return level.GetPermission(), nil
}

// React puts an emoji on a comment. GitHub answers with the one that is there.
func (c *Client) React(ctx context.Context, repo app.Repository, comment int64, emoji string) error {
	_, _, err := c.in(repo, talking).Reactions.CreateIssueCommentReaction(ctx, repo.Owner, repo.Name, comment, emoji)
	return wrap(err, "react to comment %d of %s", comment, repo)
}

// Comment writes a comment on a pull request and returns its id.
func (c *Client) Comment(ctx context.Context, repo app.Repository, number int, body string) (int64, error) {
	made, _, err := c.in(repo, talking).Issues.CreateComment(ctx, repo.Owner, repo.Name, number, &github.IssueComment{Body: &body})
	if err != nil {
		return 0, wrap(err, "comment on %s#%d", repo, number)
	}
	return made.GetID(), nil
}

// EditComment replaces the text of one of the App's comments.
func (c *Client) EditComment(ctx context.Context, repo app.Repository, id int64, body string) error {
	_, _, err := c.in(repo, talking).Issues.EditComment(ctx, repo.Owner, repo.Name, id, &github.IssueComment{Body: &body})
	return wrap(err, "edit comment %d of %s", id, repo)
}

// OwnComments lists the App's own comments on a pull request.
func (c *Client) OwnComments(ctx context.Context, repo app.Repository, number int) iter.Seq2[app.Comment, error] {
	return sequence(func(yield func(app.Comment) error) error {
		own, err := c.login(ctx)
		if err != nil {
			return err
		}
		return wrap(pages(ctx, func(ctx context.Context, page *github.ListOptions) (*github.Response, error) {
			list, resp, err := c.in(repo, talking).Issues.ListComments(ctx, repo.Owner, repo.Name, number, &github.IssueListCommentsOptions{ListOptions: *page})
			if err != nil {
				return nil, err
			}
			for _, one := range list {
				if one.GetUser().GetType() != "Bot" || one.GetUser().GetLogin() != own {
					continue
				}
				if err := yield(app.Comment{ID: one.GetID(), Body: one.GetBody()}); err != nil {
					return nil, err
				}
			}
			return resp, nil
		}), "list the comments on %s#%d", repo, number)
	})
}
