package main

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/app/githubtest"
	"github.com/chiselbot/chiselbot/app/store/storetest"
)

// A history is what people do in a few repositories, step by step.
type history struct {
	w      *town
	repos  []*githubtest.Repository
	pulls  []*githubtest.Pull
	groups []*githubtest.MergeGroup
	where  map[*githubtest.Pull]*githubtest.Repository
}

func newHistory(w *town) *history {
	h := &history{w: w, where: map[*githubtest.Pull]*githubtest.Repository{}}
	for i := range 3 {
		repo := w.github.AddRepository(fmt.Sprint("acme/shop", i), githubtest.Write("Dockerfile", goodDockerfile), strict)
		repo.Allow("alice", "write")
		h.repos = append(h.repos, repo)
	}
	w.github.Install(w.app, "acme")
	return h
}

// steps are so many that well over 200 webhooks are sent.
const steps = 120

// step does the n-th thing, the same in every run.
func (h *history) step(n int) {
	repo := h.repos[n%len(h.repos)]
	text := []string{goodDockerfile, badDockerfile}[n/3%2] + fmt.Sprintf("# step %d\n", n)
	switch {
	case n%4 < 2:
		branch := fmt.Sprint("topic-", n)
		repo.Push("alice", branch, "Change", githubtest.Write("Dockerfile", text))
		p := repo.OpenPull("alice", "Change", branch, "main")
		h.pulls, h.where[p] = append(h.pulls, p), repo
	case n%4 == 2 && n > steps*3/4:
		// Whether a command sees what is pushed after it depends on when it runs, so nothing
		// is pushed any more.
		h.pulls[n*5%len(h.pulls)].Comment("alice", "/chisel review")
	case n%4 == 2:
		p := h.pulls[n*7%len(h.pulls)]
		h.where[p].Push("alice", h.branch(p), "More", githubtest.Write("Dockerfile", text))
	case n%12 == 7:
		p := h.pulls[n*3%len(h.pulls)]
		h.groups = append(h.groups, h.where[p].Enqueue("alice", p))
	default:
		h.pulls[n*11%len(h.pulls)].Close("alice")
		h.pulls[n*11%len(h.pulls)].Reopen("alice")
	}
}

// branch is the name of a pull request's branch.
func (h *history) branch(p *githubtest.Pull) string {
	for n := range steps {
		if name := fmt.Sprint("topic-", n); h.where[p].Branch(name) == p.Head() {
			return name
		}
	}
	h.w.Fatalf("pull request %d has no branch", p.Number)
	return ""
}

// state is what people see in the end. Commits are named by what they belong to.
func (h *history) state() []string {
	var lines []string
	runs := func(name string, repo *githubtest.Repository, commit string) {
		for _, r := range repo.CheckRuns(commit) {
			lines = append(lines, fmt.Sprintf("%s: %s %s, %s, %d annotations", name, r.Status, r.Conclusion, r.Title, len(r.Annotations)))
		}
	}
	for i, p := range h.pulls {
		name := fmt.Sprint("pull ", i)
		runs(name, h.where[p], p.Head())
		for _, c := range p.Comments() {
			lines = append(lines, fmt.Sprintf("%s: comment with %q", name, c.Reactions))
		}
	}
	for i, g := range h.groups {
		for _, repo := range h.repos {
			if slices.ContainsFunc(repo.CheckRuns(g.Head), func(githubtest.CheckRun) bool { return true }) {
				runs(fmt.Sprint("group ", i), repo, g.Head)
			}
		}
	}
	return lines
}

// quiet waits until nothing is to do, in any repository.
func (h *history) quiet(p *served) {
	p.t.Helper()
	seen, since := "", time.Now()
	p.await("all was quiet", func() bool {
		h.w.github.Settle()
		_, metrics := p.get("/metrics")
		var queue []string
		for line := range strings.Lines(metrics) {
			if strings.HasPrefix(line, "chiselbot_queue_jobs{") {
				queue = append(queue, line)
			}
		}
		if now := strings.Join(queue, ""); now != seen || now != "" {
			seen, since = now, time.Now()
		}
		// Where the database does not answer in time the page is an error, and no queue is empty.
		return strings.Contains(metrics, "chiselbot_info{") && time.Since(since) > 500*time.Millisecond
	})
}

// unfinished are runs that are in progress on any commit that a check run is on.
func (h *history) unfinished() []string {
	var lines []string
	for _, line := range h.state() {
		if strings.Contains(line, ": in_progress") || strings.Contains(line, ": queued") {
			lines = append(lines, line)
		}
	}
	return lines
}

// TestServeKilled kills the server at random points of a history, and demands the same
// end as that of a run in which nobody disturbed it.
func TestServeKilled(t *testing.T) {
	t.Parallel()
	calm := newTown(t)
	want := newHistory(calm)
	p := calm.serve()
	for n := range steps {
		want.step(n)
	}
	want.quiet(p)
	p.terminate()

	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	w := newTown(t)
	got := newHistory(w)
	database := "DATABASE_URL=" + filepath.Join(t.TempDir(), "chiselbot.db")
	p = spawnServe(t, w.listen, append(slices.Clone(w.env), database))
	kills := 0
	for n := range steps {
		got.step(n)
		if random.IntN(8) == 0 {
			time.Sleep(time.Duration(random.IntN(400)) * time.Millisecond)
			p.kill()
			kills++
			p = spawnServe(t, w.listen, append(slices.Clone(w.env), database))
		}
	}
	p.awaitReady()
	got.quiet(p)
	p.kill() // what failed while a server was starting is asked for by the next
	p = w.serve(database)
	got.quiet(p)
	p.terminate()
	if n := len(w.github.Deliveries()); n < 200 {
		t.Errorf("only %d deliveries", n)
	}
	t.Logf("killed %d times in %d deliveries, which end in %d lines", kills, len(w.github.Deliveries()), len(got.state()))
	if diff := cmp.Diff(want.state(), got.state()); diff != "" {
		t.Errorf("end (-undisturbed +killed):\n%s", diff)
	}
	if lines := append(want.unfinished(), got.unfinished()...); len(lines) > 0 {
		t.Errorf("unfinished: %q", lines)
	}
}

// TestServeReplicas has two servers share one PostgreSQL, kills one, and demands that all
// is reviewed once.
func TestServeReplicas(t *testing.T) {
	t.Parallel()
	database := "DATABASE_URL=" + storetest.Postgres(t)
	w := newTown(t)
	h := newHistory(w)
	one := w.serve(database)
	other := freeAddress(t)
	two := spawnServe(t, other, append(slices.Clone(w.env), database, "CHISELBOT_LISTEN="+other))
	two.awaitReady()
	for n := range steps / 2 {
		h.step(n)
	}
	two.await("both worked", func() bool {
		_, a := one.get("/metrics")
		_, b := two.get("/metrics")
		return strings.Contains(a, `chiselbot_jobs_total{kind="review-pull-request",result="done"}`) && strings.Contains(b, `chiselbot_jobs_total{kind="review-pull-request",result="done"}`)
	})
	for n := steps / 2; n < steps; n++ {
		h.step(n)
	}
	two.kill()
	h.quiet(one)
	one.terminate()
	for i, p := range h.pulls {
		if runs := h.where[p].CheckRuns(p.Head()); len(runs) == 0 {
			t.Errorf("pull request %d has no run", i)
		}
	}
	if lines := h.unfinished(); len(lines) > 0 {
		t.Errorf("unfinished: %q", lines)
	}
}
