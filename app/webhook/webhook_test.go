package webhook_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/webhook"
)

const (
	self = 4
	guid = "72d3162e-cc78-11e3-81ab-4c9367dc0958"
)

// An intake remembers what it took.
type intake struct {
	mu   sync.Mutex
	jobs []app.Job
	err  error
}

func (in *intake) Accept(_ context.Context, job app.Job, _ *app.Sighting) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.jobs = append(in.jobs, job)
	return in.err
}

func sign(secret, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

const opened = `{"action": "opened", "number": 7, "installation": {"id": 1},
	"repository": {"id": 2, "name": "r", "full_name": "o/r", "default_branch": "main"},
	"pull_request": {"updated_at": "2026-12-01T12:00:00Z", "head": {"sha": "abc"}}}`

func delivery(body string, change func(*http.Request)) *http.Request {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/webhook", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-GitHub-Event", "pull_request")
	r.Header.Set("X-GitHub-Delivery", guid)
	r.Header.Set("X-Hub-Signature-256", sign("new", body))
	if change != nil {
		change(r)
	}
	return r
}

func TestServe(t *testing.T) {
	t.Parallel()
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	huge := `{"action":"` + strings.Repeat("x", webhook.MaxBody) + `"}`
	tests := []struct {
		name    string
		body    string
		change  func(*http.Request)
		secrets []string
		broken  error
		status  int
		jobs    int
	}{
		{name: "accepted", body: opened, status: 202, jobs: 1},
		{name: "signed with the old secret", body: opened, change: header("X-Hub-Signature-256", sign("old", opened)), status: 202, jobs: 1},
		{name: "with a charset", body: opened, change: header("Content-Type", "application/json; charset=utf-8"), status: 202, jobs: 1},
		{name: "nothing to do", body: strings.Replace(opened, "opened", "labeled", 1), status: 202},
		{name: "an event without a route", body: `{}`, change: header("X-GitHub-Event", "star"), status: 202},
		{name: "ping", body: `{"zen": "Design for failure."}`, change: header("X-GitHub-Event", "ping"), status: 200},
		{name: "signed with another secret", body: opened, change: header("X-Hub-Signature-256", sign("other", opened)), status: 401},
		{name: "signed with nothing", body: opened, change: header("X-Hub-Signature-256", sign("", opened)), status: 401},
		{name: "signed for another body", body: opened, change: header("X-Hub-Signature-256", sign("new", "{}")), status: 401},
		{name: "not signed", body: opened, change: header("X-Hub-Signature-256", ""), status: 401},
		{name: "signed with SHA-1", body: opened, change: header("X-Hub-Signature-256", "sha1=d03207e4b030cf234e3447bac4d93add4c6643d8"), status: 401},
		{name: "signature cut off", body: opened, change: header("X-Hub-Signature-256", sign("new", opened)[:40]), status: 401},
		{name: "signature not hexadecimal", body: opened, change: header("X-Hub-Signature-256", "sha256="+strings.Repeat("z", 64)), status: 401},
		{name: "not set up", body: opened, secrets: []string{}, status: 503},
		{name: "an empty secret", body: opened, secrets: []string{""}, change: header("X-Hub-Signature-256", sign("", opened)), status: 401},
		{name: "read by a browser", change: func(r *http.Request) { r.Method = http.MethodGet }, status: 405},
		{name: "a form", body: "payload=%7B%7D", change: header("Content-Type", "application/x-www-form-urlencoded"), status: 415},
		{name: "without an id", body: opened, change: header("X-GitHub-Delivery", ""), status: 400},
		{name: "with a strange id", body: opened, change: header("X-GitHub-Delivery", "'; DROP TABLE"), status: 400},
		{name: "without an event", body: opened, change: header("X-GitHub-Event", ""), status: 400},
		{name: "not JSON", body: "{", status: 400},
		{name: "without what the event promises", body: `{"action": "opened", "installation": {"id": 1}}`, status: 400},
		{name: "larger than GitHub sends", body: huge, status: 413},
		{name: "larger than it says", body: huge, change: func(r *http.Request) { r.ContentLength = -1 }, status: 413},
		{name: "cut off", change: func(r *http.Request) { r.Body = io.NopCloser(&cutOff{}) }, status: 400},
		{name: "the database is away", body: opened, broken: errors.New("away"), status: 503, jobs: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := &intake{err: tt.broken}
			secrets := tt.secrets
			if secrets == nil {
				secrets = []string{"new", "old"}
			}
			var log bytes.Buffer
			h := webhook.New(webhook.Config{
				Identity: func() (int64, []string) { return self, secrets }, Intake: in,
				Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
			})
			w := httptest.NewRecorder()
			h.ServeHTTP(w, delivery(tt.body, tt.change))
			if w.Code != tt.status || len(in.jobs) != tt.jobs {
				t.Errorf("status %d with %d jobs, want %d with %d\n%s", w.Code, len(in.jobs), tt.status, tt.jobs, w.Body)
			}
			if says := w.Body.String() + log.String(); strings.Contains(says, "sha256=") {
				t.Errorf("it tells a signature: %s", says)
			}
		})
	}
}

