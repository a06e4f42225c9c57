package github_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/github"
	"github.com/chiselbot/chiselbot/app/githubtest"
	"github.com/chiselbot/chiselbot/app/report"
)

func isNotFound(err error) bool { return errors.Is(err, app.ErrNotFound) }

func limitOf(err error) *app.RateLimited {
	limited := (*app.RateLimited)(nil)
	if errors.As(err, &limited) {
		return limited
	}
	return nil
}

// reviewFiles is a Dockerfile and a chart.
func reviewFiles() []githubtest.Change {
	return []githubtest.Change{
		githubtest.Write("Dockerfile", "FROM busybox\n"), githubtest.Write("chart/Chart.yaml", "name: shop\n"), githubtest.Write("chart/values.yaml", "a: 1\n"),
		githubtest.Write("chart/templates/deployment.yaml", "kind: Deployment\n"), githubtest.Write("src/main.go", "package main\n"),
	}
}

func relevant(path string) int {
	if path == "Dockerfile" || strings.HasPrefix(path, "chart/") {
		return 0
	}
	return -1
}

// review does what a job does with a pull request, with so many annotations.
func review(ctx context.Context, c *github.Client, repo app.Repository, number, annotations int, retry bool) error {
	pull, err := c.PullRequest(ctx, repo, number)
	if err != nil {
		return err
	}
	run := app.CheckRun{Head: pull.Head, ExternalID: fmt.Sprint("run ", number), DetailsURL: "https://bot.example.com/1"}
	if retry {
		found, err := c.FindCheckRun(ctx, repo, pull.Head, run.ExternalID)
		if err != nil && !isNotFound(err) {
			return err
		}
		run.ID, run.Annotations = found.ID, found.Annotations
	}
	if run.ID == 0 {
		if run.ID, err = c.CreateCheckRun(ctx, repo, run); err != nil {
			return err
		}
	}
	change, err := c.Change(ctx, repo, pull.Base, pull.Head, []string{"chiselbot.yml"})
	if err != nil {
		return err
	}
	if _, err := change.Prefetch(ctx, relevant); err != nil {
		return err
	}
	if _, err := change.Head().Read("chart/values.yaml"); err != nil {
		return err
	}
	run.Output = report.CheckRun{Conclusion: report.Failure, Title: "1 new", Summary: "Bad", Text: "More", Actions: []report.Action{{Label: "Fix", Description: "Fix it", Identifier: "fix"}}}
	for i := range annotations {
		run.Output.Annotations = append(run.Output.Annotations, report.Annotation{
			Path: "Dockerfile", StartLine: i + 1, EndLine: i + 1, Level: report.LevelWarning, Title: fmt.Sprint("title ", i+1), Message: fmt.Sprint("message ", i+1),
		})
	}
	return c.UpdateCheckRun(ctx, repo, run)
}

// TestWarmReview counts the requests of reviews.
func TestWarmReview(t *testing.T) {
	t.Parallel()
	inWorld(t, githubtest.Options{}, func(t *testing.T, w *world) {
		w.repo.Push("alice", "main", "Files", reviewFiles()...)
		for i := range 3 {
			branch := fmt.Sprint("topic-", i)
			w.repo.Push("alice", branch, "Change", githubtest.Write("Dockerfile", fmt.Sprintf("FROM busybox:%d\n", i)), githubtest.Write("chart/values.yaml", fmt.Sprintf("a: %d\n", i+2)))
			w.repo.OpenPull("alice", "x", branch, "main")
		}
		count := func(c *github.Client, number int) []string {
			w.requests()
			if err := review(t.Context(), c, w.at, number, 1, false); err != nil {
				t.Fatal(err)
			}
			return w.requests()
		}
		main, head := w.repo.Branch("main"), w.repo.Branch("topic-1")
		cold := count(w.client, 1)
		if len(cold) != 6 { // and the listing of the merge base
			t.Errorf("a cold review took %q", cold)
		}
		warm := count(w.client, 2)
		run := w.repo.CheckRuns(head)[0]
		want := []string{
			"POST /graphql", "POST /repos/acme/shop/check-runs", "GET /repos/acme/shop/compare/" + main + "..." + head,
			"POST /graphql", fmt.Sprintf("PATCH /repos/acme/shop/check-runs/%d", run.ID),
		}
		if diff := gocmp.Diff(want, warm); diff != "" {
			t.Error(diff)
		}
		// Another replica has the listing from the database.
		if other := count(w.newClient(), 3); len(other) != 5 {
			t.Errorf("on another replica it took %q", other)
		}
		if again := count(w.client, 2); len(again) != 4 { // no blob is new
			t.Errorf("a second review took %q", again)
		}
		if w.ledger.spent != 4 {
			t.Errorf("%d creations were entered", w.ledger.spent)
		}
	})
}

