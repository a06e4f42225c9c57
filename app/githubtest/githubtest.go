// Package githubtest is a GitHub in one process, for tests and for `chiselbot demo`:
// real git objects, the REST and GraphQL endpoints that chiselbot uses with GitHub's
// shapes, limits and errors, and webhooks that are signed, logged and redelivered.
//
// It knows nothing of chiselbot. What is not here is answered with 501 and reported, so
// that a test that needs it fails. People act through methods, as they would in a browser
// or with git; these panic when told something impossible, because then the test is wrong.
package githubtest

import (
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Options are how a GitHub is.
type Options struct {
	// Enterprise makes it a GitHub Enterprise Server as delivered, without rate limits.
	Enterprise bool
	// Limits are the rate limits of each installation; nil means those of github.com.
	Limits *Limits
	// Now is GitHub's clock, by default the machine's. Limits, tokens and all times shown
	// follow it.
	Now func() time.Time
	// TreeEntries is how many entries a listing of a tree shows before it is cut, by
	// default 100,000 as on github.com.
	TreeEntries int
	// Viewer is who is signed in at the pages that browsers are shown; without one there are
	// no pages.
	Viewer string
	// Report is told of each request that is answered with 501, because nothing here can
	// answer it. By default the request panics.
	Report func(problem string)
	// Listener is where it listens, by default a free port of the loopback interface.
	Listener net.Listener
	// Hooks sends the webhooks, by default over the network.
	Hooks http.RoundTripper
}

// A GitHub is one running server.
type GitHub struct {
	// URL is where browsers find it. The API is at /api/v3/ and /api/graphql as on GitHub
	// Enterprise Server, and without /api/v3 and /api as on api.github.com.
	URL string

	options Options
	server  *http.Server
	pages   http.Handler // nil without a viewer
	secret  []byte       // signs installation tokens
	hooks   *http.Client
	stop    context.CancelFunc
	ctx     context.Context //nolint:containedctx // the life of the server, which ends webhooks under way

	mu            sync.Mutex
	sending       int        // webhooks under way; a WaitGroup may not be waited for while it grows from zero
	sent          *sync.Cond // one of them is done
	lastID        int64
	accounts      map[string]*account // by lower-case login
	apps          map[int64]*App
	manifests     map[string]*App // by the code of their conversion
	installations map[int64]*Installation
	repositories  []*Repository
	deliveries    []*Delivery
	meters        map[string]*meter
	faults        []*Fault
	requests      []*Request
	inFlight      int
	used          map[string]bool // permissions that requests needed
}

// Start starts a GitHub without anything in it. Close ends it.
func Start(options Options) (*GitHub, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Limits == nil {
		options.Limits = &Limits{}
		if !options.Enterprise {
			*options.Limits = PublicLimits
		}
	}
	if options.TreeEntries == 0 {
		options.TreeEntries = 100_000
	}
	if options.Report == nil {
		options.Report = func(problem string) { panic("githubtest: " + problem) }
	}
	if options.Hooks == nil {
		options.Hooks = http.DefaultTransport.(*http.Transport).Clone()
	}
	if options.Listener == nil {
		l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("start a GitHub: %w", err)
		}
		options.Listener = l
	}
	g := &GitHub{
		URL: "http://" + options.Listener.Addr().String(), options: options, lastID: 1000,
		secret: []byte("the secret that signs the tokens of this GitHub"),
		hooks: &http.Client{Transport: options.Hooks, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // GitHub does not follow redirects of webhooks
		}},
		accounts: map[string]*account{}, apps: map[int64]*App{}, manifests: map[string]*App{},
		installations: map[int64]*Installation{}, meters: map[string]*meter{}, used: map[string]bool{},
	}
	if options.Viewer != "" {
		g.pages = g.newPages()
	}
	g.sent = sync.NewCond(&g.mu)
	g.ctx, g.stop = context.WithCancel(context.Background())
	g.server = &http.Server{Handler: g, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = g.server.Serve(options.Listener) }() // it returns when Close closes the server
	return g, nil
}

// Close ends the server and the webhooks under way.
func (g *GitHub) Close() {
	g.stop()
	_ = g.server.Close() // it only tells that the listener was closed already
	g.Settle()
	g.hooks.CloseIdleConnections()
}

// Settle waits until all webhooks have been answered or given up.
func (g *GitHub) Settle() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.sending > 0 {
		g.sent.Wait()
	}
}

// now is the time with the precision that GitHub shows.
func (g *GitHub) now() time.Time { return g.options.Now().UTC().Truncate(time.Second) }

func (g *GitHub) newID() int64 {
	g.lastID++
	return g.lastID
}

// api is the address of a path of the API.
func (g *GitHub) api(format string, args ...any) string {
	return g.URL + "/api/v3" + fmt.Sprintf(format, args...)
}

// An object is JSON as GitHub writes it.
type object = map[string]any

// nodeID is an identifier of GraphQL, which is opaque.
func nodeID(kind string, id any) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%s:%v", kind, id))
}

// An account is a person, an organization or the robot of an App.
type account struct {
	id    int64
	login string
	kind  string // User, Organization or Bot
}

// AddUser adds a person.
func (g *GitHub) AddUser(login string) { g.add(login, "User") }

// AddOrganization adds an organization.
func (g *GitHub) AddOrganization(login string) { g.add(login, "Organization") }

func (g *GitHub) add(login, kind string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.addAccount(login, kind)
}

func (g *GitHub) addAccount(login, kind string) *account {
	key := strings.ToLower(login)
	if g.accounts[key] != nil {
		panic("githubtest: there is an account " + login + " already")
	}
	a := &account{id: g.newID(), login: login, kind: kind}
	g.accounts[key] = a
	return a
}

// account is the account of that login, which must be there.
func (g *GitHub) account(login string) *account {
	a := g.accounts[strings.ToLower(login)]
	if a == nil {
		panic("githubtest: there is no account " + login)
	}
	return a
}

func (a *account) json(g *GitHub) object {
	if a == nil {
		return nil
	}
	api := g.api("/users/%s", a.login)
	html := g.URL + "/" + a.login
	if app, ok := strings.CutSuffix(a.login, "[bot]"); ok {
		html = g.URL + "/apps/" + app
	}
	return object{
		"login": a.login, "id": a.id, "node_id": nodeID(a.kind, a.id), "type": a.kind,
		"site_admin": false, "gravatar_id": "", "avatar_url": g.URL + "/avatars/" + a.login,
		"url": api, "html_url": html, "followers_url": api + "/followers",
		"following_url": api + "/following{/other_user}", "gists_url": api + "/gists{/gist_id}",
		"starred_url": api + "/starred{/owner}{/repo}", "subscriptions_url": api + "/subscriptions",
		"organizations_url": api + "/orgs", "repos_url": api + "/repos",
		"events_url": api + "/events{/privacy}", "received_events_url": api + "/received_events",
	}
}

// organizationJSON is how a webhook shows an organization.
func (a *account) organizationJSON(g *GitHub) object {
	api := g.api("/orgs/%s", a.login)
	return object{
		"login": a.login, "id": a.id, "node_id": nodeID(a.kind, a.id), "url": api,
		"repos_url": api + "/repos", "events_url": api + "/events", "hooks_url": api + "/hooks",
		"issues_url": api + "/issues", "members_url": api + "/members{/member}",
		"public_members_url": api + "/public_members{/member}",
		"avatar_url":         g.URL + "/avatars/" + a.login, "description": "",
	}
}
