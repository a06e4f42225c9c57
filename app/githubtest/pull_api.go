package githubtest

import (
	"net/http"
	"slices"
	"strings"
)

var pullRoutes = []route{
	{pattern: "GET /repos/{owner}/{repo}/pulls", as: asInstallation, needs: "pull_requests:read", serve: listPulls},
	{pattern: "GET /repos/{owner}/{repo}/pulls/{number}", as: asInstallation, needs: "pull_requests:read", serve: withPull(func(_ *call, p *Pull) (*reply, error) { return ok(p.json()) })},
	{pattern: "GET /repos/{owner}/{repo}/pulls/{number}/files", as: asInstallation, needs: "pull_requests:read", serve: withPull(listPullFiles)},
	{pattern: "POST /repos/{owner}/{repo}/pulls", as: asInstallation, needs: "pull_requests:write", creates: true, serve: createPull},
	{pattern: "PATCH /repos/{owner}/{repo}/pulls/{number}", as: asInstallation, needs: "pull_requests:write", serve: withPull(updatePull)},
	{pattern: "POST /repos/{owner}/{repo}/pulls/{number}/requested_reviewers", as: asInstallation, needs: "pull_requests:write", creates: true, serve: withPull(requestReviewers)},
	{pattern: "GET /repos/{owner}/{repo}/pulls/{number}/comments", as: asInstallation, needs: "pull_requests:read", serve: withPull(listReviewComments)},
	{pattern: "POST /repos/{owner}/{repo}/pulls/{number}/reviews", as: asInstallation, needs: "pull_requests:write", creates: true, serve: withPull(createReview)},
	{pattern: "POST /repos/{owner}/{repo}/issues/{number}/labels", as: asInstallation, needs: "issues:write|pull_requests:write", creates: true, serve: withPull(addLabels)},
	{pattern: "POST /repos/{owner}/{repo}/issues/{number}/assignees", as: asInstallation, needs: "issues:write|pull_requests:write", creates: true, serve: withPull(addAssignees)},
}

func withPull(serve func(*call, *Pull) (*reply, error)) func(*call) (*reply, error) {
	return func(c *call) (*reply, error) {
		p := c.repo.pull(c.id("number"))
		if p == nil {
			return nil, notFound()
		}
		return serve(c, p)
	}
}

func listPulls(c *call) (*reply, error) {
	query := c.request.URL.Query()
	var list []*Pull
	for _, p := range slices.Backward(c.repo.pulls) { // the newest first
		state := query.Get("state")
		label := p.headLabel + ":" + p.headBranch
		if (state == "all" || p.open == (state != "closed")) && (!query.Has("base") || query.Get("base") == p.baseBranch) &&
			(!query.Has("head") || strings.EqualFold(query.Get("head"), label)) {
			list = append(list, p)
		}
	}
	if query.Get("direction") == "asc" {
		slices.Reverse(list)
	}
	return pageOf(c, list, (*Pull).simpleJSON)
}

func listPullFiles(c *call, p *Pull) (*reply, error) {
	n := c.repo.network
	base := n.mergeBase(c.repo.refs["refs/heads/"+p.baseBranch], p.headSHA)
	files := c.repo.diff(n.commitObject(base).TreeHash, n.commitObject(p.headSHA).TreeHash, p.headSHA)
	return pageOf(c, files, func(o object) object { return o })
}

func createPull(c *call) (*reply, error) {
	var ask struct {
		Title               string `json:"title"`
		Head                string `json:"head"`
		Base                string `json:"base"`
		Body                string `json:"body"`
		Draft               bool   `json:"draft"`
		MaintainerCanModify *bool  `json:"maintainer_can_modify"`
	}
	if err := c.decode(&ask); err != nil {
		return nil, err
	}
	head, branch := c.repo.headOf(ask.Head)
	if head == nil || head.refs["refs/heads/"+branch].IsZero() {
		return nil, invalid("PullRequest", fieldError{"head", "invalid", ""})
	}
	base, exists := c.repo.refs["refs/heads/"+ask.Base]
	if !exists {
		return nil, invalid("PullRequest", fieldError{"base", "invalid", ""})
	}
	if ask.Title == "" {
		return nil, invalid("PullRequest", fieldError{"title", "missing_field", ""})
	}
	if len([]rune(ask.Body)) > maxText {
		return nil, invalid("PullRequest", fieldError{"body", "custom", "body is too long (maximum is 65536 characters)"})
	}
	for _, p := range c.repo.pulls {
		if p.open && p.head == head && p.headBranch == branch && p.baseBranch == ask.Base {
			return nil, invalid("PullRequest", fieldError{"", "custom", "A pull request already exists for " + head.owner.login + ":" + branch + "."})
		}
	}
	if ask.Draft && c.repo.noDrafts {
		return nil, refused("Draft pull requests are not supported in this repository.")
	}
	if len(c.repo.network.without(base, head.refs["refs/heads/"+branch])) == 0 {
		return nil, invalid("PullRequest", fieldError{"", "custom", "No commits between " + ask.Base + " and " + branch})
	}
	return created(c.repo.addPull(c.app.bot, ask.Title, ask.Body, head, branch, ask.Base, ask.Draft).json())
}

