package githubtest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v4"
)

// An App is a registered GitHub App. Its fields are read when a webhook is sent or a
// token is made.
type App struct {
	ID            int64
	Slug          string
	WebhookURL    string
	WebhookSecret string
	// Permissions are what installations grant, Events what is sent.
	Permissions map[string]string
	Events      []string
	// PrivateKey is PEM, as GitHub gives it. It is made when it is empty, which takes a
	// while.
	PrivateKey string

	key     *rsa.PrivateKey
	owner   *account
	bot     *account
	created time.Time
}

// NewPrivateKey makes a key that several Apps may share.
func NewPrivateKey() string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

// AddApp registers an App that belongs to an account.
func (g *GitHub) AddApp(owner string, app App) *App {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.addApp(g.account(owner), app)
}

func (g *GitHub) addApp(owner *account, app App) *App {
	if app.PrivateKey == "" {
		app.PrivateKey = NewPrivateKey()
	}
	key, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(app.PrivateKey))
	if err != nil {
		panic(err)
	}
	app.ID, app.key, app.owner, app.created = g.newID(), key, owner, g.now()
	app.bot = g.addAccount(app.Slug+"[bot]", "Bot")
	g.apps[app.ID] = &app
	return &app
}

// An Installation is an App on an account.
type Installation struct {
	ID int64

	app          *App
	account      *account
	all          bool // all repositories of the account, whichever come
	repositories []*Repository
	suspended    bool
	created      time.Time
}

// Install puts an App on an account, for some of its repositories or, when none is named,
// for all.
func (g *GitHub) Install(app *App, login string, repos ...*Repository) *Installation {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := &Installation{ID: g.newID(), app: app, account: g.account(login), all: len(repos) == 0, repositories: repos, created: g.now()}
	g.installations[i.ID] = i
	g.installationEvent(i, "created", object{"repositories": g.repositoryNames(g.covered(i))})
	return i
}

// Uninstall takes the App away. Its tokens are dead from then on.
func (g *GitHub) Uninstall(i *Installation) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.installationEvent(i, "deleted", object{"repositories": g.repositoryNames(g.covered(i))})
	delete(g.installations, i.ID)
}

// Suspend stops the App, Unsuspend lets it go on.
func (g *GitHub) Suspend(i *Installation) { g.setSuspended(i, true, "suspend") }

// Unsuspend is the opposite of Suspend.
func (g *GitHub) Unsuspend(i *Installation) { g.setSuspended(i, false, "unsuspend") }

func (g *GitHub) setSuspended(i *Installation, suspended bool, action string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	i.suspended = suspended
	g.installationEvent(i, action, object{})
}

// Include gives the App one more repository.
func (g *GitHub) Include(i *Installation, repo *Repository) {
	g.mu.Lock()
	defer g.mu.Unlock()
	i.repositories = append(i.repositories, repo)
	g.installationRepositoriesEvent(i, "added", repo)
}

// Exclude takes a repository from the App.
func (g *GitHub) Exclude(i *Installation, repo *Repository) {
	g.mu.Lock()
	defer g.mu.Unlock()
	i.repositories = slices.DeleteFunc(i.repositories, func(r *Repository) bool { return r == repo })
	g.installationRepositoriesEvent(i, "removed", repo)
}

func (i *Installation) covers(repo *Repository) bool {
	return repo.owner == i.account && (i.all || slices.Contains(i.repositories, repo))
}

func (g *GitHub) covered(i *Installation) []*Repository {
	var list []*Repository
	for _, r := range g.repositories {
		if i.covers(r) {
			list = append(list, r)
		}
	}
	return list
}

var appRoutes = []route{
	{pattern: "GET /app", as: asApp, serve: func(c *call) (*reply, error) { return ok(c.app.json(c.g)) }},
	{pattern: "GET /app/installations", as: asApp, serve: listInstallations},
	{pattern: "GET /app/installations/{id}", as: asApp, serve: getInstallation},
	{pattern: "POST /app/installations/{id}/access_tokens", as: asApp, serve: createToken},
	{pattern: "GET /installation/repositories", as: asInstallation, needs: "metadata:read", serve: listInstallationRepositories},
	{pattern: "POST /app-manifests/{code}/conversions", as: anyone, serve: convertManifest},
	{pattern: "POST /settings/apps/new", as: anyone, serve: registerApp},
	{pattern: "POST /organizations/{org}/settings/apps/new", as: anyone, serve: registerApp},
}

