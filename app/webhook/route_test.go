package webhook_test

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/webhook"
)

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
