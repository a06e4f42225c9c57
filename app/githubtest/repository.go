package githubtest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// A Repository is one of this GitHub's. People change it through its methods.
type Repository struct {
	ID int64

	g             *GitHub
	owner         *account
	name          string
	defaultBranch string
	private       bool
	archived      bool
	disabled      bool
	parent        *Repository // of a fork
	network       *network
	refs          map[string]plumbing.Hash // by full name
	protected     map[string]bool          // branches that Apps may not push to
	permissions   map[*account]string      // of collaborators
	pulls         []*Pull                  // by number, issues are not here
	comments      []*comment
	suites        []*suite
	runs          []*checkRun
	labels        map[string]int64
	teams         []string // that may review
	noDrafts      bool
	created       time.Time
}

// AddRepository adds a private repository with one commit on its branch main, or an empty
// one without files. The name is "owner/name".
func (g *GitHub) AddRepository(name string, files ...Change) *Repository {
	g.mu.Lock()
	defer g.mu.Unlock()
	login, short, _ := strings.Cut(name, "/")
	r := g.addRepository(g.account(login), short, newNetwork())
	if len(files) > 0 {
		r.refs["refs/heads/main"] = r.network.commit(r.network.edit(plumbing.ZeroHash, files), "Initial commit", r.owner.signature(g.now()), githubSignature(g.now()))
	}
	return r
}

func (g *GitHub) addRepository(owner *account, name string, n *network) *Repository {
	r := &Repository{
		ID: g.newID(), g: g, owner: owner, name: name, defaultBranch: "main", private: true, network: n,
		refs: map[string]plumbing.Hash{}, protected: map[string]bool{}, permissions: map[*account]string{},
		labels: map[string]int64{}, created: g.now(),
	}
	g.repositories = append(g.repositories, r)
	return r
}

// Fork copies the repository to another account. Forks share objects with their origin,
// as on GitHub.
func (r *Repository) Fork(login string) *Repository {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	f := r.g.addRepository(r.g.account(login), r.name, r.network)
	f.parent = r
	for name, hash := range r.refs {
		if strings.HasPrefix(name, "refs/heads/") {
			f.refs[name] = hash
		}
	}
	return f
}

// repository finds a repository as URLs do, which ignore case.
func (g *GitHub) repository(owner, name string) *Repository {
	i := slices.IndexFunc(g.repositories, func(r *Repository) bool {
		return strings.EqualFold(r.owner.login, owner) && strings.EqualFold(r.name, name)
	})
	if i < 0 {
		return nil
	}
	return g.repositories[i]
}

// Name is "owner/name".
func (r *Repository) Name() string { return r.owner.login + "/" + r.name }

// Publish makes the repository public.
func (r *Repository) Publish() { r.set(func() { r.private = false }) }

// Archive makes the repository read-only.
func (r *Repository) Archive() { r.set(func() { r.archived = true }) }

// Disable blocks the repository, as GitHub does for want of payment.
func (r *Repository) Disable() { r.set(func() { r.disabled = true }) }

// Rename gives the repository another name in the same account.
func (r *Repository) Rename(name string) { r.set(func() { r.name = name }) }

// Delete takes the repository away.
func (r *Repository) Delete() {
	r.set(func() {
		r.g.repositories = slices.DeleteFunc(r.g.repositories, func(other *Repository) bool { return r == other })
	})
}

// Protect forbids that Apps push to a branch.
func (r *Repository) Protect(branch string) { r.set(func() { r.protected[branch] = true }) }

// SetDefaultBranch makes another branch the default one.
func (r *Repository) SetDefaultBranch(name string) { r.set(func() { r.defaultBranch = name }) }

// Allow gives a person a permission: read, triage, write, maintain or admin.
func (r *Repository) Allow(login, permission string) {
	r.set(func() { r.permissions[r.g.account(login)] = permission })
}

// AllowTeam gives a team of the owner access, by its slug.
func (r *Repository) AllowTeam(slug string) { r.set(func() { r.teams = append(r.teams, slug) }) }

// ForbidDrafts has no drafts of pull requests, as private repositories of some plans.
func (r *Repository) ForbidDrafts() { r.set(func() { r.noDrafts = true }) }

func (r *Repository) set(change func()) {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	change()
}

// permission is what a person may: admin, maintain, write, triage, read or none.
func (r *Repository) permission(a *account) string {
	switch p := r.permissions[a]; {
	case a == r.owner:
		return "admin"
	case p != "":
		return p
	case r.private:
		return "none"
	default:
		return "read"
	}
}

var repositoryRoutes = []route{
	{pattern: "GET /repos/{owner}/{repo}", as: asInstallation, needs: "metadata:read", serve: func(c *call) (*reply, error) { return ok(c.repo.fullJSON()) }},
	{pattern: "GET /repos/{owner}/{repo}/collaborators/{login}/permission", as: asInstallation, needs: "metadata:read", serve: getPermission},
}

// getPermission answers with the four permissions of old; role_name has the finer ones.
// https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user
func getPermission(c *call) (*reply, error) {
	a := c.g.accounts[strings.ToLower(c.request.PathValue("login"))]
	if a == nil {
		return nil, notFound()
	}
	role := c.repo.permission(a)
	old := role
	switch role {
	case "maintain":
		old = "write"
	case "triage":
		old = "read"
	}
	user := a.json(c.g)
	user["role_name"] = role
	user["permissions"] = permissionFlags(role)
	return ok(object{"permission": old, "role_name": role, "user": user})
}

