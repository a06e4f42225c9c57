package githubtest

import (
	"maps"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
)

// event sends a webhook to the Apps that want it: subscribed and installed on the
// repository. With only, to that App and whether or not it is subscribed, as GitHub does
// with what concerns an App's own check runs.
func (r *Repository) event(actor *account, name string, payload object, only *App) {
	for _, i := range r.g.installationsOf(r) {
		if only == nil && slices.Contains(i.app.Events, name) || only == i.app {
			r.g.send(i, name, r.with(payload, actor), r)
		}
	}
}

// with is a payload with what all have.
func (r *Repository) with(payload object, actor *account) object {
	full := maps.Clone(payload)
	full["repository"] = r.json()
	full["sender"] = actor.json(r.g)
	if r.owner.kind == "Organization" {
		full["organization"] = r.owner.organizationJSON(r.g)
	}
	return full
}

// installationsOf are those that reach a repository and are not suspended, oldest first.
func (g *GitHub) installationsOf(r *Repository) []*Installation {
	var list []*Installation
	for _, i := range g.installations {
		if i.covers(r) && !i.suspended {
			list = append(list, i)
		}
	}
	slices.SortFunc(list, func(a, b *Installation) int { return int(a.ID - b.ID) })
	return list
}

func (p *Pull) event(actor *account, action string, more object) {
	p.updated = p.repo.g.now()
	payload := object{"action": action, "number": p.Number, "pull_request": p.json()}
	maps.Copy(payload, more)
	p.repo.event(actor, "pull_request", payload, nil)
}

func (r *Repository) pushEvent(actor *account, ref string, from, to plumbing.Hash) {
	commits := []object{}
	var head any
	forced := false
	if !to.IsZero() {
		known := from
		if known.IsZero() {
			known = r.refs["refs/heads/"+r.defaultBranch]
		}
		if !known.IsZero() {
			for _, c := range r.network.without(known, to) {
				commits = append(commits, r.pushedCommitJSON(c.Hash))
			}
			forced = r.network.mergeBase(known, to) != known && !from.IsZero()
		}
		head = r.pushedCommitJSON(to)
	}
	repository := r.json()
	repository["pushed_at"], repository["created_at"] = r.g.now().Unix(), r.created.Unix()
	payload := r.with(object{
		"ref": ref, "before": from.String(), "after": to.String(), "created": from.IsZero(), "deleted": to.IsZero(), "forced": forced,
		"base_ref": nil, "compare": r.html("/compare/%s...%s", from.String()[:12], to.String()[:12]), "commits": commits, "head_commit": head,
		"pusher": object{"name": actor.login, "email": actor.email()},
	}, actor)
	payload["repository"] = repository // in a push, and only there, times are numbers
	for _, i := range r.g.installationsOf(r) {
		if slices.Contains(i.app.Events, "push") {
			r.g.send(i, "push", payload, r)
		}
	}
}

func (r *Repository) pushedCommitJSON(hash plumbing.Hash) object {
	body := r.headCommitJSON(hash)
	c := r.network.commitObject(hash)
	var parent plumbing.Hash
	if len(c.ParentHashes) > 0 {
		parent = r.network.commitObject(c.ParentHashes[0]).TreeHash
	}
	changed := map[string][]string{"added": {}, "removed": {}, "modified": {}}
	for _, f := range r.diff(parent, c.TreeHash, hash) {
		status := f["status"].(string)
		switch status {
		case "changed":
			status = "modified"
		case "renamed":
			changed["removed"] = append(changed["removed"], f["previous_filename"].(string))
			status = "added"
		}
		changed[status] = append(changed[status], f["filename"].(string))
	}
	body["added"], body["removed"], body["modified"] = changed["added"], changed["removed"], changed["modified"]
	body["url"], body["distinct"] = r.html("/commit/%s", hash), true
	return body
}

func (r *Repository) commentEvent(actor *account, action string, c *comment, more object) {
	payload := object{"action": action, "issue": r.pull(int64(c.number)).issueJSON(), "comment": r.commentJSON(c)}
	maps.Copy(payload, more)
	r.event(actor, "issue_comment", payload, nil)
}

// checkRunEvent tells all who are subscribed of runs that come and end, and what people
// want of a run only its own App.
func (r *Repository) checkRunEvent(actor *account, action string, run *checkRun, more object) {
	body := run.json(r)
	suite := r.suiteJSON(run.suite)
	delete(suite, "head_commit")
	delete(suite, "latest_check_runs_count")
	delete(suite, "check_runs_url")
	body["check_suite"] = suite
	payload := object{"action": action, "check_run": body}
	maps.Copy(payload, more)
	var only *App
	if action == "requested_action" || action == "rerequested" {
		only = run.suite.app
	}
	r.event(actor, "check_run", payload, only)
}

func (r *Repository) checkSuiteEvent(actor *account, action string, s *suite) {
	var only *App
	if action == "requested" || action == "rerequested" {
		only = s.app
	}
	r.event(actor, "check_suite", object{"action": action, "check_suite": r.suiteJSON(s)}, only)
}

// installationEvent goes to the App itself, subscribed or not.
func (g *GitHub) installationEvent(i *Installation, action string, payload object) {
	payload["action"] = action
	payload["sender"] = i.account.json(g)
	g.send(i, "installation", payload, nil)
}

func (g *GitHub) installationRepositoriesEvent(i *Installation, action string, repo *Repository) {
	payload := object{
		"action": action, "repository_selection": i.selection(), "sender": i.account.json(g), "requester": nil,
		"repositories_added": []object{}, "repositories_removed": []object{},
	}
	payload["repositories_"+action] = g.repositoryNames([]*Repository{repo})
	g.send(i, "installation_repositories", payload, nil)
}

// issueJSON is a pull request as the issue that it is as well.
func (p *Pull) issueJSON() object {
	r := p.repo
	body := p.simpleJSON()
	for _, name := range []string{
		"head", "base", "_links", "diff_url", "patch_url", "issue_url", "commits_url", "review_comments_url", "review_comment_url",
		"statuses_url", "requested_reviewers", "requested_teams", "merge_commit_sha", "merged_at", "auto_merge",
	} {
		delete(body, name)
	}
	comments := 0
	for _, c := range r.comments {
		if c.number == p.Number {
			comments++
		}
	}
	issue := r.url("/issues/%d", p.Number)
	maps.Copy(body, object{
		"url": issue, "repository_url": r.url(""), "labels_url": issue + "/labels{/name}", "comments_url": issue + "/comments",
		"events_url": issue + "/events", "timeline_url": issue + "/timeline", "comments": comments, "performed_via_github_app": nil,
		"state_reason": nil,
		"pull_request": object{
			"url": r.url("/pulls/%d", p.Number), "html_url": r.html("/pull/%d", p.Number), "diff_url": r.html("/pull/%d.diff", p.Number),
			"patch_url": r.html("/pull/%d.patch", p.Number), "merged_at": nil,
		},
		"reactions": object{
			"url": issue + "/reactions", "total_count": 0, "+1": 0, "-1": 0, "laugh": 0, "hooray": 0, "confused": 0, "heart": 0, "rocket": 0, "eyes": 0,
		},
	})
	return body
}
