package checks_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/checktest"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

// scanner is another tool that reports one finding per file, or fails.
type scanner struct {
	rule *checks.Rule
	err  error
}

func (s scanner) Scan(_ context.Context, f *dockerfile.File) ([]checks.Finding, error) {
	if s.err != nil {
		return nil, s.err
	}
	in := f.Final().From
	return []checks.Finding{{Rule: s.rule, Severity: s.rule.Severity, File: f.File, Span: in.Span, Key: "theirs", Message: "They say so."}}, nil
}

func (s scanner) ScanObject(_ context.Context, o *kube.Object) ([]checks.ObjectFinding, error) {
	if s.err != nil {
		return nil, s.err
	}
	name := o.Root.Get("metadata", "name")
	return []checks.ObjectFinding{{Finding: checks.Finding{Rule: s.rule, Key: "theirs", Message: "They say so."}, At: o.Where(name)}}, nil
}

func TestRun(t *testing.T) {
	t.Parallel()
	theirs := &checks.Rule{ID: "DS-0002", Severity: checks.Error}
	replacing := *userRule
	replacing.Replaces = []checks.Replaced{{ID: "DS-0002", Because: "it knows more"}}
	unsure := replacing
	unsure.Dockerfile = func(p *checks.DockerfilePass) { p.LetStand("DS-0002") }
	absent := &checks.Rule{ID: "absent", Severity: checks.Warning, Dockerfile: func(p *checks.DockerfilePass) { p.Report(checks.Finding{Key: "file"}) }}
	comments := &checks.Rule{ID: "comments", Severity: checks.Notice, Ignores: func(p *checks.IgnorePass) {
		for n, c := range p.Ignores {
			for k, id := range c.IDs {
				if !p.Silenced(n, k) && p.Checked(id) {
					p.Report(checks.Finding{Span: c.IDSpans[k], Key: id})
				}
			}
		}
	}}
	panics := &checks.Rule{ID: "panics", Severity: checks.Error, Dockerfile: func(*checks.DockerfilePass) { panic("at the disco") }}

	tests := []struct {
		name  string
		files map[string]string
		opts  checks.Options
		want  string
	}{
		{
			name:  "a finding with its key and severity",
			files: map[string]string{"a/Dockerfile": "FROM x AS one\nUSER me\nFROM y\nUSER you\n", "Dockerfile": "FROM x\n", "USER": "USER me"},
			opts:  checks.Options{Rules: []*checks.Rule{userRule}},
			want: `
a/Dockerfile:2:1 warning "USER me" key "one me"
a/Dockerfile:4:1 warning "USER you" key "final you"`,
		},
		{
			name:  "settings change the severity and switch off",
			files: map[string]string{"Dockerfile": "FROM x\nUSER me\n"},
			opts:  checks.Options{Rules: []*checks.Rule{userRule}, Scanners: []checks.Scanner{scanner{rule: theirs}}, Severities: map[string]checks.Severity{"user": checks.Notice, "DS-0002": checks.Off}},
			want:  `Dockerfile:2:1 notice "USER me" key "final me"`,
		},
		{
			name:  "a panic is a skip, and the other rules go on",
			files: map[string]string{"Dockerfile": "FROM x\nUSER me\n"},
			opts:  checks.Options{Rules: []*checks.Rule{panics, userRule}},
			want: `
Dockerfile:2:1 warning "USER me" key "final me"
Dockerfile not checked (panics)
	The rule failed on this file: unexpected at the disco.`,
		},
		{
			name:  "what cannot be parsed is a skip on its line",
			files: map[string]string{"Dockerfile": "FROM x\nBOGUS y\n"},
			opts:  checks.Options{Rules: []*checks.Rule{userRule}},
			want: `
Dockerfile:2:1 not checked ()
	Unknown instruction: BOGUS.`,
		},
		{
			name:  "a base image without a value is a skip where it stands",
			files: map[string]string{"Dockerfile": "ARG BASE\nFROM ${BASE}\nUSER me\n"},
			opts:  checks.Options{Rules: []*checks.Rule{userRule}},
			want: "Dockerfile:3:1 warning \"USER me\" key \"final me\"\n" +
				"Dockerfile:2:6 not checked ()\n\tThe image `${BASE}` is not known: `BASE` has no default value.",
		},
		{
			name:  "a scanner that fails is a skip",
			files: map[string]string{"Dockerfile": "FROM x\n"},
			opts:  checks.Options{Scanners: []checks.Scanner{scanner{err: errors.New("load checks: no room")}}},
			want: `
Dockerfile not checked ()
	Load checks: no room.`,
		},
		{
			name:  "a check that fails is a skip, unless a rule stands in for it",
			files: map[string]string{"Dockerfile": "FROM x\n"},
			opts: checks.Options{Rules: []*checks.Rule{&replacing}, Scanners: []checks.Scanner{
				scanner{err: fmt.Errorf("scan: %w", &checks.ScanError{Checks: []string{"DS-0002", "DS-0005"}, Err: errors.New("no keys")})},
			}},
			want: "Dockerfile not checked (DS-0005)\n\tScan: DS-0002, DS-0005: no keys.",
		},
		{
			name:  "so is one that fails on an object, where the object stands",
			files: map[string]string{"m.yaml": "# one\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"},
			opts: checks.Options{Rules: []*checks.Rule{&replacing}, Scanners: []checks.Scanner{
				scanner{err: fmt.Errorf("scan: %w", &checks.ScanError{Checks: []string{"DS-0002", "KSV-0005"}, Err: errors.New("no keys")})},
			}},
			want: "m.yaml:2:1 not checked (KSV-0005)\n\tScan: DS-0002, KSV-0005: no keys.",
		},
		{
			name:  "a rule stands in for another tool's check",
			files: map[string]string{"Dockerfile": "FROM x\nUSER me\n"},
			opts:  checks.Options{Rules: []*checks.Rule{&replacing}, Scanners: []checks.Scanner{scanner{rule: theirs}}},
			want:  "Dockerfile:2:1 warning \"USER me\" key \"final me\"\nDockerfile:1:1 dropped DS-0002: `user` says it instead: it knows more.",
		},
		{
			name:  "a rule that is silent has reasons to be",
			files: map[string]string{"Dockerfile": "FROM x\n"},
			opts:  checks.Options{Rules: []*checks.Rule{&replacing}, Scanners: []checks.Scanner{scanner{rule: theirs}}},
			want:  "Dockerfile:1:1 dropped DS-0002: `user` looks at the same and is silent: it knows more.",
		},
		{
			name:  "a rule that cannot tell lets the other tool's check stand",
			files: map[string]string{"Dockerfile": "FROM x\n"},
			opts:  checks.Options{Rules: []*checks.Rule{&unsure}, Scanners: []checks.Scanner{scanner{rule: theirs}}},
			want:  `Dockerfile:1:1 error "FROM x" key "theirs"`,
		},
		{
			name:  "an ignore comment with a reason",
			files: map[string]string{"Dockerfile": "FROM x\n# chiselbot:ignore user it is me\nUSER me\nUSER you\n"},
			opts:  checks.Options{Rules: []*checks.Rule{userRule}},
			want: `
Dockerfile:4:1 warning "USER you" key "final you"
Dockerfile:3:1 dropped user: it is me`,
		},
		{
			name:  "an ignore comment at the head serves the whole file, findings without a line too",
			files: map[string]string{"Dockerfile": "# chiselbot:ignore user,absent they are mine\nFROM x\nUSER me\n"},
			opts:  checks.Options{Rules: []*checks.Rule{userRule, absent}},
			want: `
Dockerfile:1:1 dropped absent: they are mine
Dockerfile:3:1 dropped user: they are mine`,
		},
		{
			name:  "a rule of ignore comments sees what they silenced, and no comment silences it",
			files: map[string]string{"Dockerfile": "# chiselbot:ignore user,idle,comments they are mine\nFROM x\nUSER me\n"},
			opts:  checks.Options{Rules: []*checks.Rule{comments, userRule}, Severities: map[string]checks.Severity{"comments": checks.Error}},
			want: `
Dockerfile:1:25 error "idle" key "idle"
Dockerfile:1:30 error "comments" key "comments"
Dockerfile:3:1 dropped user: they are mine`,
		},
		{
			name:  "a rule of ignore comments knows what was not checked",
			files: map[string]string{"Dockerfile": "# chiselbot:ignore panics they are mine\nFROM x\n"},
			opts:  checks.Options{Rules: []*checks.Rule{comments, panics}},
			want: `
Dockerfile not checked (panics)
	The rule failed on this file: unexpected at the disco.`,
		},
		{
			name:  "an expired ignore comment silences nothing",
			files: map[string]string{"Dockerfile": "FROM x\n# chiselbot:ignore user until=2026-11-30 it is me\nUSER me\n# chiselbot:ignore user until=2026-12-01 it is me\nUSER you\n"},
			opts:  checks.Options{Rules: []*checks.Rule{userRule}},
			want: `
Dockerfile:3:1 warning "USER me" key "final me"
Dockerfile:5:1 dropped user: it is me`,
		},
		{
			name:  "another tool's comment silences the rule that stands in",
			files: map[string]string{"Dockerfile": "FROM x\n#trivy:ignore:DS-0002\nUSER me\n"},
			opts:  checks.Options{Rules: []*checks.Rule{&replacing}},
			want:  `Dockerfile:3:1 dropped user:`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			opts := tt.opts
			opts.IsDockerfile, opts.Now = checktest.IsDockerfile, checktest.Now
			res, err := checks.Run(t.Context(), checktest.Tree(tt.files), opts)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.TrimSpace(tt.want), strings.TrimSpace(describeResult(res))); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
		})
	}
}

