package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chiselbot/chiselbot/app/command"
	"github.com/chiselbot/chiselbot/checks/rules"
)

// TestReadme keeps the parts of the README that are written by the code: the tables of
// rules and of commands, and what the demo prints.
func TestReadme(t *testing.T) {
	t.Parallel()
	name := filepath.Join("..", "..", "README.md")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	want := string(text)
	for part, content := range map[string]string{"rules": rulesTable(rules.All()), "demo": demoExcerpt(t), "commands": command.Markdown()} {
		if want, err = withPart(want, part, content); err != nil {
			t.Fatal(err)
		}
	}
	switch {
	case want == string(text):
	case *update:
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Error("a table or the output of the demo is stale; rewrite them with -update")
	}
}

// withPart puts content between the two comments of the README that hold its place.
func withPart(text, part, content string) (string, error) {
	begin, end := "<!-- "+part+": ", "<!-- end of "+part+" -->"
	head, rest, ok := strings.Cut(text, begin)
	note, rest, ok2 := strings.Cut(rest, "-->\n")
	_, tail, ok3 := strings.Cut(rest, end)
	if !ok || !ok2 || !ok3 {
		return "", fmt.Errorf("the README has lost the comments around its %s", part)
	}
	return head + begin + note + "-->\n\n" + content + "\n" + end + tail, nil
}

// demoExcerpt is the most telling of what the demo prints, as a block of code: the check,
// the command and how it ends.
func demoExcerpt(t *testing.T) string {
	t.Helper()
	var out, errs bytes.Buffer
	p := testProgram(strings.NewReader(""), &out, &errs, nil)
	if code := run(t.Context(), p, []string{"demo"}); code != exitPassed {
		t.Fatalf("demo: exit code %d, %s", code, errs.String())
	}
	acts := regexp.MustCompile(`(?m)^ \d  `).Split(out.String(), -1)
	if len(acts) != 6 {
		t.Fatalf("the demo has %d acts:\n%s", len(acts)-1, out.String())
	}
	check, _, ok := strings.Cut(acts[2], "\n\n  1 Dockerfile and 1 chart checked.")
	green, _, ok2 := strings.Cut(acts[5], "\n\n  Better")
	if !ok || !ok2 {
		t.Fatalf("the demo has lost its check:\n%s", out.String())
	}
	return "```text\n2  " + check + "\n\n3  " + acts[3] + "⋮\n\n5  " + green + "\n```\n"
}
