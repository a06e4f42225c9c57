package ignore_test

import (
	"bytes"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	checks "github.com/aquasecurity/trivy-checks"
	trivy "github.com/aquasecurity/trivy/pkg/iac/ignore"
	"github.com/aquasecurity/trivy/pkg/iac/types"
	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/ignore"
	"github.com/chiselbot/chiselbot/checks/source"
)

func TestTrivy(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       []outline
	}{
		{"one", "FROM a\n#trivy:ignore:DS-0002\nUSER 0\nUSER 1\n", []outline{{
			IDs: []string{"DS-0002"}, Text: "trivy:ignore:DS-0002", Scope: "#trivy:ignore:DS-0002\nUSER 0",
		}}},
		{"two, one with an end", "FROM a\n# trivy:ignore:DS002 trivy:ignore:AVD-DS-0001:exp:2027-02-01\nUSER 0\n", []outline{
			{IDs: []string{"DS002"}, Text: "trivy:ignore:DS002", Scope: "# trivy:ignore:DS002 trivy:ignore:AVD-DS-0001:exp:2027-02-01\nUSER 0"},
			{IDs: []string{"AVD-DS-0001"}, Until: "2027-01-31", Text: "trivy:ignore:AVD-DS-0001:exp:2027-02-01", Scope: "# trivy:ignore:DS002 trivy:ignore:AVD-DS-0001:exp:2027-02-01\nUSER 0"},
		}},
		{"over the whole of an instruction", "FROM a\n#trivy:ignore:DS-0002:ws:dev\nENV X=1 \\\n Y=2\nUSER 1\n", []outline{{
			IDs: []string{"DS-0002"}, Text: "trivy:ignore:DS-0002:ws:dev", Scope: "#trivy:ignore:DS-0002:ws:dev\nENV X=1 \\\n Y=2",
		}}},
		{"a block", "FROM a\n#trivy:ignore:DS-0002\n#tfsec:ignore:DS-0001[x=1]\nUSER 0\n", []outline{
			{IDs: []string{"DS-0002"}, Text: "trivy:ignore:DS-0002", Scope: "#tfsec:ignore:DS-0001[x=1]\nUSER 0"},
			{IDs: []string{"DS-0001"}, Text: "tfsec:ignore:DS-0001[x=1]", Scope: "#tfsec:ignore:DS-0001[x=1]\nUSER 0"},
		}},
		{"behind an instruction", "FROM a\nRUN b # trivy:ignore:DS-0002\n", []outline{{
			IDs: []string{"DS-0002"}, Text: "trivy:ignore:DS-0002", Scope: "RUN b # trivy:ignore:DS-0002",
		}}},
		{"no such day", "# trivy:ignore:DS-0002:exp:2027-13-01\nFROM a\n", []outline{{
			IDs: []string{"DS-0002"}, Problem: "`2027-13-01` is not a date; Trivy takes YYYY-MM-DD only.", Wrong: "2027-13-01", Text: "trivy:ignore:DS-0002:exp:2027-13-01",
		}}},
		{"no id", "# trivy:ignore\nFROM trivy:ignore\n", []outline{{
			Problem: "The comment names no check; write `trivy:ignore:` and the id of one.", Wrong: "trivy:ignore", Text: "trivy:ignore",
		}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := parse(t, tt.text)
			for i := range tt.want {
				tt.want[i].Tool = ignore.Trivy
			}
			if diff := cmp.Diff(tt.want, outlines(f, ignore.In(f))); diff != "" {
				t.Errorf("comments (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBuildKit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       []outline
	}{
		{"directive", "# check=skip=A, B;error=true\nFROM a\n", []outline{{
			IDs: []string{"A", "B"}, Text: "# check=skip=A, B;error=true", WholeFile: true,
		}}},
		{"before an instruction, with a remark", "FROM a\n# Check = skip=A,B because of C,D\n\nRUN b\nRUN c\n", []outline{{
			IDs: []string{"A", "B"}, Text: "# Check = skip=A,B because of C,D", Scope: "RUN b",
		}}},
		{"the second of two", "FROM a\n# check=error=true\n# check=skip=A\nRUN b\n", []outline{{
			IDs: []string{"A"}, Problem: "BuildKit reads only the first check comment before an instruction.",
			Wrong: "# check=skip=A", Text: "# check=skip=A", Scope: "RUN b",
		}}},
		{"forgotten", "FROM a\n# check=skip=A\n#\n# check=skip=B\nRUN b\n# check=skip=C\n", []outline{{
			IDs: []string{"B"}, Text: "# check=skip=B", Scope: "RUN b",
		}}},
		{"unknown option", "FROM a\n# check=skip=A;ignore=B\nRUN b\n", []outline{{
			IDs: []string{"A"}, Problem: "`ignore=B` is not an option of BuildKit's check; it takes `skip`, `error` and `experimental`.",
			Wrong: "ignore=B", Text: "# check=skip=A;ignore=B", Scope: "RUN b",
		}}},
		{"inside an instruction", "FROM a\nRUN b \\\n# check=skip=A\n c\n", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := parse(t, tt.text)
			for i := range tt.want {
				tt.want[i].Tool = ignore.BuildKit
			}
			if diff := cmp.Diff(tt.want, outlines(f, ignore.In(f))); diff != "" {
				t.Errorf("comments (-want +got):\n%s", diff)
			}
		})
	}
}

// silences reports whether a comment that is in order silences a check at a span.
func silences(comments []ignore.Comment, tool ignore.Tool, id string, at source.Span, now time.Time) bool {
	return slices.ContainsFunc(comments, func(c ignore.Comment) bool {
		return c.Tool == tool && c.Problem == "" && !c.Expired(now) && c.Covers(at) && c.Names(id)
	})
}

// agreeWithTrivy asks Trivy's own reader about each line on which a finding can stand.
func agreeWithTrivy(t *testing.T, f *dockerfile.File) {
	t.Helper()
	comments := ignore.In(f)
	rules := trivy.Parse(f.Text(), "Dockerfile", "")
	today := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC) // Trivy looks at the clock; the samples end long before or after
	names := map[string][]string{
		"DS-0001": {"DS-0001", "docker-use-specific-tags", "AVD-DS-0001", "DS001", "use-specific-tags"},
		"DS-0002": {"DS-0002", "docker-least-privilege-user", "AVD-DS-0002", "DS002", "least-privilege-user"},
	}
	for line := 1; line <= f.Lines(); line++ {
		at := f.LineSpan(line)
		inside := slices.ContainsFunc(f.Instructions, func(i *dockerfile.Instruction) bool {
			return i.Span.Start < at.Start && at.Start < i.Span.End
		})
		if inside || at.Len() == 0 {
			continue
		}
		for _, id := range []string{"DS-0001", "DS-0002"} {
			metadata := types.NewMetadata(types.NewRange("Dockerfile", line, line, "", nil), "")
			want := rules.Ignore(metadata, names[id], nil)
			if got := silences(comments, ignore.Trivy, id, at, today); got != want {
				t.Errorf("%s on line %d: silenced %t, Trivy says %t, in:\n%s", id, line, got, want, f.Text())
			}
		}
	}
}

var trivySamples = []string{
	"#trivy:ignore:DS-0001\nFROM a\nUSER 0\n",
	"#trivy:ignore:DS-0001\n\nFROM a\nUSER 0\n",
	"# trivy:ignore:DS001\n# trivy:ignore:ds-0002\nFROM a\nUSER 0\n",
	"# trivy:ignore:DS001 # trivy:ignore:DS-0002\n# trivy:ignore:X\n#trivy:ignore:Y\nFROM a\nUSER 0\n",
	"# trivy:ignore:DS001\n# a remark\n# trivy:ignore:Y\nFROM a\nUSER 0\n",
	"# trivy:ignore:DS001\n# trivy:ignore\n# trivy:ignore:Y\nFROM a\nUSER 0\n",
	"FROM a # trivy:ignore:DS001\n# trivy:ignore:DS002\n# trivy:ignore:*:exp:2001-01-01\nUSER 0\n",
	"FROM a\n#trivy:ignore:DS-*:exp:2999-01-01\nRUN a \\\n b\nUSER 0\n",
	"FROM a\n#trivy:ignore:*-user\nRUN a\n#trivy:ignore:DS0*2[x=y]:exp:2999-01-01:exp:2998-99-99\nUSER 0\n",
	"FROM a\n#trivy:exp:2999-01-01:ignore:DS002\nRUN a\n#trivy:ws:a:ignore:DS001:ignore:DS002\nUSER 0\n",
	"FROM a\n\t#trivy:ignore:DS002\r\nUSER 0\r\n//trivy:ignore:DS002\n",
	"FROM a\nRUN a \\\n# trivy:ignore:DS001\n b\nUSER 0\n",
	"FROM a\nRUN <<EOF\n# trivy:ignore:DS001\nEOF\nUSER 0\n",
	"FROM a\n#trivy:ignore:DS002  tfsec:ignore:DS001\nUSER 0\n#nottrivy:ignore:DS001\nUSER 1\n",
}

func TestAgreesWithTrivy(t *testing.T) {
	t.Parallel()
	for _, text := range trivySamples {
		if f, err := dockerfile.Parse(source.NewFile("Dockerfile", text)); err == nil {
			agreeWithTrivy(t, f)
		}
	}
}

// TestTrivyNames holds the long names against the metadata of the checks that we ship.
func TestTrivyNames(t *testing.T) {
	t.Parallel()
	field := regexp.MustCompile(`(?m)^#\s+(id|long_id): (\S+)$`)
	list := regexp.MustCompile(`(?m)^#\s+aliases:\n((?:#\s+- \S+\n)+)`)
	files, err := fs.Glob(checks.EmbeddedPolicyFileSystem, "checks/docker/*.rego")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d checks, error %v", len(files), err)
	}
	checked := 0
	for _, name := range files {
		text, err := fs.ReadFile(checks.EmbeddedPolicyFileSystem, name)
		if err != nil {
			t.Fatal(err)
		}
		values := map[string]string{}
		for _, m := range field.FindAllSubmatch(text, -1) {
			values[string(m[1])] = string(m[2])
		}
		aliases := []string{values["id"], values["long_id"]}
		if m := list.FindSubmatch(text); m != nil {
			aliases = append(aliases, strings.Fields(strings.NewReplacer("#", "", "- ", "").Replace(string(m[1])))...)
		}
		if len(aliases) < 4 {
			continue // a test or a library
		}
		checked++
		for _, a := range aliases {
			if !(ignore.Comment{Tool: ignore.Trivy, IDs: []string{a}}).Names(values["id"]) {
				t.Errorf("%s: %q does not name %s", name, a, values["id"])
			}
		}
	}
	if checked < 25 {
		t.Errorf("only %d checks have names", checked)
	}
}

