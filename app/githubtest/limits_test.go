package githubtest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/app/githubtest"
)

// TestFaults is each fault and whether the request had its effect.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		effect githubtest.Effect
		status int // 0: no answer
		done   bool
		cut    bool
	}{
		{githubtest.BadGateway, 502, false, false},
		{githubtest.BadGatewayAfter, 502, true, false},
		{githubtest.Unavailable, 503, false, false},
		{githubtest.Drop, 0, false, false},
		{githubtest.DropAfter, 0, true, false},
		{githubtest.CutBody, 201, true, true},
		{githubtest.SlowBody, 201, true, false},
		{githubtest.PrimaryLimit, 403, false, false},
		{githubtest.SecondaryLimit, 403, false, false},
	} {
		t.Run(test.effect.String(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, githubtest.Options{})
			isRun := func(r githubtest.Request) bool { return strings.HasSuffix(r.Path, "/check-runs") }
			w.github.Inject(githubtest.Fault{Match: isRun, Skip: 1, Effect: test.effect, Slowly: time.Millisecond})
			head := w.repo.Branch("main")
			create := func() (status int, err error) {
				body, err := json.Marshal(m{"name": "robot", "head_sha": head})
				if err != nil {
					t.Fatal(err)
				}
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.github.URL+"/repos/acme/shop/check-runs", strings.NewReader(string(body)))
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Authorization", "token "+w.token)
				resp, err := http.DefaultTransport.RoundTrip(req)
				if err != nil {
					return 0, nil
				}
				defer resp.Body.Close()
				_, err = io.Copy(io.Discard, resp.Body)
				return resp.StatusCode, err
			}
			for i, want := range []int{201, test.status, 201} {
				status, err := create()
				if i == 2 && test.status == 403 {
					want = 403 // the limit stays
				}
				if status != want || (err != nil) != (test.cut && i == 1) {
					t.Errorf("request %d: status %d, %v", i, status, err)
				}
			}
			want := 2
			if test.done {
				want = 3
			}
			if test.status == 403 {
				want = 1
			}
			if got := len(w.repo.CheckRuns(head)); got != want {
				t.Errorf("%d check runs, want %d", got, want)
			}
		})
	}
}

// TestLimits is the limits on a clock of its own.
func TestLimits(t *testing.T) {
	t.Parallel()
	limits := githubtest.Limits{CorePerHour: 6, GraphQLPerHour: 2, ContentPerMinute: 2, ContentPerHour: 3, PointsPerMinute: 900, GraphQLPointsPerMinute: 2000, Concurrent: 100}
	synctest.Test(t, func(t *testing.T) {
		pipe := githubtest.NewPipe()
		g, err := githubtest.Start(githubtest.Options{Listener: pipe, Limits: &limits, Report: func(p string) { t.Error(p) }})
		if err != nil {
			t.Fatal(err)
		}
		transport := pipe.Transport()
		defer g.Close()
		defer transport.CloseIdleConnections()
		g.AddOrganization("acme")
		repo := g.AddRepository("acme/shop", githubtest.Write("a", "b"))
		app := g.AddApp("acme", githubtest.App{Slug: "robot", Permissions: allPermissions})
		inst := g.Install(app, "acme")
		ask := func(credentials, method, path, body string) (int, http.Header, string) {
			t.Helper()
			req, err := http.NewRequestWithContext(t.Context(), method, g.URL+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", credentials)
			resp, err := transport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			data, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			return resp.StatusCode, resp.Header, string(data)
		}
		token := func() string {
			_, _, data := ask("Bearer "+appJWT(t, app, time.Now(), time.Minute), "POST", fmt.Sprintf("/app/installations/%d/access_tokens", inst.ID), "")
			var out struct{ Token string }
			if err := json.Unmarshal([]byte(data), &out); err != nil {
				t.Fatal(err)
			}
			return "token " + out.Token
		}
		as := token()
		run := fmt.Sprintf(`{"name":"robot","head_sha":%q}`, repo.Branch("main"))
		var log []string
		do := func(method, path, body string) {
			status, header, data := ask(as, method, path, body)
			line := fmt.Sprintf("%s %s %d left %s", method, path, status, header.Get("X-Ratelimit-Remaining"))
			if after := header.Get("Retry-After"); after != "" {
				line += " retry after " + after
			}
			if strings.Contains(data, "RATE_LIMITED") {
				line += " RATE_LIMITED"
			}
			log = append(log, line)
		}
		checkRuns := "/repos/acme/shop/check-runs"
		do("POST", checkRuns, run)
		do("POST", checkRuns, run)
		do("POST", checkRuns, run) // over two a minute
		time.Sleep(20 * time.Second)
		do("GET", "/repos/acme/shop", "") // not even reading
		time.Sleep(41 * time.Second)
		do("POST", checkRuns, run)
		time.Sleep(time.Minute)
		do("POST", checkRuns, run) // over three an hour
		time.Sleep(time.Minute)
		do("GET", "/repos/acme/shop", "") // over six an hour
		for range 3 {
			do("POST", "/graphql", `{"query":"{ repository(owner: \"acme\", name: \"shop\") { name } }"}`)
		}
		time.Sleep(time.Hour)
		do("GET", "/repos/acme/shop", "") // the token is too old
		as = token()
		do("GET", "/repos/acme/shop", "")
		want := []string{
			"POST /repos/acme/shop/check-runs 201 left 5",
			"POST /repos/acme/shop/check-runs 201 left 4",
			"POST /repos/acme/shop/check-runs 403 left 3 retry after 60",
			"GET /repos/acme/shop 403 left 2 retry after 40",
			"POST /repos/acme/shop/check-runs 201 left 1",
			"POST /repos/acme/shop/check-runs 403 left 0 retry after 60",
			"GET /repos/acme/shop 403 left 0",
			"POST /graphql 200 left 1",
			"POST /graphql 200 left 0",
			"POST /graphql 200 left 0 RATE_LIMITED",
			"GET /repos/acme/shop 401 left 6",
			"GET /repos/acme/shop 200 left 5",
		}
		if diff := cmp.Diff(want, log); diff != "" {
			t.Error(diff)
		}
		var limited []string
		for _, r := range g.Requests() {
			if r.Limited {
				limited = append(limited, r.String())
			}
		}
		if want := []string{"GET /repos/acme/shop: 403"}; !slices.Equal(limited, want) {
			t.Errorf("during a limit: %q", limited)
		}
	})
}
