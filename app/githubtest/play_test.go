package githubtest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/chiselbot/chiselbot/app/githubtest"
)

// playAll does everything that the server can do, once.
func playAll(w *world) {
	w.Helper()
	repo, app := w.repo, w.app
	main := repo.Branch("main")
	head := repo.Push("alice", "topic", "Change", githubtest.Write("Dockerfile", "FROM scratch\nUSER 1\n"), githubtest.Executable("run.sh", "#!/bin/sh\n"), githubtest.Link("link", "run.sh"))
	pull := repo.OpenPull("alice", "A change", "topic", "main")
	fork := repo.Fork("mallory")
	fork.Push("mallory", "evil", "Fork", githubtest.Write("src/main.go", "package evil\n"), githubtest.Remove("Dockerfile"))
	forked := repo.OpenDraft("mallory", "From a fork", "mallory:evil", "main")

	// The App and its installations.
	w.must("GET", "/app", nil, nil)
	w.must("GET", "/app/installations", nil, nil)
	w.must("GET", fmt.Sprintf("/app/installations/%d", w.inst.ID), nil, nil)
	w.must("POST", fmt.Sprintf("/app/installations/%d/access_tokens", w.inst.ID), m{"repositories": []string{"shop"}, "permissions": m{"contents": "read"}}, nil)
	w.must("GET", "/installation/repositories", nil, nil)
	at := "/repos/acme/shop"
	w.must("GET", at, nil, nil)
	w.must("GET", at+"/collaborators/alice/permission", nil, nil)

	// Git.
	w.must("GET", at+"/branches/main", nil, nil)
	w.must("GET", at+"/commits?sha=topic&per_page=2", nil, nil)
	w.must("GET", at+"/commits/topic", nil, nil)
	w.must("GET", at+"/compare/main...topic", nil, nil)
	w.must("GET", at+"/compare/main..."+forked.Head(), nil, nil)
	w.must("GET", at+"/git/trees/main", nil, nil)
	w.must("GET", at+"/git/trees/"+head+"?recursive=1", nil, nil)
	var ref struct{ Object struct{ SHA string } }
	w.must("GET", at+"/git/ref/heads/main", nil, &ref)
	w.must("GET", at+"/git/ref/pull/2/head", nil, nil)
	w.must("GET", at+"/git/commits/"+main, nil, nil)
	var blob, tree, commit struct{ SHA string }
	w.must("POST", at+"/git/blobs", m{"content": "aGk=", "encoding": "base64"}, &blob)
	w.must("GET", at+"/git/blobs/"+blob.SHA, nil, nil)
	w.must("POST", at+"/git/trees", m{"base_tree": main, "tree": []m{
		{"path": "a/new", "mode": "100644", "type": "blob", "sha": blob.SHA}, {"path": "Dockerfile", "mode": "100644", "type": "blob", "content": "FROM busybox\n"},
		{"path": "src/main.go", "mode": "100644", "type": "blob", "sha": nil},
	}}, &tree)
	w.must("POST", at+"/git/commits", m{"message": "By the App", "tree": tree.SHA, "parents": []string{main}}, &commit)
	w.must("POST", at+"/git/refs", m{"ref": "refs/heads/robot/fix", "sha": main}, nil)
	w.must("PATCH", at+"/git/refs/heads/robot/fix", m{"sha": commit.SHA, "force": false}, nil)

	// Pull requests.
	var opened struct{ Number int }
	w.must("POST", at+"/pulls", m{"title": "Fix", "head": "robot/fix", "base": "main", "body": "Please", "draft": true}, &opened)
	own := fmt.Sprintf("%s/pulls/%d", at, opened.Number)
	w.must("GET", at+"/pulls?state=all&head=acme:robot/fix", nil, nil)
	w.must("GET", own, nil, nil)
	w.must("GET", own+"/files", nil, nil)
	w.must("PATCH", own, m{"title": "Fixed", "body": "Thanks"}, nil)
	repo.AllowTeam("ops")
	w.must("POST", own+"/requested_reviewers", m{"reviewers": []string{"alice"}, "team_reviewers": []string{"ops"}}, nil)
	issue := fmt.Sprintf("%s/issues/%d", at, opened.Number)
	w.must("POST", issue+"/labels", m{"labels": []string{"bot"}}, nil)
	w.must("POST", issue+"/assignees", m{"assignees": []string{"alice"}}, nil)
	w.must("POST", own+"/reviews", m{"event": "COMMENT", "body": "Look", "comments": []m{{"path": "Dockerfile", "line": 1, "side": "RIGHT", "body": "```suggestion\nx\n```"}}}, nil)
	w.must("GET", own+"/comments", nil, nil)

	// Comments.
	said := pull.Comment("alice", "/robot fix")
	pull.EditComment("alice", said, "/robot fix now")
	var comment struct{ ID int64 }
	w.must("POST", at+"/issues/1/comments", m{"body": "Done"}, &comment)
	w.must("PATCH", fmt.Sprintf("%s/issues/comments/%d", at, comment.ID), m{"body": "Done."}, nil)
	w.must("GET", fmt.Sprintf("%s/issues/comments/%d", at, said), nil, nil)
	w.must("POST", fmt.Sprintf("%s/issues/comments/%d/reactions", at, said), m{"content": "eyes"}, nil)
	w.must("POST", fmt.Sprintf("%s/issues/comments/%d/reactions", at, said), m{"content": "eyes"}, nil)
	w.must("GET", fmt.Sprintf("%s/issues/comments/%d/reactions", at, said), nil, nil)
	w.must("GET", at+"/issues/1/comments", nil, nil)

	// Checks.
	run := playChecks(w, at, head)
	repo.Rerequest("alice", run)
	repo.RerequestAll("alice", app, head)
	repo.Press("alice", run, "fix")

	// GraphQL.
	w.must("POST", "/graphql", m{"query": everyField, "variables": m{"blob": blob.SHA, "head": head, "app": app.ID}}, nil)

	// The life of pull requests and repositories.
	forked.Ready("mallory")
	repo.Push("alice", "release", "Release", githubtest.Write("VERSION", "1\n"))
	pull.Retarget("alice", "release")
	pull.Retarget("alice", "main")
	forked.Close("mallory")
	forked.Reopen("mallory")
	forked.Close("mallory")
	group := repo.Enqueue("alice", pull)
	group.End("alice", "dequeued")
	pull.Merge("alice")
	repo.DeleteBranch("alice", "topic")
	w.must("DELETE", at+"/git/refs/heads/robot/fix", nil, nil)
	second := w.github.AddRepository("acme/second", githubtest.Write("README", "hi\n"))
	w.github.Include(w.inst, second)
	w.github.Exclude(w.inst, second)
	w.github.Suspend(w.inst)
	w.github.Unsuspend(w.inst)

	// Webhooks and registration.
	w.github.Settle()
	var deliveries []struct{ ID int64 }
	w.must("GET", "/app/hook/deliveries?per_page=2", nil, &deliveries)
	w.must("GET", fmt.Sprintf("/app/hook/deliveries/%d", deliveries[0].ID), nil, nil)
	w.must("POST", fmt.Sprintf("/app/hook/deliveries/%d/attempts", deliveries[0].ID), nil, nil)
	w.must("POST", "/app-manifests/"+register(w)+"/conversions", nil, nil)
	w.github.Uninstall(w.inst)
}

