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

	"github.com/chiselbot/chiselbot/app/githubtest"
	"github.com/chiselbot/chiselbot/checks/rules"
)

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
	w.slowly(func() { pull.Comment("alice", "/chisel fix user-name") })
	mine := w.repo.Push("alice", "topic", "Mine", githubtest.Write("x", "y"))
	w.settle()
	if pull.Head() != mine {
		t.Error("the person's commit is no longer the head")
	}
	w.contains(pull.Comments()[1].Body, "❌ Somebody pushed to the branch in the meantime")
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

// slowly has the next commit take its time, and returns when it is under way.
func (w *world) slowly(do func()) {
	trees := func(r githubtest.Request) bool {
		return r.Method == http.MethodPost && strings.HasSuffix(r.Path, "/git/trees")
	}
	w.github.Inject(githubtest.Fault{Match: trees, Effect: githubtest.SlowBody, Slowly: 800 * time.Millisecond})
	w.github.ForgetRequests()
	do()
	for !slices.ContainsFunc(w.github.Requests(), trees) {
		time.Sleep(time.Millisecond)
	}
}

// TestBaseRace: the base moves between plan and pull request, which follows it.
func TestBaseRace(t *testing.T) {
	t.Parallel()
	w, pull := newCommands(t)
	w.slowly(func() { pull.Comment("alice", "/chisel migrate") })
	w.repo.Push("alice", "topic", "More", githubtest.Executable("Dockerfile", before+"# more\n"))
	w.settle()
	if got := w.repo.Files(w.repo.Branch(branch))["Dockerfile"]; got != after+"# more\n" || len(w.proposals()) != 1 {
		t.Errorf("%d pull requests, the branch has %q", len(w.proposals()), got)
	}
}
