// Package github is GitHub as package app wants it: the interfaces of [app.GitHub] over
// REST and GraphQL. It alone knows GitHub's client library and how an App authenticates.
//
// It holds what GitHub asks of its clients: it waits when told to, never goes on after a
// refusal, counts what it creates, and asks for as little as it can. It knows nothing of
// reviews and decides nothing; every error is one of [app]'s or worth another attempt.
package github

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/google/go-github/v57/github"

	"github.com/chiselbot/chiselbot/app"
)

// requestTimeout bounds one request. GitHub itself gives up after ten seconds.
// https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#timeouts
const requestTimeout = time.Minute

// maxSessions bounds how many repositories' tokens are kept.
const maxSessions = 2000

// Permissions are all that any method needs of an installation.
var Permissions = map[string]string{
	"checks": "write", "contents": "write", "metadata": "read", "pull_requests": "write",
}

// The permissions of a token, which is never for more than one kind of work.
var (
	reviewing  = &github.InstallationPermissions{Checks: new("write"), Contents: new("read"), PullRequests: new("read")}
	talking    = &github.InstallationPermissions{PullRequests: new("write")}
	committing = &github.InstallationPermissions{Contents: new("write")}
	naming     = &github.InstallationPermissions{Metadata: new("read")}
)

// Config is what a [Client] needs.
type Config struct {
	Credentials app.Credentials
	// Objects and Ledger are shared by all replicas.
	Objects app.Objects
	Ledger  app.Ledger
	// Observe is told what each answer says of GitHub's limits; nil for nobody.
	Observe func(Quota)
	// MaxFiles is how many files are read of one change, by default 2,000.
	MaxFiles int
	// Transport reaches GitHub, by default over the network.
	Transport http.RoundTripper
}

// A Quota is what is left of a primary limit.
type Quota struct {
	Installation int64  // 0 for the App itself
	Resource     string // "core" or "graphql"
	Limit        int
	Remaining    int
	Reset        time.Time
}

// A Client is GitHub for one App. It is safe for concurrent use.
type Client struct {
	config   Config
	endpoint endpoint
	appID    int64
	listings *listingCache
	answers  *answerCache
	own      *github.Client // as the App itself

	mu       sync.Mutex
	sessions map[sessionKey]*github.Client
	gates    map[int64]*gate
	slug     string // as GitHub says, once asked
}

var (
	_ app.GitHub      = (*Client)(nil)
	_ app.Self        = (*Client)(nil)
	_ app.Branches    = (*Client)(nil)
	_ app.Comments    = (*Client)(nil)
	_ app.Proposals   = (*Client)(nil)
	_ app.Suggestions = (*Client)(nil)
)

type sessionKey struct {
	installation, repository int64
	permissions              *github.InstallationPermissions
}

// New makes a client. It checks the key and asks nothing.
func New(config Config) (*Client, error) {
	if config.Observe == nil {
		config.Observe = func(Quota) {}
	}
	if config.MaxFiles == 0 {
		config.MaxFiles = maxPrefetched
	}
	if config.Transport == nil {
		config.Transport = http.DefaultTransport.(*http.Transport).Clone()
	}
	at, err := endpointOf(config.Credentials.Host)
	if err != nil {
		return nil, err
	}
	c := &Client{
		config: config, endpoint: at, appID: config.Credentials.AppID, listings: newListingCache(), answers: newAnswerCache(),
		sessions: map[sessionKey]*github.Client{}, gates: map[int64]*gate{},
	}
	transport, err := ghinstallation.NewAppsTransport(c.transport(0), c.appID, []byte(config.Credentials.PrivateKey))
	if err != nil {
		// The library's error says where in the key it stumbled.
		return nil, errors.New("read the App's private key: not an RSA key in PEM; use the file that GitHub gave when the key was made")
	}
	c.own = c.client(transport)
	return c, nil
}

