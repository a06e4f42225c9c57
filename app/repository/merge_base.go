package repository

import (
	"container/heap"
	"context"
	"fmt"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// shallow is the set of commits whose parents were not fetched.
func (r *Repository) shallow() (map[plumbing.Hash]bool, error) {
	hashes, err := r.refs.Shallow()
	if err != nil {
		return nil, fmt.Errorf("read where the shallow clone ends: %w", err)
	}
	set := make(map[plumbing.Hash]bool, len(hashes))
	for _, h := range hashes {
		set[h] = true
	}
	return set, nil
}

// mergeBase is the best common ancestor of two commits. Where several are equally good,
// it is the one committed last, as with git.
func (r *Repository) mergeBase(ctx context.Context, a, b *object.Commit) (*object.Commit, error) {
	cut, err := r.shallow()
	if err != nil {
		return nil, err
	}
	found, err := r.commonAncestors(ctx, a, b, cut)
	if err != nil {
		return nil, err
	}
	// Dates that run backwards can leave an ancestor of another result among them.
	for i, c := range found {
		redundant := false
		for j, other := range found {
			if i == j {
				continue
			}
			common, err := r.commonAncestors(ctx, c, other, cut)
			if err != nil {
				return nil, err
			}
			redundant = redundant || slices.ContainsFunc(common, func(x *object.Commit) bool { return x.Hash == c.Hash })
		}
		if !redundant {
			return c, nil
		}
	}
	if len(cut) > 0 {
		return nil, fmt.Errorf("commits %s and %s have no common ancestor in this shallow clone; `git fetch --unshallow` gets the rest of the history, or say which commit with --base", short(a.Hash), short(b.Hash))
	}
	return nil, fmt.Errorf("commits %s and %s have no common ancestor; say which commit with --base", short(a.Hash), short(b.Hash))
}

// The marks of a commit on the way from two heads down to what they share.
const (
	fromA = 1 << iota
	fromB
	stale // below a common ancestor
)

// commonAncestors walks the history from both commits, latest first, until all that is
// left to walk lies below a common ancestor. This is the way of git's own merge-base,
// which reads no more of the history than it needs.
func (r *Repository) commonAncestors(ctx context.Context, a, b *object.Commit, cut map[plumbing.Hash]bool) ([]*object.Commit, error) {
	nodes := map[plumbing.Hash]*walked{}
	var queue history
	fresh := 0 // how many in the queue are not stale
	add := func(n *walked, marks int) {
		if n.marks|marks == n.marks {
			return
		}
		if marks&stale != 0 && n.marks&stale == 0 {
			fresh -= n.queued
		}
		n.marks |= marks
		n.queued++
		if n.marks&stale == 0 {
			fresh++
		}
		heap.Push(&queue, n)
	}
	node := func(h plumbing.Hash) (*walked, error) {
		if n := nodes[h]; n != nil {
			return n, nil
		}
		c, err := r.objects.commit(h)
		if err != nil {
			return nil, err
		}
		nodes[h] = &walked{commit: c}
		return nodes[h], nil
	}
	for _, head := range []struct {
		commit *object.Commit
		mark   int
	}{{a, fromA}, {b, fromB}} {
		n, err := node(head.commit.Hash)
		if err != nil {
			return nil, err
		}
		add(n, head.mark)
	}

	var shared []*walked
	for fresh > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n := heap.Pop(&queue).(*walked)
		n.queued--
		if n.marks&stale == 0 {
			fresh--
		}
		marks := n.marks
		if marks == fromA|fromB {
			if !n.shared {
				n.shared = true
				shared = append(shared, n)
			}
			marks |= stale
		}
		if cut[n.commit.Hash] {
			continue
		}
		for _, h := range n.commit.ParentHashes {
			parent, err := node(h)
			if err != nil {
				return nil, err
			}
			add(parent, marks)
		}
	}
	var best []*object.Commit
	for _, n := range shared {
		if n.marks&stale == 0 {
			best = append(best, n.commit)
		}
	}
	return best, nil
}

// A walked commit is one that was met on the way.
type walked struct {
	commit *object.Commit
	marks  int
	queued int // how often it is in the queue
	shared bool
}

// history is a heap of commits, the latest on top.
type history []*walked

func (h history) Len() int { return len(h) }
func (h history) Less(i, j int) bool {
	return h[i].commit.Committer.When.After(h[j].commit.Committer.When)
}
func (h history) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *history) Push(n any)   { *h = append(*h, n.(*walked)) }

func (h *history) Pop() any {
	last := len(*h) - 1
	n := (*h)[last]
	*h = (*h)[:last]
	return n
}
