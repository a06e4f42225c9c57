package report

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/chiselbot/chiselbot/app/review"
	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/source"
)

const (
	homepage    = "https://github.com/chiselbot/chiselbot"
	sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	// rootID stands for the root of the repository. The name is a convention that other
	// tools know.
	rootID = "%SRCROOT%"
	// fingerprint names the kind of fingerprint. Its number changes when what goes into
	// it does.
	fingerprint = "chiselbot/v1"
)

// SARIF writes the review as a SARIF 2.1.0 log of one run, made by chiselbot of that
// version. Every result of the head says how it stands to the base, or which ignore
// comment suppresses it. What could not be checked or compared is a notification of the
// run. What is fixed is not in the log: GitHub's code scanning does not read
// baselineState and would take it for found, at the lines of the base; it closes an alert
// whose result is gone.
//
// See https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html and
// https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support-for-code-scanning.
func SARIF(w io.Writer, r *review.Review, version string) error {
	b := newSarifLog(r, version)
	d := r.Delta

	var now []stated
	for _, f := range d.New {
		now = append(now, stated{f, "new"})
	}
	for _, f := range d.Same {
		now = append(now, stated{f, "unchanged"})
	}
	for _, m := range d.Moved {
		now = append(now, stated{m.Finding, "updated"})
	}
	slices.SortStableFunc(now, func(a, b stated) int {
		return cmp.Or(cmp.Compare(a.Path(), b.Path()), cmp.Compare(a.Span.Start, b.Span.Start))
	})
	for _, f := range now {
		b.result(f.Finding, f.state)
	}
	for _, drop := range d.Drops {
		if drop.By.File == nil {
			continue
		}
		b.result(drop.Finding, "unchanged").AddSuppression(sarif.NewSuppression().
			WithKind("inSource").WithJustification(drop.Reason).WithLocation(location(drop.By.File, drop.By.Span)))
	}

	ran := sarif.NewInvocation().WithExecutionSuccessful(true)
	for _, s := range d.Skips {
		ran.AddToolExecutionNotification(b.skip(s))
	}
	for _, f := range d.Unsure {
		ran.AddToolExecutionNotification(b.unsure(f))
	}
	b.run.AddInvocation(ran)

	log := sarif.NewReport().AddRun(b.run)
	log.Schema = sarifSchema
	var text bytes.Buffer
	if err := log.PrettyWrite(&text); err != nil {
		return fmt.Errorf("write SARIF: %w", err)
	}
	text.WriteByte('\n')
	if _, err := w.Write(escapeJSON(text.Bytes())); err != nil {
		return fmt.Errorf("write SARIF: %w", err)
	}
	return nil
}

// stated is a finding of the head with its SARIF baselineState.
type stated struct {
	checks.Finding
	state string
}

// A sarifLog is a run that is being put together.
type sarifLog struct {
	run   *sarif.Run
	rules map[string]int // index in the driver's rules, by id
	equal map[string]int // how many findings had that identity so far
}

func newSarifLog(r *review.Review, version string) *sarifLog {
	run := sarif.NewRunWithInformationURI("chiselbot", homepage).WithColumnKind("unicodeCodePoints")
	run.Tool.Driver.WithVersion(version)
	run.OriginalUriBaseIds = map[string]sarif.ArtifactLocation{
		rootID: *sarif.NewArtifactLocation().WithDescription(sarif.NewTextMessage("The root of the repository.")),
	}
	b := &sarifLog{run: run, rules: map[string]int{}, equal: map[string]int{}}
	for _, rule := range rulesOf(r) {
		b.rules[rule.ID] = len(run.Tool.Driver.Rules)
		run.Tool.Driver.AddRule(descriptor(rule))
	}
	return b
}

// rulesOf are our own rules and, after them, those of other tools that found something.
func rulesOf(r *review.Review) []*checks.Rule {
	rules := slices.Clone(r.Rules)
	known := map[string]bool{}
	for _, rule := range rules {
		known[rule.ID] = true
	}
	var others []*checks.Rule
	add := func(f checks.Finding) {
		if !known[f.Rule.ID] {
			known[f.Rule.ID] = true
			others = append(others, f.Rule)
		}
	}
	d := r.Delta
	for _, f := range slices.Concat(d.New, d.Same, d.Unsure) {
		add(f)
	}
	for _, m := range d.Moved {
		add(m.Finding)
	}
	for _, drop := range d.Drops {
		if drop.By.File != nil {
			add(drop.Finding)
		}
	}
	slices.SortFunc(others, func(a, b *checks.Rule) int { return cmp.Compare(a.ID, b.ID) })
	return append(rules, others...)
}

func descriptor(rule *checks.Rule) *sarif.ReportingDescriptor {
	text := func(s string) *sarif.MultiformatMessageString {
		return sarif.NewMultiformatMessageString().WithText(s)
	}
	doc := cmp.Or(rule.Doc, rule.Title)
	d := sarif.NewRule(rule.ID).WithName(rule.ID).
		WithShortDescription(text(rule.Title)).
		WithFullDescription(text(cmp.Or(lead(rule.Doc), rule.Title))).
		WithMarkdownHelp(doc).
		WithDefaultConfiguration(sarif.NewReportingConfiguration().WithEnabled(rule.Severity != checks.Off).WithLevel(level(rule.Severity)))
	if rule.URL != "" {
		d.WithHelpURI(rule.URL)
	}
	return d
}

