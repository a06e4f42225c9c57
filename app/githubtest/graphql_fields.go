package githubtest

import (
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	gitobject "github.com/go-git/go-git/v5/plumbing/object"
)

// maxBlobText is how much of a text GraphQL shows; the rest is to be had from the git
// database's API.
const maxBlobText = 512_000

// What the fields of GraphQL's types are about, where a pointer does not tell enough.
type (
	ofObject struct {
		repo *Repository
		hash plumbing.Hash
		kind string // Commit, Tree or Blob
	}
	ofEntry struct {
		repo  *Repository
		path  string
		entry gitobject.TreeEntry
	}
	ofRef struct {
		repo *Repository
		name string
	}
	ofSuite struct {
		repo  *Repository
		suite *suite
	}
)

// concreteType is the type of a value of an interface.
func concreteType(value any) string {
	switch v := value.(type) {
	case *account:
		return v.kind
	case *ofObject:
		return v.kind
	}
	panic("githubtest: a value that is of no type")
}

// field makes a resolver of a function of the parent.
func field[P any](get func(P) any) resolver {
	return func(_ *execution, parent any, _ map[string]any) (any, error) { return get(parent.(P)), nil }
}

// needing is a resolver for which the token needs a permission.
func needing(permission string, r resolver) resolver {
	return func(e *execution, parent any, args map[string]any) (any, error) {
		if err := e.need(permission); err != nil {
			return nil, err
		}
		return r(e, parent, args)
	}
}

var resolvers = map[string]resolver{
	"Query.repository": findRepository,

	"Repository.databaseId":       field(func(r *Repository) any { return r.ID }),
	"Repository.name":             field(func(r *Repository) any { return r.name }),
	"Repository.nameWithOwner":    field(func(r *Repository) any { return r.Name() }),
	"Repository.isArchived":       field(func(r *Repository) any { return r.archived }),
	"Repository.isDisabled":       field(func(r *Repository) any { return r.disabled }),
	"Repository.isEmpty":          field(func(r *Repository) any { return len(r.refs) == 0 }),
	"Repository.owner":            field(func(r *Repository) any { return r.owner }),
	"Repository.defaultBranchRef": needing("contents:read", field(func(r *Repository) any { return r.refAt("refs/heads/" + r.defaultBranch) })),
	"Repository.ref":              needing("contents:read", findRef),
	"Repository.object":           needing("contents:read", findObject),
	"Repository.pullRequest":      needing("pull_requests:read", findPull),
	"Repository.pullRequests":     needing("pull_requests:read", findPulls),

	"User.login":         field(func(a *account) any { return a.login }),
	"Organization.login": field(func(a *account) any { return a.login }),
	"Bot.login":          field(func(a *account) any { return strings.TrimSuffix(a.login, "[bot]") }),

	"Ref.name":   field(func(r *ofRef) any { return plumbing.ReferenceName(r.name).Short() }),
	"Ref.target": field(func(r *ofRef) any { return r.repo.objectAt(r.repo.refs[r.name]) }),

	"Commit.oid":         field(func(o *ofObject) any { return o.hash.String() }),
	"Commit.message":     field(func(o *ofObject) any { return o.repo.network.commitObject(o.hash).Message }),
	"Commit.tree":        field(func(o *ofObject) any { return o.repo.objectAt(o.repo.network.commitObject(o.hash).TreeHash) }),
	"Commit.parents":     findParents,
	"Commit.checkSuites": needing("checks:read", findSuites),

	"Tree.oid":     field(func(o *ofObject) any { return o.hash.String() }),
	"Tree.entries": field((*ofObject).entries),

	"TreeEntry.name":   field(func(e *ofEntry) any { return e.entry.Name }),
	"TreeEntry.path":   field(func(e *ofEntry) any { return e.path }),
	"TreeEntry.type":   field(func(e *ofEntry) any { return entryType(e.entry.Mode) }),
	"TreeEntry.mode":   field(func(e *ofEntry) any { return int(e.entry.Mode) }),
	"TreeEntry.oid":    field(func(e *ofEntry) any { return e.entry.Hash.String() }),
	"TreeEntry.size":   field(func(e *ofEntry) any { data, _ := e.repo.network.blob(e.entry.Hash); return len(data) }),
	"TreeEntry.object": field((*ofEntry).object),

	"Blob.oid":         field(func(o *ofObject) any { return o.hash.String() }),
	"Blob.byteSize":    field(func(o *ofObject) any { return len(o.text()) }),
	"Blob.isBinary":    field(func(o *ofObject) any { return isBinary(o.text()) }),
	"Blob.isTruncated": field(func(o *ofObject) any { return len(o.text()) > maxBlobText }),
	"Blob.text":        field((*ofObject).shownText),

	"PageInfo.endCursor":                     field(func(c *connection) any { return c.end }),
	"PageInfo.hasNextPage":                   field(func(c *connection) any { return c.next }),
	"PullRequestConnection.nodes":            field(func(c *connection) any { return c.nodes }),
	"PullRequestConnection.pageInfo":         field(func(c *connection) any { return c }),
	"PullRequestConnection.totalCount":       field(func(c *connection) any { return c.total }),
	"PullRequestCommitConnection.nodes":      field(func(c *connection) any { return c.nodes }),
	"PullRequestCommitConnection.totalCount": field(func(c *connection) any { return c.total }),
	"CommitConnection.nodes":                 field(func(c *connection) any { return c.nodes }),
	"CommitConnection.totalCount":            field(func(c *connection) any { return c.total }),
	"CheckSuiteConnection.nodes":             field(func(c *connection) any { return c.nodes }),
	"CheckSuiteConnection.totalCount":        field(func(c *connection) any { return c.total }),
	"CheckRunConnection.nodes":               field(func(c *connection) any { return c.nodes }),
	"CheckRunConnection.totalCount":          field(func(c *connection) any { return c.total }),

	"PullRequest.number":            field(func(p *Pull) any { return p.Number }),
	"PullRequest.title":             field(func(p *Pull) any { return p.title }),
	"PullRequest.state":             field((*Pull).state),
	"PullRequest.isDraft":           field(func(p *Pull) any { return p.draft }),
	"PullRequest.isCrossRepository": field(func(p *Pull) any { return p.fork() }),
	"PullRequest.updatedAt":         field(func(p *Pull) any { return stamp(p.updated) }),
	"PullRequest.author":            field(func(p *Pull) any { return p.author }),
	"PullRequest.headRefName":       field(func(p *Pull) any { return p.headBranch }),
	"PullRequest.headRefOid":        field(func(p *Pull) any { return p.headSHA.String() }),
	"PullRequest.headRepository":    field(func(p *Pull) any { return p.visibleHead() }),
	"PullRequest.baseRefName":       field(func(p *Pull) any { return p.baseBranch }),
	"PullRequest.baseRefOid":        field(func(p *Pull) any { return p.baseSHA() }),
	"PullRequest.baseRef":           field(func(p *Pull) any { return p.repo.refAt("refs/heads/" + p.baseBranch) }),
	"PullRequest.commits":           findCommits,
	"PullRequestCommit.commit":      field(func(o *ofObject) any { return o }),

	"CheckSuite.databaseId": field(func(s *ofSuite) any { return s.suite.id }),
	"CheckSuite.status":     field(func(s *ofSuite) any { status, _ := s.repo.state(s.suite); return strings.ToUpper(status) }),
	"CheckSuite.conclusion": field(func(s *ofSuite) any {
		_, conclusion := s.repo.state(s.suite)
		return optional(strings.ToUpper(conclusion))
	}),
	"CheckSuite.checkRuns": findRuns,

	"CheckRun.databaseId": field(func(c *checkRun) any { return c.id }),
	"CheckRun.name":       field(func(c *checkRun) any { return c.name }),
	"CheckRun.externalId": field(func(c *checkRun) any { return c.externalID }),
	"CheckRun.status":     field(func(c *checkRun) any { return strings.ToUpper(c.status) }),
	"CheckRun.conclusion": field(func(c *checkRun) any { return optional(strings.ToUpper(c.conclusion)) }),
}

