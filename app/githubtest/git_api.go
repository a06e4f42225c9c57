package githubtest

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	gitobject "github.com/go-git/go-git/v5/plumbing/object"
)

var gitRoutes = []route{
	{pattern: "GET /repos/{owner}/{repo}/branches/{branch}", as: asInstallation, needs: "contents:read", serve: getBranch},
	{pattern: "GET /repos/{owner}/{repo}/commits", as: asInstallation, needs: "contents:read", serve: listCommits},
	{pattern: "GET /repos/{owner}/{repo}/commits/{ref}", as: asInstallation, needs: "contents:read", serve: getCommit},
	{pattern: "GET /repos/{owner}/{repo}/compare/{basehead...}", as: asInstallation, needs: "contents:read", serve: compare},
	{pattern: "GET /repos/{owner}/{repo}/git/trees/{sha}", as: asInstallation, needs: "contents:read", serve: getTree},
	{pattern: "GET /repos/{owner}/{repo}/git/blobs/{sha}", as: asInstallation, needs: "contents:read", serve: getBlob},
	{pattern: "GET /repos/{owner}/{repo}/git/commits/{sha}", as: asInstallation, needs: "contents:read", serve: getGitCommit},
	{pattern: "GET /repos/{owner}/{repo}/git/ref/{ref...}", as: asInstallation, needs: "contents:read", serve: getRef},
	{pattern: "POST /repos/{owner}/{repo}/git/blobs", as: asInstallation, needs: "contents:write", serve: createBlob},
	{pattern: "POST /repos/{owner}/{repo}/git/trees", as: asInstallation, needs: "contents:write", serve: createTree},
	{pattern: "POST /repos/{owner}/{repo}/git/commits", as: asInstallation, needs: "contents:write", serve: createCommit},
	{pattern: "POST /repos/{owner}/{repo}/git/refs", as: asInstallation, needs: "contents:write", creates: true, serve: createRef},
	{pattern: "PATCH /repos/{owner}/{repo}/git/refs/{ref...}", as: asInstallation, needs: "contents:write", serve: updateRef},
	{pattern: "DELETE /repos/{owner}/{repo}/git/refs/{ref...}", as: asInstallation, needs: "contents:write", serve: deleteRef},
}

func getBranch(c *call) (*reply, error) {
	name := c.request.PathValue("branch")
	hash, exists := c.repo.refs["refs/heads/"+name]
	if !exists {
		return nil, &problem{status: http.StatusNotFound, message: "Branch not found"}
	}
	protected := c.repo.protected[name]
	return ok(object{
		"name": name, "commit": c.repo.commitJSON(hash), "protected": protected,
		"_links":         object{"html": c.repo.html("/tree/%s", name), "self": c.repo.url("/branches/%s", name)},
		"protection":     object{"enabled": protected, "required_status_checks": object{"enforcement_level": "off", "contexts": []string{}, "checks": []object{}}},
		"protection_url": c.repo.url("/branches/%s/protection", name),
	})
}

// listCommits lists what a branch has, the newest first.
func listCommits(c *call) (*reply, error) {
	ref := c.request.URL.Query().Get("sha")
	if ref == "" {
		ref = c.repo.defaultBranch
	}
	tip, err := c.commitOf(ref)
	if err != nil {
		return nil, err
	}
	var names []plumbing.Hash
	seen := map[plumbing.Hash]bool{}
	for next := []plumbing.Hash{tip}; len(next) > 0; next = next[1:] {
		if !seen[next[0]] {
			seen[next[0]] = true
			names = append(names, next[0])
			next = append(next, c.repo.network.commitObject(next[0]).ParentHashes...)
		}
	}
	return pageOf(c, names, c.repo.commitJSON)
}

func getCommit(c *call) (*reply, error) {
	hash, err := c.commitOf(c.request.PathValue("ref"))
	if err != nil {
		return nil, err
	}
	body := c.repo.commitJSON(hash)
	commit := c.repo.network.commitObject(hash)
	var parent plumbing.Hash
	if len(commit.ParentHashes) > 0 {
		parent = c.repo.network.commitObject(commit.ParentHashes[0]).TreeHash
	}
	files := c.repo.diff(parent, commit.TreeHash, hash)
	shown, header := page(c, files)
	body["files"] = shown
	added, deleted := 0, 0
	for _, f := range files {
		added += f["additions"].(int)
		deleted += f["deletions"].(int)
	}
	body["stats"] = object{"additions": added, "deletions": deleted, "total": added + deleted}
	return &reply{body: body, header: header}, nil
}

