package jobs_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/jobs"
	"github.com/chiselbot/chiselbot/app/store"
	"github.com/chiselbot/chiselbot/app/store/storetest"
)

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
					if d.Queue == "proposals" {
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