type cutOff struct{ read bool }

func (c *cutOff) Read(p []byte) (int, error) {
	if c.read {
		return 0, io.ErrUnexpectedEOF
	}
	c.read = true
	return copy(p, "{"), nil
}

// TestServeMemory sends more large payloads at once than there is memory for: some are
// refused, and after them all is as before.
func TestServeMemory(t *testing.T) {
	t.Parallel()
	h := webhook.New(webhook.Config{
		Identity: func() (int64, []string) { return self, []string{"new"} }, Intake: &intake{}, Logger: slog.New(slog.DiscardHandler),
	})
	var wg sync.WaitGroup
	statuses := make([]int, 8)
	half := make(chan struct{})
	for i := range statuses {
		wg.Go(func() {
			w := httptest.NewRecorder()
			body := io.MultiReader(strings.NewReader(strings.Repeat(" ", 20<<20)), &waits{half}, strings.NewReader("{}"))
			h.ServeHTTP(w, delivery("", func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(body), -1 }))
			statuses[i] = w.Code
		})
	}
	time.AfterFunc(100*time.Millisecond, func() { close(half) })
	wg.Wait()
	if !slices.Contains(statuses, http.StatusServiceUnavailable) || !slices.Contains(statuses, http.StatusUnauthorized) {
		t.Errorf("statuses %v", statuses)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, delivery(opened, nil))
	if w.Code != http.StatusAccepted {
		t.Errorf("afterwards: status %d", w.Code)
	}
}

// waits ends when its channel is closed.
type waits struct{ until <-chan struct{} }

func (w *waits) Read([]byte) (int, error) {
	<-w.until
	return 0, io.EOF
}

var repo = app.Repository{Installation: 1, ID: 2, Owner: "o", Name: "r"}

