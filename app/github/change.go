package github

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-github/v57/github"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/checks/source"
)

const (
	// maxCommits is how many commits of a comparison are looked at: enough to see that of
	// the head, whose tree is of interest.
	maxCommits = 100
	// maxFolders bounds the requests for a tree that GitHub does not show in one answer.
	maxFolders = 32
	// maxKept is the largest listing that the cache is given.
	maxKept = 4 << 20
	// maxPrefetched and maxPrefetchedBytes bound the files that are read of a change: twenty
	// queries, and what a few reviews at once can hold.
	maxPrefetched      = 2000
	maxPrefetchedBytes = 32 << 20
)

// A change is two trees of one repository, and files at a third.
type change struct {
	base, head, tip source.Tree
	before, after   *listing
	blobs           *blobs
	maxFiles        int
}

func (c *change) Base() source.Tree { return c.base }
func (c *change) Head() source.Tree { return c.head }
func (c *change) Tip() source.Tree  { return c.tip }
func (c *change) HeadTree() string  { return c.after.tree }
func (c *change) Changed() []string { return c.before.changed(c.after) }

// Prefetch gets what rank wants of both trees, within the limits.
func (c *change) Prefetch(ctx context.Context, rank func(path string) int) ([]string, error) {
	type ranked struct {
		path string
		rank int
		item item
	}
	var all []ranked
	for _, l := range []*listing{c.before, c.after} {
		for path, it := range l.items {
			if !it.regular() || it.size > source.MaxFileBytes {
				continue
			}
			if n := rank(path); n >= 0 {
				all = append(all, ranked{path, n, it})
			}
		}
	}
	slices.SortFunc(all, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.path, b.path), cmp.Compare(a.item.sha, b.item.sha))
	})
	var items []item
	var beyond []string
	chosen, bytes := map[string]bool{}, int64(0)
	for _, one := range all {
		if chosen[one.item.sha] {
			continue
		}
		if bytes += one.item.guess(); len(items) == c.maxFiles || bytes > maxPrefetchedBytes {
			bytes = math.MaxInt64 / 2 // what follows is farther away, however small
			beyond = append(beyond, one.path)
			continue
		}
		chosen[one.item.sha] = true
		items = append(items, one.item)
	}
	slices.Sort(beyond)
	return slices.Compact(beyond), c.blobs.fetch(ctx, items)
}

// Change compares the commits, in one request when the merge base's tree is known: the
// head's follows from the files that the comparison names.
func (c *Client) Change(ctx context.Context, repo app.Repository, base, head string, atTip []string) (app.Change, error) {
	client := c.in(repo, reviewing)
	comparison, _, err := client.Repositories.CompareCommits(ctx, repo.Owner, repo.Name, base, head, &github.ListOptions{PerPage: maxCommits})
	if err != nil {
		return nil, wrap(err, "compare %.12s with %.12s of %s", base, head, repo)
	}
	common := comparison.GetMergeBaseCommit()
	before, err := c.listing(ctx, repo, common.GetCommit().GetTree().GetSHA())
	if err != nil {
		return nil, err
	}
	after, err := c.headListing(ctx, repo, comparison, before, head)
	if err != nil {
		return nil, err
	}
	b := c.newBlobs(repo)
	ch := &change{before: before, after: after, blobs: b, maxFiles: c.config.MaxFiles}
	ch.base = (&tree{ctx, before, b}).source(common.GetSHA())
	ch.head = (&tree{ctx, after, b}).source(head)
	if ch.tip, err = c.tip(ctx, repo, comparison, ch, atTip); err != nil {
		return nil, err
	}
	return ch, nil
}

// headListing is the listing of the head, derived from the merge base's or fetched.
func (c *Client) headListing(ctx context.Context, repo app.Repository, comparison *github.CommitsComparison, before *listing, head string) (*listing, error) {
	var root string
	switch n := len(comparison.Commits); {
	case comparison.GetMergeBaseCommit().GetSHA() == head:
		return before, nil
	case n > 0 && comparison.Commits[n-1].GetSHA() == head:
		root = comparison.Commits[n-1].GetCommit().GetTree().GetSHA()
	default:
		commit, _, err := c.in(repo, reviewing).Git.GetCommit(ctx, repo.Owner, repo.Name, head)
		if err != nil {
			return nil, wrap(err, "read commit %.12s of %s", head, repo)
		}
		root = commit.GetTree().GetSHA()
	}
	if l := c.listings.get(root); l != nil {
		return l, nil
	}
	if l, ok := before.with(comparison.Files, root); ok {
		c.listings.put(l)
		return l, nil
	}
	return c.listing(ctx, repo, root)
}

