package dockerfile

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/chiselbot/chiselbot/checks/source"
)

// checkInvariants tests what holds for every file that parses: each span lies where it
// should, and the text there is what BuildKit saw.
func checkInvariants(t *testing.T, f *File) {
	t.Helper()
	whole := source.Span{End: len(f.Text())}
	at := 0
	for n, i := range f.Instructions {
		if !whole.Contains(i.Span) || i.Span.Start < at || i.Span.Len() == 0 {
			t.Fatalf("instruction %d: span %v after offset %d of %d", n, i.Span, at, whole.End)
		}
		at = i.Span.End
		checkInstruction(t, f, i)
	}
	at = 0
	for _, c := range f.Comments {
		if !whole.Contains(c.Span) || c.Span.Start < at || f.Text()[c.Span.Start] != '#' || strings.Contains(f.Slice(c.Span), "\n") {
			t.Fatalf("comment %q at %v", c.Text, c.Span)
		}
		if c.Within != nil && !c.Within.Span.Contains(c.Span) {
			t.Fatalf("comment %q at %v is not within %v", c.Text, c.Span, c.Within.Span)
		}
		at = c.Span.End
	}
	for _, d := range f.Directives {
		if !whole.Contains(d.Span) || !strings.Contains(f.Slice(d.Span), d.Value) {
			t.Fatalf("directive %+v", d)
		}
	}
	for _, img := range f.Images() {
		if !whole.Contains(img.Span) || img.Instruction != nil && !img.Instruction.Span.Contains(img.Span) {
			t.Fatalf("image %q at %v", img.Written, img.Span)
		}
		if (img.Problem == "") == (img.Ref.Repository == "") {
			t.Fatalf("image %q has problem %q and reference %v", img.Written, img.Problem, img.Ref)
		}
	}
	for n, s := range f.Stages {
		if s.Index != n || s.From.Stage != s || s.Parent != nil && s.Parent.Index >= n {
			t.Fatalf("stage %d: %+v", n, s)
		}
		if own := (s.Parent != nil) != (s.Image != nil); own == s.Scratch {
			t.Fatalf("stage %d has parent %v, image %v, scratch %v", n, s.Parent != nil, s.Image != nil, s.Scratch)
		}
		st := s.State()
		for _, set := range []struct {
			origin *Instruction
			span   source.Span
		}{
			{st.User.Origin, st.User.Span}, {st.Workdir.Origin, st.Workdir.Span}, {st.Shell.Origin, st.Shell.Span},
			{st.Entrypoint.Origin, st.Entrypoint.Span}, {st.Cmd.Origin, st.Cmd.Span}, {st.Health.Origin, st.Health.Span},
		} {
			if set.origin != nil && !set.origin.ArgsSpan.Contains(set.span) {
				t.Fatalf("setting of %s stands at %v, not within %v", set.origin.Keyword, set.span, set.origin.ArgsSpan)
			}
		}
	}
}