func TestRoute(t *testing.T) {
	t.Parallel()
	const where = `"installation": {"id": 1}, "repository": {"id": 2, "name": "r", "full_name": "o/r", "default_branch": "main"}`
	at := time.Date(2026, time.December, 1, 12, 0, 0, 0, time.UTC)
	cause := app.Delivered(guid)
	const base = "0123456789012345678901234567890123456789"
	pull := func(action, more string) string {
		return `{"action": "` + action + `", "number": 7, "pull_request": {"updated_at": "2026-12-01T12:00:00Z", "head": {"sha": "abc"}}, ` + more + where + `}`
	}
	review := app.ReviewPullRequest{Cause: cause, Repository: repo, Number: 7, Head: "abc", At: at}
	comment := func(sender, body, issue string) string {
		return `{"action": "created", "issue": {"number": 7` + issue + `}, "comment": {"id": 8, "body": "` + body + `"}, "sender": {"login": "cat", "type": "` + sender + `"}, ` + where + `}`
	}
	run := func(action, appID, externalID, more string) string {
		return `{"action": "` + action + `", "check_run": {"name": "chiselbot", "head_sha": "abc", "external_id": "` + externalID + `", "app": {"id": ` + appID + `}}, ` + more + where + `}`
	}
	push := func(repository, ref, commits string) string {
		return `{"ref": "` + ref + `", "commits": [` + commits + `], "installation": {"id": 1}, "repository": {"id": 2, "name": "` + repository + `", "full_name": "o/` + repository + `", "default_branch": "main"}}`
	}
	again := func(job app.ReviewPullRequest) app.Job {
		job.At, job.Again = time.Time{}, guid
		return job
	}
	tests := []struct {
		name, event, body string
		want              app.Job
		ignored           string
	}{
		{name: "opened", event: "pull_request", body: pull("opened", ""), want: review},
		{name: "pushed", event: "pull_request", body: pull("synchronize", ""), want: review},
		{name: "reopened", event: "pull_request", body: pull("reopened", ""), want: review},
		{name: "ready", event: "pull_request", body: pull("ready_for_review", ""), want: review},
		{name: "another base", event: "pull_request", body: pull("edited", `"changes": {"base": {"ref": {"from": "main"}}}, `), want: review},
		{name: "another title", event: "pull_request", body: pull("edited", `"changes": {"title": {"from": "x"}}, `), ignored: "neither head nor base changed"},
		{name: "closed", event: "pull_request", body: pull("closed", ""), ignored: "not one that was proposed"},
		{name: "our own closed", event: "pull_request", body: strings.Replace(pull("closed", ""), `"head": {`, `"head": {"ref": "chiselbot/chiseled/main", `, 1), want: app.NoteProposal{Cause: cause, Repository: repo, Branch: "chiselbot/chiseled/main"}},

		{name: "command", event: "issue_comment", body: comment("User", `/chisel review`, `, "pull_request": {}`), want: app.Command{Cause: cause, Repository: repo, Number: 7, Comment: 8, Body: "/chisel review", Sender: "cat"}},
		{name: "talk", event: "issue_comment", body: comment("User", "I like it.", `, "pull_request": {}`), ignored: "no command"},
		{name: "talk about commands", event: "issue_comment", body: comment("User", "> /chisel review", `, "pull_request": {}`), ignored: "no command"},
		{name: "on an issue", event: "issue_comment", body: comment("User", "/chisel review", ""), ignored: "not on a pull request"},
		{name: "a robot's command", event: "issue_comment", body: comment("Bot", "/chisel review", `, "pull_request": {}`), ignored: "not written by a person"},
		{name: "a comment edited", event: "issue_comment", body: strings.Replace(comment("User", "/chisel review", `, "pull_request": {}`), "created", "edited", 1), ignored: "no route for the action"},

		{name: "re-run", event: "check_run", body: run("rerequested", "4", "pull/7/00", ""), want: again(review)},
		{name: "re-run of a merge group", event: "check_run", body: run("rerequested", "4", "group/"+base+"/00", ""), want: app.AnswerMergeGroup{Cause: cause, Repository: repo, Head: "abc", Base: base, Again: guid}},
		{name: "re-run of who knows what", event: "check_run", body: run("rerequested", "4", "x", ""), want: app.Recheck{Cause: cause, Repository: repo, Head: "abc", Again: guid}},
		{name: "button", event: "check_run", body: run("requested_action", "4", "pull/7/00", `"requested_action": {"identifier": "recheck"}, "sender": {"login": "alice", "type": "User"}, `), want: app.Command{Cause: cause, Repository: repo, Number: 7, Body: "/chisel review", Sender: "alice"}},
		{name: "a merge group's button", event: "check_run", body: run("requested_action", "4", "group/"+base+"/00", `"requested_action": {"identifier": "recheck"}, "sender": {"login": "alice", "type": "User"}, `), want: app.AnswerMergeGroup{Cause: cause, Repository: repo, Head: "abc", Base: base, Again: guid}},
		{name: "another button", event: "check_run", body: run("requested_action", "4", "pull/7/00", `"requested_action": {"identifier": "x"}, `), ignored: "no such button"},
		{name: "fix button", event: "check_run", body: run("requested_action", "4", "pull/7/00", `"requested_action": {"identifier": "fix"}, "sender": {"login": "alice", "type": "User"}, `), want: app.Command{Cause: cause, Repository: repo, Number: 7, Body: "/chisel fix", Sender: "alice"}},
		{name: "migrate button", event: "check_run", body: run("requested_action", "4", "pull/7/00", `"requested_action": {"identifier": "migrate"}, "sender": {"login": "alice", "type": "User"}, `), want: app.Command{Cause: cause, Repository: repo, Number: 7, Body: "/chisel migrate", Sender: "alice"}},
		{name: "a robot's button", event: "check_run", body: run("requested_action", "4", "pull/7/00", `"requested_action": {"identifier": "fix"}, "sender": {"login": "x[bot]", "type": "Bot"}, `), ignored: "not pressed by a person"},
		{name: "a merge group's fix button", event: "check_run", body: run("requested_action", "4", "group/"+base+"/00", `"requested_action": {"identifier": "fix"}, `), ignored: "no such button"},
		{name: "another App's run", event: "check_run", body: run("rerequested", "5", "pull/7/00", ""), ignored: "a check run of another App"},
		{name: "our own run completed", event: "check_run", body: run("completed", "4", "pull/7/00", ""), ignored: "no route for the action"},
		{name: "re-run all", event: "check_suite", body: `{"action": "rerequested", "check_suite": {"head_sha": "abc", "app": {"id": 4}}, ` + where + `}`, want: app.Recheck{Cause: cause, Repository: repo, Head: "abc", Again: guid}},
		{name: "another App's suite", event: "check_suite", body: `{"action": "rerequested", "check_suite": {"head_sha": "abc", "app": {"id": 5}}, ` + where + `}`, ignored: "a check suite of another App"},

		{name: "merge queue", event: "merge_group", body: `{"action": "checks_requested", "merge_group": {"head_sha": "abc", "base_sha": "def", "head_commit": {"tree_id": "t"}}, ` + where + `}`, want: app.AnswerMergeGroup{Cause: cause, Repository: repo, Head: "abc", HeadTree: "t", Base: "def"}},
		{name: "merged", event: "merge_group", body: `{"action": "destroyed", "merge_group": {"head_sha": "abc", "base_sha": "def"}, ` + where + `}`, ignored: "no route for the action"},

		{name: "settings pushed", event: "push", body: push("r", "refs/heads/main", `{"modified": [".github/chiselbot.yml"]}`), want: app.LookAtRepository{Cause: cause, Repository: repo, Again: guid, Branch: "main"}},
		{name: "settings removed", event: "push", body: push("r", "refs/heads/main", `{"added": ["a"]}, {"removed": [".github/chiselbot.yaml"]}`), want: app.LookAtRepository{Cause: cause, Repository: repo, Again: guid, Branch: "main"}},
		{name: "who knows what pushed", event: "push", body: push("r", "refs/heads/main", ""), want: app.LookAtRepository{Cause: cause, Repository: repo, Again: guid, Branch: "main"}},
		{name: "other files pushed", event: "push", body: push("r", "refs/heads/main", `{"modified": ["Dockerfile"]}`), want: app.KeepProposal{Cause: cause, Repository: repo, Branch: "main"}},
		{name: "another branch pushed", event: "push", body: push("r", "refs/heads/next", `{"modified": [".github/chiselbot.yml"]}`), want: app.KeepProposal{Cause: cause, Repository: repo, Branch: "next"}},
		{name: "a new branch pushed", event: "push", body: strings.Replace(push("r", "refs/heads/next", ""), "{", `{"created": true, `, 1), ignored: "to a new branch"},
		{name: "our own branch pushed", event: "push", body: push("r", "refs/heads/chiselbot/chiseled/main", ""), ignored: "not to a branch that anything was proposed for"},
		{name: "a tag pushed", event: "push", body: push("r", "refs/tags/v1", ""), ignored: "not to a branch that anything was proposed for"},
		{name: "owner's settings pushed", event: "push", body: push(".github", "refs/heads/main", `{"modified": ["chiselbot.yml"]}`), want: app.LookAtInstallation{Cause: cause, Installation: 1, Again: guid}},
		{name: "a repository's own hook", event: "push", body: strings.Replace(push("r", "refs/heads/main", ""), `"installation": {"id": 1}, `, "", 1), ignored: "not sent to an installation"},

		{name: "installed", event: "installation", body: `{"action": "created", "installation": {"id": 1}}`, want: app.LookAtInstallation{Cause: cause, Installation: 1}},
		{name: "uninstalled", event: "installation", body: `{"action": "deleted", "installation": {"id": 1}}`, ignored: "no route for the action"},
		{name: "repositories added", event: "installation_repositories", body: `{"action": "added", "installation": {"id": 1}, "repositories_added": [{"id": 2, "name": "r", "full_name": "o/r"}]}`, want: app.LookAtInstallation{Cause: cause, Installation: 1, Repositories: []app.Repository{repo}}},
		{name: "no repositories added", event: "installation_repositories", body: `{"action": "added", "installation": {"id": 1}, "repositories_added": []}`, ignored: "no repository was added"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := webhook.Route(tt.event, guid, []byte(tt.body), self)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got.Job); diff != "" {
				t.Errorf("job (-want +got):\n%s", diff)
			}
			if got.Ignored != tt.ignored {
				t.Errorf("ignored because %q, want %q", got.Ignored, tt.ignored)
			}
			if _, ok := got.Job.(app.ReviewPullRequest); ok != (got.Sighting != nil) && tt.event == "pull_request" {
				t.Errorf("sighting %+v", got.Sighting)
			}
		})
	}
}

