package command_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/app/command"
)

var update = flag.Bool("update", false, "rewrite golden files with what the code gives now")

var rules = []string{"root-user", "user-name", "privileged-port", "DS-0026"}

func TestParse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		want       []command.Command
	}{
		{"nothing", "Looks good to me", nil},
		{"in a sentence", "try /chisel fix", nil},
		{"another word", "/chiseled images are small\n/chisel-fix", nil},
		{"alone is help", "/chisel", []command.Command{{Verb: command.Help, Line: 1, Text: "/chisel"}}},
		{"any case", "/chisel ReView", []command.Command{{Verb: command.Review, Line: 1, Text: "/chisel ReView"}}},
		{"windows line ends", "Hello\r\n\r\n/chisel diff\r\n/chisel pause \r\n", []command.Command{
			{Verb: command.Diff, Line: 3, Text: "/chisel diff"}, {Verb: command.Pause, Line: 4, Text: "/chisel pause"},
		}},
		{"below text", "This one too:\n/chisel resume", []command.Command{{Verb: command.Resume, Line: 2, Text: "/chisel resume"}}},
		{"quoted", "> /chisel fix\n\nno", nil},
		{"fenced", "```\n/chisel fix\n```\n~~~~\n/chisel fix", nil},
		{"indented", "    /chisel fix\n\n   /chisel fix", nil},
		{"in a list", "- a\n\n  /chisel fix\n- /chisel fix", nil},
		{"in a comment", "<!--\n/chisel fix\n-->", nil},
		{"heading", "# /chisel fix", nil},
		{"fix all", "/chisel fix", []command.Command{{Verb: command.Fix, Line: 1, Text: "/chisel fix"}}},
		{"fix some", "/chisel\tfix ROOT-user ds-0026 root-user", []command.Command{
			{Verb: command.Fix, Line: 1, Text: "/chisel\tfix ROOT-user ds-0026 root-user", Rules: []string{"root-user", "DS-0026"}},
		}},
		{"explain", "/chisel explain root-user", []command.Command{{Verb: command.Explain, Line: 1, Text: "/chisel explain root-user", Rules: []string{"root-user"}}}},
		{"migrate", "/chisel migrate mcr.microsoft.com/dotnet/aspnet:8.0 --upgrade --variant=plain", []command.Command{{
			Verb: command.Migrate, Line: 1, Text: "/chisel migrate mcr.microsoft.com/dotnet/aspnet:8.0 --upgrade --variant=plain",
			Image: "mcr.microsoft.com/dotnet/aspnet:8.0", Upgrade: true, Variant: "plain",
		}}},
		{"at once", "/chisel migrate --now\n/chisel fix --now root-user", []command.Command{
			{Verb: command.Migrate, Line: 1, Text: "/chisel migrate --now", Now: true},
			{Verb: command.Fix, Line: 2, Text: "/chisel fix --now root-user", Now: true, Rules: []string{"root-user"}},
		}},
		{"read-only", "/chisel migrate --read-only cats", []command.Command{{Verb: command.Migrate, Line: 1, Text: "/chisel migrate --read-only cats", Image: "cats", ReadOnly: true}}},
		{"variant apart", "/chisel migrate --variant extra", []command.Command{{Verb: command.Migrate, Line: 1, Text: "/chisel migrate --variant extra", Variant: "extra"}}},
		{"ignore", "/chisel ignore root-user until 2027-01-31 the  volume's owner", []command.Command{{
			Verb: command.Ignore, Line: 1, Text: "/chisel ignore root-user until 2027-01-31 the  volume's owner", Rules: []string{"root-user"},
			Until: time.Date(2027, time.January, 31, 0, 0, 0, 0, time.UTC), Reason: "the volume's owner",
		}}},
		{"ignore without an end", "/chisel ignore root-user volume", []command.Command{{
			Verb: command.Ignore, Line: 1, Text: "/chisel ignore root-user volume", Rules: []string{"root-user"}, Reason: "volume",
		}}},
		{"undo", "/chisel undo ignore root-user", []command.Command{{Verb: command.Undo, Line: 1, Text: "/chisel undo ignore root-user", Rules: []string{"root-user"}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, problems := command.Parse(tt.body, rules)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("commands (-want +got):\n%s", diff)
			}
			if len(problems) > 0 {
				t.Errorf("problems: %v", problems)
			}
		})
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	tests := []struct{ body, want string }{
		{"/chisel revue", "There is no command `revue`; did you mean `/chisel review`? `/chisel help` lists them all."},
		{"/chisel undo", "There is no command `undo`; did you mean"},
		{"/chisel `rm -rf`", "There is no command `'rm`"},
		{"/chisel review now", "It takes no arguments, but `now` was given. Write `/chisel review`."},
		{"/chisel explain", "It takes the id of one rule. Write `/chisel explain RULE`."},
		{"/chisel fix root-usr", "There is no rule `root-usr`; did you mean `root-user`?"},
		{"/chisel migrate a b", "one image at most"},
		{"/chisel migrate --force", "There is no flag `--force`."},
		{"/chisel migrate --variant", "The variant is `extra`"},
		{"/chisel migrate --variant=fat", "The variant is `extra`"},
		{"/chisel ignore", "the id of a rule and a reason"},
		{"/chisel ignore root-user", "The reason is missing"},
		{"/chisel ignore root-user until", "The date behind `until` is missing."},
		{"/chisel ignore root-user until tomorrow because", "`tomorrow` is not a date; write it as 2027-01-31."},
		{"/chisel ignore root-user until 2027-01-31", "The reason is missing"},
		{"/chisel ignore root-user " + strings.Repeat("long ", 200), "longer than 500 bytes"},
		{"/chisel " + strings.Repeat("é", 200), "é…`"},
		{strings.Repeat("/chisel diff\n", 20), "A comment can hold 10 commands"},
	}
	for _, tt := range tests {
		_, problems := command.Parse(tt.body, rules)
		if len(problems) != 1 || !strings.Contains(problems[0].Message, tt.want) {
			t.Errorf("%.40q: got %v, want %q", tt.body, problems, tt.want)
		}
	}
}

// TestExamples demands that what the documentation shows is understood.
func TestExamples(t *testing.T) {
	t.Parallel()
	for _, s := range command.Specs() {
		for _, e := range s.Examples {
			got, problems := command.Parse(e, rules)
			if len(got) != 1 || got[0].Verb != s.Verb {
				t.Errorf("%s: got %v and %v", e, got, problems)
			}
		}
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	golden := filepath.Join("testdata", "help.md")
	got := command.Markdown()
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("help (-want +got), rewrite with -update:\n%s", diff)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"/chisel fix root-user", "```\n/chisel fix\n```\r\n/chisel\tmigrate a --variant=extra", "> /chisel\n/chisel ignore root-user until 2027-01-31 x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		commands, problems := command.Parse(body, rules)
		lines := strings.Split(body, "\n")
		for _, c := range commands {
			if !strings.HasPrefix(lines[c.Line-1], command.Prefix) {
				t.Errorf("a command on line %d, which is %q", c.Line, lines[c.Line-1])
			}
		}
		for _, p := range problems {
			if utf8.ValidString(body) && !utf8.ValidString(p.Message) || strings.Count(p.Message, "`")%2 != 0 {
				t.Errorf("message %q", p.Message)
			}
		}
	})
}