// permissionFlags are all permissions up to a role.
func permissionFlags(role string) object {
	levels := []string{"pull", "triage", "push", "maintain", "admin"}
	at := slices.Index([]string{"read", "triage", "write", "maintain", "admin"}, role)
	flags := object{}
	for i, level := range levels {
		flags[level] = i <= at
	}
	return flags
}

func (g *GitHub) repositoryNames(repos []*Repository) []object {
	list := make([]object, 0, len(repos))
	for _, r := range repos {
		list = append(list, object{"id": r.ID, "node_id": nodeID("Repository", r.ID), "name": r.name, "full_name": r.Name(), "private": r.private})
	}
	return list
}

// url is an address of the API below the repository.
func (r *Repository) url(format string, args ...any) string {
	return r.g.api("/repos/%s", r.Name()) + sprintf(format, args)
}

func (r *Repository) html(format string, args ...any) string {
	return r.g.URL + "/" + r.Name() + sprintf(format, args)
}

// minimalJSON is a repository where others refer to it.
func (r *Repository) minimalJSON() object {
	urls := object{}
	for name, path := range repositoryURLs {
		urls[name] = r.url("%s", path)
	}
	maps.Copy(urls, object{
		"id": r.ID, "node_id": nodeID("Repository", r.ID), "name": r.name, "full_name": r.Name(), "private": r.private,
		"owner": r.owner.json(r.g), "html_url": r.html(""), "url": r.url(""), "description": nil, "fork": r.parent != nil,
		"hooks_url": r.url("/hooks"),
	})
	return urls
}

func (r *Repository) json() object {
	body := r.minimalJSON()
	visibility := "public"
	if r.private {
		visibility = "private"
	}
	maps.Copy(body, object{
		"git_url": r.html(".git"), "ssh_url": "git@" + r.Name(), "clone_url": r.html(".git"), "svn_url": r.html(""), "mirror_url": nil,
		"homepage": nil, "language": nil, "license": nil, "forks_count": 0, "forks": 0, "stargazers_count": 0, "watchers_count": 0,
		"watchers": 0, "size": 1, "default_branch": r.defaultBranch, "open_issues_count": 0, "open_issues": 0, "is_template": false,
		"topics": []string{}, "has_issues": true, "has_projects": true, "has_wiki": true, "has_pages": false, "has_downloads": true,
		"has_discussions": false, "archived": r.archived, "disabled": r.disabled, "visibility": visibility, "pushed_at": stamp(r.created),
		"created_at": stamp(r.created), "updated_at": stamp(r.created), "allow_forking": true, "web_commit_signoff_required": false,
		"custom_properties": object{},
	})
	return body
}

func (r *Repository) fullJSON() object {
	body := r.json()
	body["network_count"], body["subscribers_count"] = 0, 0
	body["permissions"] = permissionFlags("write")
	if r.parent != nil {
		body["parent"], body["source"] = r.parent.json(), r.parent.json()
	}
	return body
}

var repositoryURLs = map[string]string{
	"archive_url": "/{archive_format}{/ref}", "assignees_url": "/assignees{/user}", "blobs_url": "/git/blobs{/sha}",
	"branches_url": "/branches{/branch}", "collaborators_url": "/collaborators{/collaborator}", "comments_url": "/comments{/number}",
	"commits_url": "/commits{/sha}", "compare_url": "/compare/{base}...{head}", "contents_url": "/contents/{+path}",
	"contributors_url": "/contributors", "deployments_url": "/deployments", "downloads_url": "/downloads", "events_url": "/events",
	"forks_url": "/forks", "git_commits_url": "/git/commits{/sha}", "git_refs_url": "/git/refs{/sha}", "git_tags_url": "/git/tags{/sha}",
	"issue_comment_url": "/issues/comments{/number}", "issue_events_url": "/issues/events{/number}", "issues_url": "/issues{/number}",
	"keys_url": "/keys{/key_id}", "labels_url": "/labels{/name}", "languages_url": "/languages", "merges_url": "/merges",
	"milestones_url": "/milestones{/number}", "notifications_url": "/notifications{?since,all,participating}", "pulls_url": "/pulls{/number}",
	"releases_url": "/releases{/id}", "stargazers_url": "/stargazers", "statuses_url": "/statuses/{sha}", "subscribers_url": "/subscribers",
	"subscription_url": "/subscription", "tags_url": "/tags", "teams_url": "/teams", "trees_url": "/git/trees{/sha}",
}

// resolve finds a commit by its name, or by a branch's, a tag's or a full reference's.
func (r *Repository) resolve(revision string) (plumbing.Hash, bool) {
	if len(revision) == 40 {
		if hash := plumbing.NewHash(revision); r.network.hasCommit(hash) {
			return hash, true
		}
	}
	if revision == "HEAD" {
		revision = r.defaultBranch
	}
	for _, name := range []string{revision, "refs/" + revision, "refs/heads/" + revision, "refs/tags/" + revision} {
		if hash, ok := r.refs[name]; ok {
			return hash, true
		}
	}
	return plumbing.ZeroHash, false
}

// commitOf is resolve with GitHub's answers for what is not there.
func (c *call) commitOf(revision string) (plumbing.Hash, error) {
	if len(c.repo.refs) == 0 {
		return plumbing.ZeroHash, &problem{status: http.StatusConflict, message: "Git Repository is empty."}
	}
	hash, ok := c.repo.resolve(revision)
	if !ok {
		return plumbing.ZeroHash, refused("No commit found for SHA: %s", revision)
	}
	return hash, nil
}
