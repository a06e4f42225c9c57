package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks/source"
)

func TestEditIgnores(t *testing.T) {
	t.Parallel()
	entry := Ignored{Rule: "root-user", Path: "a/**", Until: "2027-01-31", Reason: `it's "so": # really \ ä`}
	const lines = "  - rule: root-user\n    path: \"a/**\"\n    until: 2027-01-31\n    reason: \"it's \\\"so\\\": # really \\\\ ä\"\n"
	for name, tt := range map[string]struct{ before, after string }{
		"empty":         {"", "ignores:\n" + lines},
		"other keys":    {"# ours\nfail-on: error # always", "# ours\nfail-on: error # always\nignores:\n" + lines},
		"more entries":  {"ignores:\n  # known\n  - rule: floating-tag\n    reason: so\n\n# then\nfail-on: error\n", "ignores:\n  # known\n  - rule: floating-tag\n    reason: so\n" + lines + "\n# then\nfail-on: error\n"},
		"not indented":  {"ignores:\n- {rule: floating-tag, reason: so}\nfail-on: error\n", "ignores:\n- {rule: floating-tag, reason: so}\n" + strings.ReplaceAll(lines[2:], "\n  ", "\n") + "fail-on: error\n"},
		"several lines": {"ignores:\n  - rule: floating-tag\n    reason: so\n      and so\n", "ignores:\n  - rule: floating-tag\n    reason: so\n      and so\n" + lines},
		"CRLF":          {"fail-on: error\r\n", "fail-on: error\r\nignores:\r\n" + strings.ReplaceAll(lines, "\n", "\r\n")},
	} {
		file := source.NewFile(Path, tt.before)
		got, err := AddIgnores(file, known, entry)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(tt.after, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		edited := source.NewFile(Path, got)
		if again, err := AddIgnores(edited, known, entry); again != got || err != nil {
			t.Errorf("%s: a second time it became %q, %v", name, again, err)
		}
		back, err := RemoveIgnores(edited, known, "root-user")
		if err != nil || strings.TrimRight(back, "\r\n") != strings.TrimRight(tt.before, "\r\n") {
			t.Errorf("%s: taken back it is %q, %v", name, back, err)
		}
	}
	for _, text := range []string{"ignores: [{rule: floating-tag, reason: so}]\n", "fail-on: never\n", "- a\n", "{fail-on: error}\n"} {
		if got, err := AddIgnores(source.NewFile(Path, text), known, entry); err == nil {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func FuzzEditIgnores(f *testing.F) {
	f.Add("ignores:\n  - rule: root-user\n    reason: so\n", "why")
	f.Add("fail-on: error\nignores:\n- {rule: root-user, reason: |-\n    a\n  }\n", "\x00`\u2028")
	f.Fuzz(func(t *testing.T, text, reason string) {
		file := source.NewFile(Path, text)
		before, problems := Parse(file, known)
		got, err := AddIgnores(file, known, Ignored{Rule: "floating-tag", Reason: reason})
		if err != nil {
			return
		}
		after, more := Parse(source.NewFile(Path, got), known)
		if len(problems)+len(more) > 0 || len(after.Ignores) < len(before.Ignores) {
			t.Errorf("%q became %q: %v", text, got, more)
		}
	})
}
