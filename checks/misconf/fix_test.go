package misconf

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aymanbagabas/go-udiff"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// fixCases are what the corpus has not: where a fix would be wrong, and odd forms.
var fixCases = []string{
	// ADD
	"FROM alpine:3.22\nADD --chown=1:1 app.conf conf.d /etc/\n",
	"FROM alpine:3.22\nadd app.conf /etc/\n",
	"FROM alpine:3.22\nADD rootfs.tgz /\nADD layer.gz /\n",
	"FROM alpine:3.22\nADD $FILE /x\nADD *.conf /x/\n",
	"FROM alpine:3.22\nADD --keep-git-dir=true app.conf /x\n",
	// one of a kind
	"FROM alpine:3.22\nCMD [\"a\"]\nENTRYPOINT [\"b\"]\n\nCMD [\"c\", \\\n  # more\n  \"d\"]\nENTRYPOINT [\"e\"]\nCMD [\"f\"]",
	"FROM alpine:3.22\n# the first\nCMD [\"a\"]\nCMD [\"b\"]\n",
	"FROM alpine:3.22\nHEALTHCHECK CMD a\nHEALTHCHECK NONE\nFROM alpine:3.22\nHEALTHCHECK CMD a\n",
	// WORKDIR
	"FROM mcr.microsoft.com/dotnet/aspnet:10.0\nWORKDIR /app\nWORKDIR src/../web\nWORKDIR ./x\n",
	"FROM example.com/unknown:1\nWORKDIR src\n",
	"FROM alpine:3.22\nWORKDIR /a\nWORKDIR \"src\"\nWORKDIR a b\n",
	// COPY
	"FROM alpine:3.22\nCOPY a b /x\nCOPY [\"a\", \"b\", \"/y\"]\nCOPY a b \"/z\"\n",
	// package managers
	"FROM debian:13\nRUN apt-get update && \\\n    apt-get install curl && apt-get -qq install \\\n      git\n",
	"FROM debian:13\nRUN sudo apt-get install -t trixie-backports --no-install-recommends curl\n",
	"FROM debian:13\nRUN [\"apt-get\", \"install\", \"curl\"]\n",
	"FROM debian:13\nRUN apt-get $OPTS install curl\nRUN apt-get \"install\" curl\n",
	"FROM debian:13\nRUN <<EOF\napt-get install -y curl\napt-get install git\nEOF\n",
	"FROM alpine:3.22\nRUN apk add curl && apk add --no-cache git\nRUN --mount=type=cache,target=/var/cache/apk apk add jq\n",
	// MAINTAINER
	"FROM alpine:3.22\nmaintainer   Ann <ann@example.com>  \n",
	"FROM alpine:3.22\nMAINTAINER \"Ann\"\n",
	"FROM alpine:3.22\nMAINTAINER Ann \"the $cat\"\n",
	"FROM alpine:3.22\nMAINTAINER Ann\nLABEL org.opencontainers.image.authors=Ben\n",
	"FROM alpine:3.22\nMAINTAINER Ann\nMAINTAINER Ben\n",
}

// TestFixes holds what the fixes make of the corpus and of the cases, and demands of each
// that its finding goes, that no other comes and that line ends stay.
func TestFixes(t *testing.T) {
	t.Parallel()
	s := New()
	var out strings.Builder
	texts := map[string]string{}
	var names []string
	for _, name := range corpusNames(t) {
		names, texts[name] = append(names, name), corpusText(t, name)
	}
	for n, text := range fixCases {
		name := fmt.Sprintf("case %02d", n)
		names, texts[name] = append(names, name), text
	}
	seen := map[string]bool{}
	for _, name := range names {
		text := texts[name]
		head := "== " + name + "\n"
		for _, one := range scanned(t, s, text) {
			if _, ok := fixers[one.Rule.ID]; !ok {
				continue
			}
			out.WriteString(head)
			head = ""
			if one.Fix == nil {
				fmt.Fprintf(&out, "%s on line %d is left to a person\n", one.Rule.ID, one.Line())
				continue
			}
			seen[one.Rule.ID] = true
			fixed := cured(t, s, name, text, one)
			safety := "unsafe"
			if one.Fix.Safety == checks.Safe {
				safety = "safe"
			}
			fmt.Fprintf(&out, "%s on line %d, %s: %s\n", one.Rule.ID, one.Line(), safety, one.Fix.Title)
			for line := range strings.Lines(udiff.Unified("", "", text, fixed)) {
				if strings.HasPrefix(line, "-") && line != "--- \n" || strings.HasPrefix(line, "+") && line != "+++ \n" {
					out.WriteString("\t" + strings.TrimRight(line, "\r\n") + "\n")
				}
			}
		}
	}
	for id := range fixers {
		if !seen[id] {
			t.Errorf("no case has a fix of %s", id)
		}
	}
	golden(t, "fixes.golden", out.String())
}

