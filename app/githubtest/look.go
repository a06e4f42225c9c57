package githubtest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	gitobject "github.com/go-git/go-git/v5/plumbing/object"
)

// State is open, draft, merged or closed.
func (p *Pull) State() string { return locked(p, p.stateName) }

func (p *Pull) stateName() string {
	switch {
	case !p.merged.IsZero():
		return "merged"
	case !p.open:
		return "closed"
	case p.draft:
		return "draft"
	}
	return "open"
}

// Base is the branch that it is to be merged into, Branch the one that it comes from, as
// "owner:branch" when that is a fork's.
func (p *Pull) Base() string { return locked(p, func() string { return p.baseBranch }) }

// Branch is the branch of the head.
func (p *Pull) Branch() string { return locked(p, p.branchLabel) }

func (p *Pull) branchLabel() string {
	if p.fork() {
		return p.headLabel + ":" + p.headBranch
	}
	return p.headBranch
}

// Diff is what the pull request changes, as a patch.
func (p *Pull) Diff() string {
	return locked(p, func() string {
		var b strings.Builder
		for _, f := range p.patches() {
			b.WriteString(f.patch)
		}
		return b.String()
	})
}

// A patch is what a pull request changes in one file.
type patch struct{ path, patch string }

func (p *Pull) patches() []patch {
	n := p.repo.network
	base := p.base()
	if !base.IsZero() {
		base = n.mergeBase(base, p.headSHA)
	}
	if base.IsZero() {
		return nil
	}
	text := func(e gitobject.TreeEntry) string {
		if e.Mode == filemode.Empty || e.Mode == filemode.Submodule {
			return ""
		}
		data, _ := n.blob(e.Hash)
		return data
	}
	var list []patch
	for _, d := range n.renamed(n.differences(n.commitObject(base).TreeHash, n.commitObject(p.headSHA).TreeHash, "")) {
		from, to, name := "a/"+d.from, "b/"+d.to, d.to
		switch {
		case d.from == "":
			from = "/dev/null"
		case d.to == "":
			to, name = "/dev/null", d.from
		}
		before, after := text(d.was), text(d.is)
		if isBinary(before) || isBinary(after) {
			list = append(list, patch{name, fmt.Sprintf("Binary files %s and %s differ\n", from, to)})
			continue
		}
		list = append(list, patch{name, udiff.Unified(from, to, before, after)})
	}
	return list
}

// commits are those that the pull request brings, oldest first.
func (p *Pull) commits() []*gitobject.Commit {
	base := p.base()
	if base.IsZero() {
		return nil
	}
	return p.repo.network.without(base, p.headSHA)
}

// base is where the base branch is, or where it was when the pull request was merged;
// zero when it was deleted.
func (p *Pull) base() plumbing.Hash {
	if !p.merged.IsZero() {
		return p.repo.network.commitObject(p.merged).ParentHashes[0]
	}
	return p.repo.refs["refs/heads/"+p.baseBranch]
}

// Redeliver sends a webhook again, as a person can on the App's page.
func (g *GitHub) Redeliver(id int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.IndexFunc(g.deliveries, func(d *Delivery) bool { return d.ID == id })
	if i < 0 {
		panic(fmt.Sprintf("githubtest: there is no delivery %d", id))
	}
	g.deliver(again(g.deliveries[i]))
}

// again is one more attempt of a delivery.
func again(d *Delivery) *Delivery {
	return &Delivery{
		GUID: d.GUID, Event: d.Event, Action: d.Action, Redelivery: true, Payload: d.Payload,
		app: d.app, installation: d.installation, repository: d.repository,
	}
}
