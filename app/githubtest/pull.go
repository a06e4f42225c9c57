package githubtest

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// A Pull is a pull request. People change it through its methods.
type Pull struct {
	Number int

	repo       *Repository // the base's
	id         int64
	title      string
	body       string
	author     *account
	head       *Repository // nil when it was deleted
	headLabel  string      // the owner of head
	headBranch string
	headSHA    plumbing.Hash
	baseBranch string
	open       bool
	draft      bool
	merged     plumbing.Hash // the merge commit
	labels     []string
	reviewers  []*account
	teams      []string
	assignees  []*account
	reviews    []*review
	created    time.Time
	updated    time.Time
	closed     time.Time
}

// OpenPull opens a pull request from a branch, or from "owner:branch" of a fork.
func (r *Repository) OpenPull(login, title, head, base string) *Pull {
	return r.openPull(login, title, head, base, false)
}

// OpenDraft opens a pull request that is not ready for review.
func (r *Repository) OpenDraft(login, title, head, base string) *Pull {
	return r.openPull(login, title, head, base, true)
}

func (r *Repository) openPull(login, title, head, base string, draft bool) *Pull {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	from, branch := r.headOf(head)
	if from == nil {
		panic("githubtest: no fork has " + head)
	}
	from.head(branch)
	r.head(base)
	return r.addPull(r.g.account(login), title, "", from, branch, base, draft)
}

// headOf finds the repository and branch of "branch" or "owner:branch".
func (r *Repository) headOf(label string) (*Repository, string) {
	owner, branch, qualified := strings.Cut(label, ":")
	if !qualified {
		return r, label
	}
	for _, other := range r.g.repositories {
		if other.network == r.network && strings.EqualFold(other.owner.login, owner) {
			return other, branch
		}
	}
	return nil, ""
}

func (r *Repository) addPull(author *account, title, body string, head *Repository, branch, base string, draft bool) *Pull {
	p := &Pull{
		Number: len(r.pulls) + 1, repo: r, id: r.g.newID(), title: title, body: body, author: author, head: head,
		headLabel: head.owner.login, headBranch: branch, headSHA: head.refs["refs/heads/"+branch], baseBranch: base,
		open: true, draft: draft, created: r.g.now(),
	}
	r.pulls = append(r.pulls, p)
	r.refs[p.ref()] = p.headSHA
	p.event(author, "opened", nil)
	return p
}

// ref is where the base repository keeps the head, of forks too.
func (p *Pull) ref() string { return fmt.Sprintf("refs/pull/%d/head", p.Number) }

func (r *Repository) pull(number int64) *Pull {
	if number < 1 || number > int64(len(r.pulls)) {
		return nil
	}
	return r.pulls[number-1]
}

// Head is the commit at the head.
func (p *Pull) Head() string { return locked(p, p.headSHA.String) }

// Open reports whether it is open.
func (p *Pull) Open() bool { return locked(p, func() bool { return p.open }) }

// Title and Body are what it says.
func (p *Pull) Title() string { return locked(p, func() string { return p.title }) }

// Body is the description.
func (p *Pull) Body() string { return locked(p, func() string { return p.body }) }

// Draft reports whether it is not ready for review.
func (p *Pull) Draft() bool { return locked(p, func() bool { return p.draft }) }

// Labels are its labels.
func (p *Pull) Labels() []string { return locked(p, func() []string { return p.labels }) }

// Reviewers are who was asked to review: logins, and teams behind an "@".
func (p *Pull) Reviewers() []string {
	return locked(p, func() []string {
		var list []string
		for _, a := range p.reviewers {
			list = append(list, a.login)
		}
		for _, slug := range p.teams {
			list = append(list, "@"+slug)
		}
		return list
	})
}

// Assignees are the people to whom it is assigned.
func (p *Pull) Assignees() []string {
	return locked(p, func() []string {
		var list []string
		for _, a := range p.assignees {
			list = append(list, a.login)
		}
		return list
	})
}

// Pulls are all pull requests, open and closed, by number.
func (r *Repository) Pulls() []*Pull {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	return append([]*Pull(nil), r.pulls...)
}

func locked[T any](p *Pull, read func() T) T {
	p.repo.g.mu.Lock()
	defer p.repo.g.mu.Unlock()
	return read()
}

// Close closes it.
func (p *Pull) Close(login string) { p.act(login, func(a *account) { p.setOpen(a, false) }) }

// Reopen opens it again.
func (p *Pull) Reopen(login string) { p.act(login, func(a *account) { p.setOpen(a, true) }) }

// Ready marks it as ready for review.
func (p *Pull) Ready(login string) { p.act(login, func(a *account) { p.setDraft(a, false) }) }

// Retarget changes the base branch.
func (p *Pull) Retarget(login, base string) {
	p.act(login, func(a *account) {
		p.repo.head(base)
		p.setBase(a, base)
	})
}

// Merge merges it, deletes nothing, and returns the merge commit's name.
func (p *Pull) Merge(login string) string {
	var commit plumbing.Hash
	p.act(login, func(a *account) {
		var clean bool
		message := fmt.Sprintf("Merge pull request #%d from %s/%s\n\n%s", p.Number, p.headLabel, p.headBranch, p.title)
		commit, clean = p.repo.mergeCommit(a, p.repo.head(p.baseBranch), p.headSHA, message)
		if !clean {
			panic(fmt.Sprintf("githubtest: pull request %d has conflicts", p.Number))
		}
		p.merged = commit
		p.setOpen(a, false)
		p.repo.setRef(a, "refs/heads/"+p.baseBranch, commit)
	})
	return commit.String()
}

func (p *Pull) act(login string, do func(*account)) {
	p.repo.g.mu.Lock()
	defer p.repo.g.mu.Unlock()
	do(p.repo.g.account(login))
}

