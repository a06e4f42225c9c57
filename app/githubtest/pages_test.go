package githubtest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/chiselbot/chiselbot/app/githubtest"
)

// A browser shows the pages of a GitHub.
type browser struct {
	*testing.T
	root string
}

func (b browser) open(method, path string, form url.Values, header ...string) (int, string) {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), method, b.root+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func (b browser) shows(path string, wants ...string) string {
	b.Helper()
	status, body := b.open(http.MethodGet, path, nil)
	if status != http.StatusOK {
		b.Errorf("%s: status %d", path, status)
	}
	for _, want := range wants {
		if !strings.Contains(body, want) {
			b.Errorf("%s does not show %q:\n%s", path, want, body)
		}
	}
	return body
}

// TestBrowser looks at every page and uses every form.
func TestBrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{Viewer: "alice"})
	b := browser{t, w.github.URL}
	repo := w.repo
	repo.Push("alice", "topic", "Change <it>", githubtest.Write("Dockerfile", "FROM scratch\nUSER 1\n"))
	p := repo.OpenPull("alice", "A change", "topic", "main")
	var run struct{ ID int64 }
	w.must("POST", "/repos/acme/shop/check-runs", m{
		"name": "checked", "head_sha": p.Head(), "status": "completed", "conclusion": "failure",
		"output": m{
			"title": "1 new", "summary": "| a | b |\n| --- | --- |\n| 1 | ~~2~~ |\n\n<details>\n<summary>More</summary>\n\n```diff\n-old\n+new\n```\n\n</details>\n",
			"annotations": []m{{"path": "Dockerfile", "start_line": 2, "end_line": 2, "annotation_level": "warning", "message": "Too <few>"}},
		},
		"actions": []m{{"label": "Again", "description": "Once more", "identifier": "again"}},
	}, &run)
	at := fmt.Sprintf("/acme/shop/runs/%d", run.ID)
	w.must("POST", "/repos/acme/shop/issues/1/comments", m{"body": "See #1:\n\n```suggestion\nUSER 2\n```"}, nil)

	b.shows("/", "A change", `class="sign failure"`)
	b.shows("/acme/shop/pull/1", "A change", "<code>topic</code>", "Change &lt;it&gt;", `href="`+at+`"`, `<a href="`+w.github.URL+`/acme/shop/pull/1">#1</a>`, "+USER 2")
	b.shows("/acme/shop/pull/1/files", `<span class="added">+USER 1`, "Dockerfile")
	b.shows(at, "<table>", "<del>2</del>", "<details>", `<span class="removed">-old`, "Too &lt;few&gt;", "Again")
	b.shows("/pages.css", "prefers-color-scheme: dark")

	for _, step := range []struct{ path, field, value string }{
		{"/acme/shop/pull/1/comment", "body", "/please do"}, {at, "button", "again"}, {"/acme/shop/pull/1/close", "", ""},
		{"/acme/shop/pull/1/reopen", "", ""}, {"/acme/shop/pull/1/merge", "", ""},
	} {
		if status, body := b.open(http.MethodPost, step.path, url.Values{step.field: {step.value}}); status != http.StatusOK {
			t.Errorf("%s: status %d: %s", step.path, status, body)
		}
	}
	if c := p.Comments(); c[len(c)-1].Body != "/please do" || p.State() != "merged" {
		t.Errorf("comments %v, %s", c, p.State())
	}
	w.github.Settle()
	pressed := false
	for _, h := range w.received() {
		pressed = pressed || h.event == "check_run" && h.payload["action"] == "requested_action"
	}
	if !pressed {
		t.Error("the button was not pressed")
	}
	if status, _ := b.open(http.MethodPost, "/acme/shop/pull/1/comment", url.Values{"body": {"/evil"}}, "Sec-Fetch-Site", "cross-site"); status != http.StatusForbidden {
		t.Errorf("another site's form: status %d", status)
	}
	for _, path := range []string{"/acme/shop/pull/7", "/acme/none/pulls", "/acme/shop/runs/1", "/else"} {
		if status, _ := b.open(http.MethodGet, path, nil); status != http.StatusNotFound {
			t.Errorf("%s: status %d", path, status)
		}
	}
}

// TestBrowserHostile: what strangers write is text, and the browser is told to ask no other
// server.
func TestBrowserHostile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{Viewer: "alice"})
	b := browser{t, w.github.URL}
	const evil = "<script>alert(1)</script> <img src=http://evil.test/x onerror=alert(1)> <details onclick=alert(1)> [x](javascript:alert(1)) ![y](http://evil.test/y) \n\n<iframe src=//evil.test></iframe>\n\n```diff\n<b>\n```\n"
	w.repo.Push("alice", "<b>evil", evil, githubtest.Write("<i>.txt", evil))
	p := w.repo.OpenPull("alice", evil, "<b>evil", "main")
	p.Comment("alice", evil)
	resp, err := http.Get(b.root + "/acme/shop/pull/1") //nolint:noctx // it is answered at once
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if policy := resp.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none';") {
		t.Errorf("policy %q", policy)
	}
	for _, path := range []string{"/acme/shop/pulls", "/acme/shop/pull/1", "/acme/shop/pull/1/files"} {
		body := b.shows(path)
		for _, tag := range regexp.MustCompile(`<[a-zA-Z][^>]*>`).FindAllString(body, -1) {
			if regexp.MustCompile(`(?i)^<(script|iframe|i\b)|\son[a-z]+=|javascript:`).MatchString(tag) {
				t.Errorf("%s has %s", path, tag)
			}
		}
	}
}