func getTree(c *call) (*reply, error) {
	revision := c.request.PathValue("sha")
	n := c.repo.network
	root, isTree := n.treeOf(plumbing.NewHash(revision))
	if !isTree {
		hash, err := c.commitOf(revision)
		if err != nil {
			if len(c.repo.refs) > 0 {
				err = notFound()
			}
			return nil, err
		}
		root, _ = n.treeOf(hash)
	}
	entries := []object{}
	truncated := false
	add := func(path string, e gitobject.TreeEntry) {
		if len(entries) >= c.g.options.TreeEntries {
			truncated = true
			return
		}
		entry := object{"path": path, "mode": e.Mode.String()[1:], "type": entryType(e.Mode), "sha": e.Hash.String()}
		switch e.Mode {
		case filemode.Dir:
			entry["url"] = c.repo.url("/git/trees/%s", e.Hash)
		case filemode.Submodule:
		default:
			data, _ := n.blob(e.Hash)
			entry["url"], entry["size"] = c.repo.url("/git/blobs/%s", e.Hash), len(data)
		}
		entries = append(entries, entry)
	}
	if c.request.URL.Query().Has("recursive") {
		n.walk(root, "", add)
	} else {
		for _, e := range n.tree(root).Entries {
			add(e.Name, e)
		}
	}
	return ok(object{"sha": root.String(), "url": c.repo.url("/git/trees/%s", root), "tree": entries, "truncated": truncated})
}

func entryType(m filemode.FileMode) string {
	switch m {
	case filemode.Dir:
		return "tree"
	case filemode.Submodule:
		return "commit"
	default:
		return "blob"
	}
}

func getBlob(c *call) (*reply, error) {
	sha := c.request.PathValue("sha")
	data, exists := c.repo.network.blob(plumbing.NewHash(sha))
	if !exists {
		return nil, notFound()
	}
	if accept := c.request.Header.Get("Accept"); strings.Contains(accept, "raw") {
		return &reply{body: []byte(data), header: map[string]string{"Content-Type": "application/vnd.github.raw; charset=utf-8"}}, nil
	}
	var lines strings.Builder // base64 in lines of 60, as GitHub writes it
	for chunk := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString([]byte(data))), 60) {
		lines.Write(chunk)
		lines.WriteByte('\n')
	}
	return ok(object{
		"sha": sha, "node_id": nodeID("Blob", sha), "size": len(data), "url": c.repo.url("/git/blobs/%s", sha),
		"content": lines.String(), "encoding": "base64",
	})
}

func getGitCommit(c *call) (*reply, error) {
	hash := plumbing.NewHash(c.request.PathValue("sha"))
	if !c.repo.network.hasCommit(hash) {
		return nil, notFound()
	}
	return ok(c.repo.gitCommitJSON(hash))
}

func createBlob(c *call) (*reply, error) {
	var ask struct {
		Content  string `json:"content"`
		Encoding string `json:"encoding"`
	}
	if err := c.decode(&ask); err != nil {
		return nil, err
	}
	if ask.Encoding == "base64" {
		data, err := base64.StdEncoding.DecodeString(ask.Content)
		if err != nil {
			return nil, refused("content is not valid Base64")
		}
		ask.Content = string(data)
	}
	hash := c.repo.network.keepBlob(ask.Content)
	return created(object{"sha": hash.String(), "url": c.repo.url("/git/blobs/%s", hash)})
}

func createTree(c *call) (*reply, error) {
	var ask struct {
		BaseTree string `json:"base_tree"`
		Tree     []struct {
			Path    string          `json:"path"`
			Mode    string          `json:"mode"`
			Type    string          `json:"type"`
			Content *string         `json:"content"`
			SHA     json.RawMessage `json:"sha"` // null removes
		} `json:"tree"`
	}
	if err := c.decode(&ask); err != nil {
		return nil, err
	}
	n := c.repo.network
	base, isTree := n.treeOf(plumbing.NewHash(ask.BaseTree))
	switch {
	case ask.BaseTree != "" && !isTree:
		return nil, refused("base_tree is not a valid tree oid")
	case len(ask.Tree) == 0:
		return nil, refused("Invalid tree info")
	}
	var changes []Change
	for _, e := range ask.Tree {
		change := Change{path: e.Path}
		mode, err := filemode.New(e.Mode)
		switch {
		case !isTreePath(e.Path):
			return nil, refused("tree.path contains a malformed path component")
		case err != nil || !slices.Contains([]string{"100644", "100755", "040000", "160000", "120000"}, e.Mode):
			return nil, refused("Must supply a valid tree.mode")
		case string(e.SHA) == "null":
		case e.Content != nil:
			change.mode, change.data = mode, *e.Content
		default:
			change.mode, change.hash, change.exists = mode, plumbing.NewHash(strings.Trim(string(e.SHA), `"`)), true
			if mode != filemode.Submodule && n.store.HasEncodedObject(change.hash) != nil {
				return nil, refused("tree.sha %s is not a valid %s", change.hash, entryType(mode))
			}
		}
		changes = append(changes, change)
	}
	root := n.edit(base, changes)
	entries := []object{}
	for _, e := range n.tree(root).Entries {
		entries = append(entries, object{"path": e.Name, "mode": e.Mode.String()[1:], "type": entryType(e.Mode), "sha": e.Hash.String()})
	}
	return created(object{"sha": root.String(), "url": c.repo.url("/git/trees/%s", root), "tree": entries, "truncated": false})
}

