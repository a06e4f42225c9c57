package misconf

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks"
)

var _ checks.Scanner = (*Scanner)(nil)

func TestChecks(t *testing.T) {
	t.Parallel()
	rules, err := Checks()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rules {
		got = append(got, r.ID)
		if r.Title == "" || r.Severity == checks.Off && adjusted[r.ID].because == "" || r.URL == "" || !strings.HasPrefix(r.Doc, "# "+r.ID+"\n") {
			t.Errorf("%s is described incompletely: %+v", r.ID, r)
		}
	}
	if diff := gocmp.Diff(IDs(), got); diff != "" {
		t.Errorf("ids (-listed +in Trivy):\n%s", diff)
	}
	for id := range adjusted {
		if !slices.Contains(got, id) {
			t.Errorf("the severity of %s is adjusted, but there is no such check", id)
		}
	}
	for _, p := range problems {
		for _, id := range p.ids {
			if !slices.Contains(got, id) || p.because == "" {
				t.Errorf("the problem %q: there is no check %s, or no reason", p.name, id)
			}
		}
	}
}

func TestDoc(t *testing.T) {
	t.Parallel()
	rules, err := Checks()
	if err != nil {
		t.Fatal(err)
	}
	const want = `# DS-0010

**RUN using 'sudo'** (a check of Trivy)

Avoid using 'RUN' with 'sudo' commands, as it can lead to unpredictable behavior.

## What to do

Don't use sudo.

More: <https://avd.aquasec.com/misconfig/ds-0010>
`
	for _, r := range rules {
		if r.ID == "DS-0010" {
			if diff := gocmp.Diff(want, r.Doc); diff != "" {
				t.Error(diff)
			}
		}
	}
}

// TestSharing scans the corpus from several goroutines with the same compiled checks;
// each has its own memory, so that none profits from another.
func TestSharing(t *testing.T) {
	t.Parallel()
	names := corpusNames(t)
	load := sync.OnceValues(compile)
	results := make([]map[string]string, 4)
	var wg sync.WaitGroup
	for i := range results {
		results[i] = map[string]string{}
		wg.Go(func() {
			s := New()
			s.load = load
			for _, name := range names {
				findings, err := s.Scan(t.Context(), parse(t, corpusText(t, name)))
				results[i][name] = fmt.Sprint(err)
				for _, f := range findings {
					results[i][name] += fmt.Sprintln(f.Rule.ID, f.Span, f.Key, f.Message)
				}
			}
		})
	}
	wg.Wait()
	for _, r := range results[1:] {
		if diff := gocmp.Diff(results[0], r); diff != "" {
			t.Errorf("two goroutines found different things:\n%s", diff)
		}
	}
}

func TestLoadingFails(t *testing.T) {
	t.Parallel()
	s := New()
	broken := errors.New("no checks today")
	s.load = func() (*policies, error) { return nil, broken }
	s.Warm(t.Context())
	if _, err := s.Scan(t.Context(), parse(t, "FROM alpine:3.20\n")); !errors.Is(err, broken) {
		t.Errorf("Scan gives %v, want %v", err, broken)
	}
}

