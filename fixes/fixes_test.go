package fixes_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/checktest"
	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
	"github.com/chiselbot/chiselbot/fixes/plantest"
)

// TestDiff has git itself apply the patches.
func TestDiff(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, path, before, after string }{
		{"one line", "Dockerfile", "FROM a\nRUN b\n", "FROM c\nRUN b\n"},
		{"no final newline", "Dockerfile", "FROM a\n  RUN b", "FROM a\n  RUN c"},
		{"final newline lost", "Dockerfile", "FROM a\nRUN b\n", "FROM a\nRUN b"},
		{"final newline won", "Dockerfile", "FROM a\nRUN b", "FROM a\nRUN b\n"},
		{"CRLF", "Dockerfile", "FROM a\r\nRUN b\r\n", "FROM a\r\nRUN c\r\nRUN d\r\n"},
		{"first and last", "a/b/Dockerfile", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12", "one\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\ntwelve"},
		{"inserted at the top", "Dockerfile", "FROM a\n", "FROM z\n\nFROM a\n"},
		{"all gone", "Dockerfile", "FROM a\n", ""},
		{"from nothing", "Dockerfile", "", "FROM a\n"},
		{"a space in the name", "my app/Docker file", "FROM a\n", "FROM b\n"},
		{"other letters in the name", "Katzenenzyklopädie/Docker\"file", "FROM a\n", "FROM b\n"},
		{"a tab in the name", "a\tb/Dockerfile", "FROM a\n", "FROM b\n"},
		{"two changes in one hunk and a block that occurs twice", "Dockerfile",
			"a\n1\n2\n3\n4\n5\n6\nb\n1\n2\n3\n4\n5\n6\nc\n" + strings.Repeat("filler\n", 7) + strings.Repeat("x\ny\nz\ncat\nx\ny\nz\n-\n", 2),
			"A\n1\n2\n3\n4\n5\n6\nB\n1\n2\n3\n4\n5\n6\nC\n" + strings.Repeat("filler\n", 7) + "x\ny\nz\ncat\nx\ny\nz\n-\nx\ny\nz\ndog\nx\ny\nz\n-\n"},
		{"not UTF-8", "Dockerfile", "FROM a\n# \xff\xfe\nRUN b\n", "FROM c\n# \xff\xfe\nRUN b\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			git := func(stdin string, args ...string) {
				t.Helper()
				cmd := exec.CommandContext(t.Context(), "git", append([]string{"-c", "core.autocrlf=false"}, args...)...)
				cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("git %v: %v\n%s\n%s", args, err, out, stdin)
				}
			}
			git("", "init", "-q")
			file := filepath.Join(dir, filepath.FromSlash(test.path))
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(test.before), 0o644); err != nil {
				t.Fatal(err)
			}
			git("", "add", ".")
			plan := fixes.Plan{Changes: []fixes.Change{{Path: test.path, Before: test.before, After: test.after}}}
			git(plan.Diff(), "apply", "--index", "-")
			got, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.after, string(got)); diff != "" {
				t.Errorf("after git apply (-want +got):\n%s\n%s", diff, plan.Diff())
			}
		})
	}
	if same := (fixes.Change{Path: "a", Before: "x", After: "x"}).Diff(); same != "" {
		t.Errorf("a change of nothing gives %q", same)
	}
}