func checkInstruction(t *testing.T, f *File, i *Instruction) {
	t.Helper()
	inside := func(what string, outer, inner source.Span) {
		t.Helper()
		if !outer.Contains(inner) || inner.Start > inner.End {
			t.Fatalf("%s: %s at %v is not within %v", i.Keyword, what, inner, outer)
		}
	}
	inside("keyword", i.Span, i.KeywordSpan)
	last := -1
	for n := range len(i.Logical.Text) {
		span := i.Logical.Span(n, n+1)
		if span.Len() != 1 || span.Start <= last || f.Slice(span) != i.Logical.Text[n:n+1] {
			t.Fatalf("%s: byte %d of %q maps to %v", i.Keyword, n, i.Logical.Text, span)
		}
		last = span.Start
	}
	if got := joined(f, i.KeywordSpan); !strings.EqualFold(got, i.Keyword) && utf8.ValidString(got) {
		t.Fatalf("keyword %q stands at %q", i.Keyword, got)
	}
	inside("arguments", i.Span, i.ArgsSpan)
	last = i.KeywordSpan.End
	for _, flag := range i.Flags {
		inside("flag", i.Span, flag.Span)
		inside("value", flag.Span, flag.ValueSpan)
		if flag.Span.Start < last || flag.at >= 0 && joined(f, flag.ValueSpan) != flag.Value {
			t.Fatalf("flag %+v", flag)
		}
		last = flag.Span.End
	}
	for _, w := range i.Words {
		inside("word", i.ArgsSpan, w.Span)
		if w.Span.Start < last {
			t.Fatalf("%s: word %q overlaps what is before it", i.Keyword, w.Value)
		}
		last = w.Span.End
		got := joined(f, w.Span)
		if i.Exec && strings.HasPrefix(got, `"`) {
			if err := json.Unmarshal([]byte(got), &got); err != nil {
				t.Fatalf("word %s: %v", joined(f, w.Span), err)
			}
		}
		if got != w.Value {
			t.Fatalf("%s: word %q stands at %q", i.Keyword, w.Value, got)
		}
	}
	for _, p := range i.Pairs {
		inside("pair", i.ArgsSpan, p.Span)
		inside("name", p.Span, p.Name.Span)
		if got := joined(f, p.Name.Span); got != p.Name.Value {
			t.Fatalf("name %q stands at %q", p.Name.Value, got)
		}
		if p.HasValue {
			inside("value", p.Span, p.Value.Span)
			if got := joined(f, p.Value.Span); got != p.Value.Value {
				t.Fatalf("value %q stands at %q", p.Value.Value, got)
			}
		}
	}
	for _, doc := range i.Heredocs {
		inside("here-document", i.Span, doc.Span)
		if f.Slice(doc.Span) != doc.Content || !strings.HasPrefix(f.Text()[doc.nameAt:], doc.Name) {
			t.Fatalf("here-document %q stands at %q", doc.Content, f.Slice(doc.Span))
		}
	}
	commands, ok := i.Commands()
	if !ok && len(commands) > 0 {
		t.Fatalf("%d commands of a script that is not parsed", len(commands))
	}
	for _, c := range commands {
		inside("command", i.Span, c.Span)
		inside("name", c.Span, c.NameSpan)
		for _, arg := range c.Args {
			inside("argument", c.Span, arg.Span)
		}
	}
	if i.Trigger != nil {
		inside("trigger", i.Span, i.Trigger.Span)
		checkInstruction(t, f, i.Trigger)
	}
}

// continuation is an escape at the end of a line and the empty and comment lines behind.
var continuation = map[rune]*regexp.Regexp{
	'\\': regexp.MustCompile(`\\` + behindEscape),
	'`':  regexp.MustCompile("`" + behindEscape),
}

const (
	space        = `[\t\v\f\r \x{85}\pZ]*`
	behindEscape = `[ \t]*\r*\n(` + space + `(#[^\n]*)?(\n|$))*`
)

// joined is the text of a span on one line, joined by other means than the package's.
// Text on one line is what it is.
func joined(f *File, span source.Span) string {
	text := f.Slice(span)
	if !strings.Contains(text, "\n") {
		return text
	}
	return continuation[f.Escape].ReplaceAllString(text, "")
}

