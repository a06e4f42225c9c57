package githubtest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-github/v57/github"

	"github.com/chiselbot/chiselbot/app/githubtest"
)

// TestPlay does all there is to do, so that every route and field is walked.
func TestPlay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	playAll(w)
	walked := map[string]bool{}
	for _, r := range w.github.Requests() {
		walked[githubtest.Route(r)] = true
	}
	for _, pattern := range githubtest.Routes() {
		if !walked[pattern] && pattern != "POST /settings/apps/new" { // as for organizations
			t.Errorf("%s was not walked", pattern)
		}
	}
	events := map[string]bool{}
	for _, h := range w.received() {
		action, _ := h.payload["action"].(string)
		events[h.event+" "+action] = true
	}
	for _, want := range []string{
		"check_run completed", "check_run created", "check_run requested_action", "check_run rerequested", "check_suite requested",
		"check_suite rerequested", "installation created", "installation deleted", "installation suspend", "installation_repositories added",
		"issue_comment created", "issue_comment edited", "merge_group checks_requested", "merge_group destroyed", "pull_request closed",
		"pull_request edited", "pull_request opened", "pull_request ready_for_review", "pull_request reopened", "push ",
	} {
		if !events[want] {
			t.Errorf("%s was not sent", want)
		}
	}
	permissions := w.github.Permissions()
	for _, want := range []string{"checks:write", "contents:read", "contents:write", "issues:write", "metadata:read", "pull_requests:read", "pull_requests:write"} {
		if !slices.Contains(permissions, want) {
			t.Errorf("permission %s was not noted: %v", want, permissions)
		}
	}
}

