package kube_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

func root(t *testing.T, text string) *kube.Node {
	t.Helper()
	roots, problems := kube.Roots(source.NewFile("a.yaml", text))
	if len(problems) > 0 || len(roots) != 1 {
		t.Fatalf("%d roots, problems %+v", len(roots), problems)
	}
	return roots[0]
}

func TestDiff(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, before, after, want string }{
		{"the same, written otherwise", "a: {b: 'x', c: [1, 2]}", "a:\n  c:\n  - 1\n  - 2\n  b: x", ""},
		{"scalars", "a: 1\nb: x\nc: yes", "a: 2\nb: x\nd: null\ne: \"\"", "a: 1 -> 2\ne:  -> \"\"\nc: yes -> \n"},
		{"a number and a string", "a: 1", "a: '1'", "a: 1 -> 1\n"},
		{"a null and nothing", "a: ~\nb: 1", "b: 1", ""},
		{"a mapping comes", "a: 1", "a: 1\nb: {c: [x, 'y: z'], d: {}}", "b:  -> {c: [x, \"y: z\"], d: {}}\n"},
		{"containers by name", "c: [{name: a, image: x}, {name: b, image: y}]", "c: [{name: b, image: z}, {name: a, image: x}]", "c[b].image: y -> z\n"},
		{"ports without names", "p: [{containerPort: 80}]", "p: [{containerPort: 8080}]", "p[0].containerPort: 80 -> 8080\n"},
		{"a port more", "p: [{containerPort: 80}]", "p: [{containerPort: 8080}, {containerPort: 80}]", "p[8080]:  -> {containerPort: 8080}\n"},
		{"lists by number", "a: [x, y]", "a: [x, z, w]", "a[1]: y -> z\na[2]:  -> w\n"},
		{"labels", "l: {app.kubernetes.io/name: a}", "l: {app.kubernetes.io/name: b}", "l[\"app.kubernetes.io/name\"]: a -> b\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			before, after := root(t, tt.before), root(t, tt.after)
			for _, c := range kube.Diff(before, after) {
				fmt.Fprintf(&b, "%s: %s -> %s\n", c.Path, c.Before.Flow(50), c.After.Flow(50))
			}
			if diff := cmp.Diff(tt.want, b.String()); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			if kube.Equal(before, after) != (tt.want == "") {
				t.Errorf("Equal says %t", kube.Equal(before, after))
			}
		})
	}
}

func TestFlowIsBounded(t *testing.T) {
	t.Parallel()
	got := root(t, "a: ["+strings.Repeat("ü, ", 100)+"]").Flow(20)
	if len(got) > 20+len("…") || !strings.HasSuffix(got, "…") {
		t.Errorf("got %q", got)
	}
}