// accepted are small files around the corners of the format, for the tests below and
// as seeds for the fuzzer.
var accepted = map[string]string{
	"one line":                    "FROM a",
	"byte order mark":             "\uFEFFFROM a\n",
	"mark and directive":          "\uFEFF# escape=`\nFROM a\nRUN x `\n y\n",
	"carriage returns":            "FROM a\r\nRUN x \\\r\n  y\r\nUSER b\r\n",
	"more carriage returns":       "FROM a\r\r\nRUN x \\\r\r\n y\r\n",
	"lone carriage return":        "FROM\ra\nRUN\rx\ry\n",
	"tabs and form feeds":         "FROM\ta\n\t\vRUN\f x\t\n",
	"indented":                    "  FROM a\n   # c\n    RUN x\n",
	"split keyword":               "FR\\\nOM a\nR\\\n# c\nUN x\n",
	"escape on its own line":      "\\\nFROM a\n\\\n\\\nRUN x\n",
	"spaces behind escape":        "FROM a\nRUN x \\  \t\n y\n",
	"escaped escape":              "FROM a\nRUN x \\\\\nRUN y\n",
	"continued into the end":      "FROM a\nRUN x \\",
	"comment at the end":          "FROM a\nRUN x \\\n# c",
	"blank line in continuation":  "FROM a\nRUN x \\\n\n  \n # c\n y\n",
	"odd blank lines":             "FROM a\nRUN x \\\n\n \v\n\u2003\u0085\n\u00a0# c\n y\n",
	"split flag":                  "FROM --plat\\\nform=x \\\n a AS \\\n b\n",
	"split value":                 "FROM a\nCOPY --from=b\\\nc x y\n",
	"split exec form":             "FROM a\nCMD [\"x\", \\\n # c\n \"y\\\nz\"]\n",
	"escapes in exec form":        "FROM a\nCMD [\"\\u0041\\\"\", \"\\n\"]\n",
	"empty exec form":             "FROM a\nENTRYPOINT []\nCMD [ ]\n",
	"broken exec form":            "FROM a\nCMD [\"x\"\nCOPY [\"a\" \"b\"]\n",
	"exec form of paths":          "FROM a\nCOPY [\"a b\", \"c\"]\nADD --chown=x [\"a\",\"b\"]\nVOLUME [\"/a\"]\nVOLUME /a /b\nSHELL [\"/bin/bash\", \"-c\"]\n",
	"legacy pairs":                "FROM a\nENV A b c  d\nLABEL x\ty \nENV \\\n A \\\n b\n",
	"pairs":                       "FROM a\nENV A=1 B=\"2 3\" C='4 5' D=6\\ 7 E=\nLABEL \"a b\"=c 'd'=\"e=f\"\nENV A=\\\n1 \\\n# c\n B=2\n",
	"empty value before a break":  "FROM a\nENV A=\\\n B=\nARG C=\\\n D\nCOPY --from=\\\n a b\n",
	"escape ends a pair":          "FROM a\nENV A=b\\\\\\\nENV C=\"x\\\\\\\n",
	"args":                        "ARG A\nARG B=1 C=\"2 3\" D\nFROM a\nARG E=\n",
	"health":                      "FROM a\nHEALTHCHECK NONE\nHEALTHCHECK --interval=5s --retries=3 CMD curl x || exit 1\nHEALTHCHECK CMD [\"x\",\"y\"]\nHEALTHCHECK \\\n CMD \\\n x\n",
	"mounts":                      "FROM a\nRUN --mount=type=cache,target=/x --mount=\"type=bind,from=b,target=/y\" --network=none x\n",
	"quoted flag":                 "FROM a\nCOPY --from=\"b\" x y\nCOPY --ch\"own\"=1\\ 2 x y\n",
	"end of flags":                "FROM a\nRUN -- --x\nRUN --mount=type=tmpfs,target=/x -- y\n",
	"flag in Latin-1":             "FROM a\nCOPY --chown=\xc3\xa9 x y\nCOPY --chown=\xe9 x y\n",
	"heredocs":                    "FROM a\nRUN <<A\nx\nA\nRUN <<-B\n\ty\n\tB\nRUN <<'C' cat <<\"D\"\n$c\nC\n\nD\nCOPY <<e <<f /x/\n1\ne\n2\nf\nUSER x\n",
	"continued heredoc":           "FROM a\nRUN cat <<A && \\\n# c\n x\nbody\nA\n",
	"heredoc with carriage":       "FROM a\r\nRUN <<A\r\nx\r\nA\r\n",
	"heredoc script":              "FROM a\nRUN <<A\n#!/usr/bin/env python3\nprint(1)\nA\nRUN <<A\n#!/bin/bash -e\nx\nA\n",
	"heredoc like a comment":      "FROM a\nRUN <<A\n# x\n\\\nA\n",
	"arrow without heredoc":       "FROM a\nRUN echo $((1<<2)) '<<A'\nRUN x <<<y\n",
	"onbuild":                     "FROM a\nONBUILD RUN x \\\n y\nONBUILD COPY --from=b c d\nONBUILD ENV A=b\nONBUILD RUN <<A\nz\nA\nonbuild nonsense x\nONBUILD HEALTHCHECK\nONBUILD USER\nONBUILD ADD [\"a\",\"b\"]\n",
	"lower case":                  "from a as B\nrun x\ncopy --from=b y z\n",
	"unicode":                     "FROM a\nLABEL é=\"ü — ß\"\nRUN echo 日本\u00a0語\nENV A=x\u2003B=y\n",
	"not unicode":                 "FROM a\nLABEL a=\xff\xfe\nRUN \xff\nCMD [\"\xff\"]\nENV b \xff\n",
	"NUL bytes":                   "FROM a\nRUN x\x00y\nUSER \x00\n",
	"directives":                  "# syntax=x/y:1 arg\n#check = skip=all\n# escape=`\n# not=one\nFROM a\n",
	"directive after comment":     "# c\n# syntax=x\nFROM a\n",
	"shebang":                     "#!/usr/bin/docker\n# syntax=x\n# escape=`\nFROM a\nRUN x \\\n y\n",
	"stages":                      "ARG V=1\nFROM a:$V AS one\nFROM one AS two\nCOPY --from=0 x y\nRUN --mount=from=one,target=/x y\nFROM scratch\nCOPY --from=two x y\nCOPY --from=b/c:1 x y\nCOPY --from=three x y\nFROM a AS three\n",
	"variables":                   "ARG A=x\nARG B=${A:-y}\nARG N\nFROM ${B}/${A#x}z${N}:$TARGETARCH\nFROM i:${N:-1}\nFROM $A${\n",
	"maintainer and signal":       "FROM a\nMAINTAINER x <y@z>\nSTOPSIGNAL SIGTERM\nEXPOSE 80 81-82/udp $P\nWORKDIR b c\nUSER x:y\n",
	"check comment":               "FROM a\n# check=skip=all;error=true\nRUN x\n",
	"comment directly behind":     "FROM a\n#c\nRUN x\n#",
	"no line break, long comment": "FROM a\n# " + strings.Repeat("x", 100),
}