// TestUnknown: what is not here is loud.
func TestUnknown(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, method, path, body string }{
		{"endpoint", "GET", "/repos/acme/shop/contents/Dockerfile", ""},
		{"method", "PUT", "/repos/acme/shop/check-runs", "{}"},
		{"field of a request", "POST", "/repos/acme/shop/check-runs", `{"nam":"robot"}`},
		{"field of a query", "POST", "/graphql", `{"query":"{ viewer { login } }"}`},
		{"mutation", "POST", "/graphql", `{"query":"mutation { x }"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, githubtest.Options{})
			var told []string
			g, err := githubtest.Start(githubtest.Options{Report: func(problem string) { told = append(told, problem) }})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(g.Close)
			g.AddOrganization("acme")
			w.github, w.app = g, g.AddApp("acme", githubtest.App{Slug: "robot", Permissions: allPermissions})
			w.inst = g.Install(w.app, "acme", g.AddRepository("acme/shop", githubtest.Write("a", "b")))
			var token struct{ Token string }
			w.must("POST", fmt.Sprintf("/app/installations/%d/access_tokens", w.inst.ID), nil, &token)
			w.token = token.Token
			var body any
			if test.body != "" {
				body = json.RawMessage(test.body)
			}
			a := w.do(test.method, test.path, body, nil)
			if a.status != http.StatusNotImplemented || len(told) != 1 {
				t.Errorf("status %d, told %q", a.status, told)
			}
		})
	}
}

// TestAuthentication is what happens to wrong credentials.
func TestAuthentication(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	other := w.github.AddApp("acme", githubtest.App{Slug: "other", Permissions: map[string]string{"metadata": "read"}})
	forged := *w.app
	forged.PrivateKey = other.PrivateKey
	now := time.Now()
	stranger := w.github.AddRepository("acme/secret", githubtest.Write("a", "b"))
	parts := strings.SplitN(w.token, "_", 3)
	if len(w.token) <= 40 || len(parts) != 3 || parts[1] != fmt.Sprint(w.app.ID) {
		t.Errorf("the token %q is not of the long form", w.token)
	}
	for _, test := range []struct {
		name, credentials, path string
		status                  int
		message                 string
	}{
		{"none", "", "/app", 401, "Requires authentication"},
		{"no JWT", "Bearer abc", "/app", 401, "A JSON web token could not be decoded"},
		{"other key", "Bearer " + appJWT(t, &forged, now, time.Minute), "/app", 401, "A JSON web token could not be decoded"},
		{"expired", "Bearer " + appJWT(t, w.app, now.Add(-time.Hour), time.Minute), "/app", 401, "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires"},
		{"too long", "Bearer " + appJWT(t, w.app, now, time.Hour), "/app", 401, "'Expiration time' claim ('exp') is too far in the future"},
		{"from the future", "Bearer " + appJWT(t, w.app, now.Add(5*time.Minute), time.Minute), "/app", 401, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"},
		{"unknown App", "Bearer " + appJWT(t, &githubtest.App{ID: 1, PrivateKey: w.app.PrivateKey}, now, time.Minute), "/app", 404, "Integration not found"},
		{"token for the App", "Bearer " + w.token, "/app", 401, "A JSON web token could not be decoded"},
		{"JWT for an installation", "Bearer " + appJWT(t, w.app, now, time.Minute), "/repos/acme/shop", 401, "A JSON web token could not be decoded"},
		{"cut token", "token " + w.token[:40], "/repos/acme/shop", 401, "Bad credentials"},
		{"token", "token " + w.token, "/repos/acme/shop", 200, ""},
		{"other repository", "token " + w.token, "/repos/" + stranger.Name(), 404, "Not Found"},
		{"other App's installation", "Bearer " + appJWT(t, other, now, time.Minute), fmt.Sprintf("/app/installations/%d", w.inst.ID), 404, "Not Found"},
	} {
		a := w.doAs(test.credentials, "GET", test.path, nil, nil)
		if a.status != test.status || a.message != test.message {
			t.Errorf("%s: %d %q", test.name, a.status, a.message)
		}
	}
	w.github.Suspend(w.inst)
	if a := w.do("GET", "/repos/acme/shop", nil, nil); a.status != 403 || a.message != "This installation has been suspended" {
		t.Errorf("suspended: %d %s", a.status, a.message)
	}
}

// TestPermissions: a token narrowed to reading does not write, and not elsewhere.
func TestPermissions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	second := w.github.AddRepository("acme/second", githubtest.Write("a", "b"))
	w.github.Include(w.inst, second)
	tokens := fmt.Sprintf("/app/installations/%d/access_tokens", w.inst.ID)
	var token struct{ Token string }
	w.must("POST", tokens, m{"repository_ids": []int64{second.ID}, "permissions": m{"contents": "read"}}, &token)
	ask := func(method, path string, body any) answer {
		return w.doAs("token "+token.Token, method, path, body, nil)
	}
	for _, test := range []struct {
		method, path string
		body         any
		status       int
	}{
		{"GET", "/repos/acme/second/git/trees/main", nil, 200},
		{"GET", "/repos/acme/second/pulls", nil, 403},
		{"POST", "/repos/acme/second/git/blobs", m{"content": "x"}, 403},
		{"POST", "/repos/acme/second/check-runs", m{"name": "x"}, 403},
		{"GET", "/repos/acme/shop/git/trees/main", nil, 404},
	} {
		if a := ask(test.method, test.path, test.body); a.status != test.status {
			t.Errorf("%s %s: %d %s", test.method, test.path, a.status, a.message)
		}
	}
	a := ask("POST", "/graphql", m{"query": `{ repository(owner: "acme", name: "second") { name pullRequest(number: 1) { title } } }`})
	if want := `"type":"FORBIDDEN"`; a.status != 200 || !strings.Contains(string(a.body), want) || !strings.Contains(string(a.body), `"name":"second"`) {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := w.do("POST", tokens, m{"permissions": m{"administration": "write"}}, nil); a.status != 422 {
		t.Errorf("more than granted: %d", a.status)
	}
	if a := w.do("POST", tokens, m{"repositories": []string{"secret"}}, nil); a.status != 422 {
		t.Errorf("a repository that is not there: %d", a.status)
	}
	second.Archive()
	if a := w.do("POST", "/repos/acme/second/git/blobs", m{"content": "x"}, nil); a.status != 403 || !strings.Contains(a.message, "archived") {
		t.Errorf("archived: %d %s", a.status, a.message)
	}
}

// TestPages follows Link headers, and asks again for what has not changed.
func TestPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	pull := w.repo.OpenPull("alice", "x", branchOf(w, "topic"), "main")
	for i := range 7 {
		pull.Comment("alice", fmt.Sprint("comment ", i))
	}
	path := "/repos/acme/shop/issues/1/comments?per_page=3"
	var seen []int
	for path != "" {
		var comments []struct{ ID int64 }
		a := w.must("GET", path, nil, &comments)
		seen = append(seen, len(comments))
		path = ""
		for part := range strings.SplitSeq(a.header.Get("Link"), ", ") {
			if link, ok := strings.CutSuffix(part, `>; rel="next"`); ok {
				path = strings.TrimPrefix(link, "<"+w.github.URL+"/api/v3")
			}
		}
	}
	if want := []int{3, 3, 1}; !slices.Equal(seen, want) {
		t.Errorf("pages of %v, want %v", seen, want)
	}

	first := w.must("GET", "/repos/acme/shop/pulls", nil, nil)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.github.URL+"/repos/acme/shop/pulls", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "token "+w.token)
	req.Header.Set("If-None-Match", first.header.Get("Etag"))
	again := w.send(req, nil, nil)
	if again.status != http.StatusNotModified || len(again.body) > 0 {
		t.Errorf("%d with %d bytes", again.status, len(again.body))
	}
	if got, want := again.header.Get("X-Ratelimit-Remaining"), first.header.Get("X-Ratelimit-Remaining"); got != want {
		t.Errorf("what had not changed cost something: %s are left of %s", got, want)
	}
}

func branchOf(w *world, name string) string {
	w.repo.Push("alice", name, "Change", githubtest.Write(name+".txt", name))
	return name
}

// TestRedelivery is a webhook that is refused, found in the log and delivered again.
func TestRedelivery(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	w.received()
	w.mu.Lock()
	w.refuse = 1
	w.mu.Unlock()
	w.repo.OpenPull("alice", "x", branchOf(w, "topic"), "main")
	before := w.received()
	type delivery struct {
		ID         int64
		GUID       string
		StatusCode int `json:"status_code"`
		Redelivery bool
	}
	var failed []delivery
	w.must("GET", "/app/hook/deliveries", nil, &failed)
	i := slices.IndexFunc(failed, func(d delivery) bool { return d.StatusCode == http.StatusInternalServerError })
	if i < 0 || len(failed) != len(before)+1 { // and that of the installation
		t.Fatalf("no failed delivery among %+v", failed)
	}
	if a := w.must("POST", fmt.Sprintf("/app/hook/deliveries/%d/attempts", failed[i].ID), nil, nil); a.status != 202 {
		t.Errorf("status %d", a.status)
	}
	after := w.received()
	if len(after) != 1 || after[0].guid != failed[i].GUID {
		t.Errorf("redelivered %+v", after)
	}
	if i := slices.IndexFunc(before, func(h hook) bool { return h.guid == after[0].guid }); i < 0 || string(before[i].data) != string(after[0].data) {
		t.Error("the second attempt has other bytes than the first")
	}
	w.must("GET", "/app/hook/deliveries?per_page=1", nil, &failed)
	if d := failed[0]; !d.Redelivery || d.StatusCode != http.StatusAccepted {
		t.Errorf("the log says %+v", d)
	}
}

// TestClient decodes answers with go-github, whose authors read the same documentation.
func TestClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	head := w.repo.Push("alice", "topic", "Change", githubtest.Write("Dockerfile", "FROM busybox\n"))
	w.repo.OpenPull("alice", "A change", "topic", "main")
	client, err := github.NewClient(nil).WithAuthToken(w.token).WithEnterpriseURLs(w.github.URL, w.github.URL)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	pull, _, err := client.PullRequests.Get(ctx, "acme", "shop", 1)
	if err != nil || pull.GetHead().GetSHA() != head || pull.GetBase().GetRepo().GetFullName() != "acme/shop" || pull.GetChangedFiles() != 1 {
		t.Errorf("pull request %v: %v", pull, err)
	}
	comparison, _, err := client.Repositories.CompareCommits(ctx, "acme", "shop", "main", "topic", nil)
	if err != nil || comparison.GetMergeBaseCommit().GetSHA() != w.repo.Branch("main") || comparison.Files[0].GetFilename() != "Dockerfile" {
		t.Errorf("comparison %v: %v", comparison, err)
	}
	run, _, err := client.Checks.CreateCheckRun(ctx, "acme", "shop", github.CreateCheckRunOptions{Name: "robot", HeadSHA: head})
	if err != nil || run.GetStatus() != "queued" || run.GetApp().GetSlug() != "robot" || len(run.PullRequests) != 1 {
		t.Errorf("check run %v: %v", run, err)
	}
	_, _, err = client.Checks.UpdateCheckRun(ctx, "acme", "shop", run.GetID(), github.UpdateCheckRunOptions{Name: "robot", Status: new("completed")})
	if e := (*github.ErrorResponse)(nil); !errors.As(err, &e) || e.Response.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("completed without a conclusion: %v", err)
	}
	w.github.Inject(githubtest.Fault{Effect: githubtest.SecondaryLimit})
	_, _, err = client.Repositories.Get(ctx, "acme", "shop")
	if e := (*github.AbuseRateLimitError)(nil); !errors.As(err, &e) || e.GetRetryAfter() != time.Minute {
		t.Errorf("secondary limit: %v", err)
	}
	for _, h := range w.received() {
		if _, err := github.ParseWebHook(h.event, h.data); err != nil {
			t.Errorf("webhook %s: %v", h.event, err)
		}
	}
}
