package githubtest

import (
	"context"
	"strings"

	"github.com/aymanbagabas/go-udiff"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	gitobject "github.com/go-git/go-git/v5/plumbing/object"
)

// maxCompared is how many files a comparison shows, all on its first page.
// https://docs.github.com/en/rest/commits/commits#compare-two-commits
const maxCompared = 300

// compare answers with what the head has and the merge base has not. Either side can be
// a commit of a fork, or of another branch as "owner:branch".
func compare(c *call) (*reply, error) {
	base, head, found := strings.Cut(c.request.PathValue("basehead"), "...")
	if !found {
		return nil, notFound()
	}
	from, err := c.compared(base)
	if err != nil {
		return nil, err
	}
	to, err := c.compared(head)
	if err != nil {
		return nil, err
	}
	n := c.repo.network
	mergeBase := n.mergeBase(from, to)
	if mergeBase.IsZero() {
		return nil, &problem{status: 404, message: "No common ancestor between " + base + " and " + head + "."}
	}
	ahead, behind := n.without(from, to), n.without(to, from)
	status := "diverged"
	switch {
	case from == to:
		status = "identical"
	case len(behind) == 0:
		status = "ahead"
	case len(ahead) == 0:
		status = "behind"
	}
	files := []object{}
	if c.number("page", 1, 1_000_000) == 1 {
		files = c.repo.diff(n.commitObject(mergeBase).TreeHash, n.commitObject(to).TreeHash, to)
		files = files[:min(len(files), maxCompared)]
	}
	commits := []object{}
	shown, header := page(c, ahead)
	for _, commit := range shown {
		commits = append(commits, c.repo.commitJSON(commit.Hash))
	}
	return &reply{header: header, body: object{
		"url":      c.repo.url("/compare/%s...%s", base, head),
		"html_url": c.repo.html("/compare/%s...%s", base, head), "permalink_url": c.repo.html("/compare/%s...%s", base, head),
		"diff_url": c.repo.html("/compare/%s...%s.diff", base, head), "patch_url": c.repo.html("/compare/%s...%s.patch", base, head),
		"base_commit": c.repo.commitJSON(from), "merge_base_commit": c.repo.commitJSON(mergeBase), "status": status,
		"ahead_by": len(ahead), "behind_by": len(behind), "total_commits": len(ahead), "commits": commits, "files": files,
	}}, nil
}

func (c *call) compared(revision string) (plumbing.Hash, error) {
	repo := c.repo
	if owner, branch, ok := strings.Cut(revision, ":"); ok {
		for _, r := range c.g.repositories {
			if r.network == c.repo.network && strings.EqualFold(r.owner.login, owner) {
				repo, revision = r, branch
			}
		}
	}
	hash, ok := repo.resolve(revision)
	if !ok {
		return plumbing.ZeroHash, notFound()
	}
	return hash, nil
}

// diff is the files that differ between two trees, as GitHub lists them at a commit.
func (r *Repository) diff(from, to, at plumbing.Hash) []object {
	n := r.network
	changes, err := gitobject.DiffTreeWithOptions(context.Background(), n.tree(from), n.tree(to), gitobject.DefaultDiffTreeOptions)
	if err != nil {
		panic(err)
	}
	files := []object{}
	for _, change := range changes {
		was, is := change.From, change.To
		entry := object{"filename": is.Name, "sha": is.TreeEntry.Hash.String(), "status": "modified"}
		switch {
		case was.Name == "":
			entry["status"] = "added"
		case is.Name == "":
			entry["status"], entry["filename"], entry["sha"] = "removed", was.Name, was.TreeEntry.Hash.String()
		case was.Name != is.Name:
			entry["status"], entry["previous_filename"] = "renamed", was.Name
		}
		added, deleted := r.lineCounts(was.TreeEntry, is.TreeEntry)
		entry["additions"], entry["deletions"], entry["changes"] = added, deleted, added+deleted
		name := entry["filename"].(string)
		entry["blob_url"], entry["raw_url"] = r.html("/blob/%s/%s", at, name), r.html("/raw/%s/%s", at, name)
		entry["contents_url"] = r.url("/contents/%s?ref=%s", name, at)
		files = append(files, entry)
	}
	return files
}

// lineCounts counts lines added and deleted between two files, of which one may be none.
// Binary files have no lines.
func (r *Repository) lineCounts(was, is gitobject.TreeEntry) (added, deleted int) {
	text := func(e gitobject.TreeEntry) (string, bool) {
		if e.Mode == filemode.Empty || e.Mode == filemode.Submodule {
			return "", true
		}
		data, _ := r.network.blob(e.Hash)
		return data, !isBinary(data)
	}
	before, ok1 := text(was)
	after, ok2 := text(is)
	if !ok1 || !ok2 {
		return 0, 0
	}
	for _, e := range udiff.Lines(before, after) {
		deleted += lineCount(before[e.Start:e.End])
		added += lineCount(e.New)
	}
	return added, deleted
}

func lineCount(s string) int {
	n := strings.Count(s, "\n")
	if s != "" && !strings.HasSuffix(s, "\n") {
		n++
	}
	return n
}

// isBinary is git's own guess: a NUL among the first 8000 bytes.
func isBinary(data string) bool { return strings.Contains(data[:min(len(data), 8000)], "\x00") }

// commitJSON is a commit of the commits API.
func (r *Repository) commitJSON(hash plumbing.Hash) object {
	body := r.gitCommitJSON(hash)
	sha := hash.String()
	inner := object{"url": body["url"], "comment_count": 0}
	for _, name := range []string{"author", "committer", "message", "tree", "verification"} {
		inner[name] = body[name]
	}
	var author object
	commit := r.network.commitObject(hash)
	for _, a := range r.g.accounts {
		if a.email() == commit.Author.Email {
			author = a.json(r.g)
		}
	}
	return object{
		"sha": sha, "node_id": nodeID("Commit", sha), "commit": inner, "url": r.url("/commits/%s", sha),
		"html_url": r.html("/commit/%s", sha), "comments_url": r.url("/commits/%s/comments", sha),
		"author": author, "committer": nil, "parents": body["parents"],
	}
}

// gitCommitJSON is a commit of the git database's API.
func (r *Repository) gitCommitJSON(hash plumbing.Hash) object {
	c, sha := r.network.commitObject(hash), hash.String()
	parents := []object{}
	for _, p := range c.ParentHashes {
		parents = append(parents, object{"sha": p.String(), "url": r.url("/commits/%s", p), "html_url": r.html("/commit/%s", p)})
	}
	person := func(s gitobject.Signature) object {
		return object{"name": s.Name, "email": s.Email, "date": stamp(s.When)}
	}
	verification := object{"verified": false, "reason": "unsigned", "signature": nil, "payload": nil, "verified_at": nil}
	if r.network.verified[hash] {
		verification = object{"verified": true, "reason": "valid", "signature": "-----BEGIN PGP SIGNATURE-----", "payload": "tree " + c.TreeHash.String(), "verified_at": stamp(c.Committer.When)}
	}
	return object{
		"sha": sha, "node_id": nodeID("Commit", sha), "url": r.url("/git/commits/%s", sha), "html_url": r.html("/commit/%s", sha),
		"author": person(c.Author), "committer": person(c.Committer), "message": c.Message,
		"tree":    object{"sha": c.TreeHash.String(), "url": r.url("/git/trees/%s", c.TreeHash)},
		"parents": parents, "verification": verification,
	}
}
