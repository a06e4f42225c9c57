package webhook

import (
	"slices"
	"strings"
	"time"

	"github.com/chiselbot/chiselbot/app"
)

// A payload is the little that we read of GitHub's webhooks, whose whole shapes are at
// https://docs.github.com/en/webhooks/webhook-events-and-payloads.
type payload struct {
	Action       string `json:"action"`
	Installation struct {
		ID int64 `json:"id"`
	} `json:"installation"`
	Repository *repository `json:"repository"`
	Sender     struct {
		Login string `json:"login"`
		Type  string `json:"type"`
	} `json:"sender"`

	Number      int          `json:"number"`
	PullRequest *pullRequest `json:"pull_request"`
	Changes     struct {
		Base *struct{} `json:"base"`
	} `json:"changes"`

	Issue *struct {
		Number      int       `json:"number"`
		PullRequest *struct{} `json:"pull_request"`
	} `json:"issue"`
	Comment *struct {
		ID   int64  `json:"id"`
		Body string `json:"body"`
	} `json:"comment"`

	CheckRun *struct {
		Name       string `json:"name"`
		HeadSHA    string `json:"head_sha"`
		ExternalID string `json:"external_id"`
		App        origin `json:"app"`
	} `json:"check_run"`
	RequestedAction struct {
		Identifier string `json:"identifier"`
	} `json:"requested_action"`
	CheckSuite *struct {
		HeadSHA string `json:"head_sha"`
		App     origin `json:"app"`
	} `json:"check_suite"`

	MergeGroup *struct {
		HeadSHA    string `json:"head_sha"`
		BaseSHA    string `json:"base_sha"`
		HeadCommit struct {
			TreeID string `json:"tree_id"`
		} `json:"head_commit"`
	} `json:"merge_group"`

	Ref     string   `json:"ref"`
	After   string   `json:"after"`
	Created bool     `json:"created"`
	Deleted bool     `json:"deleted"`
	Forced  bool     `json:"forced"`
	Commits []commit `json:"commits"`

	RepositoriesAdded []repository `json:"repositories_added"`
}

type repository struct {
	ID            int64  `json:"id"`
	Name          string `json:"name"`
	FullName      string `json:"full_name"`
	DefaultBranch string `json:"default_branch"`
}

type pullRequest struct {
	UpdatedAt time.Time `json:"updated_at"`
	Head      struct {
		Ref string `json:"ref"`
		SHA string `json:"sha"`
	} `json:"head"`
}

type origin struct {
	ID int64 `json:"id"`
}

type commit struct {
	Added    []string `json:"added"`
	Removed  []string `json:"removed"`
	Modified []string `json:"modified"`
}

// repository is where the event happened; ok is false when the payload does not say.
func (p *payload) repository() (app.Repository, bool) {
	if p.Repository == nil {
		return app.Repository{}, false
	}
	return p.named(*p.Repository)
}

func (p *payload) named(r repository) (app.Repository, bool) {
	owner, name, ok := strings.Cut(r.FullName, "/")
	if !ok || owner == "" || name == "" || strings.Contains(name, "/") || r.ID == 0 || p.Installation.ID == 0 {
		return app.Repository{}, false
	}
	return app.Repository{Installation: p.Installation.ID, ID: r.ID, Owner: owner, Name: name}, true
}

// touches reports whether a push changed a file of one of these names. A push that is cut
// short in the payload may have.
func (p *payload) touches(names ...string) bool {
	const shown = 2048 // https://docs.github.com/en/webhooks/webhook-events-and-payloads#push
	if p.Forced || len(p.Commits) == 0 || len(p.Commits) >= shown {
		return true
	}
	for _, c := range p.Commits {
		for _, list := range [][]string{c.Added, c.Removed, c.Modified} {
			for _, file := range list {
				if slices.Contains(names, file) {
					return true
				}
			}
		}
	}
	return false
}
