// Package web is what people see in a browser: the page that registers the App.
//
// It knows GitHub's registration by manifest and nothing of reviews. Until the App is
// registered, whoever has the one-time token from the terminal may do it; afterwards the
// page does not exist.
package web

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/chiselbot/chiselbot/app"
)

//go:embed setup.html
var setupPage string

var page = template.Must(template.New("setup").Parse(setupPage))

// Config is what the setup needs.
type Config struct {
	// URL is where GitHub and browsers reach this server; empty when that is not known.
	URL string
	// Permissions and Events are what the App is registered with.
	Permissions map[string]string
	Events      []string
	// Convert exchanges the code of a registration for the App's credentials.
	Convert func(ctx context.Context, host, code string) (app.Credentials, error)
	// Done stores the credentials and begins to use them.
	Done   func(ctx context.Context, c app.Credentials) error
	Logger *slog.Logger
}

// Setup is the page at /setup.
type Setup struct {
	config Config
	token  string

	mu     sync.Mutex
	states map[string]registration // under way at GitHub, by the state that comes back
	over   bool
}

// registration is what a person chose.
type registration struct {
	Name, Organization, URL, Host string
}

const (
	cookieName = "chiselbot_setup"
	// maxForm is the largest form that is read.
	maxForm = 64 << 10
	// maxStates is how many registrations may be under way.
	maxStates = 100
)

// NewSetup makes the page with a new token.
func NewSetup(c Config) *Setup {
	return &Setup{config: c, token: rand.Text(), states: map[string]registration{}}
}

// Token is what opens the page: /setup?token=…
func (s *Setup) Token() string { return s.token }

// Close makes the page as if it had never been, because the App is registered.
func (s *Setup) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
}

func (s *Setup) closed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over
}

