package githubtest

import (
	"slices"
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

// A difference is a path that one of two trees has not, or has otherwise. A renamed one
// has two.
type difference struct {
	from, to string // empty where it is not there
	was, is  gitobject.TreeEntry
}

// differences are those of two trees, by path. Equal folders are not looked into. go-git's
// own would not take the names that git refuses, which a test may want to have.
func (n *network) differences(from, to plumbing.Hash, prefix string) []difference {
	if from == to {
		return nil
	}
	was, is := map[string]gitobject.TreeEntry{}, map[string]gitobject.TreeEntry{}
	names := map[string]bool{}
	for tree, entries := range map[plumbing.Hash]map[string]gitobject.TreeEntry{from: was, to: is} {
		for _, e := range n.tree(tree).Entries {
			entries[e.Name], names[e.Name] = e, true
		}
	}
	var list []difference
	for _, name := range sortedKeys(names) {
		a, b := was[name], is[name]
		if a.Hash == b.Hash && a.Mode == b.Mode {
			continue
		}
		var before, after plumbing.Hash
		if a.Mode == filemode.Dir {
			before = a.Hash
		} else if a.Mode != filemode.Empty {
			list = append(list, difference{from: prefix + name, was: a})
		}
		if b.Mode == filemode.Dir {
			after = b.Hash
		} else if b.Mode != filemode.Empty {
			if last := len(list) - 1; last >= 0 && list[last].from == prefix+name {
				list[last].to, list[last].is = prefix+name, b
			} else {
				list = append(list, difference{to: prefix + name, is: b})
			}
		}
		if before != after {
			list = append(list, n.differences(before, after, prefix+name+"/")...)
		}
	}
	return list
}

// maxRenames bounds the files among which renamed ones are looked for.
const maxRenames = 100

// renamed joins what was removed and what was added with the same content, or half of it.
func (n *network) renamed(list []difference) []difference {
	if len(list) > maxRenames {
		return list
	}
	for i := range list {
		best, most := -1, 0.5
		for j := range list {
			if list[i].to == "" && list[j].from == "" && list[j].to != "" {
				if alike := n.likeness(list[i].was.Hash, list[j].is.Hash); alike >= most {
					best, most = j, alike
				}
			}
		}
		if best >= 0 {
			list[best].from, list[best].was = list[i].from, list[i].was
			list[i] = difference{}
		}
	}
	return slices.DeleteFunc(list, func(d difference) bool { return d == difference{} })
}

// likeness is the part of lines that two files share.
func (n *network) likeness(a, b plumbing.Hash) float64 {
	if a == b {
		return 1
	}
	before, _ := n.blob(a)
	after, _ := n.blob(b)
	lines := map[string]int{}
	for line := range strings.Lines(before) {
		lines[line]++
	}
	shared := 0
	for line := range strings.Lines(after) {
		if lines[line] > 0 {
			lines[line]--
			shared++
		}
	}
	return float64(shared) / float64(max(1, lineCount(before), lineCount(after)))
}

// diff is the files that differ between two trees, as GitHub lists them at a commit.
func (r *Repository) diff(from, to, at plumbing.Hash) []object {
	files := []object{}
	for _, d := range r.network.renamed(r.network.differences(from, to, "")) {
		name := d.to
		entry := object{"sha": d.is.Hash.String(), "status": "modified"}
		switch {
		case d.from == "":
			entry["status"] = "added"
		case d.to == "":
			name = d.from
			entry["status"], entry["sha"] = "removed", d.was.Hash.String()
		case d.from != d.to:
			entry["status"], entry["previous_filename"] = "renamed", d.from
		case d.was.Hash == d.is.Hash:
			entry["status"] = "changed"
		}
		added, deleted := r.lineCounts(d.was, d.is)
		entry["filename"], entry["additions"], entry["deletions"], entry["changes"] = name, added, deleted, added+deleted
		entry["blob_url"], entry["raw_url"] = r.html("/blob/%s/%s", at, name), r.html("/raw/%s/%s", at, name)
		entry["contents_url"] = r.url("/contents/%s?ref=%s", name, at)
		files = append(files, entry)
	}
	return files
}

// shownLines are the lines of files after a change that its diff shows, by the paths of the
// files: what was written and three lines around it. Only there GitHub takes comments.
func (r *Repository) shownLines(from, to plumbing.Hash) map[string][][2]int {
	const around = 3
	shown := map[string][][2]int{}
	for _, d := range r.network.renamed(r.network.differences(from, to, "")) {
		if d.to == "" {
			continue
		}
		before, _ := r.network.blob(d.was.Hash)
		after, _ := r.network.blob(d.is.Hash)
		hunks := [][2]int{}
		moved := 0
		for _, e := range udiff.Lines(before, after) {
			start := e.Start + moved
			first := 1 + strings.Count(after[:start], "\n")
			last := first + lineCount(e.New) - 1
			moved += len(e.New) - (e.End - e.Start)
			if n := len(hunks); n > 0 && first-around <= hunks[n-1][1]+1 {
				hunks[n-1][1] = last + around
				continue
			}
			hunks = append(hunks, [2]int{first - around, last + around})
		}
		for i := range hunks {
			hunks[i] = [2]int{max(1, hunks[i][0]), min(lineCount(after), hunks[i][1])}
		}
		shown[d.to] = hunks
	}
	return shown
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