func playChecks(w *world, at, head string) int64 {
	var run struct{ ID int64 }
	w.must("POST", at+"/check-runs", m{"name": "robot", "head_sha": head, "external_id": "job", "status": "in_progress", "details_url": "https://example.com/1"}, &run)
	one := fmt.Sprintf("%s/check-runs/%d", at, run.ID)
	w.must("PATCH", one, m{
		"status": "completed", "conclusion": "failure",
		"output": m{"title": "1 new", "summary": "Bad", "text": "More", "annotations": []m{
			{"path": "Dockerfile", "start_line": 2, "end_line": 2, "start_column": 1, "end_column": 5, "annotation_level": "warning", "message": "No", "title": "root"},
		}},
		"actions": []m{{"label": "Fix", "description": "Fix it", "identifier": "fix"}},
	}, nil)
	w.must("GET", one, nil, nil)
	w.must("GET", one+"/annotations", nil, nil)
	w.must("GET", at+"/commits/"+head+"/check-runs?check_name=robot", nil, nil)
	return run.ID
}

// register goes through the manifest flow up to the code.
func register(w *world) string {
	manifest := `{"name":"New Robot","url":"https://example.com","redirect_url":"https://example.com/done","hook_attributes":{"url":"https://example.com/hook"},"default_permissions":{"checks":"write"},"default_events":["push"]}`
	form := strings.NewReader(url.Values{"manifest": {manifest}}.Encode())
	req, err := http.NewRequestWithContext(w.Context(), http.MethodPost, w.github.URL+"/organizations/acme/settings/apps/new?state=s", form)
	if err != nil {
		w.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	a := w.send(req, nil, nil)
	back, err := url.Parse(a.header.Get("Location"))
	if err != nil || a.status != http.StatusFound || back.Query().Get("state") != "s" {
		w.Fatalf("status %d, back to %s: %v", a.status, back, err)
	}
	return back.Query().Get("code")
}

// everyField asks for all that schema.graphql has.
const everyField = `query($blob: GitObjectID, $head: GitObjectID, $app: Int) {
  repository(owner: "acme", name: "shop") {
    databaseId name nameWithOwner isArchived isDisabled isEmpty owner { login __typename }
    defaultBranchRef { name target { oid } }
    ref(qualifiedName: "main") { name target { oid ... on Commit { message tree { oid entries { name path type mode oid size object { oid ... on Tree { entries { name } } } } } } } }
    blob: object(oid: $blob) { ...text }
    file: object(expression: "main:Dockerfile") { ...text }
    none: object(expression: "main:none") { ...text }
    head: object(oid: $head) { ... on Commit { checkSuites(first: 1, filterBy: {appId: $app, checkName: "robot"}) { totalCount nodes {
      databaseId status conclusion
      checkRuns(first: 1, filterBy: {appId: $app, checkName: "robot", checkType: LATEST, status: COMPLETED}) { totalCount nodes { databaseId name externalId status conclusion } }
    } } } }
    pullRequest(number: 1) { ...pull }
    pullRequests(states: [OPEN], orderBy: {field: CREATED_AT, direction: ASC}, first: 1) { totalCount pageInfo { hasNextPage endCursor } nodes { ...pull } }
  }
}
fragment text on Blob { oid byteSize isBinary isTruncated text }
fragment pull on PullRequest {
  number title state isDraft isCrossRepository author { login } headRefName headRefOid headRepository { nameWithOwner } baseRefName baseRefOid
  baseRef { name target { oid } } commits(last: 1) { totalCount nodes { commit { oid parents(first: 1) { totalCount nodes { oid } } } } }
}`
