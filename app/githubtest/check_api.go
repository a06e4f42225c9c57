package githubtest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// The limits of a check run, in items and in characters.
// https://docs.github.com/en/rest/checks/runs#create-a-check-run
const (
	maxAnnotations       = 50
	maxCheckText         = 65_535
	maxTitle             = 255
	maxAnnotationMessage = 64 << 10
	maxActions           = 3
	maxLabel             = 20
	maxDescription       = 40
	maxIdentifier        = 20
)

var checkRoutes = []route{
	{pattern: "POST /repos/{owner}/{repo}/check-runs", as: asInstallation, needs: "checks:write", creates: true, serve: createCheckRun},
	{pattern: "PATCH /repos/{owner}/{repo}/check-runs/{id}", as: asInstallation, needs: "checks:write", serve: withRun(updateCheckRun)},
	{pattern: "GET /repos/{owner}/{repo}/check-runs/{id}", as: asInstallation, needs: "checks:read", serve: withRun(func(c *call, run *checkRun) (*reply, error) { return ok(run.json(c.repo)) })},
	{pattern: "GET /repos/{owner}/{repo}/check-runs/{id}/annotations", as: asInstallation, needs: "checks:read", serve: withRun(listAnnotations)},
	{pattern: "GET /repos/{owner}/{repo}/commits/{ref}/check-runs", as: asInstallation, needs: "checks:read", serve: listCheckRuns},
}

func withRun(serve func(*call, *checkRun) (*reply, error)) func(*call) (*reply, error) {
	return func(c *call) (*reply, error) {
		run := c.repo.run(c.id("id"))
		if run == nil {
			return nil, notFound()
		}
		return serve(c, run)
	}
}

// askedRun is a request to create or update a run. What is nil stays as it is.
type askedRun struct {
	Name        *string        `json:"name"`
	HeadSHA     string         `json:"head_sha"`
	DetailsURL  *string        `json:"details_url"`
	ExternalID  *string        `json:"external_id"`
	Status      *string        `json:"status"`
	Conclusion  *string        `json:"conclusion"`
	StartedAt   *time.Time     `json:"started_at"`
	CompletedAt *time.Time     `json:"completed_at"`
	Output      *askedOutput   `json:"output"`
	Actions     *[]CheckAction `json:"actions"`
}

type askedOutput struct {
	Title       *string      `json:"title"`
	Summary     *string      `json:"summary"`
	Text        string       `json:"text"`
	Annotations []Annotation `json:"annotations"`
	Images      []any        `json:"images"`
}

func createCheckRun(c *call) (*reply, error) {
	var ask askedRun
	if err := c.decode(&ask); err != nil {
		return nil, err
	}
	if err := ask.check(); err != nil {
		return nil, err
	}
	head := plumbing.NewHash(ask.HeadSHA)
	switch {
	case ask.Name == nil || *ask.Name == "" || ask.HeadSHA == "":
		return nil, refused("Invalid request.\n\n\"name\", \"head_sha\" weren't supplied.")
	case !c.repo.network.hasCommit(head):
		return nil, refused("No commit found for SHA: %s", ask.HeadSHA)
	}
	run := &checkRun{
		id: c.g.newID(), suite: c.repo.suite(c.app, head), status: "queued", started: c.g.now(),
		detailsURL: "https://example.com", // the homepage of the App
	}
	c.repo.runs = append(c.repo.runs, run)
	c.repo.apply(run, ask)
	c.repo.checkRunEvent(c.app.bot, "created", run, nil)
	if run.status == "completed" {
		c.repo.completed(c.app.bot, run)
	}
	return created(run.json(c.repo))
}

func updateCheckRun(c *call, run *checkRun) (*reply, error) {
	var ask askedRun
	if err := c.decode(&ask); err != nil {
		return nil, err
	}
	if run.suite.app != c.app {
		return nil, &problem{status: http.StatusForbidden, message: fmt.Sprintf("Invalid app_id `%d` - check run can only be modified by the GitHub App that created it.", c.app.ID)}
	}
	if err := ask.check(); err != nil {
		return nil, err
	}
	was := run.status
	c.repo.apply(run, ask)
	if run.status == "completed" && was != "completed" {
		c.repo.completed(c.app.bot, run)
	}
	return ok(run.json(c.repo))
}

func (r *Repository) completed(actor *account, run *checkRun) {
	r.checkRunEvent(actor, "completed", run, nil)
	if status, _ := r.state(run.suite); status == "completed" {
		r.checkSuiteEvent(actor, "completed", run.suite)
	}
}

