package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/githubtest"
	"github.com/chiselbot/chiselbot/checks/rules"
)

const settingsPath = ".github/chiselbot.yml"

// newProposals is a world with all rules and settings, at a time on a Monday.
func newProposals(t *testing.T, settings string, files ...githubtest.Change) *world {
	t.Helper()
	w := newWorld(t)
	w.rules = rules.All()
	at := time.Date(2026, time.December, 7, 5, 30, 0, 0, time.UTC)
	w.clock = func() time.Time { return at }
	if settings != "" {
		files = append(files, githubtest.Write(settingsPath, settings))
	}
	if len(files) > 0 {
		w.repo.Push("alice", "main", "Settings", files...)
	}
	return w
}

// topic opens a pull request that adds an image that can be moved.
func (w *world) topic(n int) *githubtest.Pull {
	name := fmt.Sprint("topic-", n)
	w.repo.Push("alice", name, "Cats", githubtest.Write(name+"/Dockerfile", before))
	p := w.repo.OpenPull("alice", "Cats", name, "main")
	w.settled("scheduled")
	return p
}

// ask gives a command, whose proposal may have to wait, and returns the reply.
func (w *world) ask(pull *githubtest.Pull, body string) string {
	w.Helper()
	had := len(pull.Comments())
	pull.Comment("alice", body)
	w.settled("scheduled")
	all := pull.Comments()[had+1:]
	if len(all) != 1 {
		w.Fatalf("%d replies", len(all))
	}
	return all[0].Body
}

// later does the jobs that wait, as if their time had come.
func (w *world) later(pull *githubtest.Pull, request string, age time.Duration) {
	w.Helper()
	var comment int64
	for _, c := range pull.Comments() {
		if strings.HasPrefix(c.Body, "/chisel") {
			comment = c.ID
		}
	}
	job := app.Propose{
		Cause: app.Cause{Key: fmt.Sprintf("later/comment/%d/1", comment)}, Repository: w.repository(), Base: fmt.Sprint("topic-", request), Number: pull.Number, Reply: fmt.Sprintf("comment/%d", comment), Sender: "alice",
	}
	job.Request.Recipe, job.Request.Files = "chiseled", []string{"topic-" + request + "/Dockerfile"}
	if err := w.bot.Do(w.Context(), app.Attempt{Number: 1, Enqueued: time.Now().Add(-age)}, job); err != nil {
		w.Log(err)
	}
	w.settled("scheduled")
}

func (w *world) repository() app.Repository {
	return app.Repository{Installation: w.inst.ID, ID: w.repo.ID, Owner: "acme", Name: "shop"}
}

// TestFirst: there is one pull request until somebody has decided on it.
func TestFirst(t *testing.T) {
	t.Parallel()
	w := newProposals(t, "")
	w.start()
	one, two := w.topic(1), w.topic(2)
	w.contains(w.ask(one, "/chisel migrate"), "✅ Opened #3")
	reply := w.ask(two, "/chisel migrate\n/chisel explain root-user")
	w.contains(reply, "⏳ Not opened yet. There is one pull request of chiselbot's here, #3, until", "`/chisel migrate --now` does not wait", "**`/chisel explain`**")
	w.later(two, "2", 0)
	if n := len(w.proposals()); n != 1 {
		t.Fatalf("%d pull requests while the first one is open", n)
	}
	w.proposals()[0].Close("alice")
	w.settled("scheduled")
	w.later(two, "2", 0)
	if n := len(w.proposals()); n != 2 {
		t.Fatalf("%d pull requests after the first one was closed", n)
	}
	body := two.Comments()[1].Body
	w.contains(body, "✅ Opened #4 against this branch", "**`/chisel explain`**")
	if strings.Contains(body, "⏳") || len(two.Comments()) != 2 {
		t.Errorf("%d comments, %s", len(two.Comments()), body)
	}
	w.later(two, "2", 0) // once more
	if again := two.Comments()[1].Body; again != body || len(w.proposals()) != 2 {
		t.Errorf("%d pull requests, the reply became %s", len(w.proposals()), again)
	}
}

