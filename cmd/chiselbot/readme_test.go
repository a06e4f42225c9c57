package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chiselbot/chiselbot/checks/rules"
)

// TestReadme keeps the table of rules in the README fresh.
func TestReadme(t *testing.T) {
	t.Parallel()
	name := filepath.Join("..", "..", "README.md")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	want, err := withTable(string(text), rulesTable(rules.All()))
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case want == string(text):
	case *update:
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Error("the table of rules is stale; rewrite it with -update")
	}
}

// withTable puts the table between the two comments of the README that hold its place.
func withTable(text, table string) (string, error) {
	const begin, end = "<!-- rules: ", "<!-- end of rules -->"
	head, rest, ok := strings.Cut(text, begin)
	note, rest, ok2 := strings.Cut(rest, "-->\n")
	_, tail, ok3 := strings.Cut(rest, end)
	if !ok || !ok2 || !ok3 {
		return "", errors.New("the README has lost the comments around its table of rules")
	}
	return head + begin + note + "-->\n\n" + table + "\n" + end + tail, nil
}