// TestRealPayloads routes GitHub's own examples of every event, of github.com and of its
// Enterprise Servers.
func TestRealPayloads(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("CHISELBOT_WEBHOOK_EXAMPLES")
	if dir == "" {
		t.Skip("SKIPPED: run npm install @octokit/webhooks-examples and set CHISELBOT_WEBHOOK_EXAMPLES to its folder")
	}
	routed := map[string]int{}
	servers, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, server := range servers {
		data, err := os.ReadFile(dir + "/" + server.Name() + "/index.json")
		if !server.IsDir() || errors.Is(err, os.ErrNotExist) {
			continue
		} else if err != nil {
			t.Fatal(err)
		}
		var events []struct {
			Name     string
			Examples []map[string]any
		}
		if err := json.Unmarshal(data, &events); err != nil {
			t.Fatal(err)
		}
		for _, event := range events {
			for _, example := range event.Examples {
				_, had := example["installation"]
				if !had { // most were recorded from webhooks of repositories
					example["installation"] = map[string]any{"id": 1}
				}
				body, err := json.Marshal(example)
				if err != nil {
					t.Fatal(err)
				}
				ours := int64(self)
				for _, of := range []string{"check_run", "check_suite"} {
					one, _ := example[of].(map[string]any)
					if by, ok := one["app"].(map[string]any); ok {
						ours = int64(by["id"].(float64))
					}
				}
				got, err := webhook.Route(event.Name, guid, body, ours)
				if err != nil {
					t.Errorf("%s %s %v: %v", server.Name(), event.Name, example["action"], err)
					continue
				}
				if event.Name == "push" && got.Ignored != "" {
					routed["push, but "+got.Ignored]++
				}
				if got.Job != nil {
					action, _ := example["action"].(string)
					routed[strings.TrimSpace(event.Name+" "+action)]++
					if jobRepo, ok := got.Job.(app.ReviewPullRequest); ok && (jobRepo.Number == 0 || jobRepo.Repository.Name == "" || jobRepo.At.IsZero()) {
						t.Errorf("%s %s %s: %+v", server.Name(), event.Name, action, got.Job)
					}
				}
			}
		}
	}
	for _, want := range []string{
		"pull_request opened", "pull_request synchronize", "pull_request reopened", "pull_request ready_for_review",
		"check_run rerequested", "check_suite rerequested", "merge_group checks_requested",
		"push",
		"installation created", "installation_repositories added",
	} {
		if routed[want] == 0 {
			t.Errorf("no example of %q was routed", want)
		}
	}
	for kind := range routed {
		event := strings.FieldsFunc(kind, func(r rune) bool { return r == ' ' || r == ',' })[0]
		if !slices.Contains(append(webhook.Events(), "installation", "installation_repositories"), event) {
			t.Errorf("%s was routed", kind)
		}
	}
	t.Logf("routed %v", routed)
}

