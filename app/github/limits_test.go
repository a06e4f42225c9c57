package github_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/githubtest"
)

// TestTokens: a token is for one repository and one kind of work, and is renewed when
// it is old or no longer taken.
func TestTokens(t *testing.T) {
	t.Parallel()
	inWorld(t, githubtest.Options{}, func(t *testing.T, w *world) {
		w.repo.OpenPull("alice", "x", w.push("topic"), "main")
		tokens := func() (list []string) {
			for _, r := range w.github.Requests() {
				if strings.HasSuffix(r.Path, "/access_tokens") {
					list = append(list, strings.TrimSpace(r.Body))
				}
			}
			return list
		}
		read := func() {
			if _, err := w.client.PullRequest(t.Context(), w.at, 1); err != nil {
				t.Error(err)
			}
		}
		read()
		read()
		if _, err := w.client.Permission(t.Context(), w.at, "alice"); err != nil {
			t.Error(err)
		}
		want := []string{
			fmt.Sprintf(`{"repository_ids":[%d],"permissions":{"checks":"write","contents":"read","pull_requests":"read"}}`, w.repo.ID),
			fmt.Sprintf(`{"repository_ids":[%d],"permissions":{"metadata":"read"}}`, w.repo.ID),
		}
		if diff := cmp.Diff(want, tokens()); diff != "" {
			t.Error(diff)
		}
		time.Sleep(2 * time.Hour)
		read()
		if got := len(tokens()); got != 3 {
			t.Errorf("%d tokens after two hours", got)
		}
	})
	// A clock that is half an hour ahead finds tokens expired that we think good.
	ahead := time.Duration(0)
	inWorld(t, githubtest.Options{Now: func() time.Time { return time.Now().Add(ahead) }}, func(t *testing.T, w *world) {
		w.repo.OpenPull("alice", "x", w.push("topic"), "main")
		if _, err := w.client.PullRequest(t.Context(), w.at, 1); err != nil {
			t.Fatal(err)
		}
		time.Sleep(59*time.Minute - 90*time.Second)
		ahead = 89 * time.Second
		time.Sleep(40 * time.Second)
		if _, err := w.client.PullRequest(t.Context(), w.at, 1); err != nil {
			t.Error(err)
		}
	})
}

func (w *world) push(branch string) string {
	w.repo.Push("alice", branch, "Change", githubtest.Write(branch, "x"))
	return branch
}

// TestLimits: nothing is asked while GitHub wants silence, by nobody of the installation.
func TestLimits(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		effect    githubtest.Effect
		secondary bool
		wait      time.Duration
	}{
		{"secondary", githubtest.SecondaryLimit, true, time.Minute},
		{"primary", githubtest.PrimaryLimit, false, time.Hour},
	} {
		for _, way := range []string{"REST", "GraphQL"} {
			t.Run(test.name+" "+way, func(t *testing.T) {
				t.Parallel()
				inWorld(t, githubtest.Options{}, func(t *testing.T, w *world) {
					head := w.repo.Branch("main")
					ask := func() error {
						if way == "REST" {
							_, err := w.client.FindCheckRun(t.Context(), w.at, head, "x")
							return err
						}
						_, err := w.client.Tree(t.Context(), w.at, "")
						return err
					}
					_ = ask() // gets a token
					w.github.Inject(githubtest.Fault{Effect: test.effect})
					begun := time.Now()
					limited := limitOf(ask())
					if limited == nil || limited.Secondary != test.secondary || limited.Until.Before(begun.Add(test.wait-2*time.Second)) || limited.Until.After(begun.Add(test.wait+2*time.Second)) {
						t.Fatalf("%+v at %v", limited, begun)
					}
					w.requests()
					if err := ask(); limitOf(err) == nil || len(w.requests()) != 0 {
						t.Errorf("in the meantime: %v", err)
					}
					for _, err := range w.client.Repositories(t.Context(), w.inst.ID) {
						if limitOf(err) == nil {
							t.Errorf("in the meantime another kind of work: %v", err)
						}
					}
					if got := w.requests(); len(got) != 0 {
						t.Errorf("in the meantime another kind of work asked %q", got)
					}
					time.Sleep(time.Until(limited.Until))
					if err := ask(); err != nil && !isNotFound(err) {
						t.Errorf("afterwards: %v", err)
					}
				})
			})
		}
	}
}

// TestQuota: what answers say of limits is told, and nothing is asked when nothing is left.
func TestQuota(t *testing.T) {
	t.Parallel()
	limits := &githubtest.Limits{CorePerHour: 3, GraphQLPerHour: 5000}
	inWorld(t, githubtest.Options{Limits: limits}, func(t *testing.T, w *world) {
		var last error
		for i := range 6 {
			head := w.repo.Push("alice", "topic", "Change", githubtest.Write("x", fmt.Sprint(i)))
			_, last = w.client.FindCheckRun(t.Context(), w.at, head, "x")
		}
		if limited := limitOf(last); limited == nil || limited.Secondary {
			t.Errorf("%v", last)
		}
		if got := w.requests(); len(got) != 3 {
			t.Errorf("%d requests were made of 3", len(got))
		}
		q := w.quotas[len(w.quotas)-1]
		if q.Installation != w.inst.ID || q.Resource != "core" || q.Limit != 3 || q.Remaining != 0 || !q.Reset.After(time.Now()) {
			t.Errorf("%+v", q)
		}
	})
}

// TestLedger: what the ledger refuses is not asked.
func TestLedger(t *testing.T) {
	t.Parallel()
	inWorld(t, githubtest.Options{}, func(t *testing.T, w *world) {
		until := time.Now().Add(time.Minute)
		w.ledger.refuse = &app.RateLimited{Until: until, Secondary: true}
		_, err := w.client.CreateCheckRun(t.Context(), w.at, app.CheckRun{Head: w.repo.Branch("main")})
		if limited := limitOf(err); limited == nil || !limited.Until.Equal(until) {
			t.Errorf("%v", err)
		}
		if got := w.requests(); len(got) != 0 {
			t.Errorf("asked %q", got)
		}
		if _, err := w.client.Tree(t.Context(), w.at, ""); err != nil {
			t.Errorf("reading is no content: %v", err)
		}
	})
}

// TestDisturbed: reading is tried again, writing is not.
func TestDisturbed(t *testing.T) {
	t.Parallel()
	inWorld(t, githubtest.Options{}, func(t *testing.T, w *world) {
		w.github.Inject(githubtest.Fault{Match: func(r githubtest.Request) bool { return r.Path == "/graphql" }, Times: 2, Effect: githubtest.BadGateway})
		if _, err := w.client.Tree(t.Context(), w.at, ""); err != nil {
			t.Errorf("reading: %v", err)
		}
		w.github.Inject(githubtest.Fault{Match: func(r githubtest.Request) bool {
			return r.Method == http.MethodPost && strings.HasSuffix(r.Path, "/check-runs")
		}, Effect: githubtest.BadGatewayAfter})
		head := w.repo.Branch("main")
		if _, err := w.client.CreateCheckRun(t.Context(), w.at, app.CheckRun{Head: head}); err == nil || len(w.repo.CheckRuns(head)) != 1 {
			t.Errorf("writing: %v, and %d runs", err, len(w.repo.CheckRuns(head)))
		}
	})
}
