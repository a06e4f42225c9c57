package repository

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"

	"github.com/chiselbot/chiselbot/checks/source"
)

// Commit is the tree of a commit. The revision is written as for git: a branch, a tag, a
// hash or the unique start of one, "origin/main", "HEAD~2", "v1^2", "@{upstream}", and
// "A...B" for the merge base of A and B. What else `git rev-parse` understands, dates
// and reflogs for instance, is an error.
func (r *Repository) Commit(ctx context.Context, revision string) (source.Tree, error) {
	c, err := r.resolve(ctx, revision)
	if err != nil {
		return source.Tree{}, fmt.Errorf("find commit %q: %w", revision, err)
	}
	root := &storedEntry{objects: r.objects, name: ".", mode: fs.ModeDir | 0o755, hash: c.TreeHash}
	if _, err := root.Entries(); err != nil {
		return source.Tree{}, fmt.Errorf("read commit %q: %w", revision, err)
	}
	return source.Tree{FS: source.FS(root), Commit: c.Hash.String()}, nil
}

// What may follow a name: the branch that a branch follows, and ways to an ancestor.
var (
	upstreamOf = regexp.MustCompile(`^@\{(?i:u|upstream)\}`)
	oneStep    = regexp.MustCompile(`^(?:~[0-9]*|\^\{(?:commit)?\}|\^[0-9]*)`)
	allSteps   = regexp.MustCompile(`^(?:~[0-9]*|\^\{(?:commit)?\}|\^[0-9]*)*$`)
)

var errUnknownStep = errors.New("this way of writing is not understood; give a branch, a tag or the hash that `git rev-parse` prints for it")

// resolve finds the commit of a revision.
// https://git-scm.com/docs/gitrevisions describes how one is written.
func (r *Repository) resolve(ctx context.Context, revision string) (*object.Commit, error) {
	if a, b, ok := strings.Cut(revision, "..."); ok {
		one, err := r.resolve(ctx, cmp.Or(a, "HEAD"))
		if err != nil {
			return nil, err
		}
		two, err := r.resolve(ctx, cmp.Or(b, "HEAD"))
		if err != nil {
			return nil, err
		}
		return r.mergeBase(ctx, one, two)
	}

	if revision == "" {
		return nil, errors.New("no revision given")
	}
	name, rest := cutName(revision)
	upstream := upstreamOf.FindString(rest)
	rest = rest[len(upstream):]
	if !allSteps.MatchString(rest) || name == "" && upstream == "" {
		return nil, errUnknownStep
	}
	if upstream != "" {
		var err error
		if name, err = r.upstream(name); err != nil {
			return nil, err
		}
	}
	c, err := r.named(name)
	for err == nil && rest != "" {
		step := oneStep.FindString(rest)
		c, err = r.step(ctx, c, step)
		rest = rest[len(step):]
	}
	return c, err
}

// cutName cuts a revision where its name ends.
func cutName(revision string) (name, rest string) {
	end := len(revision)
	if i := strings.IndexAny(revision, "~^:"); i >= 0 {
		end = i
	}
	if i := strings.Index(revision[:end], "@{"); i >= 0 {
		end = i
	}
	return revision[:end], revision[end:]
}