// CloseIdle ends connections that are not in use.
func (c *Client) CloseIdle() {
	if t, ok := c.config.Transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// An endpoint is where an instance of GitHub has its API.
type endpoint struct{ rest, graphql *url.URL }

// endpointOf derives both addresses of a host: empty for github.com, else that of a
// GitHub Enterprise Server or of an enterprise on ghe.com.
// https://docs.github.com/en/enterprise-server@latest/rest/using-the-rest-api/getting-started-with-the-rest-api
// https://docs.github.com/en/enterprise-cloud@latest/admin/data-residency/network-details-for-ghecom
func endpointOf(host string) (endpoint, error) {
	if host == "" {
		host = "https://github.com"
	}
	u, err := url.Parse(host)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return endpoint{}, fmt.Errorf("read the address of GitHub: %q is not like https://github.example.com", host)
	}
	rest, graphql := "/api/v3/", "/api/graphql"
	if isCloud(u.Host) {
		u.Host, rest, graphql = "api."+u.Host, "/", "/graphql"
	}
	return endpoint{
		rest:    &url.URL{Scheme: u.Scheme, Host: u.Host, Path: rest},
		graphql: &url.URL{Scheme: u.Scheme, Host: u.Host, Path: graphql},
	}, nil
}

// isCloud reports whether GitHub itself operates a host.
func isCloud(host string) bool { return host == "github.com" || strings.HasSuffix(host, ".ghe.com") }

// LimitsContent reports whether the GitHub at an address, empty for github.com, counts what
// is created and never tells how much is left. An Enterprise Server does not: its
// administrator may limit requests and processor time, and who comes to a limit is told
// until when to wait.
// https://docs.github.com/en/enterprise-server/admin/configuration/configuring-your-enterprise/configuring-rate-limits
func LimitsContent(host string) bool {
	u, err := url.Parse(host)
	return host == "" || err == nil && isCloud(u.Host)
}

func (c *Client) client(transport http.RoundTripper) *github.Client {
	client := github.NewClient(&http.Client{Transport: transport})
	client.BaseURL = c.endpoint.rest
	client.UserAgent = "chiselbot"
	return client
}

// in is the client for one repository, or for an installation when there is none. Its
// token is for that repository and those permissions alone.
func (c *Client) in(repo app.Repository, permissions *github.InstallationPermissions) *github.Client {
	key := sessionKey{repo.Installation, repo.ID, permissions}
	c.mu.Lock()
	defer c.mu.Unlock()
	if client, ok := c.sessions[key]; ok {
		return client
	}
	if len(c.sessions) >= maxSessions {
		clear(c.sessions) // tokens are cheap: one request an hour each
	}
	options := &github.InstallationTokenOptions{Permissions: permissions}
	if repo.ID != 0 {
		options.RepositoryIDs = []int64{repo.ID}
	}
	way := c.gatedTransport(repo.Installation)
	client := c.client(&session{open: func() *ghinstallation.Transport {
		// The key was read before. Each session has its own, because the library changes
		// it with every token.
		apps, err := ghinstallation.NewAppsTransport(way, c.appID, []byte(c.config.Credentials.PrivateKey))
		if err != nil {
			panic(err)
		}
		apps.BaseURL = strings.TrimSuffix(c.endpoint.rest.String(), "/")
		t := ghinstallation.NewFromAppsTransport(apps, repo.Installation)
		t.InstallationTokenOptions = options
		return t
	}})
	c.sessions[key] = client
	return client
}

// A session is an installation's token and its renewal.
type session struct {
	open func() *ghinstallation.Transport

	mu      sync.Mutex
	current *ghinstallation.Transport
}

// RoundTrip sends a request. A token that GitHub no longer takes, because the clocks
// differ or it was revoked, is replaced once: what was refused was not done.
func (s *session) RoundTrip(req *http.Request) (*http.Response, error) {
	first := s.transport(nil)
	resp, err := first.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusUnauthorized || (req.Body != nil && req.GetBody == nil) {
		return resp, err
	}
	again := req.Clone(req.Context())
	if req.GetBody != nil {
		if again.Body, err = req.GetBody(); err != nil {
			return resp, nil //nolint:nilerr // the first answer is as good
		}
	}
	_ = resp.Body.Close() // errors were read whole
	return s.transport(first).RoundTrip(again)
}

// transport is the current one, a new one when it is the one that did not work.
func (s *session) transport(broken *ghinstallation.Transport) *ghinstallation.Transport {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil || s.current == broken {
		s.current = s.open()
	}
	return s.current
}

// gatedTransport is transport with the lock already held.
func (c *Client) gatedTransport(installation int64) *transport {
	g := c.gates[installation]
	if g == nil {
		g = &gate{}
		c.gates[installation] = g
	}
	t := &transport{client: c, installation: installation, gate: g}
	if installation != 0 {
		t.forTokens = c.gatedTransport(0)
	}
	return t
}

func (c *Client) transport(installation int64) *transport {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.gatedTransport(installation)
}