// FuzzRoute demands that no payload, however odd, makes the router panic or gives a job
// that lacks what every job of its kind has.
func FuzzRoute(f *testing.F) {
	f.Add("pull_request", []byte(opened))
	f.Add("issue_comment", []byte(`{"action": "created", "issue": {"number": 7, "pull_request": {}}, "comment": {"id": 8, "body": "/chisel review"}, "sender": {"type": "User"}, "installation": {"id": 1}, "repository": {"id": 2, "full_name": "o/r"}}`))
	f.Add("check_run", []byte(`{"action": "rerequested", "check_run": {"head_sha": "abc", "external_id": "pull/7/00", "app": {"id": 4}}, "installation": {"id": 1}, "repository": {"id": 2, "full_name": "o/r"}}`))
	f.Add("check_suite", []byte(`{"action": "rerequested", "check_suite": {"head_sha": "abc", "app": {"id": 4}}, "installation": {"id": 1}, "repository": {"id": 2, "full_name": "o/r"}}`))
	f.Add("merge_group", []byte(`{"action": "checks_requested", "merge_group": {"head_sha": "a", "base_sha": "b"}, "installation": {"id": 1}, "repository": {"id": 2, "full_name": "o/r"}}`))
	f.Add("push", []byte(`{"ref": "refs/heads/main", "installation": {"id": 1}, "repository": {"id": 2, "full_name": "o/r", "default_branch": "main"}}`))
	f.Add("installation", []byte(`{"action": "created", "installation": {"id": 1}}`))
	f.Add("installation_repositories", []byte(`{"action": "added", "installation": {"id": 1}, "repositories_added": [{"id": 2, "full_name": "o/r"}]}`))
	f.Fuzz(func(t *testing.T, event string, body []byte) {
		got, err := webhook.Route(event, guid, body, self)
		if err != nil || got.Job == nil {
			if got.Job != nil || err == nil && got.Ignored == "" {
				t.Fatalf("%+v with error %v", got, err)
			}
			return
		}
		if got.Job.Origin() != app.Delivered(guid) {
			t.Fatalf("cause %+v", got.Job.Origin())
		}
		complete := func(r app.Repository) {
			if r.Installation == 0 || r.ID == 0 || r.Owner == "" || r.Name == "" || strings.ContainsAny(r.Owner+r.Name, "/") {
				t.Fatalf("%s of repository %+v", got.Job.Kind(), r)
			}
		}
		switch job := got.Job.(type) {
		case app.ReviewPullRequest:
			complete(job.Repository)
			if job.Number <= 0 || job.Head == "" {
				t.Fatalf("%+v", job)
			}
		case app.AnswerMergeGroup:
			complete(job.Repository)
			if job.Head == "" || job.Base == "" {
				t.Fatalf("%+v", job)
			}
		case app.Recheck:
			complete(job.Repository)
		case app.Command:
			complete(job.Repository)
		case app.LookAtRepository:
			complete(job.Repository)
		case app.LookAtInstallation:
			if job.Installation == 0 {
				t.Fatalf("%+v", job)
			}
			for _, r := range job.Repositories {
				complete(r)
			}
		default:
			t.Fatalf("a job of kind %s", job.Kind())
		}
	})
}

// BenchmarkServe takes a delivery of usual size without storing it.
func BenchmarkServe(b *testing.B) {
	body := strings.Replace(opened, `"number"`, `"padding": "`+strings.Repeat("x", 24<<10)+`", "number"`, 1)
	h := webhook.New(webhook.Config{
		Identity: func() (int64, []string) { return self, []string{"new", "old"} }, Intake: discard{}, Logger: slog.New(slog.DiscardHandler),
	})
	for b.Loop() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, delivery(body, nil))
		if w.Code != http.StatusAccepted {
			b.Fatal(w.Code)
		}
	}
}

type discard struct{}

func (discard) Accept(context.Context, app.Job, *app.Sighting) error { return nil }
