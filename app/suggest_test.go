package app_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/app/githubtest"
)

// shell starts by a shell that its image does not have, for which there is a certain fix.
const (
	shell   = "FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled\nENTRYPOINT dotnet /app/Cats.dll\n"
	noShell = "FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled\nENTRYPOINT [\"dotnet\", \"/app/Cats.dll\"]\n"
)

// TestUnasked suggests what is certain, once however the lines move, and no more than the
// settings want.
func TestUnasked(t *testing.T) {
	t.Parallel()
	w := newProposals(t, "suggestions: 2\n")
	w.start()
	w.settle()
	w.repo.Push("alice", "topic", "Cats", githubtest.Write("a/Dockerfile", shell))
	pull := w.repo.OpenPull("alice", "Cats", "topic", "main")
	w.settle()
	suggested := func() []string {
		var list []string
		for _, s := range pull.Suggestions() {
			before, _, _ := strings.Cut(s, "\n\n<!--")
			place, _, _ := strings.Cut(before, ": ")
			_, block, _ := strings.Cut(before, "```suggestion\n")
			list = append(list, place+" "+strings.TrimSuffix(block, "\n```"))
		}
		return list
	}
	want := []string{`a/Dockerfile:2 ENTRYPOINT ["dotnet", "/app/Cats.dll"]`}
	if diff := cmp.Diff(want, suggested()); diff != "" {
		t.Fatalf("suggestions (-want +got):\n%s\n%s", diff, pull.Suggestions())
	}
	w.contains(pull.Suggestions()[0], "([no-shell](https://", "```suggestion\n")

	w.repo.Push("alice", "topic", "Move", githubtest.Write("a/Dockerfile", "# more\n"+shell))
	w.settle()
	if diff := cmp.Diff(want, suggested()); diff != "" {
		t.Errorf("suggestions after the lines moved (-want +got):\n%s", diff)
	}
	w.repo.Push("alice", "topic", "More", githubtest.Write("b/Dockerfile", shell), githubtest.Write("c/Dockerfile", shell))
	w.settle()
	if diff := cmp.Diff(append(want, `b/Dockerfile:2 ENTRYPOINT ["dotnet", "/app/Cats.dll"]`), suggested()); diff != "" {
		t.Errorf("suggestions with no room for another (-want +got):\n%s", diff)
	}
}

// TestUnaskedOff: by default nothing is suggested unasked, nor where people want to be left
// alone.
func TestUnaskedOff(t *testing.T) {
	t.Parallel()
	for settings, pause := range map[string]bool{"": false, "suggestions: 5\n": true} {
		w := newProposals(t, settings)
		w.start()
		w.settle()
		w.repo.Push("alice", "topic", "Cats", githubtest.Write("x", ""))
		pull := w.repo.OpenPull("alice", "Cats", "topic", "main")
		w.settle()
		if pause {
			w.say(pull, "alice", "/chisel pause")
		}
		w.repo.Push("alice", "topic", "Cats", githubtest.Write("a/Dockerfile", shell))
		w.settle()
		if got := pull.Suggestions(); len(got) > 0 {
			t.Errorf("%q: %q", settings, got)
		}
	}
}

// TestFixProposes opens a pull request against the branch instead of committing to it, and
// keeps that up to date.
func TestFixProposes(t *testing.T) {
	t.Parallel()
	w := newProposals(t, "fix: pull-request\n")
	w.start()
	w.settle()
	w.repo.Push("alice", "topic", "Cats", githubtest.Write("a/Dockerfile", shell))
	pull := w.repo.OpenPull("alice", "Cats", "topic", "main")
	w.settle()
	head := pull.Head()
	w.contains(w.say(pull, "alice", "/chisel fix"), "✅ Opened #2 against this branch: Write ENTRYPOINT in exec form")
	if pull.Head() != head {
		t.Error("the branch of the pull request moved")
	}
	own := w.proposals()[0]
	if got := w.repo.Files(w.repo.Branch("chiselbot/fix/topic"))["a/Dockerfile"]; got != noShell {
		t.Errorf("the branch has %q", got)
	}
	w.demandGreen(own)
	w.contains(w.say(pull, "alice", "/chisel fix"), "✅ #2 is there already, and up to date.")

	w.repo.Push("alice", "topic", "More", githubtest.Write("b/Dockerfile", shell))
	w.settle()
	if files := w.repo.Files(own.Head()); files["b/Dockerfile"] != noShell || own.Title() != "Fix findings in 2 files" {
		t.Errorf("%s: %q", own.Title(), files)
	}
	w.repo.Push("alice", "topic", "Myself", githubtest.Write("a/Dockerfile", noShell), githubtest.Write("b/Dockerfile", noShell))
	w.settle()
	if own.Open() {
		t.Error("it is open although there is nothing left to fix")
	}
	w.contains(own.Comments()[0].Body, "Closed: there is nothing left to change")
}
