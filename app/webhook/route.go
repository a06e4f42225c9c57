package webhook

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/command"
	"github.com/chiselbot/chiselbot/app/config"
	"github.com/chiselbot/chiselbot/app/propose"
	"github.com/chiselbot/chiselbot/app/report"
)

// A Routed is what a delivery asks for.
type Routed struct {
	// Job is nil when there is nothing to do, and Ignored says why.
	Job     app.Job
	Ignored string
	// Sighting is what the delivery says of a pull request's head, or nil.
	Sighting *app.Sighting
}

func ignored(reason string) (Routed, error) { return Routed{Ignored: reason}, nil }

// A route turns the deliveries of one event into jobs.
type route struct {
	event string
	// needs is the permission without which GitHub does not send the event, beyond those of
	// the requests that its job makes.
	needs string
	// actions are those that matter, empty for events without one.
	actions []string
	job     func(r request) (Routed, error)
}

// A request is a delivery under way through its route.
type request struct {
	payload
	guid string
	self int64 // our App's id
	repo app.Repository
}

// routes are all events that are listened to. The App's registration asks GitHub for
// exactly these; those on the App itself come unasked.
var routes = []route{
	{"pull_request", "", []string{"opened", "synchronize", "reopened", "ready_for_review", "edited", "closed"}, request.pullRequest},
	{"issue_comment", "issues", []string{"created"}, request.comment},
	{"check_run", "", []string{"rerequested", "requested_action"}, request.checkRun},
	{"check_suite", "", []string{"rerequested"}, request.checkSuite},
	{"merge_group", "merge_queues", []string{"checks_requested"}, request.mergeGroup},
	{"push", "", nil, request.push},
	{"installation", "", []string{"created", "unsuspend", "new_permissions_accepted"}, request.installed},
	{"installation_repositories", "", []string{"added"}, request.repositoriesAdded},
}

// unasked are events on the App itself, which GitHub sends to every App.
var unasked = []string{"installation", "installation_repositories"}

// Events are those that the App must be registered for, sorted.
func Events() []string {
	var events []string
	for _, r := range routes {
		if !slices.Contains(unasked, r.event) {
			events = append(events, r.event)
		}
	}
	slices.Sort(events)
	return events
}

// Permissions are those that the events need, to read.
func Permissions() map[string]string {
	permissions := map[string]string{}
	for _, r := range routes {
		if r.needs != "" {
			permissions[r.needs] = "read"
		}
	}
	return permissions
}

// errMalformed is a payload that says less than its event promises.
var errMalformed = errors.New("the payload lacks what its event promises")

// Route reads a verified delivery for the App of the id self. An error means that the
// payload is not what GitHub sends.
func Route(event, guid string, body []byte, self int64) (Routed, error) {
	i := slices.IndexFunc(routes, func(r route) bool { return r.event == event })
	if i < 0 {
		return ignored("no route for the event")
	}
	r := request{guid: guid, self: self}
	if err := json.Unmarshal(body, &r.payload); err != nil {
		return Routed{}, fmt.Errorf("read payload: %w", err)
	}
	if actions := routes[i].actions; len(actions) > 0 && !slices.Contains(actions, r.Action) {
		return ignored("no route for the action")
	}
	if r.Installation.ID == 0 {
		return ignored("not sent to an installation") // as by a webhook of a repository
	}
	if r.Repository != nil {
		var ok bool
		if r.repo, ok = r.repository(); !ok {
			return Routed{}, errMalformed
		}
	}
	return routes[i].job(r)
}

// pullRequest reviews a pull request whose head or base changed, or that became one for
// reviewers. Of those that are closed only our own matter.
func (r request) pullRequest() (Routed, error) {
	if r.repo.ID == 0 || r.PullRequest == nil || r.Number <= 0 || r.PullRequest.Head.SHA == "" {
		return Routed{}, errMalformed
	}
	switch {
	case r.Action == "edited" && r.Changes.Base == nil:
		return ignored("neither head nor base changed")
	case r.Action == "closed" && strings.HasPrefix(r.PullRequest.Head.Ref, propose.Prefix):
		return Routed{Job: app.NoteProposal{Cause: app.Delivered(r.guid), Repository: r.repo, Branch: r.PullRequest.Head.Ref}}, nil
	case r.Action == "closed":
		return ignored("not one that was proposed")
	}
	head, at := r.PullRequest.Head.SHA, r.PullRequest.UpdatedAt
	return Routed{
		Job:      app.ReviewPullRequest{Cause: app.Delivered(r.guid), Repository: r.repo, Number: r.Number, Head: head, At: at},
		Sighting: &app.Sighting{Repository: r.repo.ID, Number: r.Number, Head: head, At: at},
	}, nil
}

// comment carries out commands of people. Robots have none: two that answer each other
// would never end.
func (r request) comment() (Routed, error) {
	switch {
	case r.repo.ID == 0 || r.Issue == nil || r.Comment == nil || r.Issue.Number <= 0:
		return Routed{}, errMalformed
	case r.Issue.PullRequest == nil:
		return ignored("not on a pull request")
	case r.Sender.Type != "User":
		return ignored("not written by a person")
	}
	// Whether a rule is known is told by the job.
	if commands, problems := command.Parse(r.Comment.Body, nil); len(commands)+len(problems) == 0 {
		return ignored("no command")
	}
	return Routed{Job: app.Command{
		Cause: app.Delivered(r.guid), Repository: r.repo, Number: r.Issue.Number,
		Comment: r.Comment.ID, Body: r.Comment.Body, Sender: r.Sender.Login,
	}}, nil
}