func findRepository(e *execution, _ any, args map[string]any) (any, error) {
	owner, name := args["owner"].(string), args["name"].(string)
	r := e.call.g.repository(owner, name)
	if r == nil || (r.private && !e.call.reaches(r)) {
		return nil, &queryError{"NOT_FOUND", "Could not resolve to a Repository with the name '" + owner + "/" + name + "'."}
	}
	if r.disabled {
		return nil, &queryError{"FORBIDDEN", "Repository access blocked"}
	}
	return r, nil
}

func (r *Repository) refAt(name string) *ofRef {
	if _, ok := r.refs[name]; !ok {
		return nil
	}
	return &ofRef{r, name}
}

func findRef(_ *execution, parent any, args map[string]any) (any, error) {
	r, name := parent.(*Repository), args["qualifiedName"].(string)
	if !strings.HasPrefix(name, "refs/") {
		name = "refs/heads/" + name
	}
	return r.refAt(name), nil
}

func (r *Repository) objectAt(hash plumbing.Hash) *ofObject {
	store := r.network.store
	switch {
	case store.Commits[hash] != nil:
		return &ofObject{r, hash, "Commit"}
	case store.Trees[hash] != nil:
		return &ofObject{r, hash, "Tree"}
	case store.Blobs[hash] != nil:
		return &ofObject{r, hash, "Blob"}
	}
	return nil
}