func updatePull(c *call, p *Pull) (*reply, error) {
	var ask struct {
		Title               *string `json:"title"`
		Body                *string `json:"body"`
		State               *string `json:"state"`
		Base                *string `json:"base"`
		MaintainerCanModify *bool   `json:"maintainer_can_modify"`
	}
	if err := c.decode(&ask); err != nil {
		return nil, err
	}
	if ask.Body != nil && len([]rune(*ask.Body)) > maxText {
		return nil, invalid("PullRequest", fieldError{"body", "custom", "body is too long (maximum is 65536 characters)"})
	}
	if ask.Base != nil && c.repo.refs["refs/heads/"+*ask.Base].IsZero() {
		return nil, invalid("PullRequest", fieldError{"base", "invalid", ""})
	}
	if ask.State != nil && *ask.State == "open" && !p.open && (!p.merged.IsZero() || p.head == nil || p.head.refs["refs/heads/"+p.headBranch].IsZero()) {
		return nil, invalid("PullRequest", fieldError{"state", "invalid", "state cannot be changed. The " + p.headBranch + " branch has been deleted."})
	}
	if ask.Title != nil || ask.Body != nil {
		changes := object{}
		if ask.Title != nil && *ask.Title != p.title {
			changes["title"], p.title = object{"from": p.title}, *ask.Title
		}
		if ask.Body != nil && *ask.Body != p.body {
			changes["body"], p.body = object{"from": p.body}, *ask.Body
		}
		if len(changes) > 0 {
			p.event(c.app.bot, "edited", object{"changes": changes})
		}
	}
	if ask.Base != nil {
		p.setBase(c.app.bot, *ask.Base)
	}
	if ask.State != nil {
		p.setOpen(c.app.bot, *ask.State == "open")
	}
	return ok(p.json())
}

func requestReviewers(c *call, p *Pull) (*reply, error) {
	var ask struct {
		Reviewers     []string `json:"reviewers"`
		TeamReviewers []string `json:"team_reviewers"`
	}
	if err := c.decode(&ask); err != nil {
		return nil, err
	}
	var reviewers []*account
	for _, login := range ask.Reviewers {
		a := c.g.accounts[strings.ToLower(login)]
		switch {
		case a == p.author:
			return nil, refused("Review cannot be requested from pull request author.")
		case a == nil || (a != c.repo.owner && c.repo.permissions[a] == ""):
			return nil, refused("Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the %s repository.", c.repo.Name())
		}
		reviewers = append(reviewers, a)
	}
	for _, team := range ask.TeamReviewers {
		if !slices.Contains(c.repo.teams, team) {
			return nil, refused("Reviews may only be requested from collaborators. One or more of the teams you specified is not a collaborator of the %s repository.", c.repo.Name())
		}
	}
	for _, team := range ask.TeamReviewers {
		if !slices.Contains(p.teams, team) {
			p.teams = append(p.teams, team)
			p.event(c.app.bot, "review_requested", object{"requested_team": c.repo.teamJSON(team)})
		}
	}
	for _, a := range reviewers {
		if !slices.Contains(p.reviewers, a) {
			p.reviewers = append(p.reviewers, a)
			p.event(c.app.bot, "review_requested", object{"requested_reviewer": a.json(c.g)})
		}
	}
	return created(p.simpleJSON())
}

func (r *Repository) teamJSON(slug string) object {
	at := r.g.URL + "/api/v3/organizations/" + r.owner.login + "/team/" + slug
	return object{
		"id": 1 + slices.Index(r.teams, slug), "node_id": nodeID("Team", int64(1+slices.Index(r.teams, slug))), "name": slug, "slug": slug, "description": nil,
		"privacy": "closed", "notification_setting": "notifications_enabled", "permission": "push", "parent": nil, "type": "organization", "organization_id": r.owner.id, "url": at,
		"html_url": r.g.URL + "/orgs/" + r.owner.login + "/teams/" + slug, "members_url": at + "/members{/member}", "repositories_url": at + "/repos",
	}
}

func (r *Repository) labelJSON(name string) object {
	return object{
		"id": r.labels[name], "node_id": nodeID("Label", r.labels[name]), "url": r.url("/labels/%s", name),
		"name": name, "color": "ededed", "default": false, "description": nil,
	}
}

func addLabels(c *call, p *Pull) (*reply, error) {
	var ask []string
	if len(c.body) > 0 && c.body[0] == '[' {
		if err := c.decode(&ask); err != nil {
			return nil, err
		}
	} else {
		var wrapped struct {
			Labels []string `json:"labels"`
		}
		if err := c.decode(&wrapped); err != nil {
			return nil, err
		}
		ask = wrapped.Labels
	}
	for _, name := range ask {
		if c.repo.labels[name] == 0 { // made when it is first used
			c.repo.labels[name] = c.g.newID()
		}
		if !slices.Contains(p.labels, name) {
			p.labels = append(p.labels, name)
			p.event(c.app.bot, "labeled", object{"label": c.repo.labelJSON(name)})
		}
	}
	list := []object{}
	for _, name := range p.labels {
		list = append(list, c.repo.labelJSON(name))
	}
	return ok(list)
}

func addAssignees(c *call, p *Pull) (*reply, error) {
	var ask struct {
		Assignees []string `json:"assignees"`
	}
	if err := c.decode(&ask); err != nil {
		return nil, err
	}
	for _, login := range ask.Assignees { // others than collaborators are left out in silence
		a := c.g.accounts[strings.ToLower(login)]
		if a != nil && slices.Contains([]string{"triage", "write", "maintain", "admin"}, c.repo.permission(a)) && !slices.Contains(p.assignees, a) {
			p.assignees = append(p.assignees, a)
		}
	}
	return &reply{status: http.StatusCreated, body: p.issueJSON()}, nil
}