func listInstallations(c *call) (*reply, error) {
	var list []*Installation
	for _, i := range c.g.installations {
		if i.app == c.app {
			list = append(list, i)
		}
	}
	slices.SortFunc(list, func(a, b *Installation) int { return int(a.ID - b.ID) })
	return pageOf(c, list, c.g.installationJSON)
}

func (c *call) ownInstallation() (*Installation, error) {
	i := c.g.installations[c.id("id")]
	if i == nil || i.app != c.app {
		return nil, notFound()
	}
	return i, nil
}

func getInstallation(c *call) (*reply, error) {
	i, err := c.ownInstallation()
	if err != nil {
		return nil, err
	}
	return ok(c.g.installationJSON(i))
}

func createToken(c *call) (*reply, error) {
	i, err := c.ownInstallation()
	if err != nil {
		return nil, err
	}
	if i.suspended {
		return nil, suspendedProblem()
	}
	var ask struct {
		Repositories  []string          `json:"repositories"`
		RepositoryIDs []int64           `json:"repository_ids"`
		Permissions   map[string]string `json:"permissions"`
	}
	if err := c.decode(&ask); err != nil {
		return nil, err
	}
	if len(ask.Repositories)+len(ask.RepositoryIDs) > 500 {
		return nil, refused("The number of repositories must be at most 500.")
	}
	claims := &tokenClaims{Installation: i.ID, Permissions: i.app.Permissions}
	for _, r := range c.g.covered(i) {
		if slices.Contains(ask.Repositories, r.name) || slices.Contains(ask.RepositoryIDs, r.ID) {
			claims.Repositories = append(claims.Repositories, r.ID)
		}
	}
	if len(claims.Repositories) < len(ask.Repositories)+len(ask.RepositoryIDs) {
		return nil, refused("There is at least one repository that does not exist or is not accessible to the parent installation.")
	}
	for name, level := range ask.Permissions {
		has := i.app.Permissions[name]
		if has == "" || (has == "read" && level != "read") {
			return nil, refused("The permissions requested are not granted to this installation.")
		}
	}
	if ask.Permissions != nil {
		claims.Permissions = ask.Permissions
	}
	until := c.g.now().Add(tokenLife)
	claims.ExpiresAt = jwt.NewNumericDate(until)
	claims.ID = fmt.Sprint(c.g.newID())
	body := object{
		"token": c.g.newToken(i.app, claims), "expires_at": stamp(until),
		"permissions": claims.Permissions, "repository_selection": i.selection(),
	}
	if claims.Repositories != nil {
		var list []object
		for _, r := range c.g.covered(i) {
			if slices.Contains(claims.Repositories, r.ID) {
				list = append(list, r.json())
			}
		}
		body["repositories"], body["repository_selection"] = list, "selected"
	}
	return created(body)
}

func listInstallationRepositories(c *call) (*reply, error) {
	var list []*Repository
	for _, r := range c.g.covered(c.installation) {
		if c.reaches(r) {
			list = append(list, r)
		}
	}
	return countedPageOf(c, "repositories", list, (*Repository).json)
}