func TestCorners(t *testing.T) {
	t.Parallel()
	for name, text := range accepted {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := Parse(source.NewFile("Dockerfile", text))
			if err != nil {
				t.Fatal(err)
			}
			checkInvariants(t, f)
			for _, ends := range []string{"\r\n", " \n"} {
				if strings.Contains(text, "\r") || strings.Contains(text, "<<") {
					break
				}
				g, err := Parse(source.NewFile("Dockerfile", strings.ReplaceAll(text, "\n", ends)))
				if err != nil {
					t.Fatal(err)
				}
				checkInvariants(t, g)
				if ends != "\r\n" {
					continue
				}
				for n, i := range g.Instructions {
					if was := f.Instructions[n].Logical.Text; i.Logical.Text != was {
						t.Errorf("with CRLF %q became %q", was, i.Logical.Text)
					}
				}
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range accepted {
		f.Add(text)
	}
	for _, text := range refusedFiles {
		f.Add(text.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		file, err := Parse(source.NewFile("Dockerfile", text))
		if err != nil {
			var pe *ParseError
			if !errors.As(err, &pe) || pe.Line < 1 || pe.Line > strings.Count(text, "\n")+2 || pe.Message == "" {
				t.Fatalf("error %#v", err)
			}
			if strings.Contains(pe.Message, "cannot be found") {
				t.Fatalf("BuildKit accepts what is not found again: %v", err)
			}
			return
		}
		checkInvariants(t, file)
		again, err := Parse(source.NewFile("Dockerfile", text))
		if err != nil {
			t.Fatal(err)
		}
		if a, b := facts(file), facts(again); a != b {
			t.Fatalf("two readings of one file:\n%s\n%s", a, b)
		}
	})
}
