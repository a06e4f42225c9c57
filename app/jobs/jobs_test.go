package jobs_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/jobs"
	"github.com/chiselbot/chiselbot/app/store"
	"github.com/chiselbot/chiselbot/app/store/storetest"
)

// workerEnv makes the test program a process that works jobs of the database it names.
const workerEnv = "CHISELBOT_TEST_WORKER"

func TestMain(m *testing.M) {
	if address := os.Getenv(workerEnv); address != "" {
		work(address)
		return
	}
	os.Exit(storetest.M{M: m}.Run())
}

// patience is how long a test waits for what must happen.
const patience = 60 * time.Second

// A handler does jobs as the test says and remembers them.
type handler struct {
	do     func(ctx context.Context, attempt app.Attempt, job app.Job) error
	giveUp func(job app.Job, cause error) error

	mu   sync.Mutex
	log  []string
	news chan struct{}
}

func newHandler(do func(context.Context, app.Attempt, app.Job) error) *handler {
	return &handler{do: do, news: make(chan struct{}, 1000)}
}

func (h *handler) note(format string, args ...any) {
	h.mu.Lock()
	h.log = append(h.log, fmt.Sprintf(format, args...))
	h.mu.Unlock()
	h.news <- struct{}{}
}

func scheduled(job app.Job) bool { return job.Origin().Key == "schedule" }

func (h *handler) Do(ctx context.Context, attempt app.Attempt, job app.Job) error {
	if scheduled(job) {
		return nil
	}
	err := h.do(ctx, attempt, job)
	h.note("%s %d: %v", job.Origin().Key, attempt.Number, err)
	return err
}

func (h *handler) GiveUp(_ context.Context, _ app.Attempt, job app.Job, cause error) error {
	var err error
	if h.giveUp != nil {
		err = h.giveUp(job, cause)
	}
	h.note("%s given up: %v", job.Origin().Key, cause)
	return err
}

func (h *handler) lines() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.log)
}

// wait waits until the log has so many lines and returns them sorted.
func (h *handler) wait(t *testing.T, n int) []string {
	t.Helper()
	timeout := time.After(patience)
	for {
		if lines := h.lines(); len(lines) >= n {
			slices.Sort(lines)
			return lines
		}
		select {
		case <-h.news:
		case <-timeout:
			t.Fatalf("waited for %d lines, have %q", n, h.lines())
		}
	}
}

type testWriter struct{ t testing.TB }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Logf("%s", p)
	return len(p), nil
}

// start starts a queue until the test ends.
func start(t *testing.T, s *store.Store, h jobs.Handler, grace time.Duration) *jobs.Queue {
	t.Helper()
	q, err := jobs.New(t.Context(), jobs.Config{Store: s, Handler: h, Logger: slog.New(slog.NewTextHandler(testWriter{t}, nil)), Workers: 4, Grace: grace})
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return q
}

func stop(t *testing.T, q *jobs.Queue) {
	t.Helper()
	if err := q.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Errorf("stop: %v", err)
	}
}

func review(guid string) app.ReviewPullRequest {
	return app.ReviewPullRequest{Cause: app.Delivered(guid), Repository: app.Repository{Installation: 1, ID: 2, Owner: "o", Name: "r"}, Number: 7, Head: "h"}
}

func accept(t *testing.T, q *jobs.Queue, job app.Job) {
	t.Helper()
	if err := q.Accept(t.Context(), job, nil); err != nil {
		t.Fatal(err)
	}
}

// settled waits until no job is left to work.
func settled(t *testing.T, q *jobs.Queue) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		depths, err := q.Depths(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, d := range depths {
			n += d.Jobs
		}
		if n == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the queue does not become empty: %+v", depths)
		}
	}
}

func TestOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		s := storetest.Open(t, store.Config{URL: address})
		release := make(chan struct{})
		var got []app.Job
		h := newHandler(func(_ context.Context, _ app.Attempt, job app.Job) error {
			<-release
			got = append(got, job)
			return nil
		})
		q := start(t, s, h, 0)
		defer stop(t, q)
		sighting := &app.Sighting{Repository: 2, Number: 7, Head: "h", At: time.UnixMilli(1)}
		if err := q.Accept(t.Context(), review("a"), sighting); err != nil {
			t.Fatal(err)
		}
		accept(t, q, review("a")) // redelivered while it runs
		close(release)
		h.wait(t, 1)
		settled(t, q)
		accept(t, q, review("a")) // redelivered when it is done
		accept(t, q, review("b")) // the same once more, but another event
		if diff := cmp.Diff([]string{"a 1: <nil>", "b 1: <nil>"}, h.wait(t, 2)); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
		settled(t, q)
		if n := len(h.lines()); n != 2 {
			t.Errorf("%d jobs ran", n)
		}
		if diff := cmp.Diff(app.Job(review("a")), got[0]); diff != "" {
			t.Errorf("the job comes out otherwise (-in +out):\n%s", diff)
		}
		if head, err := s.NewestHead(t.Context(), 2, 7); err != nil || head.Head != "h" {
			t.Errorf("head %+v, %v", head, err)
		}
	})
}

// TestEveryKind sends one job of each kind through the queue.
func TestEveryKind(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		repo := app.Repository{Installation: 1, ID: 2, Owner: "o", Name: "r"}
		cause := func(key string) app.Cause { return app.Cause{Key: key} }
		want := []app.Job{
			review("a"),
			app.AnswerMergeGroup{Cause: cause("b"), Repository: repo, Head: "h", HeadTree: "t", Base: "b"},
			app.Recheck{Cause: cause("c"), Repository: repo, Head: "h", Again: "x"},
			app.Command{Cause: cause("h"), Repository: repo, Number: 7, Comment: 8, Body: "/chisel help", Sender: "cat"},
			app.LookAtRepository{Cause: cause("d"), Repository: repo},
			app.LookAtInstallation{Cause: cause("e"), Installation: 1, Repositories: []app.Repository{repo}},
			app.LookAround{Cause: cause("f")},
			app.Redeliver{Cause: cause("g")},
		}
		var mu sync.Mutex
		got := map[string]app.Job{}
		h := newHandler(func(_ context.Context, _ app.Attempt, job app.Job) error {
			mu.Lock()
			defer mu.Unlock()
			got[job.Origin().Key] = job
			return nil
		})
		q := start(t, storetest.Open(t, store.Config{URL: address}), h, 0)
		defer stop(t, q)
		if err := q.Enqueue(t.Context(), want...); err != nil {
			t.Fatal(err)
		}
		h.wait(t, len(want))
		for _, job := range want {
			if diff := cmp.Diff(job, got[job.Origin().Key]); diff != "" {
				t.Errorf("%s comes out otherwise (-in +out):\n%s", job.Kind(), diff)
			}
		}
	})
}

func TestErrors(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		var attempts sync.Map
		h := newHandler(func(_ context.Context, _ app.Attempt, job app.Job) error {
			n, _ := attempts.LoadOrStore(job.Origin().Key, new(int))
			*n.(*int)++
			first := *n.(*int) == 1
			switch job.Origin().Key {
			case "fails once":
				if first {
					return errors.New("no")
				}
			case "limited":
				if first {
					return fmt.Errorf("read: %w", &app.RateLimited{Until: time.Now().Add(100 * time.Millisecond)})
				}
			case "gone":
				return fmt.Errorf("read: %w", app.ErrNotFound)
			case "forbidden":
				return fmt.Errorf("read: %w", app.ErrForbidden)
			case "invalid":
				return fmt.Errorf("write: %w", app.ErrInvalid)
			case "panics":
				if first {
					panic("no")
				}
			}
			return nil
		})
		q := start(t, storetest.Open(t, store.Config{URL: address}), h, 0)
		defer stop(t, q)
		for _, key := range []string{"fails once", "limited", "gone", "forbidden", "invalid", "panics"} {
			accept(t, q, review(key))
		}
		want := []string{
			"fails once 1: no",
			"fails once 2: <nil>",
			"forbidden 1: read: forbidden",
			"gone 1: read: not found",
			"invalid 1: write: not accepted by GitHub",
			"invalid given up: write: not accepted by GitHub",
			"limited 1: <nil>", // a limit costs no attempt
			"panics 2: <nil>",
		}
		lines := h.wait(t, len(want)+1)
		lines = slices.DeleteFunc(lines, func(l string) bool {
			return strings.HasPrefix(l, "limited 1: read: GitHub's primary rate limit is reached")
		})
		if diff := cmp.Diff(want, lines); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
		settled(t, q)
		accept(t, q, review("gone")) // an operator delivers it anew when it is back
		h.wait(t, len(want)+2)
	})
}

