package checks

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

func TestJoin(t *testing.T) {
	t.Parallel()
	values := source.NewFile("values.yaml", "a: 1\nb: 2\n")
	first, second := source.Span{Start: 0, End: 4}, source.Span{Start: 5, End: 9}
	drop, dropAny, onlyBind, cpu := &Rule{ID: "X-1", Title: "Keeps all"}, &Rule{ID: "X-2", Title: "Keeps some."}, &Rule{ID: "X-3", Title: "Has more"}, &Rule{ID: "X-4", Title: "No limit"}
	finding := func(r *Rule, s Severity, problem string, at source.Span, message string) Finding {
		return Finding{Rule: r, Severity: s, Problem: problem, File: values, Span: at, Message: message, Origin: &kube.Origin{}}
	}
	under := func(f Finding, sets ...string) Finding { f.Sets = sets; return f }
	fixed := func(f Finding, text string) Finding {
		f.Fix = &Fix{Title: "Write " + text, Edits: []source.Edit{{Path: "values.yaml", Span: f.Span, New: text}}}
		return f
	}
	elsewhere := finding(drop, Notice, "", first, "A Dockerfile's.")
	elsewhere.Origin = nil

	tests := []struct {
		name string
		in   []Finding
		want string
	}{
		{"nothing", nil, ""},
		{
			"one problem at one place",
			[]Finding{finding(drop, Notice, "caps", first, "One."), finding(cpu, Notice, "cpu", first, "Two."), finding(dropAny, Warning, "caps", first, "Three.")},
			"warning X-1 0 One. Also `X-2` (Keeps some).\nnotice X-4 0 Two.\n",
		},
		{
			"many checks",
			[]Finding{
				finding(drop, Notice, "p", first, "One."), finding(dropAny, Notice, "p", first, "Two."), finding(onlyBind, Notice, "p", first, "Three."),
				finding(cpu, Notice, "p", first, "Four."), finding(&Rule{ID: "X-5", Title: "T"}, Notice, "p", first, "Five."),
			},
			"notice X-1 0 One. Also `X-2`, `X-3`, `X-4` and `X-5`.\n",
		},
		{
			"another place, another problem, another set",
			[]Finding{
				finding(drop, Notice, "caps", first, "One."), finding(dropAny, Notice, "caps", second, "Two."),
				finding(dropAny, Notice, "other", first, "Three."), under(finding(dropAny, Notice, "caps", first, "Four."), "ci/values.yaml"),
			},
			"notice X-1 0 One.\nnotice X-2 5 Two.\nnotice X-2 0 Three.\nnotice X-2 0 Four.\n",
		},
		{
			"several containers that one line makes",
			[]Finding{finding(drop, Notice, "", first, "The container a."), finding(drop, Notice, "", first, "The container b."), finding(drop, Notice, "", first, "The container b.")},
			"notice X-1 0 The container a.\n\trelated 0 The container b.\n",
		},
		{
			"no problem of its own",
			[]Finding{finding(drop, Notice, "", first, "One."), finding(dropAny, Notice, "", first, "Two.")},
			"notice X-1 0 One.\nnotice X-2 0 Two.\n",
		},
		{
			"fixes",
			[]Finding{
				fixed(finding(drop, Notice, "p", first, "One."), "x"), fixed(finding(drop, Notice, "p", first, "Two."), "x"),
				fixed(finding(dropAny, Notice, "p", first, "Three."), "y"), finding(onlyBind, Notice, "p", first, "Four."),
			},
			"notice X-1 0 One.\n\trelated 0 Two.\nnotice X-2 0 Three.\nnotice X-3 0 Four.\n",
		},
		{
			"not about objects",
			[]Finding{elsewhere, elsewhere},
			"notice X-1 0 A Dockerfile's.\nnotice X-1 0 A Dockerfile's.\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			before := fmt.Sprint(tt.in)
			var b strings.Builder
			for _, f := range join(tt.in) {
				fmt.Fprintf(&b, "%s %s %d %s\n", f.Severity, f.Rule.ID, f.Span.Start, f.Message)
				for _, r := range f.Related {
					fmt.Fprintf(&b, "\trelated %d %s\n", r.Span.Start, r.Message)
				}
			}
			if diff := cmp.Diff(tt.want, b.String()); diff != "" {
				t.Errorf("joined (-want +got):\n%s", diff)
			}
			if after := fmt.Sprint(tt.in); after != before {
				t.Error("the findings given were changed")
			}
		})
	}
}
