package app_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chiselbot/chiselbot/app/githubtest"
)

func TestReviewPullRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.settle()

	worse := w.open("worse", bad)
	w.settle()
	w.demand(worse.Head(), failed)

	same := w.open("same", good+"# a comment\n")
	w.settle()
	w.demand(same.Head(), passed)

	w.repo.Push("alice", "docs", "Docs", githubtest.Write("README.md", "The shop.\n"))
	docs := w.repo.OpenPull("alice", "Docs", "docs", "main")
	w.settle()
	w.demand(docs.Head(), noChange)

	first := worse.Head()
	w.repo.Push("alice", "worse", "Mend", githubtest.Write("Dockerfile", good+"# mended\n"))
	w.settle()
	w.demand(first, failed)
	w.demand(worse.Head(), passed)

	fork := w.repo.Fork("mallory")
	fork.Push("mallory", "evil", "Evil", githubtest.Write("Dockerfile", bad))
	pull := w.repo.OpenPull("mallory", "Evil", "mallory:evil", "main")
	w.settle()
	w.demand(pull.Head(), failed)
}

// TestTooMany has more files than are read: what is near is reviewed, the rest is told of
// until the settings say that it does not matter.
func TestTooMany(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.files = 10
	w.start()
	var many []githubtest.Change
	for i := range 20 {
		many = append(many, githubtest.Write(fmt.Sprintf("data/%02d.yaml", i), fmt.Sprintf("a: %d\n", i)))
	}
	w.repo.Push("alice", "main", "Data", many...)
	pull := w.open("worse", bad)
	w.settle()
	w.demand(pull.Head(), "chiselbot completed failure: 1 new · 1 not checked, 1 annotations")
	if text := w.repo.CheckRuns(pull.Head())[0].Summary; !strings.Contains(text, "YAML and JSON files were not read") {
		t.Errorf("the summary does not tell what was not read:\n%s", text)
	}
	pull = w.open("same", good+"# a comment\n")
	w.settle()
	if run := w.repo.CheckRuns(pull.Head())[0]; run.Conclusion != "neutral" {
		t.Errorf("%s: %s", run.Conclusion, run.Summary)
	}
	w.repo.Push("alice", "main", "Settings", githubtest.Write(settingsPath, "manifests: {exclude: ['data/**']}\n"))
	w.settle()
	pull = w.open("other", good+"# another comment\n")
	w.settle()
	w.demand(pull.Head(), passed)
}

// TestUnderstood looks at what a person sees.
func TestUnderstood(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	pull := w.open("worse", bad)
	w.settle()
	run := w.repo.CheckRuns(pull.Head())[0]
	if !strings.Contains(run.Summary, "One thing got worse") || !strings.Contains(run.Summary, "What to do") {
		t.Errorf("summary %q", run.Summary)
	}
	if a := run.Annotations[0]; a.Path != "Dockerfile" || a.StartLine != 2 || a.Level != "failure" {
		t.Errorf("annotation %+v", a)
	}
	if len(run.Actions) != 1 || run.Actions[0].Label != "Re-check now" {
		t.Errorf("buttons %+v", run.Actions)
	}
}

// TestBudget counts the requests of a warm review.
func TestBudget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.repo.Push("alice", "main", "Chart",
		githubtest.Write("chart/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"), githubtest.Write("chart/values.yaml", "port: 8080\n"),
		githubtest.Write("chart/templates/service.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: shop}\nspec: {ports: [{port: {{ .Values.port }}}]}\n"))
	w.start()
	w.open("first", bad)
	w.settle()
	w.requests()
	w.repo.Push("alice", "second", "Change", githubtest.Write("Dockerfile", bad+"# more\n"), githubtest.Write("chart/values.yaml", "port: 80\n"))
	pull := w.repo.OpenPull("alice", "Change", "second", "main")
	w.settle()
	w.demand(pull.Head(), failed)
	if got := w.requests(); len(got) > 5 {
		t.Errorf("%d requests: %q", len(got), got)
	}
}

func TestAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	pull := w.open("worse", bad)
	w.settle()
	run := w.repo.CheckRuns(pull.Head())[0]
	w.repo.Press("alice", run.ID, "recheck")
	w.settle()
	w.demand(pull.Head(), failed, failed)
	w.repo.Rerequest("alice", run.ID)
	w.settle()
	w.demand(pull.Head(), failed, failed, failed)
	w.repo.RerequestAll("alice", w.app, pull.Head())
	w.settle()
	w.demand(pull.Head(), failed, failed, failed, failed)
	pull.Comment("alice", "/chisel review")
	w.settle()
	w.demand(pull.Head(), failed, failed, failed, failed, failed)
	pull.Comment("mallory", "/chisel review")
	w.settle()
	w.demand(pull.Head(), failed, failed, failed, failed, failed)
	comments := pull.Comments()
	if !slices.Equal(comments[0].Reactions, []string{"eyes"}) || !slices.Equal(comments[1].Reactions, []string{"confused"}) {
		t.Errorf("reactions %+v", comments)
	}
}

