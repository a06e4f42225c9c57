package ignore_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/ignore"
	"github.com/chiselbot/chiselbot/checks/source"
)

func parse(t *testing.T, text string) *dockerfile.File {
	t.Helper()
	f, err := dockerfile.Parse(source.NewFile("Dockerfile", text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// outline is a comment as the tests compare it: places are given as the text there.
type outline struct {
	Tool           ignore.Tool
	IDs            []string
	Until, Reason  string
	Problem, Wrong string
	Text, Scope    string
	WholeFile      bool
}

func outlines(f *dockerfile.File, comments []ignore.Comment) []outline {
	var all []outline
	for _, c := range comments {
		o := outline{Tool: c.Tool, IDs: c.IDs, Reason: c.Reason, Problem: c.Problem, Text: f.Slice(c.Span), Scope: f.Slice(c.Scope), WholeFile: c.WholeFile}
		if !c.Until.IsZero() {
			o.Until = c.Until.Format(time.DateOnly)
		}
		if c.Problem != "" {
			o.Wrong = f.Slice(c.ProblemSpan)
		}
		if c.WholeFile {
			o.Scope = ""
		}
		all = append(all, o)
	}
	return all
}

func TestChiselbot(t *testing.T) {
	t.Parallel()
	const form = "`# chiselbot:ignore RULE[,RULE…] [until=YYYY-MM-DD] reason`"
	tests := []struct {
		name, text string
		want       []outline
	}{
		{"next instruction", "FROM a\n# chiselbot:ignore root needs port 80\nUSER root\nUSER app\n", []outline{{
			IDs: []string{"root"}, Reason: "needs port 80", Text: "# chiselbot:ignore root needs port 80", Scope: "USER root",
		}}},
		{"several rules and a date", "FROM a\n#chiselbot:ignore a-b, c-d ,DS-0002 until=2027-01-31 - see ticket: 12\n\n# more\nUSER root\n", []outline{{
			IDs: []string{"a-b", "c-d", "DS-0002"}, Until: "2027-01-31", Reason: "see ticket: 12",
			Text: "#chiselbot:ignore a-b, c-d ,DS-0002 until=2027-01-31 - see ticket: 12", Scope: "USER root",
		}}},
		{"head of the file", "# syntax=docker/dockerfile:1\n# chiselbot:ignore a why\n\nARG X\nFROM a\n", []outline{{
			IDs: []string{"a"}, Reason: "why", Text: "# chiselbot:ignore a why", WholeFile: true,
		}}},
		{"inside an instruction", "FROM a\nRUN one \\\n  # chiselbot:ignore a why\r\n  && two\n", []outline{{
			IDs: []string{"a"}, Reason: "why", Text: "# chiselbot:ignore a why", Scope: "RUN one \\\n  # chiselbot:ignore a why\r\n  && two",
		}}},
		{"prose", "# chiselbot reviews this\n# chisel ignore lists are great\n# chiselbot: see README\n# chiselbot:ignored\n# chisel: cut\nFROM a\n", []outline{{
			Problem: "`chiselbot:ignored` is not `chiselbot:ignore`; write " + form + ".", Wrong: "# chiselbot:ignored", Text: "# chiselbot:ignored",
		}}},
		{"no rule", "# chiselbot:ignore\nFROM a\n", []outline{{
			Problem: "The comment names no rule; write " + form + ".", Wrong: "# chiselbot:ignore", Text: "# chiselbot:ignore",
		}}},
		{"date but no rule", "# chiselbot:ignore until=2027-01-31 why\nFROM a\n", []outline{{
			Problem: "The comment names no rule; write " + form + ".", Wrong: "# chiselbot:ignore until=2027-01-31 why", Text: "# chiselbot:ignore until=2027-01-31 why",
		}}},
		{"no reason", "# chiselbot:ignore a\nFROM a\n", []outline{{
			IDs: []string{"a"}, Problem: "The comment gives no reason; write " + form + ".", Wrong: "# chiselbot:ignore a", Text: "# chiselbot:ignore a",
		}}},
		{"only a dash for reason", "# chiselbot:ignore a --\nFROM a\n", []outline{{
			IDs: []string{"a"}, Problem: "The comment gives no reason; write " + form + ".", Wrong: "# chiselbot:ignore a --", Text: "# chiselbot:ignore a --",
		}}},
		{"no such day", "# chiselbot:ignore a until=2027-02-30 why\nFROM a\n", []outline{{
			IDs: []string{"a"}, Problem: "`2027-02-30` is not a date; write `until=YYYY-MM-DD`.", Wrong: "until=2027-02-30", Text: "# chiselbot:ignore a until=2027-02-30 why",
		}}},
		{"two dates", "# chiselbot:ignore a until=2027-01-31 until=2027-02-01 why\nFROM a\n", []outline{{
			IDs: []string{"a"}, Until: "2027-01-31", Problem: "The comment has two dates; keep one `until=`.", Wrong: "until=2027-02-01", Text: "# chiselbot:ignore a until=2027-01-31 until=2027-02-01 why",
		}}},
		{"date in the reason", "# chiselbot:ignore a why until=2027-02-01\nFROM a\n", []outline{{
			IDs: []string{"a"}, Problem: "`until=` stands behind the rules, before the reason.", Wrong: "until=2027-02-01", Text: "# chiselbot:ignore a why until=2027-02-01",
		}}},
		{"wildcard", "# chiselbot:ignore a,b* why\nFROM a\n", []outline{{
			IDs: []string{"a", "b*"}, Problem: "`b*` is not the id of a rule; each rule is named in full.", Wrong: "b*", Text: "# chiselbot:ignore a,b* why",
		}}},
		{"nothing follows", "FROM a\n# chiselbot:ignore a why\n", []outline{{
			IDs: []string{"a"}, Reason: "why", Problem: "No instruction follows the comment; put it above the one it is about, or at the head of the file.",
			Wrong: "# chiselbot:ignore a why", Text: "# chiselbot:ignore a why",
		}}},
		{"behind an instruction and in a here-document", "FROM a\nRUN one # chiselbot:ignore a why\nRUN <<EOF\n# chiselbot:ignore b why\ntwo\nEOF\nRUN echo chiselbot:ignore\n", []outline{
			{Problem: "Docker knows no comment here, so this one is not read; put it on a line of its own above the instruction.", Wrong: "chiselbot:ignore a why", Text: "chiselbot:ignore a why"},
			{Problem: "Docker knows no comment here, so this one is not read; put it on a line of its own above the instruction.", Wrong: "chiselbot:ignore b why", Text: "chiselbot:ignore b why"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := parse(t, tt.text)
			for i := range tt.want {
				tt.want[i].Tool = ignore.Chiselbot
			}
			if diff := cmp.Diff(tt.want, outlines(f, ignore.In(f))); diff != "" {
				t.Errorf("comments (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNearMiss(t *testing.T) {
	t.Parallel()
	tests := []struct {
		comment string
		want    bool // that it is reported
	}{
		{"chiselbot: ignore a why", true},
		{"chiselbot ignore a why", true},
		{"chiselbot-ignore a why", true},
		{"chisel:ignore a why", true},
		{"chisel-ignore a why", true},
		{"Chiselbot:Ignore a why", true},
		{"chisel-bot:ignore a why", true},
		{"chiselbot:ignroe a why", true},
		{"chiselbot:disable a why", true},
		{"chiselbot=ignore a why", true},
		{"chiselbot:ignore:a why", true},
		{"chisel ignore a why", false},
		{"chiselbot ignores nothing", false},
		{"chiselbot, ignore this", false},
		{"see chiselbot:ignore", false},
		{"chiselignore", false},
	}
	for _, tt := range tests {
		t.Run(tt.comment, func(t *testing.T) {
			t.Parallel()
			f := parse(t, "FROM a\n# "+tt.comment+"\nRUN b\n")
			comments := ignore.In(f)
			if got := len(comments) == 1 && strings.Contains(comments[0].Problem, "is not `chiselbot:ignore`"); got != tt.want {
				t.Errorf("reported: %t, want %t: %+v", got, tt.want, comments)
			}
		})
	}
}

func TestExpired(t *testing.T) {
	t.Parallel()
	f := parse(t, "# chiselbot:ignore a until=2027-01-31 why\n# trivy:ignore:DS-0002:exp:2027-02-01\nFROM a\n")
	vienna := time.FixedZone("CET", 3600)
	tests := []struct {
		now  time.Time
		want bool
	}{
		{time.Date(2027, 1, 31, 23, 59, 59, 0, time.UTC), false},
		{time.Date(2027, 2, 1, 0, 59, 59, 0, vienna), false},
		{time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC), true},
		{time.Date(2027, 2, 1, 1, 0, 0, 0, vienna), true},
	}
	for _, tt := range tests {
		for _, c := range ignore.In(f) {
			if got := c.Expired(tt.now); got != tt.want {
				t.Errorf("%s at %s: expired %t, want %t", c.Tool, tt.now, got, tt.want)
			}
		}
	}
	if (ignore.Comment{}).Expired(tests[3].now) {
		t.Error("a comment without an end expired")
	}
}

func TestCovers(t *testing.T) {
	t.Parallel()
	f := parse(t, "# check=skip=all\n# chiselbot:ignore a why\nFROM a\n# chiselbot:ignore b why\nENV X=1 \\\n Y=2\nUSER 0\n")
	all := ignore.In(f)
	at := func(s string) source.Span {
		n := strings.Index(f.Text(), s)
		return source.Span{Start: n, End: n + len(s)}
	}
	tests := []struct {
		name                  string
		at                    source.Span
		directive, head, next bool
	}{
		{"no line", source.Span{}, true, true, false},
		{"first instruction", at("FROM"), true, true, false},
		{"start of the next one", at("ENV"), true, true, true},
		{"continued line", at("Y=2"), true, true, true},
		{"runs over its end", at("Y=2\nUSER"), true, true, true},
		{"the one after", at("USER"), true, true, false},
	}
	for _, tt := range tests {
		got := []bool{all[0].Covers(tt.at), all[1].Covers(tt.at), all[2].Covers(tt.at)}
		if diff := cmp.Diff([]bool{tt.directive, tt.head, tt.next}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	tests := []struct {
		comment, id string
		want        bool
	}{
		{"chiselbot:ignore root,DS-0002 why", "root", true},
		{"chiselbot:ignore root,DS-0002 why", "DS-0002", true},
		{"chiselbot:ignore DS002 why", "DS-0002", true},
		{"chiselbot:ignore AVD-DS-0002 why", "DS-0002", true},
		{"chiselbot:ignore least-privilege-user why", "DS-0002", true},
		{"chiselbot:ignore StageNameCasing why", "StageNameCasing", true},
		{"chiselbot:ignore Root why", "root", false},
		{"chiselbot:ignore roo why", "root", false},
		{"trivy:ignore:DS-0002", "DS-0002", true},
		{"trivy:ignore:ds002", "DS-0002", true},
		{"trivy:ignore:AVD-DS-0002", "DS-0002", true},
		{"trivy:ignore:docker-least-privilege-user", "DS-0002", true},
		{"trivy:ignore:DS-*", "DS-0002", true},
		{"trivy:ignore:*", "DS-0002", true},
		{"tfsec:ignore:DS002", "DS-0002", true},
		{"trivy:ignore:DS-0001", "DS-0002", false},
		{"trivy:ignore:*", "root", false},
		{"trivy:ignore:*", "StageNameCasing", false},
		{"trivy:ignore:root", "root", false},
		{"check=skip=StageNameCasing,FromAsCasing", "FromAsCasing", true},
		{"check=skip=all", "FromAsCasing", true},
		{"check=skip=fromascasing", "FromAsCasing", false},
		{"check=skip=all", "DS-0002", false},
		{"check=skip=all", "root", false},
		{"check=skip=root", "root", false},
	}
	for _, tt := range tests {
		t.Run(tt.comment+" "+tt.id, func(t *testing.T) {
			t.Parallel()
			comments := ignore.In(parse(t, "FROM a\n# "+tt.comment+"\nUSER 0\n"))
			if len(comments) != 1 || comments[0].Problem != "" {
				t.Fatalf("comments: %+v", comments)
			}
			if got := comments[0].Names(tt.id); got != tt.want {
				t.Errorf("names %s: %t, want %t", tt.id, got, tt.want)
			}
		})
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	long := ignore.In(parse(t, "# chiselbot:ignore a "+strings.Repeat("x", 500)+"\nFROM a\n"))
	if len(long) != 1 || long[0].Problem != "The comment is longer than 500 bytes." {
		t.Errorf("long comment: %+v", long)
	}
	ids := ignore.In(parse(t, "# chiselbot:ignore "+strings.Repeat("a,", 51)+"a why\nFROM a\n"))
	if len(ids) != 1 || ids[0].Problem != "The comment names more than 50 rules." {
		t.Errorf("many rules: %+v", ids)
	}
	many := ignore.In(parse(t, "FROM a\n"+strings.Repeat("# chiselbot:ignore a why\n", 1100)+"USER 0\n"))
	if len(many) != 1000 || many[998].Problem != "" || many[999].Problem != "The file has more than 1000 ignore comments; this one and those below are not read." {
		t.Errorf("%d comments, the last %+v", len(many), many[len(many)-1])
	}
}