func (p *Pull) setOpen(actor *account, open bool) {
	if p.open == open {
		return
	}
	p.open = open
	action := "reopened"
	p.closed = time.Time{}
	if !open {
		action = "closed"
		p.closed = p.repo.g.now()
	}
	p.event(actor, action, nil)
}

func (p *Pull) setDraft(actor *account, draft bool) {
	if p.draft == draft {
		return
	}
	p.draft = draft
	action := "ready_for_review"
	if draft {
		action = "converted_to_draft"
	}
	p.event(actor, action, nil)
}

func (p *Pull) setBase(actor *account, base string) {
	was, sha := p.baseBranch, p.baseSHA()
	if was == base {
		return
	}
	p.baseBranch = base
	p.event(actor, "edited", object{"changes": object{"base": object{"ref": object{"from": was}, "sha": object{"from": sha}}}})
}

func (p *Pull) baseSHA() string { return p.repo.refs["refs/heads/"+p.baseBranch].String() }

// fork reports whether the head is not in the base's repository.
func (p *Pull) fork() bool { return p.head != p.repo }

func (p *Pull) sideJSON(owner *account, login string, repo *Repository, branch, sha string) object {
	side := object{"label": login + ":" + branch, "ref": branch, "sha": sha, "user": owner.json(p.repo.g), "repo": nil}
	if repo != nil {
		side["repo"] = repo.json()
	}
	return side
}

// simpleJSON is a pull request in lists.
func (p *Pull) simpleJSON() object {
	r, n := p.repo, p.Number
	state := "open"
	if !p.open {
		state = "closed"
	}
	var headOwner *account
	head := p.head
	if head != nil && r.g.repository(head.owner.login, head.name) != head {
		head = nil // deleted
	}
	if head != nil {
		headOwner = head.owner
	}
	labels, reviewers, teams, assignees := []object{}, []object{}, []object{}, []object{}
	for _, slug := range p.teams {
		teams = append(teams, r.teamJSON(slug))
	}
	for _, l := range p.labels {
		labels = append(labels, r.labelJSON(l))
	}
	for _, a := range p.reviewers {
		reviewers = append(reviewers, a.json(r.g))
	}
	for _, a := range p.assignees {
		assignees = append(assignees, a.json(r.g))
	}
	var assignee object
	if len(assignees) > 0 {
		assignee = assignees[0]
	}
	var merge any
	var mergedAt time.Time
	if !p.merged.IsZero() {
		merge, mergedAt = p.merged.String(), p.closed
	}
	self, issue := r.url("/pulls/%d", n), r.url("/issues/%d", n)
	link := func(href string) object { return object{"href": href} }
	return object{
		"id": p.id, "node_id": nodeID("PullRequest", p.id), "number": n, "state": state, "locked": false, "title": p.title,
		"user": p.author.json(r.g), "body": optional(p.body), "draft": p.draft, "labels": labels, "milestone": nil,
		"requested_reviewers": reviewers, "requested_teams": teams, "assignees": assignees, "assignee": assignee,
		"created_at": stamp(p.created), "updated_at": stamp(p.updated), "closed_at": optionalStamp(p.closed), "merged_at": optionalStamp(mergedAt),
		"merge_commit_sha": merge, "auto_merge": nil, "active_lock_reason": nil, "author_association": "CONTRIBUTOR",
		"head": p.sideJSON(headOwner, p.headLabel, head, p.headBranch, p.headSHA.String()),
		"base": p.sideJSON(r.owner, r.owner.login, r, p.baseBranch, p.baseSHA()),
		"url":  self, "html_url": r.html("/pull/%d", n), "diff_url": r.html("/pull/%d.diff", n), "patch_url": r.html("/pull/%d.patch", n),
		"issue_url": issue, "commits_url": self + "/commits", "review_comments_url": self + "/comments",
		"review_comment_url": r.url("/pulls/comments{/number}"), "comments_url": issue + "/comments", "statuses_url": r.url("/statuses/%s", p.headSHA),
		"_links": object{
			"self": link(self), "html": link(r.html("/pull/%d", n)), "issue": link(issue), "comments": link(issue + "/comments"),
			"review_comments": link(self + "/comments"), "review_comment": link(r.url("/pulls/comments{/number}")),
			"commits": link(self + "/commits"), "statuses": link(r.url("/statuses/%s", p.headSHA)),
		},
	}
}

// json is a pull request on its own and in webhooks.
func (p *Pull) json() object {
	body := p.simpleJSON()
	n := p.repo.network
	comments, reviewComments := 0, 0
	for _, c := range p.repo.comments {
		if c.number == p.Number {
			comments++
		}
	}
	for _, r := range p.reviews {
		reviewComments += len(r.comments)
	}
	commits, added, deleted, files := 0, 0, 0, 0
	if tip, ok := p.repo.refs["refs/heads/"+p.baseBranch]; ok {
		commits = len(n.without(tip, p.headSHA))
		if base := n.mergeBase(tip, p.headSHA); !base.IsZero() {
			for _, f := range p.repo.diff(n.commitObject(base).TreeHash, n.commitObject(p.headSHA).TreeHash, p.headSHA) {
				added += f["additions"].(int)
				deleted += f["deletions"].(int)
				files++
			}
		}
	}
	maps.Copy(body, object{
		"merged": !p.merged.IsZero(), "mergeable": nil, "rebaseable": nil, "mergeable_state": "unknown", "merged_by": nil,
		"comments": comments, "review_comments": reviewComments, "maintainer_can_modify": p.fork(),
		"commits": commits, "additions": added, "deletions": deleted, "changed_files": files,
	})
	return body
}
