package githubtest

import (
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// Push commits changes on top of a branch and pushes it, and returns the commit's name. A
// branch that is not there starts at the default branch.
func (r *Repository) Push(login, branch, message string, changes ...Change) string {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	actor := r.g.account(login)
	var parents []plumbing.Hash
	var tree plumbing.Hash
	tip, exists := r.refs["refs/heads/"+branch]
	if !exists {
		tip, exists = r.refs["refs/heads/"+r.defaultBranch]
	}
	if exists {
		parents, tree = []plumbing.Hash{tip}, r.network.commitObject(tip).TreeHash
	}
	who := actor.signature(r.g.now())
	commit := r.network.commit(r.network.edit(tree, changes), message, who, who, parents...)
	r.setRef(actor, "refs/heads/"+branch, commit)
	return commit.String()
}

// ForcePush makes a branch point to a commit, whatever it was before.
func (r *Repository) ForcePush(login, branch, commit string) {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	hash := plumbing.NewHash(commit)
	if !r.network.hasCommit(hash) {
		panic("githubtest: there is no commit " + commit)
	}
	r.setRef(r.g.account(login), "refs/heads/"+branch, hash)
}

// Merge merges one branch into another and returns the merge commit's name.
func (r *Repository) Merge(login, into, from string) string {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	actor := r.g.account(login)
	commit, clean := r.mergeCommit(actor, r.head(into), r.head(from), "Merge branch '"+from+"' into "+into)
	if !clean {
		panic("githubtest: " + from + " conflicts with " + into)
	}
	r.setRef(actor, "refs/heads/"+into, commit)
	return commit.String()
}

// DeleteBranch takes a branch away.
func (r *Repository) DeleteBranch(login, branch string) {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	r.head(branch)
	r.setRef(r.g.account(login), "refs/heads/"+branch, plumbing.ZeroHash)
}

// head is the tip of a branch, which must be there.
func (r *Repository) head(branch string) plumbing.Hash {
	hash, ok := r.refs["refs/heads/"+branch]
	if !ok {
		panic("githubtest: " + r.Name() + " has no branch " + branch)
	}
	return hash
}

// Branch is the commit at the tip of a branch, empty when there is no such branch.
func (r *Repository) Branch(name string) string {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	if hash, ok := r.refs["refs/heads/"+name]; ok {
		return hash.String()
	}
	return ""
}

// A Commit is what a commit says.
type Commit struct {
	Message, Author string
	Parents         []string
	Verified        bool // signed by GitHub
}

// Commit reads a commit.
func (r *Repository) Commit(name string) Commit {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	hash := plumbing.NewHash(name)
	c := r.network.commitObject(hash)
	var parents []string
	for _, p := range c.ParentHashes {
		parents = append(parents, p.String())
	}
	return Commit{Message: c.Message, Author: c.Author.Name, Parents: parents, Verified: r.network.verified[hash]}
}

// Files are the texts of all files of a commit by path, links with their target.
func (r *Repository) Files(commit string) map[string]string {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	files := map[string]string{}
	for path, e := range r.network.flatten(r.network.commitObject(plumbing.NewHash(commit)).TreeHash) {
		files[path], _ = r.network.blob(e.hash)
	}
	return files
}

// mergeCommit makes the commit that merges theirs into ours.
func (r *Repository) mergeCommit(actor *account, ours, theirs plumbing.Hash, message string) (plumbing.Hash, bool) {
	n := r.network
	var base plumbing.Hash
	if common := n.mergeBase(ours, theirs); !common.IsZero() {
		base = n.commitObject(common).TreeHash
	}
	tree, clean := n.mergeTrees(base, n.commitObject(ours).TreeHash, n.commitObject(theirs).TreeHash)
	if !clean {
		return plumbing.ZeroHash, false
	}
	commit := n.commit(tree, message, actor.signature(r.g.now()), githubSignature(r.g.now()), ours, theirs)
	n.verified[commit] = true
	return commit, true
}

// setRef moves a reference, zero deletes it, and tells whom it concerns.
func (r *Repository) setRef(actor *account, name string, to plumbing.Hash) {
	from := r.refs[name]
	if to.IsZero() {
		delete(r.refs, name)
	} else {
		r.refs[name] = to
	}
	branch, isBranch := strings.CutPrefix(name, "refs/heads/")
	if !isBranch || from == to {
		return
	}
	r.pushEvent(actor, name, from, to)
	if !to.IsZero() {
		r.requestSuites(actor, branch, from, to)
	}
	for _, base := range r.g.repositories {
		for _, p := range base.pulls {
			isHead, isBase := p.head == r && p.headBranch == branch, base == r && p.baseBranch == branch
			switch {
			case !p.open:
			case to.IsZero() && (isHead || isBase):
				p.setOpen(actor, false)
			case isHead:
				p.headSHA = to
				base.refs[p.ref()] = to
				p.event(actor, "synchronize", object{"before": from.String(), "after": to.String()})
			}
		}
	}
}