// TestQueues has more sweeps and commands than there are workers for, none of which ends:
// a pull request does not wait for them.
func TestQueues(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		release := make(chan struct{})
		h := newHandler(func(_ context.Context, _ app.Attempt, job app.Job) error {
			if job.Kind() != (app.ReviewPullRequest{}).Kind() {
				<-release
			}
			return nil
		})
		q := start(t, storetest.Open(t, store.Config{URL: address}), h, 0)
		defer stop(t, q)
		for i := range 10 {
			err := q.Enqueue(t.Context(), app.LookAtRepository{Cause: app.Cause{Key: fmt.Sprint("sweep", i)}}, app.Recheck{Cause: app.Cause{Key: fmt.Sprint("command", i)}})
			if err != nil {
				t.Fatal(err)
			}
		}
		accept(t, q, review("a"))
		if lines := h.wait(t, 1); lines[0] != "a 1: <nil>" {
			t.Errorf("log %q", lines)
		}
		close(release)
		h.wait(t, 21)
	})
}

// TestStop stops a queue while one job ends in time and another does not.
func TestStop(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		s := storetest.Open(t, store.Config{URL: address})
		running := make(chan struct{}, 2)
		h := newHandler(func(ctx context.Context, _ app.Attempt, job app.Job) error {
			running <- struct{}{}
			if job.Origin().Key == "ends" {
				time.Sleep(100 * time.Millisecond)
				return ctx.Err()
			}
			<-ctx.Done()
			return ctx.Err()
		})
		q := start(t, s, h, 500*time.Millisecond)
		accept(t, q, review("ends"))
		accept(t, q, review("does not"))
		<-running
		<-running
		stop(t, q)
		if diff := cmp.Diff([]string{"does not 1: context canceled", "ends 1: <nil>"}, h.wait(t, 2)); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}

		second := newHandler(func(context.Context, app.Attempt, app.Job) error { return nil })
		q = start(t, s, second, 0)
		defer stop(t, q)
		if diff := cmp.Diff([]string{"does not 1: <nil>"}, second.wait(t, 1)); diff != "" {
			t.Errorf("what was handed back (-want +got):\n%s", diff)
		}
	})
}

// work works jobs until the process is killed, and says what it does. A job whose key
// begins with "slow" takes for ever in the first process that has it.
func work(address string) {
	ctx := context.Background()
	s, err := store.Open(ctx, store.Config{URL: address})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	h := newHandler(func(ctx context.Context, attempt app.Attempt, job app.Job) error {
		fmt.Printf("started %s %d\n", job.Origin().Key, attempt.Number)
		if attempt.Number == 1 && strings.HasPrefix(job.Origin().Key, "slow") {
			<-ctx.Done()
			return ctx.Err()
		}
		time.Sleep(5 * time.Millisecond)
		fmt.Printf("did %s\n", job.Origin().Key)
		return nil
	})
	h.news = make(chan struct{}, 100_000)
	q, err := jobs.New(ctx, jobs.Config{Store: s, Handler: h, Logger: slog.New(slog.DiscardHandler), Workers: 2, Beat: 200 * time.Millisecond})
	if err == nil {
		err = q.Start(ctx)
	}
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	fmt.Println("ready")
	in := bufio.NewScanner(os.Stdin) // each line is a job
	for in.Scan() {
		if err := q.Accept(ctx, review(in.Text()), nil); err != nil {
			fmt.Println("error", err)
		}
		fmt.Println("took", in.Text())
	}
	select {}
}

// A process is a worker that can be killed.
type process struct {
	t     *testing.T
	name  string
	cmd   *exec.Cmd
	jobs  *os.File
	lines chan string
	said  map[string]bool
}

func spawn(t *testing.T, name, address string) *process {
	t.Helper()
	p := &process{t: t, name: name, lines: make(chan string, 10_000), said: map[string]bool{}}
	p.cmd = exec.Command(os.Args[0]) //nolint:noctx // it is killed, not cancelled
	p.cmd.Env = append(os.Environ(), workerEnv+"="+address)
	p.cmd.Stderr = testWriter{t}
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stdin, p.jobs = in, out
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	go func() {
		for sc := bufio.NewScanner(stdout); sc.Scan(); {
			p.lines <- sc.Text()
		}
		close(p.lines)
	}()
	p.until("ready")
	return p
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may be dead
	_ = p.cmd.Wait()
	_ = p.jobs.Close()
}