// findObject finds by name, or by "revision" and "revision:path".
func findObject(_ *execution, parent any, args map[string]any) (any, error) {
	r := parent.(*Repository)
	if oid, ok := args["oid"].(string); ok {
		return r.objectAt(plumbing.NewHash(oid)), nil
	}
	expression, _ := args["expression"].(string)
	revision, path, below := strings.Cut(expression, ":")
	hash, ok := r.resolve(revision)
	if !ok {
		return nil, nil //nolint:nilnil // GraphQL's null
	}
	if !below {
		return r.objectAt(hash), nil
	}
	root, _ := r.network.treeOf(hash)
	if path == "" {
		return r.objectAt(root), nil
	}
	entry, err := r.network.tree(root).FindEntry(path)
	if err != nil {
		return nil, nil //nolint:nilerr,nilnil // GraphQL's null
	}
	return r.objectAt(entry.Hash), nil
}

func (o *ofObject) entries() any {
	list := []*ofEntry{}
	for _, e := range o.repo.network.tree(o.hash).Entries {
		list = append(list, &ofEntry{o.repo, e.Name, e})
	}
	return list
}

func (e *ofEntry) object() any {
	if e.entry.Mode == filemode.Submodule {
		return nil
	}
	return e.repo.objectAt(e.entry.Hash)
}

func (o *ofObject) text() string {
	data, _ := o.repo.network.blob(o.hash)
	return data
}

// shownText is null for a binary file; what is not UTF-8 is replaced.
func (o *ofObject) shownText() any {
	data := o.text()
	if isBinary(data) {
		return nil
	}
	return strings.ToValidUTF8(data[:min(len(data), maxBlobText)], "\uFFFD")
}

func findPull(_ *execution, parent any, args map[string]any) (any, error) {
	n, _ := number(args["number"])
	p := parent.(*Repository).pull(n)
	if p == nil {
		return nil, &queryError{"NOT_FOUND", sprintf("Could not resolve to a PullRequest with the number of %d.", []any{n})}
	}
	return p, nil
}

func findPulls(_ *execution, parent any, args map[string]any) (any, error) {
	states, _ := args["states"].([]any)
	var list []*Pull
	for _, p := range parent.(*Repository).pulls {
		if len(states) == 0 || slices.Contains(states, p.state()) {
			list = append(list, p)
		}
	}
	if order, _ := args["orderBy"].(map[string]any); order["direction"] == "DESC" {
		slices.Reverse(list)
	}
	return connect(list, args)
}

func (p *Pull) state() any {
	switch {
	case p.open:
		return "OPEN"
	case p.merged.IsZero():
		return "CLOSED"
	default:
		return "MERGED"
	}
}

// visibleHead is the head's repository, nil when it was deleted.
func (p *Pull) visibleHead() *Repository {
	if r := p.repo.g.repository(p.head.owner.login, p.head.name); r == p.head {
		return r
	}
	return nil
}

func findCommits(_ *execution, parent any, args map[string]any) (any, error) {
	p := parent.(*Pull)
	var list []*ofObject
	for _, c := range p.repo.network.without(p.repo.refs["refs/heads/"+p.baseBranch], p.headSHA) {
		list = append(list, p.repo.objectAt(c.Hash))
	}
	return connect(list, args)
}

func findParents(_ *execution, parent any, args map[string]any) (any, error) {
	o := parent.(*ofObject)
	var list []*ofObject
	for _, p := range o.repo.network.commitObject(o.hash).ParentHashes {
		list = append(list, o.repo.objectAt(p))
	}
	return connect(list, args)
}

func findSuites(_ *execution, parent any, args map[string]any) (any, error) {
	o := parent.(*ofObject)
	filter, _ := args["filterBy"].(map[string]any)
	var list []*ofSuite
	for _, s := range o.repo.suites {
		id, byApp := number(filter["appId"])
		name, byName := filter["checkName"].(string)
		if s.head != o.hash || (byApp && id != s.app.ID) ||
			(byName && !slices.ContainsFunc(o.repo.runs, func(c *checkRun) bool { return c.suite == s && c.name == name })) {
			continue
		}
		list = append(list, &ofSuite{o.repo, s})
	}
	return connect(list, args)
}

func findRuns(_ *execution, parent any, args map[string]any) (any, error) {
	s := parent.(*ofSuite)
	filter, _ := args["filterBy"].(map[string]any)
	runs := s.repo.latest(s.suite)
	if filter["checkType"] != "LATEST" {
		runs = slices.DeleteFunc(slices.Clone(s.repo.runs), func(c *checkRun) bool { return c.suite != s.suite })
	}
	var list []*checkRun
	for _, c := range runs {
		id, byApp := number(filter["appId"])
		name, byName := filter["checkName"].(string)
		status, byStatus := filter["status"].(string)
		if (byApp && id != s.suite.app.ID) || (byName && name != c.name) || (byStatus && !strings.EqualFold(status, c.status)) {
			continue
		}
		list = append(list, c)
	}
	return connect(list, args)
}
