package github

import (
	"context"

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
