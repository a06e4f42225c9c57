package githubtest

import (
	"fmt"
	"maps"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
)

// A MergeGroup is a pull request in the merge queue: the commit that its base would
// become.
type MergeGroup struct {
	Head, HeadRef string
	Base, BaseRef string

	repo   *Repository
	commit plumbing.Hash
}

// Enqueue puts pull requests into the merge queue as one group, on top of the base branch.
func (r *Repository) Enqueue(login string, pulls ...*Pull) *MergeGroup {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	actor := r.g.account(login)
	base := pulls[0].baseBranch
	from := r.head(base)
	m := &MergeGroup{Base: from.String(), BaseRef: "refs/heads/" + base, repo: r, commit: from}
	for _, p := range pulls {
		commit, clean := r.mergeCommit(actor, m.commit, p.headSHA, fmt.Sprintf("Merge pull request #%d from %s/%s", p.Number, p.headLabel, p.headBranch))
		if !clean {
			panic(fmt.Sprintf("githubtest: pull request %d has conflicts", p.Number))
		}
		m.commit = commit
	}
	last := pulls[len(pulls)-1]
	m.Head = m.commit.String()
	m.HeadRef = fmt.Sprintf("refs/heads/gh-readonly-queue/%s/pr-%d-%s", base, last.Number, from)
	r.refs[m.HeadRef] = m.commit
	m.event(actor, "checks_requested", nil)
	return m
}

// End takes the group out of the queue: "merged", "invalidated" or "dequeued". Merged, the
// base branch becomes what the group was.
func (m *MergeGroup) End(login, reason string) {
	r := m.repo
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	if !slices.Contains([]string{"merged", "invalidated", "dequeued"}, reason) {
		panic("githubtest: a merge group does not end " + reason)
	}
	actor := r.g.account(login)
	delete(r.refs, m.HeadRef)
	m.event(actor, "destroyed", object{"reason": reason})
	if reason == "merged" {
		r.setRef(actor, m.BaseRef, m.commit)
	}
}

func (m *MergeGroup) event(actor *account, action string, more object) {
	payload := object{"action": action, "merge_group": object{
		"head_sha": m.Head, "head_ref": m.HeadRef, "base_sha": m.Base, "base_ref": m.BaseRef,
		"head_commit": m.repo.headCommitJSON(m.commit),
	}}
	maps.Copy(payload, more)
	m.repo.event(actor, "merge_group", payload, nil)
}
