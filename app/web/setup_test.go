package web_test

import (
	"context"
	"errors"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/github"
	"github.com/chiselbot/chiselbot/app/githubtest"
	"github.com/chiselbot/chiselbot/app/web"
)

// A browser walks through the pages.
type browser struct {
	t      *testing.T
	client *http.Client
	setup  *web.Setup
	server *httptest.Server
	github *githubtest.GitHub
	stored []app.Credentials
	broken error
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	b := &browser{t: t}
	g, err := githubtest.Start(githubtest.Options{Report: func(problem string) { t.Error(problem) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	g.AddUser("alice")
	g.AddOrganization("acme")
	b.github = g
	b.setup = web.NewSetup(web.Config{
		Permissions: github.Permissions, Events: []string{"pull_request"},
		Convert: func(ctx context.Context, host, code string) (app.Credentials, error) {
			return github.Convert(ctx, host, code, nil)
		},
		Done: func(_ context.Context, c app.Credentials) error {
			if b.broken != nil {
				return b.broken
			}
			b.stored = append(b.stored, c)
			return nil
		},
		Logger: slog.New(slog.DiscardHandler),
	})
	b.server = httptest.NewServer(b.setup)
	t.Cleanup(b.server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b.client = &http.Client{Jar: jar}
	return b
}

func (b *browser) do(method, address string, form url.Values) (int, string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func (b *browser) enter() {
	b.t.Helper()
	if status, body := b.do(http.MethodGet, b.server.URL+"/setup?token="+b.setup.Token(), nil); status != 200 || !strings.Contains(body, "Who owns the App?") {
		b.t.Fatalf("status %d:\n%s", status, body)
	}
}

func (b *browser) choose(change func(url.Values)) (int, string) {
	b.t.Helper()
	form := url.Values{"owner": {"user"}, "name": {"chiselbot"}, "url": {b.server.URL}, "host": {b.github.URL}}
	if change != nil {
		change(form)
	}
	return b.do(http.MethodPost, b.server.URL+"/setup", form)
}

var (
	action   = regexp.MustCompile(`<form method="post" action="([^"]+)"`)
	manifest = regexp.MustCompile(`name="manifest" value="([^"]+)"`)
)

// create presses the button that leads to GitHub and back.
func (b *browser) create(body string) (int, string) {
	b.t.Helper()
	at, what := action.FindStringSubmatch(body), manifest.FindStringSubmatch(body)
	if at == nil || what == nil {
		b.t.Fatalf("no form that leads to GitHub:\n%s", body)
	}
	return b.do(http.MethodPost, html.UnescapeString(at[1]), url.Values{"manifest": {html.UnescapeString(what[1])}})
}

func TestSetup(t *testing.T) {
	t.Parallel()
	for _, organization := range []string{"", "acme"} {
		b := newBrowser(t)
		b.enter()
		_, body := b.choose(func(form url.Values) {
			if organization != "" {
				form.Set("owner", "organization")
				form.Set("organization", organization)
			}
		})
		for _, want := range []string{"Pull requests", "read and write", b.server.URL + "/webhook", "Create the App on"} {
			if !strings.Contains(body, want) {
				t.Errorf("the page does not say %q:\n%s", want, body)
			}
		}
		status, body := b.create(body)
		if status != 200 || !strings.Contains(body, "is registered") || !strings.Contains(body, b.github.URL+"/github-apps/chiselbot/installations/new") {
			t.Fatalf("status %d:\n%s", status, body)
		}
		if len(b.stored) != 1 {
			t.Fatalf("stored %d credentials", len(b.stored))
		}
		c := b.stored[0]
		if c.Host != b.github.URL || c.Slug != "chiselbot" || c.AppID == 0 || len(c.WebhookSecrets) != 1 || !strings.Contains(c.PrivateKey, "PRIVATE KEY") {
			t.Errorf("credentials for App %d %s on %s with %d secrets", c.AppID, c.Slug, c.Host, len(c.WebhookSecrets))
		}
		client, err := github.New(github.Config{Credentials: c})
		if err != nil {
			t.Fatal(err)
		}
		self, err := client.Self(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(app.Identity{ID: c.AppID, Slug: "chiselbot", Permissions: github.Permissions, Events: []string{"pull_request"}}, self); diff != "" {
			t.Errorf("who we are (-want +got):\n%s", diff)
		}
		// It is gone, token or not.
		for _, path := range []string{"/setup", "/setup?token=" + b.setup.Token(), "/setup/done"} {
			if status, _ := b.do(http.MethodGet, b.server.URL+path, nil); status != http.StatusNotFound {
				t.Errorf("%s afterwards: status %d", path, status)
			}
		}
	}
}

func TestSetupRefuses(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	for _, path := range []string{"/setup", "/setup?token=", "/setup?token=wrong", "/setup/done?code=x&state=y"} {
		if status, _ := b.do(http.MethodGet, b.server.URL+path, nil); status != http.StatusForbidden {
			t.Errorf("%s without the token: status %d", path, status)
		}
	}
	if status, _ := b.choose(nil); status != http.StatusForbidden {
		t.Errorf("a form without the token: status %d", status)
	}
	b.enter()
	for says, change := range map[string]func(url.Values){
		"name of at most 34":            func(f url.Values) { f.Set("name", " ") },
		"name of the organization":      func(f url.Values) { f.Set("owner", "organization"); f.Set("organization", "../x") },
		"address of this server":        func(f url.Values) { f.Set("url", "ftp://x") },
		"GitHub Enterprise Server must": func(f url.Values) { f.Set("host", "https://github.example.com/api/v3") },
	} {
		status, body := b.choose(change)
		if status != http.StatusUnprocessableEntity || !strings.Contains(strings.ReplaceAll(body, "organization&#39;s name", "name of the organization"), says) {
			t.Errorf("%q: status %d", says, status)
		}
	}
	if _, body := b.choose(func(f url.Values) { f.Set("name", `"><script>alert(1)</script>`) }); strings.Contains(body, "<script>") {
		t.Error("a name became a script")
	}
	if status, _ := b.do(http.MethodGet, b.server.URL+"/setup/done?code=x&state=y", nil); status != http.StatusBadRequest {
		t.Errorf("with a state of somebody else: status %d", status)
	}
	b.broken = errors.New("disk full of secrets")
	_, body := b.choose(nil)
	if status, body := b.create(body); status != http.StatusBadGateway || strings.Contains(body, "disk full") {
		t.Errorf("status %d:\n%s", status, body)
	}
	b.enter() // it is still there
}
