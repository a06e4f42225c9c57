package misconf

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

func object(t testing.TB, text string) *kube.Object {
	t.Helper()
	objects, problems := kube.Parse(source.NewFile("manifest.yaml", text), nil)
	if len(objects) != 1 {
		t.Fatalf("want one object, got %d: %v", len(objects), problems)
	}
	return objects[0]
}

// TestQuestions holds that each check is asked by way of its rule named deny, that a kind
// is asked what applies to it, and that all kinds are.
func TestQuestions(t *testing.T) {
	t.Parallel()
	modules, described, err := objectFamily.read()
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, d := range described {
		ids = append(ids, d.rule.ID)
	}
	if diff := gocmp.Diff(objectIDs[:], ids); diff != "" {
		t.Errorf("ids (-listed +in Trivy):\n%s", diff)
	}
	for name, m := range modules {
		denies := false
		for _, r := range m.Rules {
			switch rule := r.Head.Name.String(); {
			case rule == "deny":
				denies = true
			case strings.HasPrefix(rule, "deny_"), rule == "warn", rule == "violation":
				t.Errorf("%s has a rule %s", name, rule)
			}
		}
		if !denies {
			t.Errorf("%s has no rule deny", name)
		}
	}
	p, err := compiledObjects()
	if err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[string]int{"Pod": 98, "pod": 98, "ClusterRole": 71, "ConfigMap": 63, "Widget": 61} {
		q, err := p.question(kind)
		if err != nil {
			t.Fatal(err)
		}
		if len(q.checks) != want {
			t.Errorf("%s is asked %d checks, want %d", kind, len(q.checks), want)
		}
	}
}

