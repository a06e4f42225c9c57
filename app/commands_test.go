package app_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/githubtest"
	"github.com/chiselbot/chiselbot/checks/rules"
)

const (
	before = "FROM mcr.microsoft.com/dotnet/aspnet:10.0\nCOPY out /app\nENTRYPOINT [\"dotnet\", \"/app/Cats.dll\"]\n"
	after  = "FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled-extra\nCOPY out /app\nENTRYPOINT [\"dotnet\", \"/app/Cats.dll\"]\n"
	branch = "chiselbot/chiseled/topic"
)

// newCommands is a world with all rules and a pull request on an image that can be moved.
func newCommands(t *testing.T) (*world, *githubtest.Pull) {
	t.Helper()
	w := newWorld(t)
	w.rules = rules.All()
	w.start()
	w.settle()
	w.repo.Push("alice", "topic", "Cats", githubtest.Executable("Dockerfile", before))
	pull := w.repo.OpenPull("alice", "Cats", "topic", "main")
	w.settle()
	return w, pull
}

// say comments and returns the reply, empty when there is none.
func (w *world) say(pull *githubtest.Pull, login, body string) string {
	w.Helper()
	had := len(pull.Comments())
	pull.Comment(login, body)
	w.settle()
	switch all := pull.Comments()[had+1:]; len(all) {
	case 0:
		return ""
	case 1:
		return all[0].Body
	default:
		w.Fatalf("%d replies", len(all))
		return ""
	}
}

func (w *world) contains(text string, parts ...string) {
	w.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			w.Errorf("%q is not in:\n%s", p, text)
		}
	}
}

// proposals are the pull requests of the bot.
func (w *world) proposals() []*githubtest.Pull {
	var own []*githubtest.Pull
	for _, p := range w.repo.Pulls() {
		if strings.Contains(p.Body(), "<!-- chiselbot:proposal ") {
			own = append(own, p)
		}
	}
	return own
}

// TestMigrate goes the whole way: a command, a pull request, its base moving, a person's
// commit, recreate, a no, and an end.
func TestMigrate(t *testing.T) {
	t.Parallel()
	w, pull := newCommands(t)
	w.contains(w.say(pull, "alice", "/chisel migrate"), "✅ Opened #2 against this branch: Move Dockerfile to aspnet\\:10.0-noble-chiseled-extra")
	own := w.proposals()
	if len(own) != 1 || w.repo.Files(w.repo.Branch(branch))["Dockerfile"] != after {
		t.Fatalf("%d proposals, branch %v", len(own), w.repo.Files(w.repo.Branch(branch)))
	}
	first := w.repo.Branch(branch)
	if c := w.repo.Commit(first); !c.Verified || c.Author != "chiselbot[bot]" || c.Parents[0] != pull.Head() {
		t.Errorf("commit %+v", c)
	}
	w.demandGreen(own[0])

	w.contains(w.say(pull, "alice", "/chisel migrate"), "#2 is there already, and up to date")
	if w.repo.Branch(branch) != first {
		t.Error("an unchanged plan was committed again")
	}

	// The base moves: first where the plan is the same, then where it is another.
	w.repo.Push("alice", "topic", "Docs", githubtest.Write("README.md", "Cats.\n"))
	w.settle()
	if w.repo.Branch(branch) != first {
		t.Error("an unchanged plan was committed again after a push")
	}
	w.repo.Push("alice", "topic", "Port", githubtest.Executable("Dockerfile", before+"# more\n"))
	w.settle()
	second := w.repo.Branch(branch)
	if got := w.repo.Files(second)["Dockerfile"]; got != after+"# more\n" || w.repo.Files(second)["README.md"] != "Cats.\n" {
		t.Errorf("after the base moved: %q", got)
	}
	if c := w.repo.Commit(second); len(c.Parents) != 2 || c.Parents[0] != first || c.Parents[1] != pull.Head() {
		t.Errorf("commit %+v", c)
	}

	// A person commits.
	w.repo.Push("alice", branch, "Mine", githubtest.Executable("Dockerfile", after+"# mine\n"))
	w.repo.Push("alice", "topic", "Port", githubtest.Executable("Dockerfile", before+"# most\n"))
	w.settle()
	if got := w.repo.Files(w.repo.Branch(branch))["Dockerfile"]; got != after+"# mine\n" {
		t.Errorf("what a person wrote became %q", got)
	}
	w.contains(own[0].Comments()[0].Body, "Somebody has committed", "/chisel recreate")
	w.contains(w.say(pull, "alice", "/chisel migrate"), "❌ Somebody has committed to #2")
	w.contains(w.say(own[0], "alice", "/chisel recreate"), "✅ Brought #2 up to date")
	if got := w.repo.Files(w.repo.Branch(branch))["Dockerfile"]; got != after+"# most\n" {
		t.Errorf("recreated as %q", got)
	}

	// A person says no, and another one asks anew.
	own[0].Close("alice")
	w.settle()
	w.contains(w.say(pull, "alice", "/chisel migrate"), "❌ #2, which changed the same, was closed")
	w.contains(w.say(pull, "alice", "/chisel recreate"), "✅ Opened #3")

	// It becomes unnecessary.
	w.repo.Push("alice", "topic", "Chiseled", githubtest.Executable("Dockerfile", after))
	w.settle()
	own = w.proposals()
	if len(own) != 2 || own[0].Open() || own[1].Open() {
		t.Errorf("%d proposals, open", len(own))
	}
	for _, p := range own {
		if p.Number == 3 {
			w.contains(p.Comments()[0].Body, "Closed: there is nothing left to change")
		}
	}

	// That was no no.
	w.repo.Push("alice", "topic", "Back", githubtest.Executable("Dockerfile", before))
	w.settle()
	w.contains(w.say(pull, "alice", "/chisel migrate"), "✅ Opened #4")
}

