package githubtest_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v4"

	"github.com/chiselbot/chiselbot/app/githubtest"
)

// A world is a GitHub with an App on one organization's repository, and a receiver of its
// webhooks.
type world struct {
	*testing.T
	github *githubtest.GitHub
	app    *githubtest.App
	inst   *githubtest.Installation
	repo   *githubtest.Repository
	token  string

	mu       sync.Mutex
	hooks    []hook
	refuse   int // answers 500 to so many webhooks
	exchange func(req *http.Request, body []byte, status int, answer []byte)
}

// A hook is a webhook that was received.
type hook struct {
	event, guid string
	payload     map[string]any
	data        []byte
}

var allPermissions = map[string]string{
	"checks": "write", "contents": "write", "issues": "write", "merge_queues": "read", "metadata": "read", "pull_requests": "write",
}

var allEvents = []string{"check_run", "check_suite", "issue_comment", "merge_group", "pull_request", "push"}

func newWorld(t *testing.T, options githubtest.Options) *world {
	t.Helper()
	w := &world{T: t}
	options.Report = func(problem string) { t.Error("githubtest: " + problem) }
	g, err := githubtest.Start(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	receiver := httptest.NewServer(http.HandlerFunc(w.receive))
	t.Cleanup(receiver.Close)
	t.Cleanup(g.Settle)
	w.github = g
	g.AddUser("alice")
	g.AddUser("mallory")
	g.AddOrganization("acme")
	w.app = g.AddApp("acme", githubtest.App{
		Slug: "robot", WebhookURL: receiver.URL, WebhookSecret: "hush", Permissions: allPermissions, Events: allEvents,
	})
	w.repo = g.AddRepository("acme/shop", githubtest.Write("Dockerfile", "FROM scratch\n"), githubtest.Write("src/main.go", "package main\n"))
	w.repo.Allow("alice", "write")
	w.inst = g.Install(w.app, "acme", w.repo)
	var token struct{ Token string }
	w.do(http.MethodPost, fmt.Sprintf("/app/installations/%d/access_tokens", w.inst.ID), nil, &token)
	w.token = token.Token
	return w
}

func (w *world) receive(rw http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		w.Error(err)
	}
	mac := hmac.New(sha256.New, []byte("hush"))
	mac.Write(data)
	if got, want := r.Header.Get("X-Hub-Signature-256"), "sha256="+hex.EncodeToString(mac.Sum(nil)); got != want {
		w.Errorf("signature %s, want %s", got, want)
	}
	h := hook{event: r.Header.Get("X-GitHub-Event"), guid: r.Header.Get("X-GitHub-Delivery"), data: data}
	if err := json.Unmarshal(data, &h.payload); err != nil {
		w.Error(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hooks = append(w.hooks, h)
	if w.refuse > 0 {
		w.refuse--
		http.Error(rw, "no", http.StatusInternalServerError)
		return
	}
	rw.WriteHeader(http.StatusAccepted)
}

// received are the webhooks since the last call, each "event action".
func (w *world) received() []hook {
	w.github.Settle()
	w.mu.Lock()
	defer w.mu.Unlock()
	hooks := w.hooks
	w.hooks = nil
	return hooks
}

// jwt is what an App shows as itself.
func appJWT(t *testing.T, app *githubtest.App, issued time.Time, life time.Duration) string {
	t.Helper()
	key, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(app.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodRS256, &jwt.RegisteredClaims{
		Issuer: fmt.Sprint(app.ID), IssuedAt: jwt.NewNumericDate(issued), ExpiresAt: jwt.NewNumericDate(issued.Add(life)),
	}).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// An answer is what came back.
type answer struct {
	status  int
	message string
	header  http.Header
	body    []byte
}

// do sends a request as the App for paths below /app, else with the installation's token,
// and decodes what comes back into out.
func (w *world) do(method, path string, in, out any) answer {
	w.Helper()
	credentials := "token " + w.token
	if strings.HasPrefix(path, "/app") {
		credentials = "Bearer " + appJWT(w.T, w.app, time.Now(), time.Minute)
	}
	return w.doAs(credentials, method, path, in, out)
}

func (w *world) doAs(credentials, method, path string, in, out any) answer {
	w.Helper()
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			w.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(w.Context(), method, w.github.URL+"/api/v3"+path, bytes.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	req.Header.Set("Authorization", credentials)
	return w.send(req, body, out)
}

func (w *world) send(req *http.Request, body []byte, out any) answer {
	w.Helper()
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		w.Fatal(err)
	}
	if w.exchange != nil {
		w.exchange(req, body, resp.StatusCode, data)
	}
	var problem struct{ Message string }
	if resp.StatusCode >= 400 {
		_ = json.Unmarshal(data, &problem) // what stands before GitHub does not answer JSON
	} else if out != nil {
		if err := json.Unmarshal(data, out); err != nil {
			w.Fatalf("%s %s: %v in %s", req.Method, req.URL, err, data)
		}
	}
	return answer{resp.StatusCode, problem.Message, resp.Header, data}
}

// must is do with an answer that is no error.
func (w *world) must(method, path string, in, out any) answer {
	w.Helper()
	a := w.do(method, path, in, out)
	if a.status >= 300 {
		w.Fatalf("%s %s: %d %s", method, path, a.status, a.body)
	}
	return a
}

type m = map[string]any

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}
