package app_test

import (
	"strings"
	"testing"

	"github.com/chiselbot/chiselbot/app/githubtest"
)

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