// apply changes a run. Annotations are added to those it has.
func (r *Repository) apply(run *checkRun, ask askedRun) {
	set := func(to, from *string) {
		if from != nil {
			*to = *from
		}
	}
	set(&run.name, ask.Name)
	set(&run.detailsURL, ask.DetailsURL)
	set(&run.externalID, ask.ExternalID)
	set(&run.status, ask.Status)
	if ask.Conclusion != nil {
		run.conclusion, run.status = *ask.Conclusion, "completed"
	}
	if run.status == "completed" {
		run.completed = r.g.now()
	} else {
		run.conclusion, run.completed = "", time.Time{}
	}
	if ask.StartedAt != nil {
		run.started = *ask.StartedAt
	}
	if ask.CompletedAt != nil {
		run.completed = *ask.CompletedAt
	}
	if o := ask.Output; o != nil {
		run.output = checkOutput{*o.Title, *o.Summary, o.Text, true}
		run.annotations = append(run.annotations, o.Annotations...)
	}
	if ask.Actions != nil {
		run.actions = *ask.Actions
	}
}

// check refuses what GitHub's own schema refuses, in its words.
func (ask askedRun) check() error {
	most := func(what string, n, most int) error {
		if n > most {
			return refused("Invalid request.\n\n%s %d were supplied.", fmt.Sprintf(what, most), n)
		}
		return nil
	}
	const items, characters = "No more than %d items are allowed;", "Only %d characters are allowed;"
	status, conclusion := "", ""
	if ask.Status != nil {
		status = *ask.Status
	}
	if ask.Conclusion != nil {
		conclusion = *ask.Conclusion
	}
	var checks []error
	switch {
	case !slices.Contains([]string{"", "queued", "in_progress", "completed"}, status):
		return refused("Invalid request.\n\n%s is not a member of [\"queued\", \"in_progress\", \"completed\"].", status)
	case status == "completed" && conclusion == "" || ask.CompletedAt != nil && conclusion == "":
		return refused("Invalid request.\n\nNo subschema in \"anyOf\" matched. \"conclusion\" wasn't supplied.")
	case !slices.Contains([]string{"", "action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out"}, conclusion):
		return refused("Invalid request.\n\n%s is not a conclusion that an App may give.", conclusion)
	}
	if ask.Actions != nil {
		checks = append(checks, most(items, len(*ask.Actions), maxActions))
		for _, a := range *ask.Actions {
			if a.Label == "" || a.Description == "" || a.Identifier == "" {
				return refused("Invalid request.\n\n\"label\", \"description\", \"identifier\" weren't supplied.")
			}
			checks = append(checks, most(characters, len([]rune(a.Label)), maxLabel),
				most(characters, len([]rune(a.Description)), maxDescription), most(characters, len([]rune(a.Identifier)), maxIdentifier))
		}
	}
	if o := ask.Output; o != nil {
		if o.Title == nil || o.Summary == nil {
			return refused("Invalid request.\n\n\"title\", \"summary\" weren't supplied.")
		}
		checks = append(checks, most(characters, len([]rune(*o.Title)), maxTitle), most(characters, len([]rune(*o.Summary)), maxCheckText),
			most(characters, len([]rune(o.Text)), maxCheckText), most(items, len(o.Annotations), maxAnnotations))
		for _, a := range o.Annotations {
			checks = append(checks, a.check(), most("Only %d bytes are allowed;", len(a.Message), maxAnnotationMessage), most(characters, len([]rune(a.Title)), maxTitle))
		}
	}
	for _, err := range checks {
		if err != nil {
			return err
		}
	}
	return nil
}

func (a Annotation) check() error {
	switch {
	case a.Path == "" || a.StartLine < 1 || a.EndLine < a.StartLine || a.Message == "":
		return refused("Invalid request.\n\n\"path\", \"start_line\", \"end_line\", \"message\" weren't supplied or are not valid.")
	case !slices.Contains([]string{"notice", "warning", "failure"}, a.Level):
		return refused("Invalid request.\n\n%s is not a member of [\"notice\", \"warning\", \"failure\"].", a.Level)
	case (a.StartColumn != 0 || a.EndColumn != 0) && a.StartLine != a.EndLine:
		return refused("Invalid request.\n\nstart_column and end_column can only be used when start_line and end_line are the same.")
	}
	return nil
}

func listAnnotations(c *call, run *checkRun) (*reply, error) {
	return pageOf(c, run.annotations, func(a Annotation) object { return a.json(c.repo, run.suite.head) })
}

// listCheckRuns lists the newest first, and of each name only the newest unless all are
// asked for.
func listCheckRuns(c *call) (*reply, error) {
	head, err := c.commitOf(c.request.PathValue("ref"))
	if err != nil {
		return nil, err
	}
	query := c.request.URL.Query()
	var list []*checkRun
	for _, run := range slices.Backward(c.repo.runs) {
		s := run.suite
		if s.head != head || (query.Has("check_name") && query.Get("check_name") != run.name) ||
			(query.Has("status") && query.Get("status") != run.status) || (query.Has("app_id") && query.Get("app_id") != strconv.FormatInt(s.app.ID, 10)) ||
			(query.Get("filter") != "all" && !slices.Contains(c.repo.latest(s), run)) {
			continue
		}
		list = append(list, run)
	}
	return countedPageOf(c, "check_runs", list, func(run *checkRun) object { return run.json(c.repo) })
}