func (w *world) demandGreen(pull *githubtest.Pull) {
	w.Helper()
	runs := w.repo.CheckRuns(pull.Head())
	if len(runs) != 1 || runs[0].Conclusion != "success" {
		w.Errorf("check runs of the proposal: %+v", runs)
	}
}

func TestMerged(t *testing.T) {
	t.Parallel()
	w, pull := newCommands(t)
	w.say(pull, "alice", "/chisel migrate")
	w.proposals()[0].Merge("alice")
	w.settle()
	if got := w.repo.Files(pull.Head())["Dockerfile"]; got != after {
		t.Errorf("merged: %q", got)
	}
	w.contains(w.say(pull, "alice", "/chisel migrate"), "❌ Nothing was changed")
}

// TestFix commits to the pull request's branch.
func TestFix(t *testing.T) {
	t.Parallel()
	w, pull := newCommands(t)
	w.repo.Push("alice", "topic", "Root", githubtest.Executable("Dockerfile", "FROM debian:13\nUSER 1000\nMAINTAINER alice\nADD https://example.com/x /x\nENTRYPOINT [\"/x\"]\nUSER www-data\n"))
	w.settle()
	reply := w.say(pull, "alice", "/chisel fix user-name")
	w.contains(reply, "✅ Committed "+pull.Head())
	if c := w.repo.Commit(pull.Head()); !c.Verified || !strings.Contains(c.Message, "Chiselbot-Command: comment/") {
		t.Errorf("commit %+v", c)
	}
	w.contains(w.say(pull, "alice", "/chisel fix user-name"), "❌ Nothing was changed")
}

func TestVerbs(t *testing.T) {
	t.Parallel()
	w, pull := newCommands(t)
	w.contains(w.say(pull, "alice", "/chisel help"), "| `/chisel fix [RULE…]` |")
	w.contains(w.say(pull, "alice", "/chisel explain root-user"), "**[root-user](", "Why, and what to do")
	w.contains(w.say(pull, "alice", "/chisel diff"), "-FROM mcr.microsoft.com/dotnet/aspnet:10.0\n+FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled-extra\n")
	w.contains(w.say(pull, "alice", "/chisel migarte"), "did you mean `/chisel migrate`")
	w.contains(w.say(pull, "alice", "/chisel help\n/chisel fxi"), "**`/chisel help`**", "did you mean `/chisel fix`")
	for _, body := range []string{"Nice, thanks", "> /chisel fix"} {
		if reply := w.say(pull, "alice", body); reply != "" {
			t.Errorf("%q was answered: %s", body, reply)
		}
	}
	if reply := w.say(pull, "mallory", "/chisel migrate"); reply != "" || len(w.proposals()) > 0 {
		t.Errorf("a stranger was answered: %s", reply)
	}
	pull.Close("alice")
	w.contains(w.say(pull, "alice", "/chisel fix"), "❌ The pull request is closed")
}

