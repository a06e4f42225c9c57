package dockerfile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/source"
)

func parse(t *testing.T, text string) *File {
	t.Helper()
	f, err := Parse(source.NewFile("Dockerfile", text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestBefore(t *testing.T) {
	t.Parallel()
	f := parse(t, `ARG A
FROM scratch AS one
RUN first
USER app
SHELL ["/x"]
COPY bin /bin
RUN second
ONBUILD RUN third
FROM one
WORKDIR /srv
`)
	type found struct {
		Keyword, User, Workdir, Shell string
		HasShell                      base.Known
	}
	var got []found
	for _, i := range f.Instructions {
		if i.Trigger != nil {
			i = i.Trigger
		}
		b := i.Before()
		got = append(got, found{i.Keyword, b.User.Value, b.Workdir.Value, strings.Join(b.Shell.Value, " "), b.HasShell})
	}
	want := []found{
		{"ARG", "", "", "", base.Unknown},
		{"FROM", "", "/", "/bin/sh -c", base.No},
		{"RUN", "", "/", "/bin/sh -c", base.No},
		{"USER", "", "/", "/bin/sh -c", base.No},
		{"SHELL", "app", "/", "/bin/sh -c", base.No},
		{"COPY", "app", "/", "/x", base.No},
		{"RUN", "app", "/", "/x", base.Unknown},
		{"RUN", "app", "/", "/x", base.Unknown},
		{"FROM", "app", "/", "/x", base.Unknown},
		{"WORKDIR", "app", "/", "/x", base.Unknown},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestStage(t *testing.T) {
	t.Parallel()
	f := parse(t, "FROM a AS One\nFROM b\nFROM one AS two\nFROM two AS one\n")
	for name, want := range map[string]int{"ONE": 3, "two": 2, "1": 1, "0": 0, "4": -1, "-1": -1, "": -1, "x": -1} {
		got := -1
		if s := f.Stage(name); s != nil {
			got = s.Index
		}
		if got != want {
			t.Errorf("Stage(%q) is stage %d, want %d", name, got, want)
		}
	}
	final := f.Final()
	if final.Index != 3 || final.Root() != f.Stages[0] {
		t.Errorf("final stage is %d, its root %d", final.Index, final.Root().Index)
	}
	var chain []int
	for _, s := range final.Chain() {
		chain = append(chain, s.Index)
	}
	if diff := cmp.Diff([]int{0, 2, 3}, chain); diff != "" {
		t.Error(diff)
	}
}

// A command's words are found in a script that runs over lines and here-documents.
func TestCommandSpans(t *testing.T) {
	t.Parallel()
	f := parse(t, "FROM a\nRUN A=1 apt-get \\\n  # c\n  install \"x y\" \\\n$Z\nRUN <<E cat && \\\n last\n1\nE\nRUN <<-E\n\tfirst a\n\tE\n")
	var got []string
	for _, i := range f.Instructions {
		list, _ := i.Commands()
		for _, c := range list {
			got = append(got, f.Slice(c.Span), f.Slice(c.NameSpan))
			for _, a := range c.Args {
				got = append(got, f.Slice(a.Span))
			}
		}
	}
	want := []string{
		"A=1 apt-get \\\n  # c\n  install \"x y\" \\\n$Z", "apt-get", "install", `"x y"`, "$Z",
		"cat", "cat", "last", "last", "first a", "first", "a",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestImageSpans(t *testing.T) {
	t.Parallel()
	f := parse(t, "# syntax = docker/dockerfile:1 x\nFROM \\\n  $A\nCOPY --from=b\\\n/c:1 x y\nRUN --mount=type=bind,from=d/e,target=/x --mount=\"from=f,target=/y\" z\n")
	var got []string
	for _, img := range f.Images() {
		got = append(got, f.Slice(img.Span))
	}
	if diff := cmp.Diff([]string{"docker/dockerfile:1", "$A", "b\\\n/c:1", "d/e", `"from=f,target=/y"`}, got); diff != "" {
		t.Error(diff)
	}
}

func TestFlag(t *testing.T) {
	t.Parallel()
	f := parse(t, "FROM a\nCOPY --from=b --link c d\n")
	i := f.Instructions[1]
	if from := i.Flag("from"); from == nil || from.Value != "b" || f.Slice(from.ValueSpan) != "b" {
		t.Errorf("--from is %+v", from)
	}
	if link := i.Flag("link"); link == nil || link.Value != "" || link.ValueSpan.Start != link.Span.End {
		t.Errorf("--link is %+v", link)
	}
	if i.Flag("chown") != nil {
		t.Error("--chown is there")
	}
}

func TestInChain(t *testing.T) {
	t.Parallel()
	f := parse(t, "FROM a AS one\nRUN 1\nFROM b\nRUN 2\nFROM one\nUSER x\nRUN 3\nRUN 4\n")
	var got []string
	for i := range f.Final().InChain("RUN") {
		if got = append(got, i.Words[0].Value); len(got) == 2 {
			break
		}
	}
	if diff := cmp.Diff([]string{"1", "3"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestSettingSpans(t *testing.T) {
	t.Parallel()
	f := parse(t, "FROM a\nENTRYPOINT [ \"x\", \\\n\"y\" ]\nCMD [ ]\nHEALTHCHECK CMD  [\"z\"] \nSHELL [\"s\"]\nUSER  u\n")
	st := f.Final().State()
	got := []string{f.Slice(st.Entrypoint.Span), f.Slice(st.Cmd.Span), f.Slice(st.Health.Span), f.Slice(st.Shell.Span), f.Slice(st.User.Span)}
	want := []string{"[ \"x\", \\\n\"y\" ]", "[ ]", `["z"]`, `["s"]`, "u"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Values built of values end as unknown before they cost much.
func TestManyExpansions(t *testing.T) {
	t.Parallel()
	text := "ARG A0=" + strings.Repeat("x", 1000) + "\n"
	for n := range 20 {
		text += fmt.Sprintf("ARG A%d=%s\n", n+1, strings.Repeat(fmt.Sprintf("$A%d", n), 10))
	}
	for _, image := range []string{"$A20", "${A0#" + strings.Repeat("*", 5000) + "}"} {
		f := parse(t, text+"FROM a:"+image+"\n")
		if got := f.Images()[0].Problem; got != tooMany {
			t.Errorf("problem is %q, want %q", got, tooMany)
		}
	}
}