// isTreePath reports whether git takes a path.
func isTreePath(path string) bool {
	for part := range strings.SplitSeq(path, "/") {
		if slices.Contains([]string{"", ".", "..", ".git"}, strings.ToLower(part)) {
			return false
		}
	}
	return true
}

// createCommit signs what names neither author nor committer: the App is both then.
// https://docs.github.com/en/authentication/managing-commit-signature-verification/about-commit-signature-verification#signature-verification-for-bots
func createCommit(c *call) (*reply, error) {
	type person struct {
		Name  string    `json:"name"`
		Email string    `json:"email"`
		Date  time.Time `json:"date"`
	}
	var ask struct {
		Message   string   `json:"message"`
		Tree      string   `json:"tree"`
		Parents   []string `json:"parents"`
		Author    *person  `json:"author"`
		Committer *person  `json:"committer"`
		Signature string   `json:"signature"`
	}
	if err := c.decode(&ask); err != nil {
		return nil, err
	}
	n := c.repo.network
	tree := plumbing.NewHash(ask.Tree)
	if n.store.Trees[tree] == nil {
		return nil, refused("Tree SHA does not exist")
	}
	var parents []plumbing.Hash
	for _, p := range ask.Parents {
		if !n.hasCommit(plumbing.NewHash(p)) {
			return nil, refused("Parent SHA does not exist or is not a commit object")
		}
		parents = append(parents, plumbing.NewHash(p))
	}
	author, committer := c.app.bot.signature(c.g.now()), githubSignature(c.g.now())
	if ask.Author != nil {
		author = gitobject.Signature{Name: ask.Author.Name, Email: ask.Author.Email, When: ask.Author.Date}
		committer = author
	}
	if ask.Committer != nil {
		committer = gitobject.Signature{Name: ask.Committer.Name, Email: ask.Committer.Email, When: ask.Committer.Date}
	}
	hash := n.commit(tree, ask.Message, author, committer, parents...)
	n.verified[hash] = ask.Author == nil && ask.Committer == nil
	return created(c.repo.gitCommitJSON(hash))
}

func getRef(c *call) (*reply, error) {
	name := "refs/" + c.request.PathValue("ref")
	if _, exists := c.repo.refs[name]; !exists {
		return nil, notFound()
	}
	return ok(c.repo.refJSON(name))
}

func createRef(c *call) (*reply, error) {
	var ask struct {
		Ref string `json:"ref"`
		SHA string `json:"sha"`
	}
	if err := c.decode(&ask); err != nil {
		return nil, err
	}
	hash := plumbing.NewHash(ask.SHA)
	_, exists := c.repo.refs[ask.Ref]
	switch {
	case !strings.HasPrefix(ask.Ref, "refs/") || strings.Count(ask.Ref, "/") < 2 || plumbing.ReferenceName(ask.Ref).Validate() != nil:
		return nil, refused("Reference name must start with 'refs/' and contain at least two slashes")
	case exists:
		return nil, refused("Reference already exists")
	case !c.repo.network.hasCommit(hash):
		return nil, refused("Object does not exist")
	}
	c.repo.setRef(c.app.bot, ask.Ref, hash)
	return created(c.repo.refJSON(ask.Ref))
}

func updateRef(c *call) (*reply, error) {
	var ask struct {
		SHA   string `json:"sha"`
		Force bool   `json:"force"`
	}
	if err := c.decode(&ask); err != nil {
		return nil, err
	}
	name, hash := "refs/"+c.request.PathValue("ref"), plumbing.NewHash(ask.SHA)
	old, exists := c.repo.refs[name]
	switch {
	case !exists:
		return nil, refused("Reference does not exist")
	case !c.repo.network.hasCommit(hash):
		return nil, refused("Object does not exist")
	case c.repo.protected[strings.TrimPrefix(name, "refs/heads/")]:
		return nil, refused("Protected branch update failed for %s.", name)
	case !ask.Force && c.repo.network.mergeBase(old, hash) != old:
		return nil, refused("Update is not a fast forward")
	}
	c.repo.setRef(c.app.bot, name, hash)
	return ok(c.repo.refJSON(name))
}

func deleteRef(c *call) (*reply, error) {
	name := "refs/" + c.request.PathValue("ref")
	if _, exists := c.repo.refs[name]; !exists {
		return nil, refused("Reference does not exist")
	}
	c.repo.setRef(c.app.bot, name, plumbing.ZeroHash)
	return &reply{status: http.StatusNoContent}, nil
}

func (r *Repository) refJSON(name string) object {
	hash := r.refs[name].String()
	return object{
		"ref": name, "node_id": nodeID("Ref", name), "url": r.url("/git/%s", name),
		"object": object{"sha": hash, "type": "commit", "url": r.url("/git/commits/%s", hash)},
	}
}