// TestRedelivered carries out a comment once, however often GitHub tells of it.
func TestRedelivered(t *testing.T) {
	t.Parallel()
	w, pull := newCommands(t)
	id := pull.Comment("alice", "/chisel explain root-user")
	w.settle()
	had := len(pull.Comments())
	for i := range 2 {
		err := w.bot.Do(t.Context(), app.Attempt{Number: 1}, app.Command{
			Cause: app.Cause{Key: fmt.Sprint(i)}, Repository: app.Repository{Installation: w.inst.ID, ID: w.repo.ID, Owner: "acme", Name: "shop"},
			Number: pull.Number, Comment: id, Body: "/chisel explain root-user", Sender: "alice",
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	w.settle()
	if got := len(pull.Comments()); got != had {
		t.Errorf("%d comments became %d", had, got)
	}
}

func TestButtons(t *testing.T) {
	t.Parallel()
	w, pull := newCommands(t)
	run := w.repo.CheckRuns(pull.Head())[0]
	var labels []string
	for _, a := range run.Actions {
		labels = append(labels, a.Label)
	}
	if got := strings.Join(labels, ", "); got != "Re-check now, Migrate image" {
		t.Errorf("buttons %s", got)
	}
	for _, button := range []string{"migrate", "recheck"} {
		w.repo.Press("mallory", run.ID, button)
	}
	w.settle()
	if n := len(w.repo.CheckRuns(pull.Head())); n != 1 {
		t.Errorf("a stranger's press made %d check runs", n)
	}
	if n := len(w.proposals()); n != 0 {
		t.Errorf("a stranger's press made %d pull requests", n)
	}
	w.repo.Press("alice", run.ID, "migrate")
	w.settle()
	if n := len(w.proposals()); n != 1 {
		t.Errorf("%d pull requests", n)
	}
	w.contains(pull.Comments()[0].Body, "@alice pressed a button", "✅ Opened #2")
}

// TestFork: an App cannot push to a fork. It suggests what GitHub can show at lines that
// the pull request wrote, once, and gives a patch where that does not do.
func TestFork(t *testing.T) {
	t.Parallel()
	w, _ := newCommands(t)
	fork := w.repo.Fork("mallory")
	fork.Push("mallory", "cats", "Cats", githubtest.Write("Dockerfile", before))
	pull := w.repo.OpenPull("mallory", "Cats", "mallory:cats", "main")
	w.settle()
	want := []string{"Dockerfile:1: ```suggestion\nFROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled-extra\n```"}
	for range 2 {
		w.contains(w.say(pull, "alice", "/chisel migrate"), "in a fork, to which an App cannot push", "suggested at its lines (1)")
		if diff := cmp.Diff(want, pull.Suggestions()); diff != "" {
			t.Error(diff)
		}
	}

	fork.Push("mallory", "ends", "Cats", githubtest.Write("Dockerfile", strings.ReplaceAll(before, "\n", "\r\n")))
	ends := w.repo.OpenPull("mallory", "Cats", "mallory:ends", "main")
	w.settle()
	w.contains(w.say(ends, "alice", "/chisel migrate"), "a suggestion cannot keep the line ends of `Dockerfile`. Here is the patch", "```diff\n", "+FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled-extra")

	w.repo.Push("alice", "main", "Cats", githubtest.Write("Dockerfile", before))
	later := w.repo.Fork("alice")
	later.Push("alice", "late", "Port", githubtest.Write("Dockerfile", before+"# `````\n"))
	late := w.repo.OpenPull("alice", "Port", "alice:late", "main")
	w.settle()
	w.contains(w.say(late, "alice", "/chisel migrate"), "can stand only at lines that the pull request wrote", "``````diff\n")
	if n := len(w.proposals()) + len(late.Suggestions()) + len(ends.Suggestions()); n != 0 {
		t.Errorf("%d pull requests and suggestions", n)
	}
}

// TestObstacles has a sentence for each.
func TestObstacles(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		do   func(*world, *githubtest.Pull)
		say  string
		want string
	}{
		{"protected", func(w *world, _ *githubtest.Pull) { w.repo.Protect("topic") }, "/chisel fix user-name", "❌ The branch is protected"},
		{"renamed base", func(w *world, p *githubtest.Pull) {
			w.say(p, "alice", "/chisel migrate")
			w.repo.DeleteBranch("alice", "topic")
		}, "/chisel recreate", "❌ The branch, or what it was compared with, is not there any more"},
		{"somebody else's pull request", func(w *world, p *githubtest.Pull) {
			w.say(p, "alice", "/chisel migrate")
			w.proposals()[0].Close("alice")
			w.repo.OpenPull("alice", "Mine", branch, "topic")
			w.settle()
		}, "/chisel recreate", "❌ There is a pull request from the same branch that chiselbot did not open"},
		{"no branch", func(w *world, _ *githubtest.Pull) {
			w.repo.Push("alice", branch, "Mine", githubtest.Write("x", "y"))
			w.settle()
		}, "/chisel migrate", "❌ The branch `chiselbot/chiseled/topic` is there, with commits that are not chiselbot's"},
		{"nothing to recreate", func(*world, *githubtest.Pull) {}, "/chisel recreate", "❌ There is no pull request of chiselbot's here"},
		{"unknown image", func(*world, *githubtest.Pull) {}, "/chisel migrate debian", "❌ No Dockerfile here starts from that image"},
		{"named image", func(*world, *githubtest.Pull) {}, "/chisel migrate mcr.microsoft.com/dotnet/aspnet", "✅ Opened #2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, pull := newCommands(t)
			w.repo.Push("alice", "topic", "User", githubtest.Executable("Dockerfile", before+"USER app\n"))
			w.settle()
			tt.do(w, pull)
			w.contains(w.say(pull, "alice", tt.say), tt.want)
		})
	}
}

// TestForbidden: a permission that was not granted is told.
func TestForbidden(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rules = rules.All()
	w.app.Permissions = maps.Clone(w.app.Permissions)
	w.app.Permissions["contents"] = "read"
	w.start()
	w.settle()
	w.repo.Push("alice", "topic", "Cats", githubtest.Executable("Dockerfile", before))
	pull := w.repo.OpenPull("alice", "Cats", "topic", "main")
	w.settle()
	for range 2 { // a reservation is given back
		w.contains(w.say(pull, "alice", "/chisel migrate"), "❌ The App lacks a permission for that. Its owner has to give it write access to contents")
	}
}

// TestRenamedBase: a proposal goes with a base that is renamed, and stays where a person
// chose another.
func TestRenamedBase(t *testing.T) {
	t.Parallel()
	w, pull := newCommands(t)
	w.contains(w.say(pull, "alice", "/chisel migrate"), "✅ Opened #2")
	own := w.proposals()[0]
	w.repo.Push("alice", "next", "Next", githubtest.Executable("Dockerfile", before))
	own.Retarget("alice", "next")
	w.repo.Push("alice", "next", "More", githubtest.Write("x", "y"))
	w.settle()
	if n := len(w.proposals()); n != 1 || !own.Open() || len(own.Comments()) > 0 {
		t.Errorf("%d pull requests, open %t", n, own.Open())
	}

	// What GitHub does when "topic" becomes "next".
	w.repo.DeleteBranch("alice", "topic")
	w.repo.Push("alice", "next", "More", githubtest.Write("x", "z"))
	w.settle()
	all := w.proposals()
	if len(all) != 2 || own.Open() {
		t.Fatalf("%d pull requests, the first one open %t", len(all), own.Open())
	}
	w.contains(own.Comments()[0].Body, "Closed: the base branch is not called `topic` any more, and #3 takes its place.")
	if got := w.repo.Files(w.repo.Branch("chiselbot/chiseled/next"))["Dockerfile"]; got != after {
		t.Errorf("the branch has %q", got)
	}
}

// TestDeleted: where there is no repository any more, a command ends quietly.
func TestDeleted(t *testing.T) {
	t.Parallel()
	w, pull := newCommands(t)
	w.stop()
	pull.Comment("alice", "/chisel migrate")
	w.github.Settle()
	w.repo.Delete()
	w.start()
	w.settle()
	if n := len(w.proposals()); n != 0 || len(pull.Comments()) != 1 {
		t.Errorf("%d pull requests, %d comments", n, len(pull.Comments()))
	}
}

// TestReadOnly: where the App may not answer, it ends quietly and is not tried again.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	w, pull := newCommands(t)
	w.stop()
	pull.Comment("alice", "/chisel migrate")
	w.github.Settle()
	w.repo.Archive()
	w.start()
	w.settle()
	if n := len(w.proposals()); n != 0 || len(pull.Comments()) != 1 {
		t.Errorf("%d pull requests, %d comments", n, len(pull.Comments()))
	}
}

