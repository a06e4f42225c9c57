package sandbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chiselbot/chiselbot/app/sandbox"
)

// request says what the work of these tests is to do.
type request struct {
	Do   string
	Text string
}

type response struct {
	Text string
	PID  int
}

// TestMain is also the program of the children.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "child" {
		err := sandbox.Serve(context.Background(), os.Stdin, os.Stdout, map[string]sandbox.Work{"test": sandbox.Do(work)})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func work(ctx context.Context, in *request) (*response, error) {
	out := &response{PID: os.Getpid()}
	switch in.Do {
	case "echo":
		out.Text = in.Text
	case "refuse":
		return nil, errors.New("no " + in.Text)
	case "panic":
		panic("in the " + in.Text)
	case "wait":
		<-ctx.Done()
		return nil, ctx.Err()
	case "spin":
		for { //nolint:revive,staticcheck // it is to be without end
		}
	case "grow":
		var all [][]byte
		for len(all) < 1<<20 {
			all = append(all, bytes.Repeat([]byte{1}, 1<<20))
		}
		out.PID = len(all)
	case "leap":
		out.Text = string(make([]byte, 1<<40))
	case "dive":
		out.PID = dive(1 << 40)
	case "talk":
		out.Text = strings.Repeat("x", 8<<20)
	case "environment":
		out.Text = strings.Join(os.Environ(), " ")
	case "write":
		return nil, os.WriteFile(in.Text, []byte("secret"), 0o600)
	case "exit":
		os.Exit(7)
	}
	return out, nil
}

func dive(n int) int {
	if n == 0 {
		return 0
	}
	return dive(n-1) + n
}

func pool(t *testing.T, config sandbox.Config) *sandbox.Pool {
	t.Helper()
	config.Command = []string{os.Args[0], "child"}
	p := sandbox.New(config)
	t.Cleanup(p.Close)
	return p
}

func echo(t *testing.T, p *sandbox.Pool, text string) response {
	t.Helper()
	var out response
	if err := p.Call(t.Context(), "test", &request{Do: "echo", Text: text}, &out); err != nil || out.Text != text {
		t.Fatalf("echo: got %.40q and error %v", out.Text, err)
	}
	return out
}

func TestCallsShareAChild(t *testing.T) {
	t.Parallel()
	p := pool(t, sandbox.Config{Size: 1})
	p.Warm()
	first := echo(t, p, "one")
	if second := echo(t, p, strings.Repeat("two", 1<<20)); first.PID != second.PID || first.PID == os.Getpid() {
		t.Errorf("the calls ran in %d and %d, the test in %d; want one child", first.PID, second.PID, os.Getpid())
	}
}

// TestTrouble makes one call that goes wrong, and demands that the next one is well.
func TestTrouble(t *testing.T) {
	t.Parallel()
	tests := []struct {
		do      string
		want    error
		says    string
		samePID bool // the child lives on
	}{
		{do: "refuse", says: "no cat", samePID: true},
		{do: "panic", says: "unexpected in the cat"},
		{do: "wait", says: "deadline exceeded", samePID: true},
		{do: "spin", want: sandbox.ErrTime},
		{do: "grow", want: sandbox.ErrMemory},
		{do: "leap", want: sandbox.ErrMemory},
		{do: "dive", says: "stack"},
		{do: "talk", want: sandbox.ErrAnswer},
		{do: "exit", says: "exit status 7"},
		{do: "write", says: "too large", samePID: true},
	}
	for _, tt := range tests {
		t.Run(tt.do, func(t *testing.T) {
			t.Parallel()
			limit := time.Minute // far more than any takes, however busy the machine
			if tt.do == "spin" || tt.do == "wait" {
				limit = 300 * time.Millisecond
			}
			p := pool(t, sandbox.Config{Size: 1, Time: limit, Memory: 1 << 30, MaxAnswer: 4 << 20})
			before := echo(t, p, "before")
			text := "cat"
			if tt.do == "write" {
				text = t.TempDir() + "/file"
			}
			err := p.Call(t.Context(), "test", &request{Do: tt.do, Text: text}, &response{})
			if err == nil || !errors.Is(err, tt.want) && tt.want != nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got error %v, want %v and %q", err, tt.want, tt.says)
			}
			if after := echo(t, p, "after"); (after.PID == before.PID) != tt.samePID {
				t.Errorf("child %d before, %d after", before.PID, after.PID)
			}
		})
	}
}

func TestChildrenHaveNoEnvironment(t *testing.T) {
	t.Setenv("CHISELBOT_TEST_SECRET", "secret")
	p := pool(t, sandbox.Config{})
	var out response
	if err := p.Call(t.Context(), "test", &request{Do: "environment"}, &out); err != nil || out.Text != "" {
		t.Errorf("got environment %q and error %v", out.Text, err)
	}
}

func TestAnIdleChildMayDie(t *testing.T) {
	t.Parallel()
	p := pool(t, sandbox.Config{Size: 1})
	first := echo(t, p, "one")
	child, err := os.FindProcess(first.PID)
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Kill(); err != nil {
		t.Fatal(err)
	}
	if second := echo(t, p, "two"); second.PID == first.PID {
		t.Error("the killed child answered")
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	p := pool(t, sandbox.Config{Size: 3})
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := map[int]bool{}
	for i := range 30 {
		wg.Go(func() {
			var out response
			text := fmt.Sprint(i)
			if err := p.Call(t.Context(), "test", &request{Do: "echo", Text: text}, &out); err != nil || out.Text != text {
				t.Errorf("echo %s: got %q and error %v", text, out.Text, err)
			}
			mu.Lock()
			defer mu.Unlock()
			seen[out.PID] = true
		})
	}
	wg.Wait()
	if len(seen) > 3 {
		t.Errorf("%d children worked, want at most 3", len(seen))
	}
}

func TestTheCallerMayLeave(t *testing.T) {
	t.Parallel()
	p := pool(t, sandbox.Config{Size: 1})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := p.Call(ctx, "test", &request{Do: "spin"}, &response{}); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, sandbox.ErrTime) {
		t.Errorf("got error %v, want that of the caller's context", err)
	}
	echo(t, p, "next")
}

func TestClosed(t *testing.T) {
	t.Parallel()
	p := pool(t, sandbox.Config{})
	echo(t, p, "one")
	p.Close()
	if err := p.Call(t.Context(), "test", &request{Do: "echo"}, &response{}); err == nil {
		t.Error("a closed pool answers")
	}
}

func TestUnknownWork(t *testing.T) {
	t.Parallel()
	p := pool(t, sandbox.Config{})
	if err := p.Call(t.Context(), "other", &request{}, &response{}); err == nil || !strings.Contains(err.Error(), `no work is called "other"`) {
		t.Errorf("got error %v", err)
	}
}

func BenchmarkCall(b *testing.B) {
	p := sandbox.New(sandbox.Config{Command: []string{os.Args[0], "child"}, Size: 1})
	defer p.Close()
	p.Warm()
	in := request{Do: "echo", Text: strings.Repeat("a line of a template\n", 1000)}
	for b.Loop() {
		if err := p.Call(b.Context(), "test", &in, &response{}); err != nil {
			b.Fatal(err)
		}
	}
}
