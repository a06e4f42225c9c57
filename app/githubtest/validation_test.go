package githubtest_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/app/githubtest"
)

// TestValidation is what GitHub refuses, and how it says so.
func TestValidation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{Limits: &githubtest.Limits{}})
	main := w.repo.Branch("main")
	head := w.repo.Push("alice", "topic", "Change", githubtest.Write("Dockerfile", "FROM busybox\n"))
	w.repo.Push("alice", "main", "Other", githubtest.Write("other", "x"))
	w.repo.Protect("main")
	w.repo.OpenPull("alice", "x", "topic", "main")
	const at = "/repos/acme/shop"
	run := func(more m) m {
		full := m{"name": "robot", "head_sha": head}
		maps.Copy(full, more)
		return full
	}
	output := func(more m) m {
		full := m{"title": "t", "summary": "s"}
		maps.Copy(full, more)
		return run(m{"output": full})
	}
	note := func(more m) m {
		full := m{"path": "a", "start_line": 1, "end_line": 2, "annotation_level": "notice", "message": "m"}
		maps.Copy(full, more)
		return output(m{"annotations": []m{full}})
	}
	action := func(label, description, identifier string, n int) m {
		var list []m
		for range n {
			list = append(list, m{"label": label, "description": description, "identifier": identifier})
		}
		return run(m{"actions": list})
	}
	long := func(n int) string { return strings.Repeat("ü", n) }
	annotations := make([]m, 51)
	for i := range annotations {
		annotations[i] = m{"path": "a", "start_line": 1, "end_line": 1, "annotation_level": "notice", "message": "m"}
	}
	for _, test := range []struct {
		name, method, path string
		body               any
		status             int
		says               string
	}{
		{"run", "POST", at + "/check-runs", run(nil), 201, ""},
		{"run without a name", "POST", at + "/check-runs", m{"head_sha": head}, 422, `"name"`},
		{"run on no commit", "POST", at + "/check-runs", m{"name": "x", "head_sha": strings.Repeat("1", 40)}, 422, "No commit found"},
		{"completed without conclusion", "POST", at + "/check-runs", run(m{"status": "completed"}), 422, `"conclusion" wasn't supplied`},
		{"stale", "POST", at + "/check-runs", run(m{"conclusion": "stale"}), 422, "stale"},
		{"no summary", "POST", at + "/check-runs", run(m{"output": m{"title": "t"}}), 422, `"summary"`},
		{"summary of the longest", "POST", at + "/check-runs", output(m{"summary": long(65_535)}), 201, ""},
		{"summary too long", "POST", at + "/check-runs", output(m{"summary": long(65_536)}), 422, "Only 65535 characters are allowed; 65536 were supplied."},
		{"text too long", "POST", at + "/check-runs", output(m{"text": long(65_536)}), 422, "Only 65535 characters are allowed"},
		{"50 annotations", "POST", at + "/check-runs", output(m{"annotations": annotations[:50]}), 201, ""},
		{"51 annotations", "POST", at + "/check-runs", output(m{"annotations": annotations}), 422, "No more than 50 items are allowed; 51 were supplied."},
		{"columns over lines", "POST", at + "/check-runs", note(m{"start_column": 1, "end_column": 2}), 422, "start_column"},
		{"columns in a line", "POST", at + "/check-runs", note(m{"end_line": 1, "start_column": 1, "end_column": 2}), 201, ""},
		{"lines backwards", "POST", at + "/check-runs", note(m{"start_line": 3}), 422, "not valid"},
		{"unknown level", "POST", at + "/check-runs", note(m{"annotation_level": "error"}), 422, "not a member"},
		{"3 actions", "POST", at + "/check-runs", action(long(20), long(40), long(20), 3), 201, ""},
		{"4 actions", "POST", at + "/check-runs", action("l", "d", "i", 4), 422, "No more than 3 items"},
		{"label", "POST", at + "/check-runs", action(long(21), "d", "i", 1), 422, "Only 20 characters"},
		{"description", "POST", at + "/check-runs", action("l", long(41), "i", 1), 422, "Only 40 characters"},
		{"identifier", "POST", at + "/check-runs", action("l", "d", long(21), 1), 422, "Only 20 characters"},
		{"run that is not there", "PATCH", at + "/check-runs/1", m{}, 404, ""},

		{"no common commit", "GET", at + "/compare/main...nothing", nil, 404, ""},
		{"ref that is there", "POST", at + "/git/refs", m{"ref": "refs/heads/topic", "sha": main}, 422, "Reference already exists"},
		{"ref without a name", "POST", at + "/git/refs", m{"ref": "topic", "sha": main}, 422, "must start with 'refs/'"},
		{"ref to nothing", "POST", at + "/git/refs", m{"ref": "refs/heads/x", "sha": strings.Repeat("1", 40)}, 422, "Object does not exist"},
		{"no fast forward", "PATCH", at + "/git/refs/heads/topic", m{"sha": w.repo.Branch("main")}, 422, "Update is not a fast forward"},
		{"protected", "PATCH", at + "/git/refs/heads/main", m{"sha": w.repo.Branch("main")}, 422, "Protected branch"},
		{"no such ref", "PATCH", at + "/git/refs/heads/none", m{"sha": main}, 422, "Reference does not exist"},
		{"tree out of the tree", "POST", at + "/git/trees", m{"base_tree": main, "tree": []m{{"path": "../x", "mode": "100644", "type": "blob", "content": "x"}}}, 422, "malformed path"},
		{"tree over .git", "POST", at + "/git/trees", m{"base_tree": main, "tree": []m{{"path": "a/.GIT/config", "mode": "100644", "type": "blob", "content": "x"}}}, 422, "malformed path"},
		{"tree of a mode", "POST", at + "/git/trees", m{"base_tree": main, "tree": []m{{"path": "x", "mode": "100666", "type": "blob", "content": "x"}}}, 422, "tree.mode"},
		{"tree of nothing", "POST", at + "/git/trees", m{"base_tree": main, "tree": []m{{"path": "x", "mode": "100644", "type": "blob", "sha": strings.Repeat("1", 40)}}}, 422, "not a valid blob"},

		{"pull request again", "POST", at + "/pulls", m{"title": "x", "head": "topic", "base": "main"}, 422, "A pull request already exists for acme:topic."},
		{"pull request of nothing", "POST", at + "/pulls", m{"title": "x", "head": "nothing", "base": "main"}, 422, `"field":"head"`},
		{"pull request to nothing", "POST", at + "/pulls", m{"title": "x", "head": "topic", "base": "nothing"}, 422, `"field":"base"`},
		{"pull request without commits", "POST", at + "/pulls", m{"title": "x", "head": "main", "base": "main"}, 422, "No commits between main and main"},
		{"reviewer", "POST", at + "/pulls/1/requested_reviewers", m{"reviewers": []string{"mallory"}}, 422, "not a collaborator"},
		{"review of the author", "POST", at + "/pulls/1/requested_reviewers", m{"reviewers": []string{"alice"}}, 422, "author"},
		{"suggestion elsewhere", "POST", at + "/pulls/1/reviews", m{"event": "COMMENT", "body": "x", "comments": []m{{"path": "other", "line": 1, "body": "x"}}}, 422, "Path could not be resolved"},
		{"suggestion behind the end", "POST", at + "/pulls/1/reviews", m{"event": "COMMENT", "body": "x", "comments": []m{{"path": "Dockerfile", "line": 2, "body": "x"}}}, 422, "Line could not be resolved"},
		{"suggestion from above", "POST", at + "/pulls/1/reviews", m{"event": "COMMENT", "body": "x", "comments": []m{{"path": "Dockerfile", "line": 1, "start_line": 2, "body": "x"}}}, 422, "Line could not be resolved"},
		{"no pull request", "GET", at + "/pulls/9", nil, 404, ""},
		{"empty comment", "POST", at + "/issues/1/comments", m{"body": " "}, 422, "missing_field"},
		{"long comment", "POST", at + "/issues/1/comments", m{"body": long(65_537)}, 422, "too long"},
		{"no such reaction", "POST", fmt.Sprintf("%s/issues/comments/%d/reactions", at, w.repo.Pulls()[0].Comment("alice", "hi")), m{"content": "beer"}, 422, "content"},
		{"comment of a person", "PATCH", fmt.Sprintf("%s/issues/comments/%d", at, w.repo.Pulls()[0].Comment("alice", "hi")), m{"body": "x"}, 403, ""},
		{"nobody", "GET", at + "/collaborators/nobody/permission", nil, 404, ""},
		{"bad JSON", "POST", at + "/check-runs", []int{1}, 400, "Problems parsing JSON"},
	} {
		a := w.do(test.method, test.path, test.body, nil)
		if a.status != test.status || (!strings.Contains(string(a.body), test.says) && !strings.Contains(a.message, test.says)) {
			t.Errorf("%s: %d %s", test.name, a.status, a.body)
		}
	}
}

