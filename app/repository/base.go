package repository

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/storer"
)

// DefaultBase is the revision that a change up to head starts from, written so that
// [Repository.Commit] and git understand it: "origin/main...HEAD", the merge base of the
// head and the remote's default branch. Without a remote it is that of the local branch
// main or master. An empty head is HEAD, which suits the working tree.
func (r *Repository) DefaultBase(ctx context.Context, head string) (string, error) {
	if head == "" {
		head = "HEAD"
	}
	c, err := r.resolve(ctx, head)
	if err != nil {
		return "", fmt.Errorf("find commit %q: %w", head, err)
	}
	if strings.Contains(head, "...") {
		head = c.Hash.String()
	}
	branch, err := r.defaultBranch()
	if err != nil {
		return "", fmt.Errorf("find base: %w", err)
	}
	return branch + "..." + head, nil
}

// defaultBranch is the short name of the remote's default branch as this clone knows
// it, or of the local one.
func (r *Repository) defaultBranch() (string, error) {
	names := []string{"main", "master"}
	if global, err := config.LoadConfig(config.GlobalScope); err == nil && global.Init.DefaultBranch != "" {
		names = append([]string{global.Init.DefaultBranch}, names...)
	}
	remotes := r.remotes()
	for _, remote := range remotes {
		if head, err := r.refs.Reference(plumbing.NewRemoteHEADReferenceName(remote)); err == nil && r.exists(head.Target()) {
			return head.Target().Short(), nil
		}
		for _, name := range names {
			if ref := plumbing.NewRemoteReferenceName(remote, name); r.exists(ref) {
				return ref.Short(), nil
			}
		}
	}
	for _, name := range names {
		if r.exists(plumbing.NewBranchReferenceName(name)) {
			return name, nil
		}
	}
	if len(remotes) > 0 {
		return "", fmt.Errorf("the default branch of %s is not in this clone; fetch it, for instance with `git fetch %s main`, or say which commit with --base", remotes[0], remotes[0])
	}
	return "", errors.New("no remote and no branch main or master; say which commit to compare with, for instance --base HEAD~1")
}

// remotes are the remotes whose default branch may be meant: the one that the current
// branch follows, origin, and one that is the only one.
func (r *Repository) remotes() []string {
	var names []string
	if head, err := r.refs.Reference(plumbing.HEAD); err == nil && head.Type() == plumbing.SymbolicReference {
		if b := r.config.Branches[head.Target().Short()]; b != nil && r.config.Remotes[b.Remote] != nil {
			names = append(names, b.Remote)
		}
	}
	if r.config.Remotes["origin"] != nil {
		names = append(names, "origin")
	}
	if len(r.config.Remotes) == 1 {
		for name := range r.config.Remotes {
			names = append(names, name)
		}
	}
	return slices.Compact(names)
}

func (r *Repository) exists(name plumbing.ReferenceName) bool {
	_, err := storer.ResolveReference(r.refs, name)
	return err == nil
}