// TestNow: who asks for it need not wait for the first one, nor for the window.
func TestNow(t *testing.T) {
	t.Parallel()
	w := newProposals(t, "proposals: {window: \"* 6-20 * * 1-5\", time-zone: Europe/Berlin}")
	at := time.Date(2026, time.December, 5, 12, 0, 0, 0, time.UTC) // a Saturday
	w.clock = func() time.Time { return at }
	w.start()
	one, two := w.topic(1), w.topic(2)
	w.contains(w.ask(one, "/chisel migrate"), "⏳ Not opened yet. The settings have a time for new pull requests", "on Monday, 7 December 06:00 CET, without another word", "--now` does not wait")
	if w.repo.Branch("chiselbot/chiseled/topic-1") != "" {
		t.Error("a branch was made")
	}
	w.contains(w.ask(one, "/chisel migrate --now"), "✅ Opened #3")
	w.contains(w.ask(two, "/chisel migrate --now"), "✅ Opened #4")
	w.later(one, "1", 15*24*time.Hour)
	if n := len(w.proposals()); n != 2 {
		t.Errorf("%d pull requests", n)
	}
}

// TestOwnersLimits: those of the owner hold for all repositories, and no repository has more.
func TestOwnersLimits(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ owner, local, want string }{
		"hour": {"proposals: {all: {hour: 1}}", "proposals: {at-first: many}", "⏳ Not opened yet. As many were opened within an hour, in all repositories of this owner, as the settings allow: 1."},
		"day":  {"proposals: {all: {day: 1}}", "proposals: {at-first: many}", "⏳ Not opened yet. As many were opened within a day, in all repositories of this owner, as the settings allow: 1."},
		"all":  {"proposals: {all: {open: 1}}", "proposals: {at-first: many}", "⏳ Not opened yet. As many pull requests of chiselbot's are open in all repositories of this owner as the settings allow: 1. It will be opened when one of them"},
		"open": {"proposals: {open: 1}", "proposals: {open: 9, at-first: many}", "⏳ Not opened yet. As many pull requests of chiselbot's are open in this repository as the settings allow: 1."},
		"none": {"proposals: {all: {day: 0}}", "", "❌ Nothing was opened: the settings allow no pull requests of chiselbot's here."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newProposals(t, tt.local)
			owners := w.github.AddRepository("acme/.github", githubtest.Write("chiselbot.yml", tt.owner))
			w.github.Include(w.inst, owners)
			w.start()
			w.settled("scheduled")
			one, two := w.topic(1), w.topic(2)
			first := w.ask(one, "/chisel migrate")
			if name != "none" {
				w.contains(first, "✅ Opened #3")
			}
			w.contains(w.ask(two, "/chisel migrate --now"), tt.want)
			w.stop()
			w.start()
			w.contains(w.ask(two, "/chisel migrate --now"), strings.TrimSuffix(tt.want, "."))
		})
	}
}

// TestLateRights: whoever asked must still be allowed to when the time has come.
func TestLateRights(t *testing.T) {
	t.Parallel()
	w := newProposals(t, "proposals: {window: \"* 6-20 * * 1-5\"}")
	w.start()
	one := w.topic(1)
	w.contains(w.ask(one, "/chisel migrate"), "⏳ Not opened yet.")
	w.repo.Allow("alice", "read")
	w.later(one, "1", 0)
	w.contains(one.Comments()[1].Body, "❌ Nothing was opened: who gave the command may no longer write here.")
}