// TestDiffNumbers holds the numbers of hunks against git's own.
func TestDiffNumbers(t *testing.T) {
	t.Parallel()
	lines := func(from, to int) (all string) {
		for n := from; n <= to; n++ {
			all += fmt.Sprintln(n)
		}
		return all
	}
	before := lines(1, 60)
	after := "new\n" + lines(1, 4) + "4a\n4b\n" + lines(5, 9) + lines(11, 29) + "thirty\n" + lines(31, 34) + "thirty-five\n" + lines(36, 58)
	var got []string
	for line := range strings.Lines((fixes.Change{Path: "a", Before: before, After: after}).Diff()) {
		if strings.HasPrefix(line, "@@") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	want := []string{"@@ -1,13 +1,15 @@", "@@ -27,12 +29,12 @@", "@@ -56,5 +58,3 @@"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestHunks puts hunks in the place of the lines that they name.
func TestHunks(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ before, after string }{
		{"a\nb\nc\n", "a\nB\nc\n"}, {"a\nb\nc\n", "x\na\nb\nc\n"}, {"a\nb\nc\n", "a\nb\nc\nd\n"}, {"a\nb\nc\n", "a\nc\n"},
		{"a\nb\nc\nd\ne\n", "A\nb\nx\nc\nd\n"}, {"a\n", "b\nc\n"}, {"a\nb\n", "a\nx\ny\nb\n"},
	} {
		lines := strings.SplitAfter(test.before, "\n")
		hunks := fixes.Change{Before: test.before, After: test.after}.Hunks()
		for _, h := range slices.Backward(hunks) {
			lines = append(lines[:h.First-1:h.First-1], append([]string{h.New}, lines[h.Last:]...)...)
		}
		if got := strings.Join(lines, ""); got != test.after {
			t.Errorf("%q to %q gave %q by %+v", test.before, test.after, got, hunks)
		}
	}
	if hunks := (fixes.Change{After: "a\n"}).Hunks(); len(hunks) > 0 {
		t.Errorf("of nothing: %v", hunks)
	}
}

// FuzzHunks puts the hunks of any change in the place of the lines that they name, as who
// takes suggestions does.
func FuzzHunks(f *testing.F) {
	f.Add("a\nb\nc\n", "x\na\nB\n")
	f.Add("a\n\n\nb", "\na\nb\n")
	f.Add("0", "\n0")
	f.Add("\n", "\n\n0")
	f.Fuzz(func(t *testing.T, before, after string) {
		if before == "" {
			return
		}
		lines := strings.SplitAfter(before, "\n")
		hunks := fixes.Change{Before: before, After: after}.Hunks()
		for n, h := range slices.Backward(hunks) {
			if h.First < 1 || h.Last < h.First || h.Last > len(lines) || n > 0 && hunks[n-1].Last >= h.First {
				t.Fatalf("%q to %q: %+v", before, after, hunks)
			}
			lines = slices.Replace(lines, h.First-1, h.Last, h.New)
		}
		if got := strings.Join(lines, ""); got != after {
			t.Errorf("%q to %q gave %q by %+v", before, after, got, hunks)
		}
	})
}

func plan(t *testing.T, text string, steps ...fixes.Step) (*fixes.Plan, source.Tree) {
	t.Helper()
	tree := checktest.Tree(map[string]string{"Dockerfile": text})
	file, err := tree.Read("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	p := &fixes.Plan{File: file, Steps: steps}
	if err := p.Complete(tree); err != nil {
		t.Fatal(err)
	}
	return p, tree
}

func edit(start, end int, text string) []source.Edit {
	return []source.Edit{{Path: "Dockerfile", Span: source.Span{Start: start, End: end}, New: text}}
}

// TestOverlap demands that steps which touch the same bytes leave the file alone.
func TestOverlap(t *testing.T) {
	t.Parallel()
	one, two := fixes.Step{ID: "one", Title: "One", Edits: edit(5, 6, "b")}, fixes.Step{ID: "two", Title: "Two", Edits: edit(5, 6, "c")}
	if p, _ := plan(t, "FROM a\n", one, one); p.Verdict != fixes.SafeWithEdits || p.Changes[0].After != "FROM b\n" {
		t.Errorf("the same edit twice: %s, %v", p.Verdict, p.Changes)
	}
	p, _ := plan(t, "FROM a\n", one, two)
	if p.Applicable() || p.Verdict != fixes.NeedsPerson || len(p.Reasons) != 1 || p.Reasons[0].ID != "two" {
		t.Errorf("overlapping edits: %s, changes %v, reasons %v", p.Verdict, p.Changes, p.Reasons)
	}
}

// TestProve holds plans against what they break.
func TestProve(t *testing.T) {
	t.Parallel()
	const dockerfile = "FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled\nCOPY out /app\nENTRYPOINT [\"dotnet\", \"/app/Cats.dll\"]\n"
	entrypoint := strings.Index(dockerfile, `["dotnet"`)
	nothing := func(context.Context, source.Tree) (*fixes.Plan, error) { return nil, nil }
	tests := []struct {
		name  string
		step  fixes.Step
		cures []fixes.Cure
		again func(context.Context, source.Tree) (*fixes.Plan, error)
		want  string // part of what failed, empty where the plan holds
	}{
		{name: "holds", step: fixes.Step{Edits: edit(0, 0, "# a comment\n")}},
		{name: "does not parse", step: fixes.Step{Edits: edit(0, 4, "FORM")}, want: "cannot be read"},
		{name: "new finding", step: fixes.Step{Edits: edit(entrypoint, len(dockerfile)-1, "dotnet /app/Cats.dll")}, want: "new finding, `no-shell`"},
		{name: "new warning of BuildKit", step: fixes.Step{Edits: edit(len(dockerfile), len(dockerfile), "MAINTAINER cat\n")}, want: "`MaintainerDeprecated`"},
		{name: "cures nothing", step: fixes.Step{Edits: edit(0, 0, "# a comment\n")}, cures: []fixes.Cure{{Rule: "always"}}, want: "`always` is still found"},
		{
			name: "never ends", step: fixes.Step{Edits: edit(0, 0, "# a comment\n")}, want: "second run would change",
			again: func(context.Context, source.Tree) (*fixes.Plan, error) {
				return &fixes.Plan{Steps: []fixes.Step{{Title: "More"}}, Changes: []fixes.Change{{}}}, nil
			},
		},
	}
	always := &checks.Rule{ID: "always", Severity: checks.Notice, Dockerfile: func(p *checks.DockerfilePass) {
		p.Report(checks.Finding{Span: p.Final.From.Span, Key: "final"})
	}}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p, tree := plan(t, dockerfile, test.step)
			p.Cures = test.cures
			if test.again == nil {
				test.again = nothing
			}
			opts := plantest.Options()
			opts.Checks.Rules = append(opts.Checks.Rules, always)
			if err := fixes.Prove(t.Context(), tree, p, test.again, opts); err != nil {
				t.Fatal(err)
			}
			failed := strings.Join(p.Proof.Failed, "\n")
			switch {
			case test.want == "" && failed != "":
				t.Errorf("the plan does not hold: %s", failed)
			case test.want == "" && (!p.Applicable() || len(p.Proof.Held) == 0 || len(p.Proof.Open) == 0):
				t.Errorf("got %+v, want a plan with a proof", p)
			case test.want != "" && (!strings.Contains(failed, test.want) || p.Applicable() || p.Verdict != fixes.NeedsPerson):
				t.Errorf("got %s, failed %q, changes %d; want a plan for a person that fails with %q", p.Verdict, failed, len(p.Changes), test.want)
			}
		})
	}
}