// TestPushRace: a person pushes between plan and push. Nothing is forced.
func TestPushRace(t *testing.T) {
	t.Parallel()
	w, pull := newCommands(t)
	w.repo.Push("alice", "topic", "User", githubtest.Executable("Dockerfile", before+"USER app\n"))
	w.settle()
	w.github.Inject(githubtest.Fault{
		Match: func(r githubtest.Request) bool {
			return r.Method == http.MethodPost && strings.HasSuffix(r.Path, "/git/trees")
		}, Effect: githubtest.SlowBody, Slowly: 800 * time.Millisecond,
	})
	pull.Comment("alice", "/chisel fix user-name")
	for !slices.ContainsFunc(w.github.Requests(), func(r githubtest.Request) bool {
		return strings.HasSuffix(r.Path, "/git/trees") && r.Method == http.MethodPost
	}) {
		time.Sleep(time.Millisecond)
	}
	mine := w.repo.Push("alice", "topic", "Mine", githubtest.Write("x", "y"))
	w.settle()
	if pull.Head() != mine {
		t.Error("the person's commit is no longer the head")
	}
	w.contains(pull.Comments()[1].Body, "❌ Somebody pushed to the branch in the meantime")
}

// TestPause leaves a pull request alone, in a run that says so.
func TestPause(t *testing.T) {
	t.Parallel()
	w, pull := newCommands(t)
	w.contains(w.say(pull, "alice", "/chisel pause"), "✅ Paused")
	w.repo.Push("alice", "topic", "More", githubtest.Executable("Dockerfile", before+"# more\n"))
	w.settle()
	if runs := w.repo.CheckRuns(pull.Head()); len(runs) != 1 || runs[0].Title != "Paused" || runs[0].Conclusion != "neutral" {
		t.Errorf("runs while paused: %+v", runs)
	}
	w.contains(w.say(pull, "alice", "/chisel resume"), "✅ Resumed")
	if runs := w.repo.CheckRuns(pull.Head()); len(runs) != 2 || runs[1].Conclusion != "success" {
		t.Errorf("runs after that: %+v", runs)
	}
}

