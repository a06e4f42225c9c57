package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const emptyList = "package rules\n\nfunc All() []*checks.Rule {\n\treturn []*checks.Rule{\n\t\trootUser,\n\t}\n}\n"

func TestScaffold(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	list := filepath.Join(dir, "rules.go")
	if err := os.WriteFile(list, []byte(emptyList), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"writable-root", "a-rule"} {
		files, err := scaffold(dir, id)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files[:3] {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if strings.ContainsAny(strings.ReplaceAll(string(text), "<-", ""), "<>") {
				t.Errorf("%s: a placeholder is left:\n%s", f, text)
			}
		}
	}
	got, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(emptyList, "\t\trootUser,\n", "\t\taRule,\n\t\trootUser,\n\t\twritableRoot,\n", 1)
	if string(got) != want {
		t.Errorf("list:\n%s\nwant:\n%s", got, want)
	}

	for _, id := range []string{"writable-root", "Upper", "a_b", "../x", "", "range"} {
		if _, err := scaffold(dir, id); err == nil {
			t.Errorf("scaffold %q: want an error", id)
		}
	}
	if _, err := scaffold(t.TempDir(), "some-rule"); err == nil || !strings.Contains(err.Error(), "clone of chiselbot") {
		t.Errorf("without a list: got %v, want an error that says where to run it", err)
	}
}