func (s *Setup) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.closed() {
		http.NotFound(w, r)
		return
	}
	if token := r.URL.Query().Get("token"); token != "" && r.Method == http.MethodGet && s.right(token) {
		// From here on a cookie carries the token, which histories and referrers do not see.
		http.SetCookie(w, &http.Cookie{ //nolint:gosec // it is secure wherever the browser speaks TLS
			Name: cookieName, Value: s.token, Path: "/setup", HttpOnly: true, Secure: secure(r), SameSite: http.SameSiteLaxMode,
		})
		http.Redirect(w, r, "/setup", http.StatusSeeOther)
		return
	}
	if c, err := r.Cookie(cookieName); err != nil || !s.right(c.Value) {
		http.Error(w, "Open the address that chiselbot wrote to its terminal when it started: it holds a token.", http.StatusForbidden)
		return
	}
	switch {
	case r.URL.Path == "/setup" && r.Method == http.MethodGet:
		s.show(w, http.StatusOK, view{Page: "choose", registration: registration{Name: "chiselbot", URL: s.address(r)}})
	case r.URL.Path == "/setup" && r.Method == http.MethodPost:
		s.confirm(w, r)
	case r.URL.Path == "/setup/done" && r.Method == http.MethodGet:
		s.done(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (s *Setup) right(token string) bool {
	return subtle.ConstantTimeCompare([]byte(token), []byte(s.token)) == 1
}

// secure reports whether the browser speaks TLS, to us or to who is before us.
func secure(r *http.Request) bool {
	return r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

// address is where the browser found us, which is the best guess where GitHub does.
func (s *Setup) address(r *http.Request) string {
	if s.config.URL != "" {
		return s.config.URL
	}
	scheme := "http"
	if secure(r) {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// organizationName is GitHub's form of a login.
var organizationName = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})$`)

// confirm shows what will be registered, with a form that goes to GitHub.
func (s *Setup) confirm(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	reg := registration{Name: strings.TrimSpace(r.PostFormValue("name"))}
	var problem string
	var err error
	if reg.URL, err = origin(r.PostFormValue("url")); err != nil {
		problem = "The address of this server must look like https://chiselbot.example.com."
	}
	if host := strings.TrimSpace(r.PostFormValue("host")); host != "" {
		if reg.Host, err = origin(host); err != nil {
			problem = "The address of the GitHub Enterprise Server must look like https://github.example.com."
		}
	}
	if r.PostFormValue("owner") == "organization" {
		reg.Organization = strings.TrimSpace(r.PostFormValue("organization"))
		if !organizationName.MatchString(reg.Organization) {
			problem = "Write the organization's name as it stands in its address."
		}
	}
	if reg.Name == "" || len(reg.Name) > 34 {
		problem = "The App needs a name of at most 34 characters."
	}
	if problem != "" {
		if reg.URL == "" {
			reg.URL = s.address(r)
		}
		s.show(w, http.StatusUnprocessableEntity, view{Page: "choose", Problem: problem, registration: reg})
		return
	}
	state, err := s.remember(reg)
	if err != nil {
		s.show(w, http.StatusTooManyRequests, view{Page: "choose", Problem: err.Error(), registration: reg})
		return
	}
	action := reg.github() + "/settings/apps/new"
	if reg.Organization != "" {
		action = reg.github() + "/organizations/" + reg.Organization + "/settings/apps/new"
	}
	s.show(w, http.StatusOK, view{
		Page: "confirm", Step: 1, registration: reg, Manifest: s.manifest(reg), Action: action + "?state=" + url.QueryEscape(state),
		Permissions: s.permissions(),
	})
}

// origin is an address without path.
func origin(text string) (string, error) {
	u, err := url.Parse(strings.TrimRight(strings.TrimSpace(text), "/"))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("read address %q", text)
	}
	return u.Scheme + "://" + u.Host, nil
}

func (r registration) github() string {
	if r.Host != "" {
		return r.Host
	}
	return "https://github.com"
}

func (s *Setup) remember(reg registration) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.states) >= maxStates {
		return "", fmt.Errorf("too many registrations are under way: start chiselbot anew")
	}
	state := rand.Text()
	s.states[state] = reg
	return state, nil
}

// manifest is the App as GitHub reads it. See
// https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest.
func (s *Setup) manifest(reg registration) string {
	data, err := json.Marshal(map[string]any{
		"name":                reg.Name,
		"url":                 "https://github.com/chiselbot/chiselbot",
		"description":         "Reviews pull requests that touch Dockerfiles, Helm charts or Kubernetes manifests.",
		"hook_attributes":     map[string]any{"url": reg.URL + "/webhook", "active": true},
		"redirect_url":        reg.URL + "/setup/done",
		"public":              false,
		"default_permissions": s.config.Permissions,
		"default_events":      s.config.Events,
	})
	if err != nil {
		panic(err) // it is made of strings
	}
	return string(data)
}

// A permission is a line of the table.
type permission struct{ Name, Level string }

func (s *Setup) permissions() []permission {
	var list []permission
	for name, level := range s.config.Permissions {
		word := strings.ReplaceAll(name, "_", " ")
		list = append(list, permission{strings.ToUpper(word[:1]) + word[1:], map[string]string{"read": "read", "write": "read and write"}[level]})
	}
	slices.SortFunc(list, func(a, b permission) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// done is where GitHub sends the browser back to.
func (s *Setup) done(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	reg, ok := s.states[r.URL.Query().Get("state")]
	delete(s.states, r.URL.Query().Get("state"))
	s.mu.Unlock()
	code := r.URL.Query().Get("code")
	if !ok || code == "" {
		s.show(w, http.StatusBadRequest, view{
			Page: "choose", Problem: "GitHub came back with something that was not begun here. Begin again.",
			registration: registration{Name: "chiselbot", URL: s.address(r)},
		})
		return
	}
	fail := func(what string, err error) {
		s.config.Logger.ErrorContext(r.Context(), what, slog.Any("error", err))
		s.show(w, http.StatusBadGateway, view{Page: "choose", Problem: what + ". The log says why; begin again.", registration: reg})
	}
	credentials, err := s.config.Convert(r.Context(), reg.Host, code)
	if err != nil {
		fail("GitHub did not give the App's credentials", err)
		return
	}
	if err := s.config.Done(r.Context(), credentials); err != nil {
		fail("The App's credentials could not be stored", err)
		return
	}
	s.Close()
	http.SetCookie(w, &http.Cookie{Name: cookieName, Path: "/setup", MaxAge: -1, HttpOnly: true, Secure: secure(r), SameSite: http.SameSiteLaxMode}) //nolint:gosec // as above
	install := reg.github() + "/apps/" + url.PathEscape(credentials.Slug) + "/installations/new"
	if reg.Host != "" {
		install = reg.github() + "/github-apps/" + url.PathEscape(credentials.Slug) + "/installations/new"
	}
	s.show(w, http.StatusOK, view{Page: "done", Step: 2, registration: reg, Action: install})
}

// A view is what the page shows.
type view struct {
	registration
	Page, Problem    string
	Step             int
	Manifest, Action string
	Permissions      []permission
	Nonce            string
}

// Title is the heading.
func (v view) Title() string {
	return map[string]string{"choose": "Set up chiselbot", "confirm": "Create the App", "done": "chiselbot is set up"}[v.Page]
}

// Steps are the ways there.
func (view) Steps() []string { return []string{"Choose", "Create on GitHub", "Install"} }

// HostName is the name of the GitHub.
func (v view) HostName() string {
	return strings.TrimPrefix(strings.TrimPrefix(v.github(), "https://"), "http://")
}

func (s *Setup) show(w http.ResponseWriter, status int, v view) {
	v.Nonce = rand.Text()
	forms := "'self'"
	if v.Page == "confirm" {
		forms += " " + v.github() + " " + v.URL // GitHub sends the browser back
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+v.Nonce+"'; form-action "+forms+"; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := page.Execute(w, v); err != nil {
		s.config.Logger.Warn("show setup page", slog.Any("error", err))
	}
}
