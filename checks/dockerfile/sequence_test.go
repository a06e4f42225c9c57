package dockerfile_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

func TestSequence(t *testing.T) {
	t.Parallel()
	tests := []struct{ run, want string }{
		{"RUN mkdir /data", "mkdir /data"},
		{"RUN a && b; c", "a|b|c"},
		{"RUN a \\\n # why\n && b \\\n && c", "a|b|c"},
		{"RUN <<EOF\na\nb x\nEOF", "a|b x"},
		{"RUN set -eux; X=1 a 2>/dev/null >/dev/null 2>&1", "set -eux|=a"},
		{"RUN a || b", "no"},
		{"RUN a | b", "no"},
		{"RUN a > f", "no"},
		{"RUN a >& f", "no"},
		{"RUN a &", "no"},
		{"RUN ! a", "no"},
		{"RUN X=1", "no"},
		{"RUN if a; then b; fi", "no"},
		{"RUN (a)", "no"},
		{"RUN [\"a\"]", "no"},
		{"RUN [\"sh\", \"-c\", \"a && b x\"]", "a|b x"},
		{"RUN [\"/bin/bash\", \"-c\", \"a | b\"]", "no"},
		{"RUN [\"sh\", \"-c\", \"a \\\"b\\\"\"]", "no"},
		{"RUN [\"sh\", \"-c\", \"a\", \"b\"]", "no"},
		{"RUN [\"pwsh\", \"-c\", \"a\"]", "no"},
		{"RUN a $(b)", "a $(b)"},
		{"ENTRYPOINT exec a", "exec a"},
		{"HEALTHCHECK --interval=5s CMD a b", "a b"},
		{"HEALTHCHECK NONE", "no"},
		{"COPY a b", "no"},
		{"SHELL [\"pwsh\"]\nRUN a", "no"},
	}
	for _, test := range tests {
		t.Run(test.run, func(t *testing.T) {
			t.Parallel()
			f, err := dockerfile.Parse(source.NewFile("Dockerfile", "FROM x\n"+test.run+"\n"))
			if err != nil {
				t.Fatal(err)
			}
			last := f.Instructions[len(f.Instructions)-1]
			commands, ok := last.Sequence()
			got := "no"
			if ok {
				var all []string
				for _, c := range commands {
					words := []string{c.Name}
					if c.Assigns {
						words[0] = "=" + c.Name
					}
					for _, a := range c.Args {
						words = append(words, a.Value)
					}
					all = append(all, strings.Join(words, " "))
				}
				got = strings.Join(all, "|")
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("sequence (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTangle(t *testing.T) {
	t.Parallel()
	for run, want := range map[string]string{
		"RUN a | b":                     "a | b pipes",
		"RUN x && a || b":               "x && a || b runs a command only if another one fails",
		"RUN x && \\\n a>$B \\\n && c":  ">$B redirects what a command reads or writes",
		"RUN x && A=1 && b":             "A=1 sets a variable",
		"RUN x; if a; then b; fi":       "if a; then b; fi decides what to run",
		"RUN for a in b; do c; done":    "for a in b; do c; done repeats commands",
		"RUN a && b &":                  "a && b & runs a command in another way than one after the other",
		"RUN (a)":                       "(a) is more than one command after the other",
		"RUN <<EOF\nset -e\na > f\nEOF": "> f redirects what a command reads or writes",
		"RUN [\"a\"]":                   "RUN [\"a\"] cannot be read",
		"RUN a 'b":                      "RUN a 'b cannot be read",
	} {
		f, err := dockerfile.Parse(source.NewFile("Dockerfile", "FROM x\n"+run+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		at, does := f.Instructions[len(f.Instructions)-1].Tangle()
		if got := f.Slice(at) + " " + does; got != want {
			t.Errorf("%s: %q, want %q", run, got, want)
		}
	}
}

func TestScript(t *testing.T) {
	t.Parallel()
	tests := []struct{ run, want string }{
		{"RUN echo x > /etc/timezone", "/etc/timezone"},
		{"RUN echo x >>/a 2>&1", "/a"},
		{"RUN echo x >/dev/null", ""},
		{"RUN echo x > $F", "no"},
		{"RUN echo x > /a > /b", "no"},
		{"RUN echo x 2> /a", "no"},
		{"RUN cat < /a", "no"},
		{"RUN { echo x; } > /a", "no"},
		{"RUN [\"dotnet\xff\xff\xff\x7f/app/Cats.dll\"]", "no"},
	}
	for _, test := range tests {
		t.Run(test.run, func(t *testing.T) {
			t.Parallel()
			f, err := dockerfile.Parse(source.NewFile("Dockerfile", "FROM x\n"+test.run+"\n"))
			if err != nil {
				t.Fatal(err)
			}
			got := "no"
			if commands, ok := f.Instructions[len(f.Instructions)-1].Script(); ok {
				got = commands[0].Output
			}
			if got != test.want {
				t.Errorf("output: want %q, got %q", test.want, got)
			}
		})
	}
}