// lead is the first paragraph of a page that is not its heading, as one line.
func lead(doc string) string {
	for part := range strings.SplitSeq(strings.ReplaceAll(doc, "\r\n", "\n"), "\n\n") {
		if part = strings.TrimSpace(part); part != "" && !strings.HasPrefix(part, "#") {
			return strings.Join(strings.Fields(part), " ")
		}
	}
	return ""
}

// level is the SARIF name of a severity. A finding whose rule is off can still be under
// an ignore comment; it is a note, because SARIF keeps "none" for what is no problem.
func level(s checks.Severity) string {
	switch s {
	case checks.Error:
		return "error"
	case checks.Warning:
		return "warning"
	}
	return "note"
}

// result adds a finding to the run.
func (b *sarifLog) result(f checks.Finding, state string) *sarif.Result {
	res := sarif.NewRuleResult(f.Rule.ID).
		WithRuleIndex(b.rules[f.Rule.ID]).
		WithLevel(level(f.Severity)).
		WithMessage(message(f.Message, strings.TrimSpace(provenance(f)+" "+f.Help))).
		WithBaselineState(state).
		WithPartialFingerprints(map[string]string{fingerprint: b.fingerprint(f)})
	res.AddLocation(location(f.File, f.Span))
	for _, other := range f.Related {
		res.AddRelatedLocation(location(other.File, other.Span).WithMessage(message(other.Message, "")))
	}
	if fix, ok := sarifFix(f); ok {
		res.AddFixe(fix)
	}
	b.run.AddResult(res)
	return res
}

// fingerprint is the same in every run that has the finding, wherever its lines are.
// Findings with one identity are told apart by their order.
func (b *sarifLog) fingerprint(f checks.Finding) string {
	home := f.Path()
	if f.Home != nil {
		home = f.Home.Path()
	}
	id := strings.Join([]string{f.Rule.ID, home, f.Key}, "\x00")
	nth := b.equal[id]
	b.equal[id]++
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", id, nth))
	return hex.EncodeToString(sum[:])
}

func (b *sarifLog) skip(s checks.Skip) *sarif.Notification {
	n := sarif.NewNotification().WithLevel("warning").WithMessage(message(s.Reason, s.Help))
	switch {
	case s.File != nil:
		n.AddLocation(location(s.File, s.Span))
	case s.Path != "":
		n.AddLocation(sarif.NewLocationWithPhysicalLocation(sarif.NewPhysicalLocation().WithArtifactLocation(artifact(s.Path))))
	}
	if i, ok := b.rules[s.Rule]; ok {
		n.WithAssociatedRule(sarif.NewReportingDescriptorReference().WithID(s.Rule).WithIndex(i))
	}
	return n
}

func (b *sarifLog) unsure(f checks.Finding) *sarif.Notification {
	n := sarif.NewNotification().WithLevel("warning").WithMessage(message(notCompared, f.Message))
	n.AddLocation(location(f.File, f.Span))
	return n.WithAssociatedRule(sarif.NewReportingDescriptorReference().WithID(f.Rule.ID).WithIndex(b.rules[f.Rule.ID]))
}

// message is a plain-text message. SARIF reads [text](target) in it as a link, which no
// message of ours has, so a stranger wrote it.
func message(says, help string) *sarif.Message {
	return sarif.NewTextMessage(strings.ReplaceAll(strings.TrimSpace(says+" "+help), "](", "] ("))
}

func artifact(path string) *sarif.ArtifactLocation {
	u := url.URL{Path: path}
	return sarif.NewArtifactLocation().WithURI(u.String()).WithURIBaseID(rootID)
}

func location(f *source.File, s source.Span) *sarif.Location {
	return sarif.NewLocationWithPhysicalLocation(sarif.NewPhysicalLocation().
		WithArtifactLocation(artifact(f.Path())).WithRegion(region(f, lastLineBreakOff(f, s))))
}

func region(f *source.File, s source.Span) *sarif.Region {
	start, end := f.Position(s.Start), f.Position(s.End)
	return sarif.NewRegion().
		WithStartLine(start.Line).WithStartColumn(start.Column).
		WithEndLine(end.Line).WithEndColumn(end.Column)
}

// sarifFix is the finding's fix. There is none when SARIF cannot say it: a log is
// UTF-8, and the regions of other files than the finding's are not known here.
func sarifFix(f checks.Finding) (*sarif.Fix, bool) {
	if f.Fix == nil || len(f.Fix.Edits) == 0 {
		return nil, false
	}
	change := sarif.NewArtifactChange().WithArtifactLocation(artifact(f.Path()))
	for _, e := range f.Fix.Edits {
		if e.Path != f.Path() || !utf8.ValidString(e.New) {
			return nil, false
		}
		change.AddReplacement(sarif.NewReplacement().
			WithDeletedRegion(region(f.File, e.Span)).
			WithInsertedContent(sarif.NewArtifactContent().WithText(e.New)))
	}
	fix := sarif.NewFix().WithDescription(sarif.NewTextMessage(f.Fix.Title))
	fix.AddArtifactChange(change)
	return fix, true
}