// step goes from a commit to one of its ancestors.
func (r *Repository) step(ctx context.Context, c *object.Commit, step string) (*object.Commit, error) {
	n := 1
	if digits := step[1:]; strings.HasPrefix(digits, "{") {
		return c, nil
	} else if digits != "" {
		var err error
		if n, err = strconv.Atoi(digits); err != nil {
			return nil, fmt.Errorf("%s: not a number of commits", step)
		}
	}
	if step[0] == '^' {
		if n == 0 {
			return c, nil
		}
		return r.parent(c, n)
	}
	for range n {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var err error
		if c, err = r.parent(c, 1); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// parent is the n-th parent of a commit, counted from one.
func (r *Repository) parent(c *object.Commit, n int) (*object.Commit, error) {
	if len(c.ParentHashes) == 0 {
		return nil, fmt.Errorf("commit %s is the first one and has no parent", short(c.Hash))
	}
	if n > len(c.ParentHashes) {
		return nil, fmt.Errorf("commit %s has %d parents", short(c.Hash), len(c.ParentHashes))
	}
	cut, err := r.shallow()
	if err != nil {
		return nil, err
	}
	if cut[c.Hash] {
		return nil, fmt.Errorf("commit %s is where this shallow clone ends; `git fetch --unshallow` gets the rest", short(c.Hash))
	}
	return r.objects.commit(c.ParentHashes[n-1])
}

// named finds the commit that a name without further steps stands for: a whole hash, a
// reference, or the start of a hash, in the order in which git tries them.
func (r *Repository) named(name string) (*object.Commit, error) {
	if name == "@" {
		name = "HEAD"
	}
	if plumbing.IsHash(name) {
		return r.objects.commit(plumbing.NewHash(name))
	}
	for _, rule := range plumbing.RefRevParseRules {
		ref, err := storer.ResolveReference(r.refs, plumbing.ReferenceName(fmt.Sprintf(rule, name)))
		if err == nil {
			return r.objects.commit(ref.Hash())
		}
	}
	if name == "HEAD" {
		return nil, errors.New("the repository has no commits on this branch yet; commit once, then review")
	}
	found, err := r.objects.withPrefix(name)
	if err != nil {
		return nil, err
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, r.unknown(name)
	default:
		return nil, fmt.Errorf("%d commits start with it, %s and %s among them; give more digits", len(found), found[0].Hash, found[1].Hash)
	}
}

// unknown is the error for a name that is neither branch, tag nor hash.
func (r *Repository) unknown(name string) error {
	for _, remote := range r.remotes() {
		if _, err := r.refs.Reference(plumbing.NewRemoteReferenceName(remote, name)); err == nil {
			return fmt.Errorf("no branch, tag or commit of that name; is %s/%s meant?", remote, name)
		}
	}
	return errors.New("no branch, tag or commit of that name in this clone; `git fetch` may bring it")
}

// upstream is the full name of the branch that a branch follows; an empty name or HEAD
// is the current branch.
func (r *Repository) upstream(name string) (string, error) {
	if name == "" || name == "@" || name == "HEAD" {
		head, err := r.refs.Reference(plumbing.HEAD)
		if err != nil || head.Type() != plumbing.SymbolicReference {
			return "", errors.New("no branch is checked out, so there is no upstream")
		}
		name = head.Target().Short()
	}
	branch := r.config.Branches[name]
	if branch == nil || branch.Remote == "" || branch.Merge == "" {
		return "", fmt.Errorf("branch %s follows no other one; `git branch --set-upstream-to` sets it", name)
	}
	if branch.Remote == "." {
		return branch.Merge.String(), nil
	}
	if remote := r.config.Remotes[branch.Remote]; remote != nil {
		for _, spec := range remote.Fetch {
			if spec.Match(branch.Merge) {
				return spec.Dst(branch.Merge).String(), nil
			}
		}
	}
	return "", fmt.Errorf("branch %s follows %s of %s, which is not fetched here", name, branch.Merge.Short(), branch.Remote)
}

// minPrefix is the fewest hex digits that name a commit, as in git.
const minPrefix = 4

// withPrefix finds the commits whose hash, or whose tag's hash, starts with the digits.
func (o *objects) withPrefix(digits string) ([]*object.Commit, error) {
	digits = strings.ToLower(digits)
	start, err := hex.DecodeString(digits[:len(digits)&^1])
	if err != nil || len(digits) < minPrefix || len(digits) > 2*len(plumbing.ZeroHash) {
		return nil, nil
	}
	var hashes []plumbing.Hash
	o.mu.Lock()
	for _, s := range o.stores {
		more, err := s.HashesWithPrefix(start)
		if err != nil {
			o.mu.Unlock()
			return nil, fmt.Errorf("look for objects: %w", err)
		}
		hashes = append(hashes, more...)
	}
	o.mu.Unlock()
	slices.SortFunc(hashes, func(a, b plumbing.Hash) int { return strings.Compare(a.String(), b.String()) })

	var found []*object.Commit
	for _, h := range slices.Compact(hashes) {
		if !strings.HasPrefix(h.String(), digits) {
			continue
		}
		if c, err := o.commit(h); err == nil {
			found = append(found, c)
		}
	}
	return found, nil
}

// short is a hash as people write it.
func short(h plumbing.Hash) string { return h.String()[:10] }