// TestFaults disturbs a review at each of its requests in each way, lets the queue try
// again, and finds one check run with each annotation once. No error tells a secret.
func TestFaults(t *testing.T) {
	t.Parallel()
	const annotations = 120
	for _, effect := range []githubtest.Effect{
		githubtest.BadGateway, githubtest.BadGatewayAfter, githubtest.Unavailable, githubtest.Drop, githubtest.DropAfter, githubtest.Hang,
		githubtest.CutBody, githubtest.SlowBody, githubtest.PrimaryLimit, githubtest.SecondaryLimit,
	} {
		t.Run(effect.String(), func(t *testing.T) {
			t.Parallel()
			requests := 0
			for n := 0; n == 0 || n < requests; n++ {
				inWorld(t, githubtest.Options{}, func(t *testing.T, w *world) {
					w.repo.Push("alice", "main", "Files", reviewFiles()...)
					head := w.repo.Push("alice", "topic", "Change", githubtest.Write("Dockerfile", "FROM busybox:1\n"))
					w.repo.Push("alice", "main", "Settings", githubtest.Write("chiselbot.yml", "a: 1\n"))
					w.repo.OpenPull("alice", "x", "topic", "main")
					if n > 0 {
						w.github.Inject(githubtest.Fault{Skip: n - 1, Effect: effect, Slowly: time.Second})
					}
					retry := false
					errs := w.patient(func() error {
						ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
						defer cancel()
						err := review(ctx, w.client, w.at, 1, annotations, retry)
						retry = true
						return err
					})
					if n == 0 {
						requests = len(w.github.Requests()) + 1
						if len(errs) > 0 {
							t.Fatalf("undisturbed: %v", errs)
						}
					}
					runs := w.repo.CheckRuns(head)
					if len(runs) != 1 {
						t.Fatalf("request %d: %d check runs", n, len(runs))
					}
					run := runs[0]
					if run.Status != "completed" || run.Conclusion != "failure" || run.ExternalID != "run 1" || len(run.Actions) != 1 {
						t.Errorf("request %d: %+v", n, run)
					}
					slices.SortFunc(run.Annotations, func(a, b githubtest.Annotation) int { return cmp.Compare(a.StartLine, b.StartLine) })
					var want []githubtest.Annotation
					for i := range annotations {
						want = append(want, note(i+1))
					}
					if diff := gocmp.Diff(want, run.Annotations); diff != "" {
						t.Errorf("request %d: %s", n, diff)
					}
					w.noSecret(errs...)
					limited := effect == githubtest.PrimaryLimit || effect == githubtest.SecondaryLimit
					for _, err := range errs {
						if limited != (limitOf(err) != nil) {
							t.Errorf("request %d: %v", n, err)
						}
					}
				})
			}
			if requests < 9 {
				t.Errorf("only %d requests were disturbed", requests)
			}
		})
	}
}

// noSecret fails when an error tells a key or a token.
func (w *world) noSecret(errs ...error) {
	w.Helper()
	key := strings.Split(w.registered.PrivateKey, "\n")
	for _, err := range errs {
		text := fmt.Sprintf("%v %+v %#v", err, err, err)
		for _, secret := range []string{"ghs_", "Bearer", "token ghs", "eyJ", "BEGIN", key[1]} {
			if strings.Contains(text, secret) {
				w.Errorf("the error tells %q: %s", secret, text)
			}
		}
	}
}

