package kube_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

// outline lists the nodes of a document with the text at their spans.
func outline(text string) string {
	f := source.NewFile("m.yaml", text)
	objects, problems := kube.Parse(f, nil)
	var b strings.Builder
	var walk func(n *kube.Node, depth int)
	walk = func(n *kube.Node, depth int) {
		key := "-"
		if n.Key != "" {
			key = f.Slice(n.KeySpan)
		}
		fmt.Fprintf(&b, "%s%s %s %q\n", strings.Repeat(" ", depth), key, n.Kind, f.Slice(n.Span))
		for _, i := range n.Items {
			walk(i, depth+1)
		}
	}
	for _, o := range objects {
		fmt.Fprintf(&b, "%s %s %s/%s\n", o.APIVersion, o.Kind, o.Namespace, o.Name)
		for _, n := range o.Root.Items {
			walk(n, 1)
		}
	}
	for _, p := range problems {
		fmt.Fprintf(&b, "%d lost=%t %s\n", f.LineAt(p.Span.Start), p.Lost, p.Message)
	}
	return b.String()
}

func TestParse(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want string }{
		{"nothing", "# only\n---\n...\n%YAML 1.1\n---\n", ""},
		{
			"scalars",
			"apiVersion: v1\nkind: A\nmetadata: {name: 'it''s', \"namespace\": \"n\\\"s\"}\na: yes\nb: 0x10\nc:\nd: two\n  words # here\ne: |-\n  x: 1\n\n   y\n\nf: [1, {g: h}, # ]\n ~]\n",
			`v1 A n"s/it's
 apiVersion string "v1"
 kind string "A"
 metadata mapping "{name: 'it''s', \"namespace\": \"n\\\"s\"}"
  name string "'it''s'"
  "namespace" string "\"n\\\"s\""
 a boolean "yes"
 b number "0x10"
 c null ""
 d string "two\n  words"
 e string "|-\n  x: 1\n\n   y"
 f list "[1, {g: h}, # ]\n ~]"
  - number "1"
  - mapping "{g: h}"
   g string "h"
  - null "~"
`,
		},
		{
			"block collections",
			"apiVersion: v1\r\nkind: B\r\nl:\r\n- a: 1\r\n  b:\r\n  - |\r\n    t\r\n  -\r\n- é: ü # c\r\n",
			`v1 B /
 apiVersion string "v1"
 kind string "B"
 l list "- a: 1\r\n  b:\r\n  - |\r\n    t\r\n  -\r\n- é: ü"
  - mapping "a: 1\r\n  b:\r\n  - |\r\n    t\r\n  -"
   a number "1"
   b list "- |\r\n    t\r\n  -"
    - string "|\r\n    t"
    - null ""
  - mapping "é: ü"
   é string "ü"
`,
		},
		{
			"anchors and merges",
			"apiVersion: v1\nkind: C\na: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\nc: *x\nd: &s !!str 5\n",
			`v1 C /
 apiVersion string "v1"
 kind string "C"
 a mapping "{p: 1, q: 2}"
  p number "1"
  q number "2"
 b mapping "{<<: *x, q: 3}"
  q number "3"
  p number "1"
 c mapping "{p: 1, q: 2}"
  p number "1"
  q number "2"
 d string "5"
`,
		},
		{
			"one broken document does not take the others along",
			"apiVersion: v1\nkind: One\n---\na: b: c\n--- # two\napiVersion: v1\nkind: Two\n---\n- x\n---\na: 1\n",
			"v1 One /\n apiVersion string \"v1\"\n kind string \"One\"\nv1 Two /\n apiVersion string \"v1\"\n kind string \"Two\"\n" +
				"4 lost=true This is not valid YAML: mapping values are not allowed in this context.\n" +
				"9 lost=true This is not a Kubernetes object but a list.\n" +
				"11 lost=true This is not a Kubernetes object: it has no `apiVersion` or no `kind`.\n",
		},
		{
			"lists",
			"apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: A}\n- null\n- {apiVersion: v1, kind: BList, items: [{apiVersion: v1, kind: B}]}\n",
			"v1 A /\n apiVersion string \"v1\"\n kind string \"A\"\nv1 B /\n apiVersion string \"v1\"\n kind string \"B\"\n",
		},
		{
			"twice the same field",
			"apiVersion: v1\nkind: A\na: 1\na: 2\n? [b]\n: c\n",
			"v1 A /\n apiVersion string \"v1\"\n kind string \"A\"\n a number \"2\"\n" +
				"4 lost=false The field `a` is set twice; the last one counts.\n5 lost=true The name of a field must be a string.\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, outline(tt.text)); diff != "" {
				t.Errorf("outline (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseBounds(t *testing.T) {
	t.Parallel()
	bomb := "apiVersion: v1\nkind: A\na: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'k'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.Repeat(fmt.Sprintf("*%c,", c-1), 10))
	}
	tests := []struct{ name, text, want string }{
		{"aliases", bomb, "aliases that stand for as many"},
		{"depth", "apiVersion: v1\nkind: A\na: " + strings.Repeat("[", 1000) + strings.Repeat("]", 1000), "not valid YAML"},
		{"size", "apiVersion: v1\nkind: A\na: " + strings.Repeat("x", 9<<20), "at most 8388608 are read"},
		{"an alias of itself", "apiVersion: v1\nkind: A\na: &a [*a]\n", "a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, problems := kube.Parse(source.NewFile("m.yaml", tt.text), nil)
			if len(problems) != 1 || !problems[0].Lost || !strings.Contains(problems[0].Message, tt.want) {
				t.Errorf("problems %+v, want one with %q", problems, tt.want)
			}
		})
	}
}

// FuzzParse demands that no text makes the reader fail and that all spans lie within it.
func FuzzParse(f *testing.F) {
	f.Add("apiVersion: v1\nkind: A\nmetadata: {name: a}\nl:\n- |\n  x\n- &a 'b'\n- *a\n")
	f.Add("\ufeffapiVersion: v1\u2028kind: A\r---\rx: \"\\\n\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		file := source.NewFile("m.yaml", text)
		objects, problems := kube.Parse(file, nil)
		within := func(s source.Span) {
			if s.Start < 0 || s.End < s.Start || s.End > len(text) {
				t.Fatalf("span %v of %d bytes", s, len(text))
			}
		}
		var walk func(n *kube.Node)
		walk = func(n *kube.Node) {
			within(n.Span)
			within(n.KeySpan)
			for _, i := range n.Items {
				walk(i)
			}
		}
		for _, o := range objects {
			walk(o.Root)
		}
		for _, p := range problems {
			within(p.Span)
		}
	})
}