// TestSweep proposes on the default branch when its time has come, keeps that up to date
// and takes a no for an answer.
func TestSweep(t *testing.T) {
	t.Parallel()
	w := newProposals(t, "proposals: {sweep: \"0 6 * * 1\"}", githubtest.Write("Dockerfile", before), githubtest.Write("b/Dockerfile", before))
	now := time.Date(2026, time.December, 7, 5, 30, 0, 0, time.UTC)
	w.clock = func() time.Time { return now }
	w.start()
	w.settle()
	if n := len(w.proposals()); n != 0 {
		t.Fatalf("%d pull requests before the time", n)
	}
	look := func() {
		t.Helper()
		err := w.bot.Do(t.Context(), app.Attempt{Number: 1}, app.LookAtRepository{Repository: w.repository()})
		if err != nil {
			t.Fatal(err)
		}
		w.settle()
	}
	look()
	now = now.Add(time.Hour)
	look()
	own := w.proposals()
	if len(own) != 1 || own[0].Title() != "Move 2 images to chiseled bases" {
		t.Fatalf("%d pull requests", len(own))
	}
	w.contains(own[0].Body(), `"all":true`)
	look()
	now = now.Add(7 * 24 * time.Hour)
	look()
	if n := len(w.proposals()); n != 1 {
		t.Fatalf("%d pull requests a week later", n)
	}

	// The default branch moves: one image more, and one that needs nothing any more.
	w.repo.Push("alice", "main", "More", githubtest.Write("c/Dockerfile", before), githubtest.Write("Dockerfile", after))
	w.settle()
	files := w.repo.Files(own[0].Head())
	if files["c/Dockerfile"] != after || files["b/Dockerfile"] != after || own[0].Title() != "Move 2 images to chiseled bases" {
		t.Errorf("%s: %q", own[0].Title(), files)
	}

	// Settings move with it.
	w.repo.Push("alice", "main", "Settings", githubtest.Write(settingsPath, "proposals: {sweep: \"0 6 * * 1\"}\n# more\n"), githubtest.Write("b/Dockerfile", after))
	w.settle()
	if got := own[0].Title(); !strings.HasPrefix(got, "Move c/Dockerfile to aspnet") {
		t.Errorf("title %s", got)
	}

	own[0].Close("alice")
	now = now.Add(7 * 24 * time.Hour)
	look()
	if n := len(w.proposals()); n != 1 {
		t.Errorf("%d pull requests after a no", n)
	}
	w.repo.Push("alice", "main", "Another", githubtest.Write("d/Dockerfile", before))
	w.settle()
	now = now.Add(7 * 24 * time.Hour)
	look()
	if n := len(w.proposals()); n != 2 {
		t.Errorf("%d pull requests for other images", n)
	}
}

// TestSweepOff: nothing is proposed unasked, and hardly anything read.
func TestSweepOff(t *testing.T) {
	t.Parallel()
	w := newProposals(t, "", githubtest.Write("Dockerfile", before))
	w.start()
	w.settle()
	w.requests()
	if err := w.bot.Do(t.Context(), app.Attempt{Number: 1}, app.LookAtRepository{Repository: w.repository()}); err != nil {
		t.Fatal(err)
	}
	w.settle()
	if got := w.requests(); len(got) != 1 || len(w.proposals()) != 0 {
		t.Errorf("%d pull requests, asked for %q", len(w.proposals()), got)
	}
}