// TestFindings applies the fixes that findings carry.
func TestFindings(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"Dockerfile":       "FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled\nENTRYPOINT dotnet Cats.dll\n",
		"other/Dockerfile": "FROM mcr.microsoft.com/dotnet/aspnet:10.0\nENTRYPOINT [\"dotnet\", \"Cats.dll\"]\n",
	}
	all := func(checks.Finding) bool { return true }
	for _, unsafe := range []bool{false, true} {
		plans, _, err := fixes.Findings(t.Context(), checktest.Tree(files), all, unsafe, plantest.Options())
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"Dockerfile": "FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled\nENTRYPOINT [\"dotnet\", \"Cats.dll\"]\n"}
		if unsafe {
			want["other/Dockerfile"] = "FROM mcr.microsoft.com/dotnet/aspnet:10.0\nUSER $APP_UID\nENTRYPOINT [\"dotnet\", \"Cats.dll\"]\n"
		}
		if diff := cmp.Diff(want, plantest.After(plans)); diff != "" {
			t.Errorf("unsafe %t (-want +got):\n%s%s", unsafe, diff, plantest.Describe(plans))
		}
	}
	none := func(checks.Finding) bool { return false }
	if plans, _, err := fixes.Findings(t.Context(), checktest.Tree(files), none, true, plantest.Options()); err != nil || len(plans) > 0 {
		t.Errorf("no finding is wanted: %v, %v", plans, err)
	}
}

// TestFindingsBesideSecret demands that what is hidden where it is shown is written as it is.
func TestFindingsBesideSecret(t *testing.T) {
	t.Parallel()
	const from = "FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled\nENV DB_PASSWORD=correct-horse\n"
	files := map[string]string{"Dockerfile": from + "ENTRYPOINT dotnet Cats.dll\n"}
	noShell := func(f checks.Finding) bool { return f.Rule.ID == "no-shell" }
	plans, _, err := fixes.Findings(t.Context(), checktest.Tree(files), noShell, false, plantest.Options())
	if err != nil || len(plans) != 1 {
		t.Fatalf("%d plans, %v", len(plans), err)
	}
	want := fixes.Change{Path: "Dockerfile", Before: files["Dockerfile"], After: from + "ENTRYPOINT [\"dotnet\", \"Cats.dll\"]\n"}
	if diff := cmp.Diff([]fixes.Change{want}, plans[0].Changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if shown := plans[0].Steps[0].At.File.Text(); strings.Contains(shown, "correct-horse") {
		t.Errorf("the file that is shown has the secret: %q", shown)
	}
	if held := strings.Join(plans[0].Proof.Held, " "); strings.Contains(held, "secret-in-image") {
		t.Errorf("the secret is said to be gone: %s", held)
	}
}

// TestThen demands that a fix which moves a port takes the objects that run the image along.
func TestThen(t *testing.T) {
	t.Parallel()
	const pod = `apiVersion: v1
kind: Pod
metadata:
  name: web
  labels: {app: web}
spec:
  containers:
    - name: web
      image: registry.example.com/web:1
      ports:
        - containerPort: %d
---
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: {app: web}
  ports:
    - port: 80
      targetPort: %[1]d
`
	files := map[string]string{
		"web/Dockerfile": "FROM nginx:1.29\nCOPY site /usr/share/nginx/html\n",
		"k8s/web.yaml":   fmt.Sprintf(pod, 80),
	}
	want := map[string]string{
		"web/Dockerfile": "FROM nginxinc/nginx-unprivileged:1.29\nCOPY site /usr/share/nginx/html\n",
		"k8s/web.yaml":   fmt.Sprintf(pod, 8080),
	}
	twin := func(f checks.Finding) bool { return f.Rule.ID == "unprivileged-twin" }
	plans, _, err := fixes.Findings(t.Context(), checktest.Tree(files), twin, true, plantest.Options())
	if err != nil || len(plans) != 1 {
		t.Fatalf("%d plans, %v", len(plans), err)
	}
	if diff := cmp.Diff(want, plantest.After(plans)); diff != "" {
		t.Errorf("after the plan (-want +got):\n%s\n%s", diff, plantest.Describe(plans))
	}
	if plans[0].Proof == nil || len(plans[0].Proof.Failed) > 0 {
		t.Errorf("the plan is not proven: %+v", plans[0].Proof)
	}
}