// TestAgreesWithBuildKit runs BuildKit's own linter with the comments and with them
// spoiled: what makes the difference is what the comments silence.
func TestAgreesWithBuildKit(t *testing.T) {
	t.Parallel()
	samples := []string{
		"# check=skip=StageNameCasing\nFROM a AS B\nFROM a as c\n",
		"# check=skip=all\nFROM a AS B\nFROM a as c\n",
		"# check=skip=StageNameCasing,FromAsCasing\nFROM a as B\nMAINTAINER x\n",
		"FROM a AS x\n# check=skip=StageNameCasing\nFROM a as B\nFROM a as C\n",
		"FROM a AS x\n# check=skip=stagenamecasing\nFROM a as B\n",
		"FROM a AS x\n# check=skip=FromAsCasing, StageNameCasing\nFROM a as B\n",
		"FROM a AS x\n# check=skip=FromAsCasing;skip=StageNameCasing\nFROM a as B\n",
		"FROM a AS x\n# check=skip=all;skip=StageNameCasing\nFROM a as B\n",
		"FROM a AS x\n# check=error=true;skip=FromAsCasing because\n\nFROM a as B\n",
		"FROM a AS x\n# check=skip=FromAsCasing\n#\nFROM a as B\n",
		"FROM a AS x\n# check=skip=FromAsCasing\n# check=skip=StageNameCasing\nFROM a as B\n",
		"FROM a AS x\n# check=nonsense\n# check=skip=StageNameCasing\nFROM a as B\n",
		"FROM a AS x\n#check = skip=MaintainerDeprecated;experimental=X;y=z\nMAINTAINER x\n",
		"FROM a AS x\n# CHECK=skip=MaintainerDeprecated\nMAINTAINER x\nMAINTAINER y\n",
	}
	for _, text := range samples {
		f := parse(t, text)
		comments := ignore.In(f)
		reported := lint(t, text)
		for _, found := range lint(t, strings.NewReplacer("check", "chock", "CHECK", "CHOCK").Replace(text)) {
			want := !slices.Contains(reported, found)
			if got := silences(comments, ignore.BuildKit, found.id, f.LineSpan(found.line), time.Time{}); got != want {
				t.Errorf("%s on line %d: silenced %t, BuildKit says %t, in:\n%s", found.id, found.line, got, want, text)
			}
		}
	}
}