// TestFaultsOfCommands has each single request of a comment with two commands go wrong, and
// demands two commits and one reply that says so.
func TestFaultsOfCommands(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it waits for many retries")
	}
	play := func(t *testing.T, fault *githubtest.Fault) int {
		w, pull := newCommands(t)
		w.repo.Push("alice", "topic", "Root", githubtest.Executable("Dockerfile", "FROM debian:13\nADD https://example.com/x /x\nENTRYPOINT [\"/x\"]\nUSER www-data\n"))
		w.settle()
		w.requests()
		if fault != nil {
			w.github.Inject(*fault)
		}
		pull.Comment("alice", "/chisel fix user-name\n/chisel ignore add-remote it is signed")
		w.settle()
		comments := pull.Comments()
		if len(comments) != 2 || strings.Count(comments[1].Body, "✅ Committed") != 2 {
			t.Errorf("comments %+v", comments)
		}
		commits := 0
		for c := pull.Head(); w.repo.Commit(c).Author == "chiselbot[bot]"; c = w.repo.Commit(c).Parents[0] {
			commits++
		}
		if commits != 2 {
			t.Errorf("%d commits", commits)
		}
		return len(w.requests())
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

// TestFaultsOfProposals has each single request of a command go wrong, in each way, and
// demands one branch, one commit more, one pull request and one reply.
func TestFaultsOfProposals(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it waits for many retries")
	}
	stories := map[string]struct {
		before  func(*world, *githubtest.Pull)
		act     func(*world, *githubtest.Pull)
		commits int
		text    string
		replies int
	}{
		"create": {func(*world, *githubtest.Pull) {}, func(_ *world, p *githubtest.Pull) { p.Comment("alice", "/chisel migrate") }, 1, after, 2},
		"update": {func(w *world, p *githubtest.Pull) { w.say(p, "alice", "/chisel migrate") }, func(w *world, _ *githubtest.Pull) {
			w.repo.Push("alice", "topic", "More", githubtest.Executable("Dockerfile", before+"# more\n"))
		}, 2, after + "# more\n", 2},
	}
	for name, story := range stories {
		play := func(t *testing.T, fault *githubtest.Fault) int {
			w, pull := newCommands(t)
			w.repo.Push("alice", "topic", "Settings", githubtest.Write(settingsPath, "proposals: {labels: [images], assignees: [alice]}"), githubtest.Write("CODEOWNERS", "* @bob\n"))
			w.github.AddUser("bob")
			w.repo.Allow("bob", "write")
			w.settle()
			story.before(w, pull)
			w.settle()
			w.requests()
			if fault != nil {
				w.github.Inject(*fault)
			}
			story.act(w, pull)
			w.settle()
			own := w.proposals()
			if len(own) != 1 || !own[0].Open() || len(pull.Comments()) != story.replies {
				t.Fatalf("%d proposals, %d comments", len(own), len(pull.Comments()))
			}
			if got := slices.Concat(own[0].Labels(), own[0].Assignees(), own[0].Reviewers()); !slices.Equal(got, []string{"images", "alice", "bob"}) {
				t.Errorf("labels, assignees and reviewers: %q", got)
			}
			tip := w.repo.Branch(branch)
			if got := w.repo.Files(tip)["Dockerfile"]; got != story.text {
				t.Errorf("the branch has %q", got)
			}
			commits := 0
			for c := tip; w.repo.Commit(c).Author == "chiselbot[bot]"; c = w.repo.Commit(c).Parents[0] {
				commits++
			}
			if commits != story.commits {
				t.Errorf("%d commits, want %d", commits, story.commits)
			}
			return len(w.requests())
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requests := play(t, nil)
			for _, effect := range []githubtest.Effect{githubtest.BadGateway, githubtest.DropAfter} {
				for i := range requests {
					t.Run(fmt.Sprint(effect, " ", i), func(t *testing.T) {
						t.Parallel()
						play(t, &githubtest.Fault{
							Match: func(r githubtest.Request) bool { return !strings.HasSuffix(r.Path, "/access_tokens") },
							Skip:  i, Effect: effect,
						})
					})
				}
			}
		})
	}
}

