package githubtest

import (
	"slices"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// A suite is all check runs of one App on one commit.
type suite struct {
	id      int64
	app     *App
	head    plumbing.Hash
	branch  string // empty for commits that came from a fork
	before  plumbing.Hash
	created time.Time
}

type checkRun struct {
	id                 int64
	suite              *suite
	name, externalID   string
	detailsURL         string
	status, conclusion string
	started, completed time.Time
	output             checkOutput
	annotations        []Annotation
	actions            []CheckAction
}

type checkOutput struct {
	title, summary, text string
	shown                bool
}

// A CheckRun is what people see of a check run.
type CheckRun struct {
	ID                   int64
	App, Name, Head      string
	ExternalID           string
	DetailsURL           string
	Status, Conclusion   string
	Title, Summary, Text string
	Annotations          []Annotation
	Actions              []CheckAction
}

// An Annotation is text at lines of a file, in GitHub's own form.
type Annotation struct {
	Path        string `json:"path"`
	StartLine   int    `json:"start_line"`
	EndLine     int    `json:"end_line"`
	StartColumn int    `json:"start_column,omitempty"`
	EndColumn   int    `json:"end_column,omitempty"`
	Level       string `json:"annotation_level"`
	Message     string `json:"message"`
	Title       string `json:"title,omitempty"`
	RawDetails  string `json:"raw_details,omitempty"`
}

// A CheckAction is a button, which shows when the run is completed.
type CheckAction struct {
	Label       string `json:"label"`
	Description string `json:"description"`
	Identifier  string `json:"identifier"`
}

// CheckRuns are all check runs on a commit, oldest first.
func (r *Repository) CheckRuns(commit string) []CheckRun {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	var list []CheckRun
	for _, run := range r.runs {
		if run.suite.head.String() != commit {
			continue
		}
		list = append(list, CheckRun{
			ID: run.id, App: run.suite.app.Slug, Name: run.name, Head: commit, ExternalID: run.externalID, DetailsURL: run.detailsURL,
			Status: run.status, Conclusion: run.conclusion, Title: run.output.title, Summary: run.output.summary, Text: run.output.text,
			Annotations: slices.Clone(run.annotations), Actions: slices.Clone(run.actions),
		})
	}
	return list
}

// Press presses a button of a completed check run.
func (r *Repository) Press(login string, run int64, identifier string) {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	c := r.run(run)
	if c == nil || c.status != "completed" || !slices.ContainsFunc(c.actions, func(a CheckAction) bool { return a.Identifier == identifier }) {
		panic("githubtest: there is no button " + identifier + " to press")
	}
	r.checkRunEvent(r.g.account(login), "requested_action", c, object{"requested_action": object{"identifier": identifier}})
}

// Rerequest asks for one check run again.
func (r *Repository) Rerequest(login string, run int64) {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	c := r.run(run)
	if c == nil || c.status != "completed" {
		panic("githubtest: only a completed check run can be run again")
	}
	r.checkRunEvent(r.g.account(login), "rerequested", c, nil)
}

// RerequestAll asks for all check runs of an App on a commit again.
func (r *Repository) RerequestAll(login string, app *App, commit string) {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	r.checkSuiteEvent(r.g.account(login), "rerequested", r.suite(app, plumbing.NewHash(commit)))
}

func (r *Repository) run(id int64) *checkRun {
	i := slices.IndexFunc(r.runs, func(c *checkRun) bool { return c.id == id })
	if i < 0 {
		return nil
	}
	return r.runs[i]
}

// suite is the App's on a commit, made when it is not there.
func (r *Repository) suite(app *App, head plumbing.Hash) *suite {
	for _, s := range r.suites {
		if s.app == app && s.head == head {
			return s
		}
	}
	s := &suite{id: r.g.newID(), app: app, head: head, created: r.g.now()}
	for name, hash := range r.refs {
		if branch := plumbing.ReferenceName(name); hash == head && branch.IsBranch() {
			s.branch = branch.Short()
		}
	}
	r.suites = append(r.suites, s)
	return s
}

// requestSuites makes the suites of a push. Only a push into the repository does it:
// those of forks are not noticed.
// https://docs.github.com/en/rest/checks/suites
func (r *Repository) requestSuites(actor *account, branch string, from, to plumbing.Hash) {
	for _, i := range r.g.installationsOf(r) {
		if i.app.Permissions["checks"] != "write" {
			continue
		}
		s := r.suite(i.app, to)
		s.branch, s.before = branch, from
		r.checkSuiteEvent(actor, "requested", s)
	}
}

// latest is the newest run of each name of a suite, which is all that counts.
func (r *Repository) latest(s *suite) []*checkRun {
	byName := map[string]*checkRun{}
	for _, run := range r.runs {
		if run.suite == s {
			byName[run.name] = run
		}
	}
	var list []*checkRun
	for _, name := range sortedKeys(byName) {
		list = append(list, byName[name])
	}
	return list
}

// state is a suite's status and, once all its runs are completed, its conclusion.
func (r *Repository) state(s *suite) (status, conclusion string) {
	runs := r.latest(s)
	if len(runs) == 0 {
		return "queued", ""
	}
	worst := []string{"action_required", "timed_out", "failure", "cancelled", "neutral", "skipped", "success"}
	best := len(worst) - 1
	for _, run := range runs {
		if run.status != "completed" {
			return "in_progress", ""
		}
		best = min(best, slices.Index(worst, run.conclusion))
	}
	return "completed", worst[best]
}

// pullsAt are the open pull requests of a commit, as check runs name them: none of forks.
func (r *Repository) pullsAt(head plumbing.Hash) []object {
	list := []object{}
	for _, p := range r.pulls {
		if !p.open || p.fork() || p.headSHA != head {
			continue
		}
		side := func(repo *Repository, ref, sha string) object {
			return object{"ref": ref, "sha": sha, "repo": object{"id": repo.ID, "url": repo.url(""), "name": repo.name}}
		}
		list = append(list, object{
			"id": p.id, "number": p.Number, "url": r.url("/pulls/%d", p.Number),
			"head": side(p.head, p.headBranch, p.headSHA.String()), "base": side(r, p.baseBranch, p.baseSHA()),
		})
	}
	return list
}

func (r *Repository) suiteJSON(s *suite) object {
	status, conclusion := r.state(s)
	return object{
		"id": s.id, "node_id": nodeID("CheckSuite", s.id), "head_branch": optional(s.branch), "head_sha": s.head.String(),
		"status": status, "conclusion": optional(conclusion), "url": r.url("/check-suites/%d", s.id),
		"before": s.before.String(), "after": s.head.String(), "pull_requests": r.pullsAt(s.head), "app": s.app.json(r.g),
		"created_at": stamp(s.created), "updated_at": stamp(s.created), "rerequestable": true, "runs_rerequestable": true,
		"latest_check_runs_count": len(r.latest(s)), "check_runs_url": r.url("/check-suites/%d/check-runs", s.id),
		"head_commit": r.headCommitJSON(s.head),
	}
}

// headCommitJSON is the short form that suites and merge groups have.
func (r *Repository) headCommitJSON(hash plumbing.Hash) object {
	c := r.network.commitObject(hash)
	return object{
		"id": hash.String(), "tree_id": c.TreeHash.String(), "message": c.Message, "timestamp": stamp(c.Committer.When),
		"author":    object{"name": c.Author.Name, "email": c.Author.Email},
		"committer": object{"name": c.Committer.Name, "email": c.Committer.Email},
	}
}

// json is the run in answers; webhooks say more of its suite.
func (c *checkRun) json(r *Repository) object {
	s := c.suite
	return object{
		"id": c.id, "node_id": nodeID("CheckRun", c.id), "name": c.name, "head_sha": s.head.String(), "external_id": c.externalID,
		"url": r.url("/check-runs/%d", c.id), "html_url": r.html("/runs/%d", c.id), "details_url": c.detailsURL,
		"status": c.status, "conclusion": optional(c.conclusion), "started_at": stamp(c.started), "completed_at": optionalStamp(c.completed),
		"output": object{
			"title": optional(c.output.title), "summary": optional(c.output.summary), "text": optional(c.output.text),
			"annotations_count": len(c.annotations), "annotations_url": r.url("/check-runs/%d/annotations", c.id),
		},
		"check_suite": object{"id": s.id}, "app": s.app.json(r.g), "pull_requests": r.pullsAt(s.head),
	}
}

func (a Annotation) json(r *Repository, head plumbing.Hash) object {
	column := func(n int) any {
		if n == 0 {
			return nil
		}
		return n
	}
	return object{
		"path": a.Path, "blob_href": r.html("/blob/%s/%s", head, a.Path), "start_line": a.StartLine, "end_line": a.EndLine,
		"start_column": column(a.StartColumn), "end_column": column(a.EndColumn), "annotation_level": a.Level,
		"title": optional(a.Title), "message": a.Message, "raw_details": optional(a.RawDetails),
	}
}