// TestOnce demands that what happens to a head that was reviewed does not publish again.
func TestOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.repo.Push("alice", "worse", "Change", githubtest.Write("Dockerfile", bad))
	pull := w.repo.OpenDraft("alice", "Change", "worse", "main")
	pull.Ready("alice")
	w.settle()
	pull.Close("alice")
	pull.Reopen("alice")
	w.settle()
	w.demand(pull.Head(), failed)

	// With another base it is another change.
	w.repo.Merge("alice", "main", "worse")
	w.repo.Push("alice", "next", "Next", githubtest.Write("README.md", "Next.\n"))
	pull.Retarget("alice", "next")
	w.settle()
	w.demand(pull.Head(), failed, noChange)
}

// TestStale pushes again while the bot is down: the first head gets no run.
func TestStale(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	pull := w.open("worse", good+"# one\n")
	w.settle()
	w.stop()
	w.repo.Push("alice", "worse", "Two", githubtest.Write("Dockerfile", good+"# two\n"))
	stale := pull.Head()
	w.repo.Push("alice", "worse", "Three", githubtest.Write("Dockerfile", bad))
	w.github.Settle()
	w.start()
	w.settle()
	w.demand(stale)
	w.demand(pull.Head(), failed)
}

// TestMissed has the bot away while things happen, its log of deliveries included.
func TestMissed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var pulls []*githubtest.Pull
	for i := range 3 {
		pulls = append(pulls, w.open(fmt.Sprint("worse", i), bad+fmt.Sprint("# ", i, "\n")))
	}
	closed := w.open("closed", bad)
	closed.Close("alice")
	w.github.Settle()
	w.start()
	w.settle()
	for _, p := range pulls {
		w.demand(p.Head(), failed)
	}
	w.demand(closed.Head())
	before := len(w.github.Deliveries())
	w.stop()
	w.start()
	w.settle()
	if after := len(w.github.Deliveries()); after != before {
		t.Errorf("%d deliveries were asked for that had reached us", after-before)
	}
}

func TestMergeGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	one := w.open("one", bad)
	w.settle()
	w.requests()
	group := w.repo.Enqueue("alice", one)
	w.settle()
	w.demand(group.Head, "chiselbot completed failure: 1 new, 0 annotations")
	if got := w.requests(); len(got) != 1 {
		t.Errorf("the answer took %d requests: %q", len(got), got)
	}
	if run := w.repo.CheckRuns(group.Head)[0]; !strings.Contains(run.Summary, "pull request 1") {
		t.Errorf("summary %q", run.Summary)
	}

	// A group of two pull requests is none of them.
	w.repo.Push("alice", "two", "Two", githubtest.Write("two/Dockerfile", bad))
	two := w.repo.OpenPull("alice", "Two", "two", "main")
	w.settle()
	both := w.repo.Enqueue("alice", one, two)
	w.settle()
	w.demand(both.Head, "chiselbot completed failure: 2 new, 2 annotations")

	w.repo.Rerequest("alice", w.repo.CheckRuns(both.Head)[0].ID)
	w.settle()
	w.demand(both.Head, "chiselbot completed failure: 2 new, 2 annotations", "chiselbot completed failure: 2 new, 2 annotations")
}

func TestSettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	pull := w.open("worse", bad)
	w.settle()
	w.demand(pull.Head(), failed)

	// The settings at the tip of the base hold for what began before them.
	w.repo.Push("alice", "main", "Settings", githubtest.Write(".github/chiselbot.yml", "rules: {root-user: warning}\nunaffected: none\n"))
	w.settle()
	w.demand(pull.Head(), failed, "chiselbot completed success: 1 new, 1 annotations")

	w.repo.Push("alice", "docs", "Docs", githubtest.Write("README.md", "The shop.\n"))
	docs := w.repo.OpenPull("alice", "Docs", "docs", "main")
	w.settle()
	w.demand(docs.Head())

	// The owner's hold where the repository has none, and where they are locked.
	owner := w.github.AddRepository("acme/.github", githubtest.Write("chiselbot.yml", "rules: {root-user: notice}\nlocked: [rules.root-user]\n"))
	owner.Allow("alice", "write")
	w.stop()
	w.start() // which reads them at once
	w.settle()
	third := w.open("third", bad+"# third\n")
	w.settle()
	w.demand(third.Head(), "chiselbot completed success: 1 new, 1 annotations")
	if a := w.repo.CheckRuns(third.Head())[0].Annotations[0]; a.Level != "notice" {
		t.Errorf("annotation %+v", a)
	}

	// Broken settings are told on their line, and are not green.
	w.repo.Push("alice", "broken", "Settings", githubtest.Write(".github/chiselbot.yml", "rules: {root-usr: off}\n"))
	broken := w.repo.OpenPull("alice", "Settings", "broken", "main")
	w.settle()
	w.demand(broken.Head(), "chiselbot completed neutral: Nothing new · 1 not checked, 1 annotations")
	if a := w.repo.CheckRuns(broken.Head())[0].Annotations[0]; a.Path != ".github/chiselbot.yml" || a.StartLine != 1 {
		t.Errorf("annotation %+v", a)
	}
}

// TestNoLoop demands that the bot's own runs and comments wake nobody.
func TestNoLoop(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	pull := w.open("worse", bad)
	w.settle()
	w.settle()
	w.requests()
	w.settle()
	if got := w.requests(); len(got) > 0 {
		t.Errorf("requests after all was done: %q", got)
	}
	w.demand(pull.Head(), failed)
}
