package repository

import (
	"path"
	"strings"
	"testing"
	"time"
)

func TestWildcard(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		pattern, name string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"a", "", false}, {"*", "", true}, {"**", "abc", true}, {"a*c", "abbc", true}, {"a*c", "abb", false},
		{"*a*b", "xaxbxb", true}, {"?", "a", true}, {"?", "é", false}, {"??", "é", true}, {`\*`, "*", true}, {`\*`, "a", false}, {`a\`, `a\`, false}, {`\`, "", false},
		{"[a-c]", "b", true}, {"[!a-c]", "b", false}, {"[^a-c]", "d", true}, {"[]]", "]", true}, {"[!]]", "]", false}, {"[a-]", "-", true}, {"[-a]", "-", true},
		{`[\]]`, "]", true}, {`[a\-c]`, "b", false}, {"[[:alpha:]_]", "_", true}, {"[[:nope:]]", "n", false}, {"[[:", "[", false}, {"[", "[", false}, {"[]", "]", false}, {`[\`, `\`, false}, {`[a-\`, `a`, false},
		{"[c-a]", "b", false}, {"[[:upper:]a]", "B", true}, {"[[:punct:]]", "!", true}, {"[[:xdigit:]]", "F", true}, {"[[:cntrl:]]", "\x7f", true}, {"[[:space:]]", "\v", true}, {"[[:blank:]]", "\n", false}, {"[[:print:]]", " ", true}, {"[[:graph:]]", " ", false}, {"[[:lower:]]", "a", true}, {"[[:digit:]]", "7", true}, {"[[:alnum:]]", "z", true},
	} {
		if got := wildcard(tc.pattern, tc.name); got != tc.want {
			t.Errorf("%q fits %q: %v", tc.pattern, tc.name, got)
		}
	}
}

// TestHostilePatterns would not end in this universe with a matcher that tries all ways.
func TestHostilePatterns(t *testing.T) {
	t.Parallel()
	done := make(chan bool)
	go func() {
		name := strings.Repeat("a", 4000)
		done <- wildcard(strings.Repeat("*a", 100)+"b", name) ||
			matchParts(strings.Split(strings.Repeat("**/a/", 100)+"b", "/"), strings.Split(strings.Repeat("a/", 2000)+"a", "/"))
	}()
	select {
	case fits := <-done:
		if fits {
			t.Error("it fits")
		}
	case <-time.After(time.Minute):
		t.Fatal("still at it after a minute")
	}
}

// FuzzIgnoreRules: whatever the rules are, one more that spells the name out wins.
func FuzzIgnoreRules(f *testing.F) {
	f.Add("a/b\n!*.c\n[[:alpha:]-z]\\ \n**/x/**\n", "a/b/c", true)
	f.Add("[!]a-\n/**/\n\\", "a", false)
	f.Fuzz(func(t *testing.T, text, name string, isDir bool) {
		if name == "" || path.Clean("/"+name) != "/"+name || strings.ContainsAny(name, "\r\n") {
			t.Skip("not a path that an ignore file can name")
		}
		var spelled strings.Builder
		for _, c := range []byte(name) {
			if c != '/' {
				spelled.WriteByte('\\')
			}
			spelled.WriteByte(c)
		}
		rules := (&ignoreRules{base: "."}).add(".", text)
		rules.match(name, isDir)
		if !rules.add(".", "/"+spelled.String()).match(name, isDir) {
			t.Errorf("%q is not ignored", name)
		}
		if rules.add(".", "!/"+spelled.String()).match(name, isDir) {
			t.Errorf("%q is ignored", name)
		}
	})
}
