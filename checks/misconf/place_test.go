package misconf

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

func parse(t testing.TB, text string) *dockerfile.File {
	t.Helper()
	f, err := dockerfile.Parse(source.NewFile("Dockerfile", text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestPlaces holds where the findings of the corpus stand, what they are about and how
// they read.
func TestPlaces(t *testing.T) {
	t.Parallel()
	s := New()
	var out strings.Builder
	for _, name := range corpusNames(t) {
		f := parse(t, corpusText(t, name))
		findings, err := s.Scan(t.Context(), f)
		if len(findings) == 0 && err == nil {
			continue
		}
		fmt.Fprintf(&out, "== %s\n", name)
		for _, one := range findings {
			at, text := f.Position(one.Span.Start), f.Slice(one.Span)
			if line, rest, more := strings.Cut(text, "\n"); more {
				text = fmt.Sprintf("%s (and %d bytes)", strings.TrimSuffix(line, "\r"), len(rest))
			}
			fmt.Fprintf(&out, "%d:%d %s %s: %s\n\tat  %s\n\tkey %s\n", at.Line, at.Column, one.Severity, one.Rule.ID, one.Message, text, one.Key)
		}
		if err != nil {
			fmt.Fprintf(&out, "error: %v\n", err)
		}
	}
	golden(t, "places.golden", out.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-golden +got), accept with -update:\n%s", name, diff)
	}
}

// FuzzSpans holds that a finding stands within the lines that Trivy names, on the
// instruction that Trivy means.
func FuzzSpans(f *testing.F) {
	p, err := compile()
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range corpusNames(f) {
		f.Add(corpusText(f, name))
	}
	f.Fuzz(func(t *testing.T, text string) {
		file, err := dockerfile.Parse(source.NewFile("Dockerfile", text))
		if err != nil {
			t.Skip()
		}
		verdicts, _ := p.eval(t.Context(), text) // TestAgreement knows the errors
		for _, v := range verdicts {
			one := finding(file, v)
			id, start, end := one.Rule.ID, file.LineAt(one.Span.Start), file.LineAt(one.Span.End-1)
			switch in := instructionAt(file, v.start); {
			case one.Span.Len() <= 0 || one.Span.End > len(text):
				t.Errorf("%s has the span %v in %d bytes", id, one.Span, len(text))
			case v.start == 0:
				if one.Span != file.Final().From.Span {
					t.Errorf("%s is about the file but does not stand at the final FROM", id)
				}
			case in == nil || file.LineAt(in.Span.Start) != v.start:
				t.Errorf("%s: no instruction starts on line %d", id, v.start)
			case start < v.start || end > v.end:
				t.Errorf("%s stands on lines %d to %d, Trivy says %d to %d", id, start, end, v.start, v.end)
			}
		}
	})
}

func TestKeys(t *testing.T) {
	t.Parallel()
	const before = "FROM debian:12 AS tools\nRUN apt-get install -y curl=7.88.1 git\nEXPOSE 22\nFROM debian:12\nADD a b\n"
	tests := []struct {
		name, after string
		same        bool
	}{
		{"lines above", "# comment\n\nARG X=1\n" + before, true},
		{"a stage above", "FROM alpine:3\n" + before, true},
		{"line breaks in the RUN", strings.Replace(before, "-y curl", "-y \\\n  # why\n  curl", 1), true},
		{"spacing", strings.Replace(before, "ADD a b", "ADD  a   b", 1), true},
		{"another version", strings.Replace(before, "7.88.1", "7.89.0", 1), true},
		{"another port beside", strings.Replace(before, "EXPOSE 22", "EXPOSE 8080 22", 1), true},
		{"another package", strings.Replace(before, " git", " wget", 1), false},
		{"another stage", strings.Replace(before, "AS tools", "AS other", 1), false},
	}
	s := New()
	keys := func(t *testing.T, text string) map[string]int {
		t.Helper()
		findings, err := s.Scan(t.Context(), parse(t, text))
		if err != nil {
			t.Fatal(err)
		}
		m := map[string]int{}
		for _, f := range findings {
			m[f.Rule.ID+" "+f.Key]++
		}
		return m
	}
	base := keys(t, before)
	if len(base) != 5 {
		t.Fatalf("the base has findings %v, want 5", base)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			diff := gocmp.Diff(base, keys(t, test.after))
			if same := diff == ""; same != test.same {
				t.Errorf("the keys are the same: %t, want %t\n%s", same, test.same, diff)
			}
		})
	}
}

func TestWording(t *testing.T) {
	t.Parallel()
	f := parse(t, "FROM debian:12\nRUN apt-get install "+strings.Repeat("ä", 5000)+"\nMAINTAINER a.\n")
	findings, err := New().Scan(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range findings {
		if n := len([]rune(one.Message)); n > maxMessageRunes+1 || n == 0 {
			t.Errorf("%s: a message of %d characters", one.Rule.ID, n)
		}
		if !strings.HasSuffix(one.Message, ".") && !strings.HasSuffix(one.Message, "…") {
			t.Errorf("%s: the message does not end as a sentence does: %q", one.Rule.ID, one.Message)
		}
		if len(one.Key) > 200 {
			t.Errorf("%s: a key of %d bytes", one.Rule.ID, len(one.Key))
		}
	}
}

// TestSudo: what is wrong is that sudo runs something, not that it is installed.
func TestSudo(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"RUN apt-get install -y sudo && sudo make":        32,
		"RUN --network=none sudo make":                    20,
		"RUN apt-get install -y sudo \\\n  &&  sudo make": 37,
	} {
		f := parse(t, "FROM a:1\n"+text+"\n")
		findings, err := New().Scan(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		said := 0
		for _, one := range findings {
			if one.Rule.ID == "DS-0010" {
				said++
			}
			if one.Rule.ID == "DS-0010" && (f.Slice(one.Span) != "sudo" || one.Span.Start != len("FROM a:1\n")+want-1) {
				t.Errorf("%q: %q at %d, want %d", text, f.Slice(one.Span), one.Span.Start-len("FROM a:1\n")+1, want)
			}
		}
		if said != 1 {
			t.Errorf("%q: %d findings", text, said)
		}
	}
}
