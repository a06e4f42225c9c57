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