// TestForks: a fork's commits are read through the base's repository, its pushes are not
// noticed there, and its pull request is in no check run.
func TestForks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	fork := w.repo.Fork("mallory")
	w.received()
	head := fork.Push("mallory", "evil", "Fork", githubtest.Write("Dockerfile", "FROM evil\n"))
	if hooks := w.received(); len(hooks) != 0 {
		t.Errorf("a push to a fork sent %d webhooks", len(hooks))
	}
	pull := w.repo.OpenPull("mallory", "From a fork", "mallory:evil", "main")
	var tree struct{ Tree []struct{ Path, SHA string } }
	w.must("GET", "/repos/acme/shop/git/trees/"+head, nil, &tree)
	w.must("GET", "/repos/acme/shop/git/blobs/"+tree.Tree[0].SHA, nil, nil)
	var run struct {
		PullRequests []any `json:"pull_requests"`
		CheckSuite   struct{ ID int64 }
	}
	w.must("POST", "/repos/acme/shop/check-runs", m{"name": "robot", "head_sha": head}, &run)
	if len(run.PullRequests) != 0 {
		t.Errorf("the check run names %v", run.PullRequests)
	}
	next := fork.Push("mallory", "evil", "More", githubtest.Write("Dockerfile", "FROM worse\n"))
	var got []string
	for _, h := range w.received() {
		action, _ := h.payload["action"].(string)
		got = append(got, h.event+" "+action)
	}
	if diff := cmp.Diff([]string{"check_run created", "pull_request opened", "pull_request synchronize"}, sorted(got)); diff != "" {
		t.Error(diff)
	}
	if pull.Head() != next {
		t.Errorf("the head is %s, want %s", pull.Head(), next)
	}
	var permission struct {
		Permission string
		RoleName   string `json:"role_name"`
	}
	w.repo.Allow("mallory", "maintain")
	w.must("GET", "/repos/acme/shop/collaborators/mallory/permission", nil, &permission)
	if permission.Permission != "write" || permission.RoleName != "maintain" {
		t.Errorf("permission %+v", permission)
	}
}

// TestSigned: what an App commits without naming an author is signed.
func TestSigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	main := w.repo.Branch("main")
	var tree, commit struct {
		SHA          string
		Verification struct{ Verified bool }
	}
	w.must("POST", "/repos/acme/shop/git/trees", m{"base_tree": main, "tree": []m{{"path": "run", "mode": "100755", "type": "blob", "content": "x"}}}, &tree)
	w.must("POST", "/repos/acme/shop/git/commits", m{"message": "m", "tree": tree.SHA, "parents": []string{main}}, &commit)
	if got := w.repo.Commit(commit.SHA); !commit.Verification.Verified || !got.Verified || got.Author != "robot[bot]" {
		t.Errorf("%+v of %+v", commit, got)
	}
	w.must("POST", "/repos/acme/shop/git/commits", m{"message": "m", "tree": tree.SHA, "parents": []string{main}, "author": m{"name": "x", "email": "x@example.com", "date": "2026-01-01T00:00:00Z"}}, &commit)
	if commit.Verification.Verified {
		t.Error("a commit with an author of its own is verified")
	}
	if files := w.repo.Files(commit.SHA); files["run"] != "x" || files["Dockerfile"] == "" {
		t.Errorf("files %v", files)
	}
}
