package github

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-github/v57/github"

	"github.com/chiselbot/chiselbot/app"
)

// A branchTip is a branch's newest commit.
type branchTip struct {
	OID     string `json:"oid"`
	Message string `json:"message"`
	Tree    struct {
		OID string `json:"oid"`
	} `json:"tree"`
	Parents struct {
		Nodes []struct {
			OID string `json:"oid"`
		} `json:"nodes"`
	} `json:"parents"`

	name string // the branch's, where it was asked for
}

// Push makes a commit through the git database's API. One that names neither author nor
// committer is the App's and is signed by GitHub, with modes as they are given.
// https://docs.github.com/en/authentication/managing-commit-signature-verification/about-commit-signature-verification#signature-verification-for-bots
func (c *Client) Push(ctx context.Context, repo app.Repository, push app.Push) (string, error) {
	commit, err := c.push(ctx, repo, push)
	return commit, wrap(err, "push to %s of %s", push.Branch, repo)
}

func (c *Client) push(ctx context.Context, repo app.Repository, push app.Push) (string, error) {
	onto := push.Onto
	if onto == "" {
		onto = push.Parents[0]
	}
	tip, before, err := c.readTip(ctx, repo, push.Branch, onto)
	if err != nil {
		return "", err
	}
	git := c.in(repo, committing).Git
	tree, _, err := git.CreateTree(ctx, repo.Owner, repo.Name, before, treeEntries(push.Files))
	if err != nil {
		return "", err
	}
	switch {
	case tree.GetSHA() == before && len(push.Parents) == 1:
		return "", fmt.Errorf("the commit would change nothing: %w", app.ErrInvalid)
	case tip != nil && tip.is(push, tree.GetSHA()):
		return tip.OID, nil
	case tip != nil && tip.OID != push.Parents[0]:
		return "", app.ErrMoved
	}
	var parents []*github.Commit
	for _, p := range push.Parents {
		parents = append(parents, &github.Commit{SHA: new(p)})
	}
	commit, _, err := git.CreateCommit(ctx, repo.Owner, repo.Name, &github.Commit{Message: &push.Message, Tree: tree, Parents: parents}, nil)
	if err != nil {
		return "", err
	}
	ref := &github.Reference{Ref: new("refs/heads/" + push.Branch), Object: &github.GitObject{SHA: commit.SHA}}
	if tip == nil {
		_, _, err = git.CreateRef(ctx, repo.Owner, repo.Name, ref)
	} else {
		_, _, err = git.UpdateRef(ctx, repo.Owner, repo.Name, ref, false)
	}
	if hasMoved(err) {
		return "", app.ErrMoved
	}
	return commit.GetSHA(), err
}

// readTip reads a branch's tip, nil when there is none, and the tree of a commit.
func (c *Client) readTip(ctx context.Context, repo app.Repository, branch, commit string) (*branchTip, string, error) {
	var answer struct {
		Repository struct {
			Ref *struct {
				Target branchTip `json:"target"`
			} `json:"ref"`
			Object *branchTip `json:"object"`
		} `json:"repository"`
	}
	err := c.query(ctx, repo, `query($owner: String!, $name: String!, $ref: String!, $commit: GitObjectID!) {
  repository(owner: $owner, name: $name) {
    ref(qualifiedName: $ref) { target { ... on Commit { oid message tree { oid } parents(first: 10) { nodes { oid } } } } }
    object(oid: $commit) { ... on Commit { tree { oid } } }
  }
}`, map[string]any{"owner": repo.Owner, "name": repo.Name, "ref": "refs/heads/" + branch, "commit": commit}, &answer)
	if err != nil {
		return nil, "", err
	}
	if answer.Repository.Object == nil {
		return nil, "", fmt.Errorf("commit %.12s: %w", commit, app.ErrNotFound)
	}
	before := answer.Repository.Object.Tree.OID
	if answer.Repository.Ref == nil {
		return nil, before, nil
	}
	return &answer.Repository.Ref.Target, before, nil
}

// is reports whether the tip is what a push would make: it was made before.
func (t *branchTip) is(push app.Push, tree string) bool {
	var parents []string
	for _, p := range t.Parents.Nodes {
		parents = append(parents, p.OID)
	}
	return t.Tree.OID == tree && slices.Equal(parents, push.Parents) && strings.TrimSpace(t.Message) == strings.TrimSpace(push.Message)
}

func treeEntries(files []app.File) []*github.TreeEntry {
	var list []*github.TreeEntry
	for _, f := range files {
		e := &github.TreeEntry{Path: new(f.Path), Mode: new("100644"), Type: new("blob")}
		if f.Executable {
			e.Mode = new("100755")
		}
		if !f.Removed { // without content the library sends null, which removes
			e.Content = new(f.Text)
		}
		list = append(list, e)
	}
	return list
}

// hasMoved reports whether GitHub did not move or make a branch because it is elsewhere.
func hasMoved(err error) bool {
	answer := (*github.ErrorResponse)(nil)
	return errors.As(err, &answer) && (strings.Contains(answer.Message, "not a fast forward") || strings.Contains(answer.Message, "Reference already exists"))
}