// TestIgnore silences a rule with a reason, and takes that back.
func TestIgnore(t *testing.T) {
	t.Parallel()
	w, pull := newCommands(t)
	w.contains(w.say(pull, "alice", "/chisel ignore root-user until 2099-01-31 the volume's owner"), "✅ Committed "+pull.Head(), "Ignore root-user")
	if got := w.repo.Files(pull.Head())["Dockerfile"]; got != "# chiselbot:ignore root-user until=2099-01-31 the volume's owner\n"+before {
		t.Errorf("the file became %q", got)
	}
	run := w.repo.CheckRuns(pull.Head())[0]
	w.contains(run.Text, "1 ignored", "the volume's owner")
	w.contains(w.say(pull, "alice", "/chisel undo ignore root-user"), "✅ Committed "+pull.Head(), "Take back the ignore of root-user")
	if got := w.repo.Files(pull.Head())["Dockerfile"]; got != before {
		t.Errorf("the file became %q", got)
	}
	w.contains(w.say(pull, "alice", "/chisel undo ignore root-user"), "❌ Nothing was changed")
	w.contains(w.say(pull, "alice", "/chisel ignore root-user one\n/chisel undo ignore root-user"), "Ignore root-user", "✅ Committed "+pull.Head()+" to this pull request: Take back")
	w.contains(w.say(pull, "alice", "/chisel ignore root-user until 2001-01-31 too late"), "❌ Nothing was changed: 2001-01-31 has passed.")
}