// tip is the base's tip with the named files: the merge base itself when the branch has
// not moved on, else what one query finds.
func (c *Client) tip(ctx context.Context, repo app.Repository, comparison *github.CommitsComparison, ch *change, names []string) (source.Tree, error) {
	commit := comparison.GetBaseCommit()
	if root := commit.GetCommit().GetTree().GetSHA(); root == ch.before.tree {
		return (&tree{ctx, ch.before, ch.blobs}).source(commit.GetSHA()), nil
	} else if l := c.listings.get(root); l != nil {
		return (&tree{ctx, l, ch.blobs}).source(commit.GetSHA()), nil
	}
	key := commit.GetSHA() + "\x00" + strings.Join(names, "\x00")
	l := c.listings.get(key)
	if l == nil {
		items, err := c.askTip(ctx, repo, commit.GetSHA(), names, ch.blobs)
		if err != nil {
			return source.Tree{}, wrap(err, "read files at the tip of %s", repo)
		}
		l = newListing(key, items)
		c.listings.put(l)
	}
	return (&tree{ctx, l, ch.blobs}).source(commit.GetSHA()), nil
}

// askTip finds files of a commit by their names, with their contents and the modes that
// their folders give them.
func (c *Client) askTip(ctx context.Context, repo app.Repository, commit string, names []string, b *blobs) (map[string]item, error) {
	if len(names) == 0 {
		return nil, nil
	}
	var query, parameters strings.Builder
	variables := map[string]any{"owner": repo.Owner, "name": repo.Name}
	for i, name := range names {
		dir := path.Dir(name)
		if dir == "." {
			dir = ""
		}
		fmt.Fprintf(&parameters, ", $f%d: String!, $d%d: String!", i, i)
		fmt.Fprintf(&query, " f%d: object(expression: $f%d) { %s } d%d: object(expression: $d%d) { ... on Tree { entries { name mode oid size } } }", i, i, blobFields, i, i)
		variables["f"+strconv.Itoa(i)], variables["d"+strconv.Itoa(i)] = commit+":"+name, commit+":"+dir
	}
	var answer struct {
		Repository map[string]*struct {
			blob
			Entries []struct {
				Name string `json:"name"`
				Mode uint32 `json:"mode"`
				OID  string `json:"oid"`
				Size int64  `json:"size"`
			} `json:"entries"`
		} `json:"repository"`
	}
	text := "query($owner: String!, $name: String!" + parameters.String() + ") { repository(owner: $owner, name: $name) {" + query.String() + " } }"
	if err := c.query(ctx, repo, text, variables, &answer); err != nil {
		return nil, err
	}
	items, fetched := map[string]item{}, map[string][]byte{}
	for i, name := range names {
		folder := answer.Repository["d"+strconv.Itoa(i)]
		if folder == nil {
			continue
		}
		for _, e := range folder.Entries {
			if e.Name != path.Base(name) || e.Mode == modeFolder {
				continue
			}
			it := item{mode: e.Mode, sha: e.OID, size: e.Size}
			items[name] = it
			if found := answer.Repository["f"+strconv.Itoa(i)]; found != nil && found.OID == it.sha {
				if err := b.take(ctx, it, &found.blob, fetched); err != nil {
					return nil, err
				}
			}
		}
	}
	return items, c.config.Objects.KeepObjects(ctx, fetched)
}

