package github_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/githubtest"
)

// TestPush makes commits on a new branch, on one that is there, and merges.
func TestPush(t *testing.T) {
	t.Parallel()
	inWorld(t, githubtest.Options{}, func(t *testing.T, w *world) {
		w.repo.Push("alice", "main", "Files", githubtest.Executable("run.sh", "old"), githubtest.Write("gone/x", "x"), githubtest.Link("link", "run.sh"))
		base := w.repo.Branch("main")
		push := app.Push{Branch: "chiselbot/fix", Parents: []string{base}, Message: "Fix\n\nBecause.", Files: []app.File{
			{Path: "Dockerfile", Text: "FROM chiseled\n"}, {Path: "run.sh", Text: "new", Executable: true}, {Path: "gone/x", Removed: true},
		}}
		first, err := w.client.Push(t.Context(), w.at, push)
		if err != nil {
			t.Fatal(err)
		}
		if got := w.repo.Commit(first); !got.Verified || got.Author != "chiselbot[bot]" || !cmp.Equal(got.Parents, []string{base}) || w.repo.Branch("chiselbot/fix") != first {
			t.Errorf("%+v", got)
		}
		want := map[string]string{"Dockerfile": "FROM chiseled\n", "run.sh": "new", "link": "run.sh"}
		if diff := cmp.Diff(want, w.repo.Files(first)); diff != "" {
			t.Error(diff)
		}
		w.requests()
		again, err := w.client.Push(t.Context(), w.at, push)
		if err != nil || again != first {
			t.Errorf("again: %s after %s, %v", again, first, err)
		}
		for _, r := range w.requests() {
			if strings.Contains(r, "/git/commits") || strings.Contains(r, "/git/refs") {
				t.Errorf("again: %s", r)
			}
		}
		main := w.repo.Push("alice", "main", "Other", githubtest.Write("other", "x"))
		merge, err := w.client.Push(t.Context(), w.at, app.Push{Branch: "chiselbot/fix", Parents: []string{first, main}, Message: "Merge", Files: []app.File{{Path: "other", Text: "x"}}})
		if err != nil || !cmp.Equal(w.repo.Commit(merge).Parents, []string{first, main}) {
			t.Errorf("merge: %v", err)
		}
		if _, err := w.client.Push(t.Context(), w.at, push); !errors.Is(err, app.ErrMoved) {
			t.Errorf("on a branch that moved: %v", err)
		}
		push.Branch, push.Files = "chiselbot/other", []app.File{{Path: "Dockerfile", Text: "FROM scratch\n"}}
		if _, err := w.client.Push(t.Context(), w.at, push); !errors.Is(err, app.ErrInvalid) {
			t.Errorf("of nothing: %v", err)
		}
		w.repo.Protect("main")
		push.Branch, push.Parents, push.Files = "main", []string{main}, []app.File{{Path: "x", Text: "y"}}
		if _, err := w.client.Push(t.Context(), w.at, push); !errors.Is(err, app.ErrInvalid) || !strings.Contains(err.Error(), "Protected branch update failed") {
			t.Errorf("to a protected branch: %v", err)
		}
		push.Parents = []string{strings.Repeat("1", 40)}
		if _, err := w.client.Push(t.Context(), w.at, push); !isNotFound(err) {
			t.Errorf("on no commit: %v", err)
		}
	})
}

// TestPushRace: a person pushes between the look at the branch and the push.
func TestPushRace(t *testing.T) {
	t.Parallel()
	for _, branch := range []string{"topic", "new"} {
		t.Run(branch, func(t *testing.T) {
			t.Parallel()
			inWorld(t, githubtest.Options{}, func(t *testing.T, w *world) {
				base := w.repo.Push("alice", "topic", "Change", githubtest.Write("x", "y"))
				pushed := false
				w.github.Inject(githubtest.Fault{Times: -1, Match: func(r githubtest.Request) bool {
					if strings.HasSuffix(r.Path, "/git/commits") && !pushed {
						pushed = true
						go w.repo.Push("alice", branch, "Person", githubtest.Write("z", "z"))
					}
					return strings.HasSuffix(r.Path, "/git/commits")
				}, Effect: githubtest.SlowBody, Slowly: 1})
				_, err := w.client.Push(t.Context(), w.at, app.Push{Branch: branch, Parents: []string{base}, Message: "m", Files: []app.File{{Path: "Dockerfile", Text: "FROM x\n"}}})
				if !errors.Is(err, app.ErrMoved) {
					t.Errorf("%v", err)
				}
				if got := w.repo.Commit(w.repo.Branch(branch)).Message; got != "Person" {
					t.Errorf("the branch is at %q", got)
				}
			})
		})
	}
}

// TestPushFaults disturbs a push at each of its requests, tries again, and finds one
// commit on the branch.
func TestPushFaults(t *testing.T) {
	t.Parallel()
	for _, effect := range []githubtest.Effect{githubtest.BadGateway, githubtest.BadGatewayAfter, githubtest.Drop, githubtest.DropAfter, githubtest.CutBody, githubtest.SecondaryLimit} {
		for _, branch := range []string{"topic", "new"} {
			t.Run(fmt.Sprint(effect, " ", branch), func(t *testing.T) {
				t.Parallel()
				requests := 0
				for n := 0; n == 0 || n < requests; n++ {
					inWorld(t, githubtest.Options{}, func(t *testing.T, w *world) {
						base := w.repo.Push("alice", "topic", "Change", githubtest.Write("x", "y"))
						if n > 0 {
							w.github.Inject(githubtest.Fault{Skip: n - 1, Effect: effect})
						}
						var commit string
						errs := w.patient(func() (err error) {
							commit, err = w.client.Push(t.Context(), w.at, app.Push{Branch: branch, Parents: []string{base}, Message: "m", Files: []app.File{{Path: "Dockerfile", Text: "FROM x\n"}}})
							return err
						})
						if n == 0 {
							requests = len(w.github.Requests()) + 1
						}
						if tip := w.repo.Branch(branch); tip != commit || !cmp.Equal(w.repo.Commit(tip).Parents, []string{base}) {
							t.Errorf("request %d: %s at %s, %v", n, commit, tip, errs)
						}
						w.noSecret(errs...)
					})
				}
			})
		}
	}
}

// TestComments writes, edits and finds again.
func TestComments(t *testing.T) {
	t.Parallel()
	inWorld(t, githubtest.Options{}, func(t *testing.T, w *world) {
		pull := w.repo.OpenPull("alice", "x", w.push("topic"), "main")
		pull.Comment("alice", "hello")
		id, err := w.client.Comment(t.Context(), w.at, 1, "working")
		if err != nil {
			t.Fatal(err)
		}
		if err := w.client.EditComment(t.Context(), w.at, id, "done"); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]app.Comment{{ID: id, Body: "done"}}, all(t, w.client.OwnComments(t.Context(), w.at, 1))); diff != "" {
			t.Error(diff)
		}
		if err := w.client.EditComment(t.Context(), w.at, pull.Comments()[0].ID, "x"); !errors.Is(err, app.ErrForbidden) {
			t.Errorf("a person's: %v", err)
		}
		if _, err := w.client.Comment(t.Context(), w.at, 9, "x"); !isNotFound(err) {
			t.Errorf("on nothing: %v", err)
		}
	})
}