func (p *process) send(key string) {
	p.t.Helper()
	if _, err := fmt.Fprintln(p.jobs, key); err != nil {
		p.t.Fatal(err)
	}
	p.until("took " + key)
}

func (p *process) until(want string) {
	p.t.Helper()
	timeout := time.After(patience)
	for !p.said[want] {
		select {
		case line, ok := <-p.lines:
			if !ok {
				p.t.Fatalf("%s ended before it said %q", p.name, want)
			}
			p.said[line] = true
		case <-timeout:
			p.t.Fatalf("%s did not say %q", p.name, want)
		}
	}
}

// TestKilled kills a process in the midst of a job; the next process does it.
func TestKilled(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		first := spawn(t, "first", address)
		first.send("slow")
		first.until("started slow 1")
		first.kill()
		spawn(t, "second", address).until("did slow")
	})
}

// TestShared has two processes work on one PostgreSQL and kills one of them: both have
// done jobs, and no job is lost.
func TestShared(t *testing.T) {
	t.Parallel()
	address := storetest.Postgres(t)
	one, two := spawn(t, "one", address), spawn(t, "two", address)
	one.send("slow one") // whoever gets it holds it until killed
	did := map[string]map[string]bool{"one": {}, "two": {}}
	const n = 40
	for i := range n {
		// The senders' own lines are read below, so send without waiting.
		if _, err := fmt.Fprintf(two.jobs, "job%d\n", i); err != nil {
			t.Fatal(err)
		}
	}
	victim, killed := (*process)(nil), false
	if one.said["started slow one 1"] {
		victim = one
	}
	note := func(p *process, line string) {
		if key, ok := strings.CutPrefix(line, "did "); ok {
			did[p.name][key] = true
		}
		if line == "started slow one 1" {
			victim = p
		}
	}
	total := func() int { return len(did["one"]) + len(did["two"]) }
	timeout := time.After(patience)
	for total() < n+1 {
		select {
		case line, ok := <-one.lines:
			if ok {
				note(one, line)
			} else {
				one.lines = nil
			}
		case line, ok := <-two.lines:
			if ok {
				note(two, line)
			} else {
				two.lines = nil
			}
		case <-timeout:
			t.Fatalf("done: %v", did)
		}
		if !killed && total() >= n && victim != nil {
			killed = true
			if len(did["one"]) == 0 || len(did["two"]) == 0 {
				t.Errorf("the work was not shared: %d and %d jobs", len(did["one"]), len(did["two"]))
			}
			victim.kill()
		}
	}
}

// TestLater: a job that has to wait for its turn stays in the queue, also over a restart,
// and uses up no attempt.
func TestLater(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		h := newHandler(func(context.Context, app.Attempt, app.Job) error {
			return fmt.Errorf("propose: %w", &app.Later{Limit: app.LimitWindow, Until: time.Now().Add(time.Hour)})
		})
		s := storetest.Open(t, store.Config{URL: address})
		waiting := func(q *jobs.Queue) {
			t.Helper()
			for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
				depths, err := q.Depths(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				var states []string
				for _, d := range depths {
					if d.Queue == "commands" {
						states = append(states, fmt.Sprint(d.State, " ", d.Jobs))
					}
				}
				if slices.Equal(states, []string{"scheduled 1"}) {
					return
				}
				if time.Now().After(deadline) {
					t.Fatalf("the queue has %q", states)
				}
			}
		}
		q := start(t, s, h, 0)
		if err := q.Enqueue(t.Context(), app.Propose{Cause: app.Cause{Key: "waits"}}); err != nil {
			t.Fatal(err)
		}
		h.wait(t, 1)
		waiting(q)
		stop(t, q)
		q = start(t, s, h, 0)
		waiting(q)
		stop(t, q)
		if lines := h.lines(); len(lines) != 1 || !strings.HasPrefix(lines[0], "waits 1: propose: the limit") {
			t.Errorf("attempts %q", lines)
		}
	})
}