func TestEnds(t *testing.T) {
	t.Parallel()
	f := parse(t, "FROM alpine:3.20\n")
	s := New()
	s.Warm(t.Context())

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Scan(ended, f); !errors.Is(err, context.Canceled) {
		t.Errorf("Scan with an ended context gives %v", err)
	}
	if findings, err := s.Scan(t.Context(), f); err != nil || len(findings) != 2 {
		t.Errorf("a cancelled scan was remembered: %v, %v", findings, err)
	}

	s.limit = time.Nanosecond
	g := parse(t, "FROM alpine:3.21\n")
	for range 2 {
		if _, err := s.Scan(t.Context(), g); err == nil || !strings.Contains(err.Error(), "not done within 1ns") {
			t.Errorf("Scan over the time limit gives %v", err)
		}
		s.limit = timeLimit // the file keeps its verdict: the second time would be no faster
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	fold := func(s string) string { // lines as short as BuildKit wants them
		var b strings.Builder
		for len(s) > 60_000 {
			b.WriteString(s[:60_000] + "\\\n")
			s = s[60_000:]
		}
		return b.String() + s
	}
	tests := []struct{ name, text, want string }{
		{"does not parse", "FROM alpine:3.20\nUNKNOWN x\n", "read the file as Trivy does: "},
		{"nested brackets", "FROM alpine:3.20\nRUN " + fold(strings.Repeat("(", 1<<20)), "the RUN on line 2 opens more than 1000 brackets inside each other"},
		{"nested substitutions", "FROM alpine:3.20\nRUN echo " + fold(strings.Repeat(`"$(`, 1<<18)), "opens more than 1000 brackets"},
		{"nested in a heredoc", "FROM alpine:3.20\nRUN <<EOF bash\n" + strings.Repeat("$((\n", 1<<18) + "EOF\n", "opens more than 1000 brackets"},
		{"nested words", "FROM alpine:3.20\nRUN " + fold(strings.Repeat("if ", 1<<18)), "the RUN on line 2 is longer than 64 KiB"},
	}
	p, err := compile()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if _, err := p.eval(t.Context(), test.text); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("eval gives %v, want %q", err, test.want)
			}
		})
	}
}

// TestDeepest holds that what is just allowed does not bring the program down.
func TestDeepest(t *testing.T) {
	t.Parallel()
	p, err := compile()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		nest  string
		times int
	}{
		{"(", maxRunDepth}, {"{ ", maxRunDepth}, {"a[", maxRunDepth}, {"$((", maxRunDepth / 2},
		{"if ", 5_000}, {"a|", 5_000}, {"a&&", 5_000},
	}
	for _, test := range tests {
		if _, err := p.eval(t.Context(), "FROM alpine:3.20\nRUN "+strings.Repeat(test.nest, test.times)+"a\n"); err != nil {
			t.Errorf("%q: %v", test.nest, err)
		}
	}
}

func TestMemo(t *testing.T) {
	t.Parallel()
	m := newMemo(2)
	asked := map[string]int{}
	get := func(text string, keep bool) {
		_, _ = m.get(sha256.Sum256([]byte(text)), func() ([]verdict, bool, error) {
			asked[text]++
			return nil, keep, nil
		})
	}
	for _, text := range []string{"a", "a", "b", "a", "c", "a", "d", "e", "f", "b"} {
		get(text, true)
	}
	get("x", false)
	get("x", false)
	want := map[string]int{"a": 1, "b": 2, "c": 1, "d": 1, "e": 1, "f": 1, "x": 2}
	if diff := gocmp.Diff(want, asked); diff != "" {
		t.Errorf("scans by text (-want +got):\n%s", diff)
	}
	if len(m.new) > 2 || len(m.old) > 2 {
		t.Errorf("the memo holds %d and %d texts, want at most 2 each", len(m.new), len(m.old))
	}
}

// BenchmarkScan is one Dockerfile that was not seen before.
func BenchmarkScan(b *testing.B) {
	s := New()
	s.Warm(b.Context())
	text := corpusText(b, "story-cat-encyclopedia")
	n := 0
	for b.Loop() {
		n++
		if _, err := s.Scan(b.Context(), parse(b, fmt.Sprintf("# %d\n%s", n, text))); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkScanParallel is the same from as many goroutines as there are cores.
func BenchmarkScanParallel(b *testing.B) {
	s := New()
	s.Warm(b.Context())
	text := corpusText(b, "story-old-php")
	var mu sync.Mutex
	n := 0
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			mu.Lock()
			n++
			own := fmt.Sprintf("# %d\n%s", n, text)
			mu.Unlock()
			if _, err := s.Scan(b.Context(), parse(b, own)); err != nil {
				b.Error(err)
			}
		}
	})
}

// BenchmarkCompile is what a run pays once.
func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		if _, err := compile(); err != nil {
			b.Fatal(err)
		}
	}
}
