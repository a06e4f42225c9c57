package ignore_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks/ignore"
	"github.com/chiselbot/chiselbot/checks/source"
)

func TestInYAML(t *testing.T) {
	t.Parallel()
	const form = "`# chiselbot:ignore RULE[,RULE…] [until=YYYY-MM-DD] reason`"
	tests := []struct{ name, text, want string }{
		{"none", "a: 1 # chisel is a tool\nb: chiselbot\n", ""},
		{"head", "# Values.\n\n# chiselbot:ignore r why\n\na: 1\nb: 2\n", "r: why: file"},
		{"head of a document", "---\n# chiselbot:ignore r why\na: 1\n---\nb: 1\n# chiselbot:ignore s why\n\nc:\n  d: 2\ne: 3\n", "r: why: ---|# chiselbot:ignore r why|a: 1\ns: why: c:|  d: 2"},
		{"behind", "x: 1\na: # chiselbot:ignore r why\n  b: 1\n\n  c: 2\nd: 3\n", "r: why: a: # chiselbot:ignore r why|  b: 1||  c: 2"},
		{"a list below its key", "x: 1\n# chiselbot:ignore r why\nargs:\n- a\n- b\nc: 1\n", "r: why: args:|- a|- b"},
		{"an item", "x:\n- a: 1\n# chiselbot:ignore r why\n- b: 1\n  c: 2\n- d: 3\n", "r: why: - b: 1|  c: 2"},
		{"template comment", "x: 1\n{{- /* chiselbot:ignore r why */ -}}\n\na:\n  {{- toYaml .Values.a | nindent 2 }}\nb: 1\n", "r: why: a:|  {{- toYaml .Values.a | nindent 2 }}"},
		{"template comment of several lines", "x: 1\n{{/*\nSome words.\nchiselbot:ignore r why\n*/}}\na: 1\nb: 1\n", "r: why: a: 1"},
		{"opens a block", "x: 1\n# chiselbot:ignore r why\n{{- with .Values.a }}\na:\n{{- if .b }}\n  {{ . }}\n{{- end }}\n{{- else }}\nc: 1\n{{- end }}\nb: 1\n", "r: why: {{- with .Values.a }}|a:|{{- if .b }}|  {{ . }}|{{- end }}|{{- else }}|c: 1|{{- end }}"},
		{"ends with its block", "{{ if .Values.x }}\na: 1 # chiselbot:ignore r why\n{{- toYaml .x | nindent 2 }}\n{{ else }}\n  b: 1\n{{ end }}\n", "r: why: a: 1 # chiselbot:ignore r why|{{- toYaml .x | nindent 2 }}"},
		{"a neighbour with a condition", "k:\n  # chiselbot:ignore r why\n  a: {}\n  {{- if .x }}\n  b: 1\n  {{- end }}\n", "r: why:   a: {}"},
		{"nested with a condition", "x: 1\n# chiselbot:ignore r why\na:\n  {{- if .x }}\n  b: 1\n  {{- end }}\n  c: 2\nd: 1\n", "r: why: a:|  {{- if .x }}|  b: 1|  {{- end }}|  c: 2"},
		{"nothing follows", "a: 1\n# chiselbot:ignore r why\n", "r: why: Nothing follows the comment; put it above what it is about, or at the head of the file."},
		{"no reason", "a: 1\n# chiselbot:ignore r\nb: 1\n", "r: : The comment gives no reason; write " + form + "."},
		{"nearly", "a: 1\nb: 1 # chiselbot:ignored r why\n", ": : `chiselbot:ignored` is not `chiselbot:ignore`; write " + form + "."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, eol := range []string{"\n", "\r\n"} {
				f := source.NewFile("a.yaml", strings.ReplaceAll(tt.text, "\n", eol))
				var got []string
				for _, c := range ignore.InYAML(f) {
					scope := strings.TrimRight(strings.ReplaceAll(f.Slice(source.Span{Start: c.Scope.Start, End: min(c.Scope.End, len(f.Text()))}), eol, "|"), "|\r\n")
					switch {
					case c.Problem != "":
						scope = c.Problem
					case c.WholeFile:
						scope = "file"
					}
					got = append(got, strings.Join([]string{strings.Join(c.IDs, ","), c.Reason, scope}, ": "))
				}
				if diff := cmp.Diff(tt.want, strings.Join(got, "\n")); diff != "" {
					t.Errorf("comments with line ends %q (-want +got):\n%s", eol, diff)
				}
			}
		})
	}
}

// FuzzInYAML demands that no text makes the reader fail and that scopes lie in the file.
func FuzzInYAML(f *testing.F) {
	f.Add("{{/* chiselbot:ignore a b */}}\na: # chiselbot:ignore c d\n  b: 1\n---\n{{ if }}\n{{ end }}\n")
	f.Fuzz(func(t *testing.T, text string) {
		file := source.NewFile("a.yaml", text)
		for _, c := range ignore.InYAML(file) {
			if c.Span.Start < 0 || c.Span.End > len(text) || c.Scope.Start < 0 || c.Scope.End > len(text)+1 || c.Scope.Start > c.Scope.End {
				t.Fatalf("comment %+v of %d bytes", c, len(text))
			}
		}
	})
}
