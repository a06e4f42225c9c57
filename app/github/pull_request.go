package github

import (
	"context"
	"iter"
	"time"

	"github.com/chiselbot/chiselbot/app"
)

// pullFields are what is read of every pull request. The base's own object is where the
// branch is now; baseRefOid is where it was when GitHub last looked.
const pullFields = `number title state isDraft updatedAt author { __typename login }
headRefName headRefOid headRepository { nameWithOwner }
baseRefName baseRefOid baseRef { target { oid } }`

type pullRequest struct {
	Number    int       `json:"number"`
	Title     string    `json:"title"`
	State     string    `json:"state"`
	IsDraft   bool      `json:"isDraft"`
	UpdatedAt time.Time `json:"updatedAt"`
	Author    *struct {
		Typename string `json:"__typename"`
		Login    string `json:"login"`
	} `json:"author"`
	HeadRefName    string `json:"headRefName"`
	HeadRefOid     string `json:"headRefOid"`
	HeadRepository *struct {
		NameWithOwner string `json:"nameWithOwner"`
	} `json:"headRepository"`
	BaseRefName string `json:"baseRefName"`
	BaseRefOid  string `json:"baseRefOid"`
	BaseRef     *struct {
		Target struct {
			OID string `json:"oid"`
		} `json:"target"`
	} `json:"baseRef"`
}

func (p pullRequest) in(repo app.Repository) app.PullRequest {
	out := app.PullRequest{
		Repository: repo, Number: p.Number, Open: p.State == "OPEN", Draft: p.IsDraft, Title: p.Title, Updated: p.UpdatedAt,
		Head: p.HeadRefOid, HeadBranch: p.HeadRefName, Base: p.BaseRefOid, BaseBranch: p.BaseRefName,
	}
	if p.BaseRef != nil {
		out.Base = p.BaseRef.Target.OID
	}
	if p.HeadRepository != nil {
		out.HeadRepository = p.HeadRepository.NameWithOwner
	}
	if p.Author != nil { // nil when the account was deleted
		out.Author = p.Author.Login
		if p.Author.Typename == "Bot" { // GraphQL leaves away what all else has
			out.Author += "[bot]"
		}
	}
	return out
}

// PullRequest reads one as it is now.
func (c *Client) PullRequest(ctx context.Context, repo app.Repository, number int) (app.PullRequest, error) {
	var answer struct {
		Repository struct {
			PullRequest pullRequest `json:"pullRequest"`
		} `json:"repository"`
	}
	err := c.query(ctx, repo, `query($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) { `+pullFields+` } }
}`, map[string]any{"owner": repo.Owner, "name": repo.Name, "number": number}, &answer)
	if err != nil {
		return app.PullRequest{}, wrap(err, "read pull request %s#%d", repo, number)
	}
	return answer.Repository.PullRequest.in(repo), nil
}

// OpenPullRequests lists fifty with each request, oldest first.
func (c *Client) OpenPullRequests(ctx context.Context, repo app.Repository) iter.Seq2[app.Head, error] {
	const text = `query($owner: String!, $name: String!, $after: String, $app: Int!, $check: String!) {
  repository(owner: $owner, name: $name) {
    pullRequests(states: [OPEN], orderBy: {field: CREATED_AT, direction: ASC}, first: 50, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes { ` + pullFields + `
        commits(last: 1) { nodes { commit { checkSuites(first: 1, filterBy: {appId: $app, checkName: $check}) { nodes {
          checkRuns(first: 1, filterBy: {appId: $app, checkName: $check, checkType: LATEST, status: COMPLETED}) { totalCount }
        } } } } }
      }
    }
  }
}`
	type nodes[T any] struct {
		Nodes []T `json:"nodes"`
	}
	type node struct {
		pullRequest
		Commits nodes[struct {
			Commit struct {
				CheckSuites nodes[struct {
					CheckRuns struct {
						TotalCount int `json:"totalCount"`
					} `json:"checkRuns"`
				}] `json:"checkSuites"`
			} `json:"commit"`
		}] `json:"commits"`
	}
	return func(yield func(app.Head, error) bool) {
		variables := map[string]any{"owner": repo.Owner, "name": repo.Name, "app": c.appID, "check": app.CheckName, "after": nil}
		for {
			var answer struct {
				Repository struct {
					PullRequests struct {
						nodes[node]
						PageInfo struct {
							HasNextPage bool   `json:"hasNextPage"`
							EndCursor   string `json:"endCursor"`
						} `json:"pageInfo"`
					} `json:"pullRequests"`
				} `json:"repository"`
			}
			if err := c.query(ctx, repo, text, variables, &answer); err != nil {
				yield(app.Head{}, wrap(err, "list the open pull requests of %s", repo))
				return
			}
			list := answer.Repository.PullRequests
			for _, one := range list.Nodes {
				head := app.Head{PullRequest: one.in(repo)}
				for _, commit := range one.Commits.Nodes {
					for _, suite := range commit.Commit.CheckSuites.Nodes {
						head.Checked = head.Checked || suite.CheckRuns.TotalCount > 0
					}
				}
				if !yield(head, nil) {
					return
				}
			}
			if !list.PageInfo.HasNextPage {
				return
			}
			variables["after"] = list.PageInfo.EndCursor
		}
	}
}
