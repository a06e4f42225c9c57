package app_test

import (
	"fmt"
	"strings"
	"testing"

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
	w.contains(w.say(pull, "alice", "/chisel help"), "| `/chisel fix [RULE…] [--now]` |")
	w.contains(w.say(pull, "alice", "/chisel explain root-user"), "· [root-user](https://", "What to do, and when it is quiet")
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