// Tree opens one commit.
func (c *Client) Tree(ctx context.Context, repo app.Repository, revision string) (source.Tree, error) {
	expression := "HEAD"
	if revision != "" {
		expression = revision
		if !isCommitName(revision) {
			expression = "refs/heads/" + revision
		}
	}
	var answer struct {
		Repository struct {
			Object *struct {
				OID  string `json:"oid"`
				Tree struct {
					OID string `json:"oid"`
				} `json:"tree"`
			} `json:"object"`
		} `json:"repository"`
	}
	err := c.query(ctx, repo, `query($owner: String!, $name: String!, $expression: String!) {
  repository(owner: $owner, name: $name) { object(expression: $expression) { ... on Commit { oid tree { oid } } } }
}`, map[string]any{"owner": repo.Owner, "name": repo.Name, "expression": expression}, &answer)
	if err != nil {
		return source.Tree{}, wrap(err, "open %s of %s", expression, repo)
	}
	b := c.newBlobs(repo)
	found := answer.Repository.Object
	switch {
	case found == nil && revision == "":
		return (&tree{ctx, newListing("", nil), b}).source(""), nil
	case found == nil || found.OID == "":
		return source.Tree{}, wrap(app.ErrNotFound, "open %s of %s", expression, repo)
	}
	l, err := c.listing(ctx, repo, found.Tree.OID)
	if err != nil {
		return source.Tree{}, err
	}
	return (&tree{ctx, l, b}).source(found.OID), nil
}

func isCommitName(s string) bool {
	return len(s) == 40 && strings.Trim(s, "0123456789abcdef") == ""
}

// listing is that of a tree: from memory, from the cache, or from GitHub.
func (c *Client) listing(ctx context.Context, repo app.Repository, root string) (*listing, error) {
	if l := c.listings.get(root); l != nil {
		return l, nil
	}
	cached, err := c.config.Objects.Objects(ctx, []string{root})
	if err != nil {
		return nil, fmt.Errorf("read the cached listing of %s: %w", repo, err)
	}
	if data, ok := cached[root]; ok {
		if l, err := decodeListing(root, data); err == nil {
			c.listings.put(l)
			return l, nil
		}
	}
	w := &walk{client: c, repo: repo, items: map[string]item{}}
	if err := w.folder(ctx, root, ""); err != nil {
		return nil, wrap(err, "list the files of %s", repo)
	}
	l := newListing(root, w.items)
	c.listings.put(l)
	if data := l.encode(); l.exact && len(data) <= maxKept {
		if err := c.config.Objects.KeepObjects(ctx, map[string][]byte{root: data}); err != nil {
			return nil, fmt.Errorf("cache the listing of %s: %w", repo, err)
		}
	}
	return l, nil
}

// A walk lists a tree: at once, or folder by folder when GitHub does not show it whole.
type walk struct {
	client   *Client
	repo     app.Repository
	items    map[string]item
	names    int
	requests int
}

var errHuge = errors.New("it has more files than can be listed")

func (w *walk) folder(ctx context.Context, sha, prefix string) error {
	all, err := w.list(ctx, sha, true)
	if err != nil {
		return err
	}
	if !all.GetTruncated() {
		return w.add(all.Entries, prefix)
	}
	here, err := w.list(ctx, sha, false)
	if err != nil {
		return err
	}
	if here.GetTruncated() {
		return errHuge
	}
	if err := w.add(here.Entries, prefix); err != nil {
		return err
	}
	for _, e := range here.Entries {
		if e.GetType() == "tree" {
			if err := w.folder(ctx, e.GetSHA(), prefix+e.GetPath()+"/"); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *walk) list(ctx context.Context, sha string, recursive bool) (*github.Tree, error) {
	if w.requests++; w.requests > maxFolders {
		return nil, errHuge
	}
	t, _, err := w.client.in(w.repo, reviewing).Git.GetTree(ctx, w.repo.Owner, w.repo.Name, sha, recursive)
	return t, err
}

func (w *walk) add(entries []*github.TreeEntry, prefix string) error {
	if w.names += len(entries); w.names > maxNames {
		return errHuge
	}
	for _, e := range entries {
		name := prefix + e.GetPath()
		mode, err := strconv.ParseUint(e.GetMode(), 8, 32)
		if err != nil {
			return fmt.Errorf("%.60q has the mode %q", name, e.GetMode())
		}
		if err := checkPath(name); err != nil {
			return err
		}
		if mode != modeFolder {
			w.items[name] = item{mode: uint32(mode), sha: e.GetSHA(), size: int64(e.GetSize())}
		}
	}
	return nil
}