type warning struct {
	id   string
	line int
}

func lint(t *testing.T, text string) []warning {
	t.Helper()
	var found []warning
	config := &linter.Config{}
	if _, value, _, ok := parser.ParseDirective("check", []byte(text)); ok {
		var err error
		if config, err = linter.ParseLintOptions(value); err != nil {
			t.Fatal(err)
		}
	}
	config.Warn = func(id, _, _, _ string, at []parser.Range) {
		found = append(found, warning{id, at[0].Start.Line})
	}
	result, err := parser.Parse(bytes.NewReader([]byte(text)))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := instructions.Parse(result.AST, linter.New(config)); err != nil {
		t.Fatal(err)
	}
	return found
}

func FuzzIn(f *testing.F) {
	for _, text := range trivySamples {
		f.Add(text)
	}
	for _, text := range []string{
		"# check=skip=A,B;error=true\nFROM a\n# check=skip=C why\nRUN b\n",
		"# chiselbot:ignore a,b until=2027-01-31 why\nFROM a\nRUN b # chiselbot:ignore c\n",
		"FROM a\n# chiselbot:ignore a, b\nRUN b \\\n# chisel:ignore c why\nc\n# chiselbot:ignore until=\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		df, err := dockerfile.Parse(source.NewFile("Dockerfile", text))
		if err != nil {
			t.Skip()
		}
		whole := source.Span{End: len(text)}
		comments := ignore.In(df)
		for i, c := range comments {
			if i > 0 && c.Span.Start < comments[i-1].Span.Start {
				t.Errorf("comment %d stands before the one it follows", i)
			}
			for _, s := range append([]source.Span{c.Span, c.Scope, c.ProblemSpan}, c.IDSpans...) {
				if s.Start > s.End || !whole.Contains(s) {
					t.Fatalf("span %v outside of %v: %+v", s, whole, c)
				}
			}
			if len(c.IDs) != len(c.IDSpans) {
				t.Errorf("%d ids, %d spans", len(c.IDs), len(c.IDSpans))
			}
			for n, s := range c.IDSpans {
				if df.Slice(s) != c.IDs[n] {
					t.Errorf("id %q stands at %q", c.IDs[n], df.Slice(s))
				}
			}
			if c.Problem == "" && (c.Scope == source.Span{} || len(c.IDs) == 0) {
				t.Errorf("comment covers or names nothing: %+v", c)
			}
			if c.Problem != "" && !strings.HasSuffix(c.Problem, ".") {
				t.Errorf("problem is no sentence: %s", c.Problem)
			}
		}
		ascii := strings.IndexFunc(text, func(r rune) bool { return r > 126 }) < 0 // Trivy folds ſ and the like
		if ascii && len(text) < 100 {                                              // below the bounds, which Trivy does not have
			agreeWithTrivy(t, df)
		}
	})
}