// TestSharingObjects scans the corpus from several goroutines with the same compiled
// checks; each has its own memory, so that none profits from another.
func TestSharingObjects(t *testing.T) {
	t.Parallel()
	names := manifestNames(t)[:40]
	results := make([]string, 3)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() {
			s := shared()
			for _, name := range names {
				findings, err := s.ScanObject(t.Context(), manifest(t, name))
				results[i] += fmt.Sprintln(name, err)
				for _, f := range findings {
					results[i] += fmt.Sprintln(f.Rule.ID, f.Key, f.Message, f.At.Place().Span)
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

func TestLoadingObjectsFails(t *testing.T) {
	t.Parallel()
	s := New()
	broken := errors.New("no checks today")
	s.loadObjects = func() (*objectPolicies, error) { return nil, broken }
	s.WarmObjects(t.Context())
	if _, err := s.ScanObject(t.Context(), object(t, "{apiVersion: v1, kind: Pod}")); !errors.Is(err, broken) {
		t.Errorf("ScanObject gives %v, want %v", err, broken)
	}
}

const onePod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b}\nspec: {containers: [{name: c, image: 'd:1'}]}\n"

func TestObjectsEnd(t *testing.T) {
	t.Parallel()
	o := object(t, onePod)
	s := shared()
	s.WarmObjects(t.Context())

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.ScanObject(ended, o); !errors.Is(err, context.Canceled) {
		t.Errorf("ScanObject with an ended context gives %v", err)
	}
	if findings, err := s.ScanObject(t.Context(), o); err != nil || len(findings) != 16 {
		t.Errorf("a cancelled scan was remembered: %d findings, %v", len(findings), err)
	}
	s.limit = time.Nanosecond
	other := object(t, strings.Replace(onePod, "d:1", "d:2", 1))
	for range 2 {
		if _, err := s.ScanObject(t.Context(), other); err == nil || !strings.Contains(err.Error(), "not done within 1ns; an object of usual size") {
			t.Errorf("ScanObject over the time limit gives %v", err)
		}
		s.limit = timeLimit // the object keeps its verdict: the second time would be no faster
	}
}

// TestObjectMemo holds that an object which moves, or is read from another file, is not
// asked about again, and that its findings move with it.
func TestObjectMemo(t *testing.T) {
	t.Parallel()
	s := shared()
	before, err := s.ScanObject(t.Context(), object(t, onePod))
	if err != nil {
		t.Fatal(err)
	}
	s.limit = 0 // nothing can be asked any more
	moved := "# one\n\n" + strings.Replace(onePod, "spec: {containers: [", "spec:\n  {containers: [\n    ", 1)
	after, err := s.ScanObject(t.Context(), object(t, moved))
	if err != nil || len(after) != len(before) {
		t.Fatalf("the moved object gives %d findings, %v; want %d", len(after), err, len(before))
	}
	for i, f := range after {
		b := before[i]
		if f.Key != b.Key || f.Rule != b.Rule || f.Message != b.Message {
			t.Errorf("%s %q became %s %q", b.Rule.ID, b.Key, f.Rule.ID, f.Key)
		}
		want := 8
		if strings.HasPrefix(f.Key, "pod ") {
			want = 6
		}
		if from, to := b.At.Place().Line(), f.At.Place().Line(); from != 4 || to != want {
			t.Errorf("%s went from line %d to %d, want 4 and %d", f.Rule.ID, from, to, want)
		}
	}
	if _, err := s.ScanObject(t.Context(), object(t, strings.Replace(onePod, "d:1", "e:1", 1))); err == nil {
		t.Error("another object was answered from memory")
	}
}

func TestDigest(t *testing.T) {
	t.Parallel()
	seen := map[[32]byte]string{}
	for _, text := range []string{
		"a: b", "a: 'b'", "ab: ''", "a: [b]", "a: [[b]]", "a: [b, c]", "a: {b: c}", "a: {b: {c: d}}", "a: {b: {}, c: d}",
		"a: 1", "a: '1'", "a: 1.0", "a: true", "a: yes", "a:", "a: ''", "a: []", "a: {}",
	} {
		o := object(t, "apiVersion: v1\nkind: A\n"+text+"\n")
		if other, ok := seen[digest(o.Root)]; ok && text != "a: 'b'" {
			t.Errorf("%q and %q have the same digest", text, other)
		}
		seen[digest(o.Root)] = text
	}
}

func TestRefusedObjects(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("n", maxNameBytes+1)
	containers := func(n int) string { return "[" + strings.Repeat("{name: a}, ", n) + "]" }
	tests := []struct{ name, text, want string }{
		{"size", "apiVersion: v1\nkind: ConfigMap\ndata: {a: " + strings.Repeat("x", maxObjectBytes) + "}\n", "line 1: the object has more than 1536 KiB"},
		{"values", "apiVersion: v1\nkind: A\na: [" + strings.Repeat("1,", maxNodes) + "]\n", "the object has more than 100000 values"},
		{"containers", "apiVersion: v1\nkind: Pod\nspec:\n  containers: " + containers(maxContainers+1) + "\n", "line 4: the pod has more than 50 containers"},
		{"containers of a template", "apiVersion: apps/v1\nkind: Deployment\nspec: {template: {spec: {initContainers: " + containers(maxContainers+1) + "}}}\n", "more than 50 containers"},
		{"containers in a review", "apiVersion: v1\nkind: A\nreview: {object: {kind: Pod, spec: {containers: " + containers(maxContainers+1) + "}}}\n", "more than 50 containers"},
		{"name", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: " + long + "\n", "line 4: the name is not a string of at most 253 bytes"},
		{"name of a container", "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: " + long + "}]}\n", "the name is not a string"},
		{"kind", "apiVersion: v1\nkind: " + long + "\n", "the kind is not a string"},
		{"namespace that is a mapping", "apiVersion: v1\nkind: Pod\nmetadata: {namespace: {a: b}}\n", "the namespace is not a string"},
	}
	s := shared()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			findings, err := s.ScanObject(t.Context(), object(t, tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) || len(findings) > 0 {
				t.Errorf("ScanObject gives %d findings and %v, want %q", len(findings), err, tt.want)
			}
		})
	}
}

// TestLargestObjects holds that what is just allowed can be borne.
func TestLargestObjects(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes seconds")
	}
	name := strings.Repeat("n", maxNameBytes-3)
	var pod strings.Builder
	pod.WriteString("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n")
	for _, list := range []string{"containers", "initContainers"} {
		fmt.Fprintf(&pod, "  %s:\n", list)
		for i := range maxContainers {
			fmt.Fprintf(&pod, "  - {name: %s%d, ports: [{hostPort: 1}], securityContext: {capabilities: {add: [NET_RAW, SYS_MODULE]}}}\n", name, i)
		}
	}
	depth := strings.Repeat("[", 150) + strings.Repeat("]", 150)
	tests := []struct {
		name, text string
		most       int
	}{
		{"containers", pod.String(), 10_000},
		{"depth", "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: " + depth + "}\nspec: {containers: [{name: a, env: " + depth + "}]}\n", 30},
		{"keys", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n" + numberedLines("  password%d: email=x\n", 1_000), 2 * maxPerCheck},
		{"lines", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: |\n    password: b@c.de" + strings.Repeat("\n    :", 20_000) + "\n", 10},
	}
	p, err := compiledObjects()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		o := object(t, tt.text)
		in, err := objectInput(o)
		if err != nil {
			t.Fatal(err)
		}
		verdicts, err := p.eval(t.Context(), in, o.Kind)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		kept := bearable(verdicts)
		size := 0
		for _, v := range kept {
			size += len(v.message)
		}
		if size > 8<<20 {
			t.Errorf("%s: %d bytes of messages are remembered", tt.name, size)
		}
		if findings := objectFindings(o, kept); len(findings) == 0 || len(findings) > tt.most {
			t.Errorf("%s: %d findings, want at most %d", tt.name, len(findings), tt.most)
		}
	}
}

func numberedLines(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

var compiledObjects = sync.OnceValues(compileObjects)

// shared is a scanner with a memory of its own and checks that all tests share.
func shared() *Scanner {
	s := New()
	s.loadObjects = compiledObjects
	return s
}

// BenchmarkScanObject is one Deployment of two containers that was not seen before.
func BenchmarkScanObject(b *testing.B) {
	s := shared()
	text := manifestText(b, "bare-deployment-two-containers")
	n := 0
	for b.Loop() {
		n++
		o := object(b, strings.Replace(text, "name: two", fmt.Sprintf("name: two-%d", n), 1))
		if _, err := s.ScanObject(b.Context(), o); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkScanSmallObject is the same for a Service, which most checks pass by.
func BenchmarkScanSmallObject(b *testing.B) {
	s := shared()
	text := manifestText(b, "good-others-service")
	n := 0
	for b.Loop() {
		n++
		o := object(b, strings.Replace(text, "name: web", fmt.Sprintf("name: web-%d", n), 1))
		if _, err := s.ScanObject(b.Context(), o); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkScanObjectAgain is a Deployment that was seen before, its findings placed anew.
func BenchmarkScanObjectAgain(b *testing.B) {
	s := shared()
	o := manifest(b, "bare-deployment-two-containers")
	for b.Loop() {
		if _, err := s.ScanObject(b.Context(), o); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCompileObjects is what a run pays once, if its tree has objects.
func BenchmarkCompileObjects(b *testing.B) {
	for b.Loop() {
		p, err := compileObjects()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := p.question("Deployment"); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzScanObject demands that no object makes the checks or the search for places fail,
// that the same object gives the same findings, and that none shows where Trivy was told
// a part of the object stands.
func FuzzScanObject(f *testing.F) {
	for _, name := range manifestNames(f) {
		f.Add(manifestText(f, name))
	}
	f.Add("apiVersion: v1\nkind: Pod\nreview: {object: {kind: Pod, metadata: {name: a}, spec: {containers: [{name: a}]}}}\n")
	f.Add("apiVersion: v1\nkind: Pod\n__defsec_metadata: {startline: 9, endline: a}\nspec: {containers: [{__defsec_metadata: {startline: -1, parent: {}}, image: b}]}\n")
	f.Add("apiVersion: apps/v1\nkind: Deployment\nspec: {containers: [{name: a, securityContext: {capabilities: {add: [SYS_MODULE]}}, env: [{value: hunter2}]}]}\n")
	s := shared()
	f.Fuzz(func(t *testing.T, text string) {
		objects, _ := kube.Parse(source.NewFile("manifest.yaml", text), nil)
		for i, o := range objects {
			if i == 3 {
				break
			}
			findings, err := s.ScanObject(t.Context(), o)
			again, errAgain := s.ScanObject(t.Context(), o)
			if fmt.Sprint(err) != fmt.Sprint(errAgain) || len(findings) != len(again) {
				t.Fatalf("%d findings and %v, then %d and %v", len(findings), err, len(again), errAgain)
			}
			if err != nil && !strings.Contains(err.Error(), "run Trivy's checks: ") {
				t.Fatal(err)
			}
			for _, one := range findings {
				at := one.At.Place()
				if at.IsZero() || at.Span.Start < 0 || at.Span.End < at.Span.Start || at.Span.End > len(text) {
					t.Fatalf("%s stands at %+v of %d bytes", one.Rule.ID, at.Span, len(text))
				}
				if one.Key == "" || one.Message == "" || strings.Contains(one.Message, metadataKey) {
					t.Fatalf("%s [%s] says %q", one.Rule.ID, one.Key, one.Message)
				}
			}
		}
	})
}

// TestObjectChecksFail holds that a check which cannot be evaluated is named, and that
// all others are.
func TestObjectChecksFail(t *testing.T) {
	t.Parallel()
	o := object(t, "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b}\nspec: {containers: [{name: c, image: 'tiller:1', metadata: {name: d}}]}\n")
	for range 2 {
		findings, err := shared().ScanObject(t.Context(), o)
		var some *checks.ScanError
		if !errors.As(err, &some) || len(some.Checks) != 1 || some.Checks[0] != "KSV-0102" {
			t.Fatalf("ScanObject gives %v", err)
		}
		if len(findings) != 16 {
			t.Errorf("%d findings, want 16", len(findings))
		}
	}
}
