package report_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/app/report"
	"github.com/chiselbot/chiselbot/app/review"
	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/source"
)

// show is a check run as a text to compare with.
func show(t *testing.T, c report.CheckRun) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "conclusion: %s\ntitle: %s\n", c.Conclusion, c.Title)
	for _, a := range c.Actions {
		fmt.Fprintf(&b, "button: %s (%s) %s\n", a.Label, a.Description, a.Identifier)
	}
	fmt.Fprintf(&b, "\n-- summary --\n%s\n-- text --\n%s\n-- annotations --\n", c.Summary, c.Text)
	for _, a := range c.Annotations {
		line, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(line)
		b.WriteByte('\n')
	}
	return b.String()
}

// fits demands that GitHub takes the check run.
func fits(t *testing.T, c report.CheckRun) {
	t.Helper()
	for what, limit := range map[string]struct {
		text string
		most int
	}{"title": {c.Title, 255}, "summary": {c.Summary, 65_535}, "text": {c.Text, 65_535}} {
		if n := utf8.RuneCountInString(limit.text); n > limit.most || !utf8.ValidString(limit.text) {
			t.Errorf("the %s has %d characters", what, n)
		}
	}
	if len(c.Actions) > 3 {
		t.Errorf("%d buttons", len(c.Actions))
	}
	for _, a := range c.Actions {
		if len(a.Label) > 20 || len(a.Description) > 40 || len(a.Identifier) > 20 {
			t.Errorf("button %+v is too long", a)
		}
	}
	for _, a := range c.Annotations {
		if !utf8.ValidString(a.Path) || utf8.RuneCountInString(a.Title) > 255 || len(a.Message) > 64<<10 || a.Message == "" {
			t.Errorf("annotation %+v", a)
		}
		if a.StartLine < 1 || a.EndLine < a.StartLine || a.StartLine != a.EndLine && a.StartColumn+a.EndColumn > 0 {
			t.Errorf("annotation at lines %d to %d, columns %d to %d", a.StartLine, a.EndLine, a.StartColumn, a.EndColumn)
		}
	}
}

func TestCheckRunOf(t *testing.T) {
	t.Parallel()
	forEach(t, func(t *testing.T, name string, r *review.Review) {
		if name == "sample" {
			r.Touched = map[string][]review.Lines{"services/dog/Dockerfile": {{First: 2, Last: 2}}, "services/cat/Dockerfile": {{First: 17, Last: 18}}}
		}
		c := report.CheckRunOf(r)
		golden(t, name+".checkrun", show(t, c))
		fits(t, c)
		if diff := cmp.Diff(c, report.CheckRunOf(r)); diff != "" {
			t.Errorf("a second time it is another:\n%s", diff)
		}
	})
}

// TestCheckRunOfOrder demands that annotations on lines of the change come first, and
// severe ones before others.
func TestCheckRunOfOrder(t *testing.T) {
	t.Parallel()
	f := source.NewFile("Dockerfile", strings.Repeat("USER root\n", 6))
	r := &review.Review{FailOn: checks.Error, Touched: map[string][]review.Lines{"Dockerfile": {{First: 3, Last: 4}, {First: 6, Last: 6}}}}
	for n, rule := range []*checks.Rule{rootUser, noShell, caches, noShell, rootUser, rootUser} {
		r.Delta.New = append(r.Delta.New, finding(rule, f, f.LineSpan(n+1), "Bad.", ""))
	}
	var lines []int
	for _, a := range report.CheckRunOf(r).Annotations {
		lines = append(lines, a.StartLine)
	}
	if diff := cmp.Diff([]int{4, 6, 3, 2, 1, 5}, lines); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// TestCheckRunOfMuch has more findings than anything can show: it stays within GitHub's
// limits, ends where a sentence ends, and the counts are true.
func TestCheckRunOfMuch(t *testing.T) {
	t.Parallel()
	f := source.NewFile("Dockerfile", strings.Repeat("USER root\n", 5000))
	r := &review.Review{FailOn: checks.Error, Files: 1}
	for n := range 3000 {
		r.Delta.New = append(r.Delta.New, finding(noShell, f, f.LineSpan(n+1), "A message of "+strings.Repeat("many ", 40)+"words.", "Help."))
		r.Delta.Same = append(r.Delta.Same, finding(rootUser, f, f.LineSpan(n+1), "Old.", ""))
		r.Delta.Skips = append(r.Delta.Skips, checks.Skip{Path: "x", Reason: "Not readable."})
	}
	c := report.CheckRunOf(r)
	fits(t, c)
	if c.Title != "3000 new · 3000 unchanged · 3000 not checked" || c.Conclusion != report.Failure {
		t.Errorf("%s: %s", c.Conclusion, c.Title)
	}
	if len(c.Annotations) != 150 {
		t.Errorf("%d annotations", len(c.Annotations))
	}
	for _, want := range []string{"3000 things got worse", "and 2997 more", "and 2992 more", "What to do"} {
		if !strings.Contains(c.Summary, want) {
			t.Errorf("the summary does not say %q", want)
		}
	}
	if !strings.HasSuffix(c.Text, " more\n</details>\n") {
		t.Errorf("the text ends in %q", c.Text[len(c.Text)-100:])
	}
}

func TestCheckRunStates(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]report.CheckRun{
		"in progress": report.InProgress(), "unaffected": report.Unaffected(),
		"superseded": report.Superseded("abc"), "gave up": report.GaveUp("GitHub did not answer.", 7),
	} {
		fits(t, c)
		if (c.Conclusion == "") != (name == "in progress") || c.Conclusion == report.Failure || c.Title == "" || c.Summary == "" {
			t.Errorf("%s: %+v", name, c)
		}
	}
}