// registerApp is the page that a manifest is sent to by a person's browser. GitHub shows
// a form with the name first; here the person agrees at once.
// https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
func registerApp(c *call) (*reply, error) {
	form, err := url.ParseQuery(string(c.body))
	var manifest struct {
		Name               string            `json:"name"`
		URL                string            `json:"url"`
		RedirectURL        string            `json:"redirect_url"`
		SetupURL           string            `json:"setup_url"`
		Description        string            `json:"description"`
		Public             bool              `json:"public"`
		CallbackURLs       []string          `json:"callback_urls"`
		SetupOnUpdate      bool              `json:"setup_on_update"`
		DefaultEvents      []string          `json:"default_events"`
		DefaultPermissions map[string]string `json:"default_permissions"`
		HookAttributes     struct {
			URL    string `json:"url"`
			Active *bool  `json:"active"`
		} `json:"hook_attributes"`
	}
	if err != nil || json.Unmarshal([]byte(form.Get("manifest")), &manifest) != nil || manifest.URL == "" {
		return &reply{status: http.StatusUnprocessableEntity, body: []byte("The manifest is not valid.")}, nil
	}
	owner := c.g.anyUser()
	if org := c.request.PathValue("org"); org != "" {
		owner = c.g.accounts[strings.ToLower(org)]
	}
	back, err := url.Parse(manifest.RedirectURL)
	if err != nil || owner == nil {
		return &reply{status: http.StatusNotFound, body: []byte("Not found")}, nil
	}
	code := fmt.Sprintf("%040x", c.g.newID())
	c.g.manifests[code] = &App{
		Slug:       strings.ToLower(strings.ReplaceAll(strings.TrimSpace(manifest.Name), " ", "-")),
		WebhookURL: manifest.HookAttributes.URL, Permissions: manifest.DefaultPermissions,
		Events: manifest.DefaultEvents, owner: owner, created: c.g.now(),
	}
	query := back.Query()
	query.Set("code", code)
	if state := c.request.URL.Query().Get("state"); state != "" {
		query.Set("state", state)
	}
	back.RawQuery = query.Encode()
	return &reply{
		status: http.StatusFound, header: map[string]string{"Location": back.String(), "Content-Type": "text/html; charset=utf-8"},
		body: []byte(`<a href="` + html.EscapeString(back.String()) + `">back</a>`),
	}, nil
}

// anyUser is the person in front of the browser: the first that was added.
func (g *GitHub) anyUser() *account {
	var first *account
	for _, a := range g.accounts {
		if a.kind == "User" && (first == nil || a.id < first.id) {
			first = a
		}
	}
	return first
}

// convertManifest gives the App's secrets, once and within the hour.
func convertManifest(c *call) (*reply, error) {
	code := c.request.PathValue("code")
	draft := c.g.manifests[code]
	delete(c.g.manifests, code)
	if draft == nil || c.g.now().Sub(draft.created) > time.Hour {
		return nil, notFound()
	}
	draft.WebhookSecret = fmt.Sprintf("%040x", c.g.newID())
	app := c.g.addApp(draft.owner, *draft)
	body := app.json(c.g)
	body["client_id"] = fmt.Sprintf("Iv1.%016x", app.ID)
	body["client_secret"] = fmt.Sprintf("%040x", c.g.newID())
	body["webhook_secret"] = app.WebhookSecret
	body["pem"] = app.PrivateKey
	return created(body)
}

func (i *Installation) selection() string {
	if i.all {
		return "all"
	}
	return "selected"
}

func (a *App) json(g *GitHub) object {
	return object{
		"id": a.ID, "slug": a.Slug, "node_id": nodeID("App", a.ID), "owner": a.owner.json(g), "name": a.Slug,
		"client_id": fmt.Sprintf("Iv1.%016x", a.ID), "description": "", "external_url": "https://example.com",
		"html_url": g.URL + "/apps/" + a.Slug, "created_at": stamp(a.created), "updated_at": stamp(a.created),
		"permissions": a.Permissions, "events": append([]string{}, a.Events...), "installations_count": 1,
	}
}

func (g *GitHub) installationJSON(i *Installation) object {
	var suspended time.Time
	var by *account
	if i.suspended {
		suspended, by = i.created, i.account
	}
	return object{
		"id": i.ID, "account": i.account.json(g), "repository_selection": i.selection(),
		"access_tokens_url": g.api("/app/installations/%d/access_tokens", i.ID),
		"repositories_url":  g.api("/installation/repositories"), "html_url": fmt.Sprintf("%s/settings/installations/%d", g.URL, i.ID),
		"app_id": i.app.ID, "app_slug": i.app.Slug, "client_id": fmt.Sprintf("Iv1.%016x", i.app.ID),
		"target_id": i.account.id, "target_type": i.account.kind, "permissions": i.app.Permissions,
		"events": append([]string{}, i.app.Events...), "created_at": stamp(i.created), "updated_at": stamp(i.created),
		"single_file_name": nil, "has_multiple_single_files": false, "single_file_paths": []string{},
		"suspended_by": by.json(g), "suspended_at": optionalStamp(suspended),
	}
}