// checkRun answers GitHub's re-run button and our own buttons, on our own runs.
func (r request) checkRun() (Routed, error) {
	switch {
	case r.repo.ID == 0 || r.CheckRun == nil || r.CheckRun.HeadSHA == "":
		return Routed{}, errMalformed
	case r.CheckRun.App.ID != r.self:
		return ignored("a check run of another App")
	}
	subject, ok := app.SubjectOf(r.CheckRun.ExternalID)
	if r.Action == "requested_action" && (subject.Number > 0 || r.RequestedAction.Identifier != report.Recheck.Identifier) {
		return r.button(subject.Number)
	}
	cause, head := app.Delivered(r.guid), r.CheckRun.HeadSHA
	switch {
	case !ok:
		return Routed{Job: app.Recheck{Cause: cause, Repository: r.repo, Head: head, Again: r.guid}}, nil
	case subject.Number > 0:
		return Routed{Job: app.ReviewPullRequest{Cause: cause, Repository: r.repo, Number: subject.Number, Head: head, Again: r.guid}}, nil
	}
	return Routed{Job: app.AnswerMergeGroup{Cause: cause, Repository: r.repo, Head: head, Base: subject.Base, Again: r.guid}}, nil
}

// buttons are the commands of the check run's buttons.
var buttons = map[string]command.Verb{
	report.Recheck.Identifier: command.Review, report.Fix.Identifier: command.Fix, report.Migrate.Identifier: command.Migrate,
}

// button gives the command that a button stands for, in the name of who pressed it.
func (r request) button(number int) (Routed, error) {
	verb, ok := buttons[r.RequestedAction.Identifier]
	switch {
	case !ok || number <= 0:
		return ignored("no such button")
	case r.Sender.Type != "User":
		return ignored("not pressed by a person")
	}
	return Routed{Job: app.Command{
		Cause: app.Delivered(r.guid), Repository: r.repo, Number: number, Body: command.Prefix + " " + string(verb), Sender: r.Sender.Login,
	}}, nil
}

// checkSuite answers "re-run all checks".
func (r request) checkSuite() (Routed, error) {
	switch {
	case r.repo.ID == 0 || r.CheckSuite == nil || r.CheckSuite.HeadSHA == "":
		return Routed{}, errMalformed
	case r.CheckSuite.App.ID != r.self:
		return ignored("a check suite of another App")
	}
	return Routed{Job: app.Recheck{Cause: app.Delivered(r.guid), Repository: r.repo, Head: r.CheckSuite.HeadSHA, Again: r.guid}}, nil
}

// mergeGroup answers a merge queue, which would wait for a required check in vain.
func (r request) mergeGroup() (Routed, error) {
	if r.repo.ID == 0 || r.MergeGroup == nil || r.MergeGroup.HeadSHA == "" || r.MergeGroup.BaseSHA == "" {
		return Routed{}, errMalformed
	}
	return Routed{Job: app.AnswerMergeGroup{
		Cause: app.Delivered(r.guid), Repository: r.repo,
		Head: r.MergeGroup.HeadSHA, HeadTree: r.MergeGroup.HeadCommit.TreeID, Base: r.MergeGroup.BaseSHA,
	}}, nil
}

// push looks at a repository whose settings changed, and at all repositories when the
// owner's did. Any other push may be to a branch for which there is a proposal.
func (r request) push() (Routed, error) {
	if r.repo.ID == 0 {
		return Routed{}, errMalformed
	}
	branch, ok := strings.CutPrefix(r.Ref, "refs/heads/")
	keep := app.KeepProposal{Cause: app.Delivered(r.guid), Repository: r.repo, Branch: branch}
	switch {
	case r.Deleted, !ok, strings.HasPrefix(branch, propose.Prefix):
		return ignored("not to a branch that anything was proposed for")
	case branch != r.Repository.DefaultBranch && r.Created:
		return ignored("to a new branch")
	case branch != r.Repository.DefaultBranch:
		return Routed{Job: keep}, nil
	}
	cause := app.Delivered(r.guid)
	if strings.EqualFold(r.repo.Name, app.OwnersRepository) && r.touches(config.OwnersPath) {
		return Routed{Job: app.LookAtInstallation{Cause: cause, Installation: r.Installation.ID, Again: r.guid}}, nil
	}
	if !r.touches(config.Paths()...) {
		return Routed{Job: keep}, nil
	}
	return Routed{Job: app.LookAtRepository{Cause: cause, Repository: r.repo, Again: r.guid, Branch: branch}}, nil
}

// installed looks at what an installation has for the first time.
func (r request) installed() (Routed, error) {
	return Routed{Job: app.LookAtInstallation{Cause: app.Delivered(r.guid), Installation: r.Installation.ID}}, nil
}

// repositoriesAdded looks at the repositories that came to an installation.
func (r request) repositoriesAdded() (Routed, error) {
	var added []app.Repository
	for _, one := range r.RepositoriesAdded {
		repo, ok := r.named(one)
		if !ok {
			return Routed{}, errMalformed
		}
		added = append(added, repo)
	}
	if len(added) == 0 {
		return ignored("no repository was added")
	}
	return Routed{Job: app.LookAtInstallation{Cause: app.Delivered(r.guid), Installation: r.Installation.ID, Repositories: added}}, nil
}