// TestCheckRun creates at once, in batches, and finds again.
func TestCheckRun(t *testing.T) {
	t.Parallel()
	inWorld(t, githubtest.Options{}, func(t *testing.T, w *world) {
		ctx, head := t.Context(), w.repo.Branch("main")
		out := report.CheckRun{Conclusion: report.Success, Title: "Nothing new", Summary: "Good", Text: "Details", Actions: []report.Action{{Label: "a", Description: "b", Identifier: "c"}}}
		for i := range 51 {
			out.Annotations = append(out.Annotations, report.Annotation{Path: "Dockerfile", StartLine: i + 1, EndLine: i + 1, StartColumn: 1, EndColumn: 2, Level: report.LevelNotice, Message: "m"})
		}
		id, err := w.client.CreateCheckRun(ctx, w.at, app.CheckRun{Head: head, ExternalID: "one", Output: out})
		if err != nil {
			t.Fatal(err)
		}
		if got := len(w.requests()); got != 2 {
			t.Errorf("%d requests", got)
		}
		run := w.repo.CheckRuns(head)[0]
		if run.ID != id || run.Name != app.CheckName || run.Status != "completed" || len(run.Annotations) != 51 || run.Annotations[50].StartColumn != 1 || len(run.Actions) != 1 {
			t.Errorf("%+v", run)
		}
		_, err = w.client.CreateCheckRun(ctx, w.at, app.CheckRun{Head: head, ExternalID: "two"})
		if err != nil {
			t.Fatal(err)
		}
		if run := w.repo.CheckRuns(head)[1]; run.Status != "in_progress" {
			t.Errorf("%+v", run)
		}
		found, err := w.client.FindCheckRun(ctx, w.at, head, "one")
		want := app.CheckRun{ID: id, Head: head, ExternalID: "one", DetailsURL: "https://example.com", Annotations: 51, Output: report.CheckRun{Conclusion: report.Success, Title: "Nothing new", Summary: "Good", Text: "Details"}}
		if diff := gocmp.Diff(want, found); diff != "" || err != nil {
			t.Errorf("%v %s", err, diff)
		}
		if _, err := w.client.FindCheckRun(ctx, w.at, head, "three"); !isNotFound(err) {
			t.Errorf("a run that is not there: %v", err)
		}
		_, err = w.client.CreateCheckRun(ctx, w.at, app.CheckRun{Head: head, Output: report.CheckRun{Title: "t", Summary: strings.Repeat("x", 65_536)}})
		if !errors.Is(err, app.ErrInvalid) || !strings.Contains(err.Error(), "Only 65535 characters are allowed") {
			t.Errorf("too long: %v", err)
		}
	})
}

// TestErrors is what the use cases have to tell apart.
func TestErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(w *world)
		want   error
		says   string
	}{
		{"renamed away", func(w *world) { w.repo.Rename("other") }, app.ErrNotFound, "read pull request acme/shop#1: Could not resolve to a Repository"},
		{"deleted", func(w *world) { w.repo.Delete() }, app.ErrNotFound, "get a token: There is at least one repository"},
		{"uninstalled", func(w *world) { w.github.Uninstall(w.inst) }, app.ErrNotFound, "get a token: Not Found"},
		{"suspended", func(w *world) { w.github.Suspend(w.inst) }, app.ErrForbidden, "get a token: This installation has been suspended"},
		{"permission", func(w *world) { delete(w.registered.Permissions, "pull_requests") }, app.ErrForbidden, "get a token: The permissions requested are not granted"},
		{"disabled", func(w *world) { w.repo.Disable() }, app.ErrForbidden, "Repository access blocked"},
		{"no pull request", func(*world) {}, app.ErrNotFound, "Could not resolve to a PullRequest"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, githubtest.Options{}, func(t *testing.T, w *world) {
				test.change(w)
				_, err := w.client.PullRequest(t.Context(), w.at, 1)
				if !errors.Is(err, test.want) || !strings.Contains(fmt.Sprint(err), test.says) {
					t.Errorf("%v", err)
				}
				w.noSecret(err)
			})
		})
	}
	inWorld(t, githubtest.Options{}, func(t *testing.T, w *world) {
		head := w.repo.Branch("main")
		w.repo.Archive()
		_, err := w.client.CreateCheckRun(t.Context(), w.at, app.CheckRun{Head: head})
		if !errors.Is(err, app.ErrForbidden) || !strings.Contains(err.Error(), "archived") {
			t.Errorf("archived: %v", err)
		}
	})
}