// TestDressed: a proposal has what the settings and CODEOWNERS say, once.
func TestDressed(t *testing.T) {
	t.Parallel()
	w := newProposals(t, "proposals:\n  labels: [dependencies, images]\n  assignees: [alice, mallory]\n")
	for name, permission := range map[string]string{"bob": "write", "carol": "read", "dave": "admin"} {
		w.github.AddUser(name)
		w.repo.Allow(name, permission)
	}
	w.repo.AllowTeam("ops")
	w.repo.Push("alice", "topic-1", "Owners", githubtest.Write("CODEOWNERS", "* @dave\n/topic-1/ @bob @carol @mallory @acme/ops @acme/gone @other/team a@example.com\n"))
	for _, subject := range []string{"feat: one", "fix: two", "chore(deps): three", "docs: four", "feat: five", "fix: six"} {
		w.repo.Push("alice", "topic-1", subject, githubtest.Write("x", subject))
	}
	w.start()
	one := w.topic(1)
	w.contains(w.ask(one, "/chisel migrate"), "✅ Opened #2")
	own := w.proposals()[0]
	demand := func(what string, want, got []string) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	demand("labels", []string{"dependencies", "images"}, own.Labels())
	demand("assignees", []string{"alice"}, own.Assignees())
	demand("reviewers", []string{"bob", "@ops"}, own.Reviewers())
	if got := own.Title(); !strings.HasPrefix(got, "chore(deps): move topic-1/Dockerfile to aspnet") {
		t.Errorf("title %q", got)
	}
	if c := w.repo.Commit(own.Head()); !strings.HasPrefix(c.Message, own.Title()+"\n") {
		t.Errorf("message %q", c.Message)
	}
	if own.Draft() {
		t.Error("it is a draft")
	}

	// What people change stays, and the title keeps its style.
	w.requests()
	w.repo.Push("alice", "topic-1", "No convention", githubtest.Write("topic-1/Dockerfile", before+"# more\n"))
	w.settled("scheduled")
	for _, r := range w.requests() {
		if strings.Contains(r, "/labels") || strings.Contains(r, "reviewers") || strings.Contains(r, "/assignees") || r == "GET /repos/acme/shop/commits" {
			t.Errorf("asked again: %s", r)
		}
	}
	if got := own.Title(); !strings.HasPrefix(got, "chore(deps): move") {
		t.Errorf("title %q", got)
	}
}

// TestDraft: where part is left to a person it is a draft, if the repository has those.
func TestDraft(t *testing.T) {
	t.Parallel()
	for _, drafts := range []bool{true, false} {
		w := newProposals(t, "", githubtest.Write("a/Dockerfile", before), githubtest.Write("b/Dockerfile", strings.Replace(before, "COPY", "ARG DATA\nVOLUME $DATA\nCOPY", 1)))
		if !drafts {
			w.repo.ForbidDrafts()
		}
		w.start()
		w.repo.Push("alice", "topic-1", "Cats", githubtest.Write("a/x", ""))
		pull := w.repo.OpenPull("alice", "Cats", "topic-1", "main")
		w.settle()
		w.contains(w.ask(pull, "/chisel migrate mcr.microsoft.com/dotnet/aspnet"), "✅ Opened #2")
		if own := w.proposals()[0]; own.Draft() != drafts {
			t.Errorf("draft %t, body %s", own.Draft(), own.Body())
		}
	}
}

// TestFaultsOfSweeps has each single request of a sweep go wrong, and demands one branch, one
// commit and one pull request with its labels.
func TestFaultsOfSweeps(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it waits for many retries")
	}
	play := func(t *testing.T, fault *githubtest.Fault) int {
		w := newProposals(t, "proposals: {sweep: \"* * * * *\", labels: [images]}", githubtest.Write("Dockerfile", before))
		if fault != nil {
			w.github.Inject(*fault)
		}
		w.start()
		w.settle()
		requests := len(w.requests())
		own := w.proposals()
		if len(own) != 1 || len(own[0].Labels()) != 1 {
			t.Fatalf("%d pull requests", len(own))
		}
		commits := 0
		for c := own[0].Head(); w.repo.Commit(c).Author == "chiselbot[bot]"; c = w.repo.Commit(c).Parents[0] {
			commits++
		}
		if commits != 1 {
			t.Errorf("%d commits", commits)
		}
		return requests
	}
	requests := play(t, nil)
	for i := range requests {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			play(t, &githubtest.Fault{
				Match: func(r githubtest.Request) bool { return !strings.HasSuffix(r.Path, "/access_tokens") },
				Skip:  i, Effect: githubtest.DropAfter,
			})
		})
	}
}