func describeResult(res *checks.Result) string {
	var b strings.Builder
	place := func(f *source.File, s source.Span) string {
		p := f.Position(s.Start)
		return fmt.Sprintf("%s:%d:%d", f.Path(), p.Line, p.Column)
	}
	for _, f := range res.Findings {
		fmt.Fprintf(&b, "%s %s %q key %q\n", place(f.File, f.Span), f.Severity, f.File.Slice(f.Span), f.Key)
	}
	for _, s := range res.Skips {
		at := s.Path
		if s.File != nil {
			at = place(s.File, s.Span)
		}
		fmt.Fprintf(&b, "%s not checked (%s)\n\t%s\n", at, s.Rule, s.Reason)
	}
	for _, d := range res.Drops {
		fmt.Fprintf(&b, "%s dropped %s: %s\n", place(d.Finding.File, d.Finding.Span), d.Finding.Rule.ID, d.Reason)
	}
	return b.String()
}

func TestRunReadsOnlyRegularSmallFiles(t *testing.T) {
	t.Parallel()
	tree := source.Tree{FS: fstest.MapFS{
		"Dockerfile":      {Data: []byte("FROM x\n" + strings.Repeat("#\n", source.MaxFileBytes/2))},
		"link/Dockerfile": {Data: []byte("../../etc/passwd"), Mode: fs.ModeSymlink | 0o777},
	}}
	res, err := checks.Run(t.Context(), tree, checks.Options{IsDockerfile: checktest.IsDockerfile})
	if err != nil {
		t.Fatal(err)
	}
	want := "Dockerfile not checked ()\n\tRead Dockerfile: file is larger than 1 MiB.\n"
	if got := describeResult(res); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRunStops(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := checks.Run(ctx, checktest.Tree(map[string]string{"Dockerfile": "FROM x\n"}), checks.Options{IsDockerfile: checktest.IsDockerfile, Now: time.Time{}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cancellation", err)
	}
}

// TestHide looks at all that a result shows of a file with a secret: findings of other
// rules, messages that quote it, drops and skips.
func TestHide(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	finds := &checks.Rule{ID: "finds", Dockerfile: func(p *checks.DockerfilePass) {
		for _, i := range p.File.Instructions {
			if n := strings.Index(p.File.Slice(i.Span), secret); n >= 0 {
				p.Hide(source.Span{Start: i.Span.Start + n, End: i.Span.Start + n + len(secret)})
			}
		}
		p.Skip(p.File.Instructions[1].Span, "What is "+secret+"?", "")
	}}
	quotes := &checks.Rule{ID: "quotes", Severity: checks.Error, Dockerfile: func(p *checks.DockerfilePass) {
		for _, i := range p.File.Instructions[1:] {
			text := p.File.Slice(i.Span)
			p.Report(checks.Finding{Span: i.Span, Key: text, Message: text, Help: text, Related: []checks.Related{p.Related(i.Span, text)}})
		}
	}}
	res, err := checks.Run(t.Context(), checktest.Tree(map[string]string{
		"Dockerfile": "FROM x\n# chiselbot:ignore quotes for a test\nENV PASSWORD=hunter2\r\nRUN login \\\n  hunter2 \\\n  now\n",
	}), checks.Options{Rules: []*checks.Rule{quotes, finds}, IsDockerfile: checktest.IsDockerfile, Now: checktest.Now})
	if err != nil {
		t.Fatal(err)
	}
	shown := checktest.Describe(res) + describeResult(res)
	for _, d := range res.Drops {
		shown += fmt.Sprint(d.Finding.Key, d.Finding.Message, d.Finding.Help, d.Finding.File.Text(), d.Finding.Related[0].Message, d.By.File.Text())
	}
	for _, f := range res.Findings {
		shown += fmt.Sprint(f.File.Text(), f.Related[0].File.Text())
	}
	if strings.Contains(shown, secret) {
		t.Errorf("the secret is shown:\n%s", shown)
	}
	if len(res.Findings) != 1 || len(res.Drops) != 1 || res.Findings[0].Key != "RUN login \\\n  *** \\\n  now" || res.Findings[0].Line() != 4 {
		t.Errorf("findings and drops:\n%s", shown)
	}
	if got := res.Files[0].Text(); !strings.Contains(got, secret) {
		t.Errorf("the file itself was changed: %q", got)
	}
}

// TestRunKnown: what the settings say is known is dropped with its reason, by its rule or
// by the check that the rule replaces, in its files and up to its last day.
func TestRunKnown(t *testing.T) {
	t.Parallel()
	replacing := *userRule
	replacing.Replaces = []checks.Replaced{{ID: "DS-0002", Because: "it knows more"}}
	now := time.Date(2026, time.December, 1, 23, 0, 0, 0, time.UTC)
	day := func(n int) time.Time { return time.Date(2026, time.December, n, 0, 0, 0, 0, time.UTC) }
	in := func(want string) func(string) bool { return func(name string) bool { return name == want } }
	for name, tt := range map[string]struct {
		ignore checks.Ignore
		drops  bool
	}{
		"everywhere":          {checks.Ignore{Rule: userRule.ID}, true},
		"by what it replaces": {checks.Ignore{Rule: "DS-0002"}, true},
		"another rule":        {checks.Ignore{Rule: "absent"}, false},
		"here":                {checks.Ignore{Rule: userRule.ID, In: in("Dockerfile")}, true},
		"elsewhere":           {checks.Ignore{Rule: userRule.ID, In: in("a/Dockerfile")}, false},
		"on its last day":     {checks.Ignore{Rule: userRule.ID, Until: day(1)}, true},
		"after it":            {checks.Ignore{Rule: userRule.ID, Until: day(1).AddDate(0, 0, -1)}, false},
	} {
		tt.ignore.Reason = "we know"
		res, err := checks.Run(t.Context(), checktest.Tree(map[string]string{"Dockerfile": "FROM debian:13\nUSER root\n"}), checks.Options{
			Rules: []*checks.Rule{&replacing}, IsDockerfile: checktest.IsDockerfile, Now: now, Ignores: []checks.Ignore{tt.ignore},
		})
		if err != nil {
			t.Fatal(err)
		}
		if tt.drops != (len(res.Findings) == 0) || tt.drops != (len(res.Drops) == 1 && res.Drops[0].Reason == "we know") {
			t.Errorf("%s: findings %v, drops %v", name, res.Findings, res.Drops)
		}
	}
}