func scanned(t testing.TB, s *Scanner, text string) []checks.Finding {
	t.Helper()
	found, err := s.Scan(t.Context(), parse(t, text))
	if err != nil {
		t.Logf("%v", err)
	}
	return found
}

// cured is the text with a finding's fix, which it demands to cure the finding.
func cured(t testing.TB, s *Scanner, name, text string, one checks.Finding) string {
	t.Helper()
	fixed, err := source.Apply(text, one.Fix.Edits)
	if err != nil {
		t.Fatalf("%s: %s: %v", name, one.Rule.ID, err)
	}
	if strings.Count(fixed, "\r\n") != strings.Count(fixed, "\n") && !strings.Contains(strings.ReplaceAll(text, "\r\n", ""), "\n") {
		t.Errorf("%s: %s: line ends do not stay: %q", name, one.Rule.ID, fixed)
	}
	count := func(text string) map[string]int {
		of := map[string]int{}
		for _, f := range scanned(t, s, text) {
			of[f.Rule.ID]++
		}
		return of
	}
	before, after := count(text), count(fixed)
	if after[one.Rule.ID] >= before[one.Rule.ID] {
		t.Errorf("%s: %q does not cure %s: %q became %q", name, one.Fix.Title, one.Rule.ID, text, fixed)
	}
	for id, n := range after {
		if n > before[id] {
			t.Errorf("%s: with the fix of %s there is a new finding of %s: %q", name, one.Rule.ID, id, fixed)
		}
	}
	return fixed
}

// TestFixesCRLF demands the same fixes of files with CRLF line ends.
func TestFixesCRLF(t *testing.T) {
	t.Parallel()
	s := New()
	for n, text := range fixCases {
		dos := strings.ReplaceAll(text, "\n", "\r\n")
		apply := func(text string) string {
			var edits []source.Edit
			for _, one := range scanned(t, s, text) {
				if one.Fix == nil {
					continue
				}
				if _, err := source.Apply(text, slices.Concat(edits, one.Fix.Edits)); err == nil {
					edits = append(edits, one.Fix.Edits...)
				}
			}
			fixed, err := source.Apply(text, edits)
			if err != nil {
				t.Fatal(err)
			}
			return fixed
		}
		if diff := gocmp.Diff(strings.ReplaceAll(apply(text), "\n", "\r\n"), apply(dos)); diff != "" {
			t.Errorf("case %02d (-LF +CRLF):\n%s", n, diff)
		}
	}
}

// FuzzFixes demands of any Dockerfile that what a fix makes of it is one, in which nothing
// of the kind can be mended again.
func FuzzFixes(f *testing.F) {
	for _, text := range fixCases {
		f.Add(text)
	}
	s := New()
	f.Fuzz(func(t *testing.T, text string) {
		file, err := parseAny(text)
		if err != nil {
			return
		}
		found, _ := s.Scan(t.Context(), file)
		for _, one := range found {
			if one.Fix == nil {
				continue
			}
			fixed, err := source.Apply(text, one.Fix.Edits)
			if err != nil {
				t.Fatalf("%s of %q: %v", one.Rule.ID, text, err)
			}
			again, err := parseAny(fixed)
			if err != nil {
				t.Fatalf("%s made %q of %q: %v", one.Rule.ID, fixed, text, err)
			}
			if len(file.Instructions)-len(again.Instructions) > len(one.Fix.Edits) {
				t.Errorf("%s made %q of %q", one.Rule.ID, fixed, text)
			}
		}
	})
}

func parseAny(text string) (*dockerfile.File, error) {
	return dockerfile.Parse(source.NewFile("Dockerfile", text))
}
