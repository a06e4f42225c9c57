package fixes_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks/checktest"
	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
)

// answers is a builder that knows what it says of a Dockerfile by its first line.
type answers map[string]struct {
	built *fixes.Built
	err   error
}

func (a answers) Build(_ context.Context, tree source.Tree, what fixes.Target) (*fixes.Built, error) {
	text, err := tree.Read(what.Dockerfile)
	if err != nil {
		return nil, err
	}
	first, _, _ := strings.Cut(text.Text(), "\n")
	answer := a[first]
	return answer.built, answer.err
}

// TestBuilds wants in plain words what was proven by building, what was not, and why a
// plan is refused.
func TestBuilds(t *testing.T) {
	t.Parallel()
	type answer = struct {
		built *fixes.Built
		err   error
	}
	const starts = "What the image starts is in it, `/usr/bin/dotnet`, and needs no shell."
	good := &fixes.Built{User: "1654", Ports: []string{"8080/tcp"}, Size: 41_400_000, Starts: "/usr/bin/dotnet"}
	full := &fixes.Built{Ports: []string{"80/tcp"}, Size: 118_000_000, Shell: "/bin/sh", Starts: "/usr/bin/dotnet", Faults: []string{"It runs as root."}}
	tests := []struct {
		name               string
		before, after      answer
		held, open, failed []string
		verdict            fixes.Verdict
	}{
		{
			name: "both", before: answer{built: full}, after: answer{built: good}, verdict: fixes.Safe,
			held: []string{"BuildKit built the image before and after: user `1654` instead of root, port 8080 instead of port 80, 41 MB instead of 118 MB to pull, no shell any more.", starts},
		},
		{
			name: "only after", before: answer{err: &fixes.BuildError{Line: 3, Message: "no such file."}}, after: answer{built: good}, verdict: fixes.Safe,
			held: []string{"BuildKit built the image: user `1654`, port 8080, 41 MB to pull, no shell.", starts},
			open: []string{"The image could not be built as it is today, so nothing is compared: line 3: no such file."},
		},
		{
			name: "neither", before: answer{err: &fixes.BuildError{Line: 3, Message: "no such file", Help: "Give it."}}, after: answer{err: &fixes.BuildError{Line: 4, Message: "no such file"}}, verdict: fixes.Safe,
			open: []string{"The image could not be built, neither with the change nor without it: line 3: no such file. Give it."},
		},
		{
			name: "only before", before: answer{built: full}, after: answer{err: &fixes.BuildError{Line: 2, Message: "exit code: 1", Log: []string{"no such file"}}}, verdict: fixes.Refuse,
			failed: []string{"The image can be built today and cannot with the change: `exit code: 1`."},
		},
		{
			name: "nobody knows of before", before: answer{err: errors.New("it took longer than 10m0s")}, after: answer{err: &fixes.BuildError{Line: 2, Message: "exit code: 1"}}, verdict: fixes.NeedsPerson,
			failed: []string{"The image cannot be built with the change, `exit code: 1`, and whether it can be built today is not known: it took longer than 10m0s."},
		},
		{
			name: "nobody knows", after: answer{err: errors.New("reach BuildKit at unix:///s: connection refused")}, verdict: fixes.Safe,
			open: []string{"The image was not built: reach BuildKit at unix:///s: connection refused."},
		},
		{
			name: "another fault", before: answer{built: full}, after: answer{built: &fixes.Built{User: "app", Size: 2_000_000, Faults: []string{"Its user is a name."}}}, verdict: fixes.Refuse,
			failed: []string{"The image was built and would not run: Its user is a name."},
			held:   []string{"BuildKit built the image before and after: user `app` instead of root, no port instead of port 80, 2.0 MB instead of 118 MB to pull, no shell any more."},
		},
		{
			name: "one platform of several", before: answer{built: full}, after: answer{built: &fixes.Built{Platform: "linux/arm64/v8", User: "1654", Size: 41_400_000, Starts: "/usr/bin/dotnet"}}, verdict: fixes.Safe,
			held: []string{"BuildKit built the image before and after: user `1654` instead of root, no port instead of port 80, 41 MB instead of 118 MB to pull, no shell any more.", starts},
			open: []string{"The image was built for `linux/arm64` and not for `linux/amd64` and `linux/s390x`, for which `build.sh:2` builds it."},
		},
		{
			name: "the same fault", before: answer{built: full}, after: answer{built: full}, verdict: fixes.Safe,
			held: []string{"BuildKit built the image before and after: user root, port 80, 118 MB to pull, a shell."},
			open: []string{"The image has a fault that it has today too: It runs as root."},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tree := checktest.Tree(map[string]string{"Dockerfile": "FROM before\n", "build.sh": "#!/bin/sh\ndocker buildx build --platform linux/arm64,linux/amd64,linux/s390x .\n"})
			recipe := &fixes.Recipe{ID: "x", Plan: func(_ context.Context, s fixes.Subject) (*fixes.Plan, error) {
				if !strings.Contains(s.File.Text(), "before") {
					return nil, nil
				}
				p := &fixes.Plan{Recipe: "x", File: s.File.File, Title: "x", Steps: []fixes.Step{{Title: "x", At: fixes.Place{File: s.File.File}, Edits: []source.Edit{{Path: "Dockerfile", Span: source.Span{Start: 5, End: 11}, New: "after"}}}}}
				err := p.Complete(s.Tree)
				return p, err
			}}
			opts := fixes.Options{Builder: answers{"FROM before": tt.before, "FROM after": tt.after}}
			opts.Checks.IsDockerfile, opts.Checks.Now = checktest.IsDockerfile, checktest.Now
			plans, _, err := fixes.Plans(t.Context(), tree, recipe, opts)
			if err != nil || len(plans) != 1 {
				t.Fatalf("%d plans: %v", len(plans), err)
			}
			p := plans[0]
			var held []string
			for _, h := range p.Proof.Held {
				if strings.Contains(h, "built") || strings.Contains(h, "starts") {
					held = append(held, h)
				}
			}
			open := p.Proof.Open[:len(p.Proof.Open)-1]
			if last := p.Proof.Open[len(open)]; last != "The application was not started." {
				t.Errorf("the last word is %q", last)
			}
			for _, c := range []struct {
				what      string
				want, got []string
			}{{"held", tt.held, held}, {"open", tt.open, append([]string(nil), open...)}, {"failed", tt.failed, p.Proof.Failed}} {
				if diff := cmp.Diff(c.want, c.got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", c.what, diff)
				}
			}
			if p.Verdict != tt.verdict || p.Applicable() != (tt.verdict == fixes.Safe) {
				t.Errorf("the verdict is %s", p.Verdict)
			}
		})
	}
}
