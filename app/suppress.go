package app

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/chiselbot/chiselbot/app/command"
	"github.com/chiselbot/chiselbot/app/config"
	"github.com/chiselbot/chiselbot/app/propose"
	"github.com/chiselbot/chiselbot/app/report"
	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/ignore"
	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
)

// suppress silences a rule, or takes that back, where the pull request's findings are: by
// comments on its branch, or in the settings, as they say.
func (v *verb) suppress(ctx context.Context) (string, error) {
	rule := v.command.Rules[0]
	if text, err := v.done(ctx); text != "" || err != nil {
		return text, err
	}
	g, err := v.open(ctx, v.job.Repository, v.pull.Base, v.pull.Head)
	if err != nil {
		return "", err
	}
	if g.settings.Ignore.Who == config.Admins && v.permission != "admin" {
		return "❌ Nothing was changed: the settings want the permission `admin` for this command.", nil
	}
	if until := v.command.Until; !until.IsZero() && !v.Now().Before(until.AddDate(0, 0, 1)) {
		return fmt.Sprintf("❌ Nothing was changed: %s has passed.", until.Format(time.DateOnly)), nil
	}
	before, err := checks.Run(ctx, g.Head(), g.opts.Checks)
	if err != nil {
		return "", err
	}
	var meant []checks.Finding
	if v.command.Verb == command.Ignore {
		base, err := checks.Run(ctx, g.Base(), g.opts.Checks)
		if err != nil {
			return "", err
		}
		brought := checks.Compare(base, before).New
		for _, f := range before.Findings {
			if f.Rule.ID == rule && (slices.Contains(g.Changed(), f.Path()) || slices.ContainsFunc(brought, func(n checks.Finding) bool { return sameFinding(n, f) })) {
				meant = append(meant, f)
			}
		}
		if len(meant) == 0 {
			return fmt.Sprintf("❌ Nothing was changed: there is no finding of `%s` in what this pull request changes.", rule), nil
		}
	}
	if g.settings.Ignore.Where == config.IgnoreInSettings {
		return v.suppressInSettings(ctx, g, meant)
	}
	return v.suppressOnBranch(ctx, g, before, meant)
}

func sameFinding(a, b checks.Finding) bool {
	return a.Rule.ID == b.Rule.ID && a.Path() == b.Path() && a.Key == b.Key
}

// suppressOnBranch commits ignore comments, or takes them away. It is tried in memory
// first: the findings must go, and nothing else may come, be it a finding or a field of an
// object.
func (v *verb) suppressOnBranch(ctx context.Context, g *ground, before *checks.Result, meant []checks.Finding) (string, error) {
	rule := v.command.Rules[0]
	title := "Ignore " + rule
	edits := map[string][]source.Edit{}
	if v.command.Verb == command.Ignore {
		for _, f := range meant {
			one, ok := v.ignoring(g, f)
			if !ok {
				return v.elsewhere(meant, report.CodeSpan(f.Path())+" can hold no comment at the finding"), nil
			}
			if !slices.Contains(edits[f.Path()], one) {
				edits[f.Path()] = append(edits[f.Path()], one)
			}
		}
	} else {
		title = "Take back the ignore of " + rule
		for _, name := range g.Changed() {
			file, err := g.Head().Read(name)
			if err != nil {
				continue // it was removed, or is too large
			}
			edits[name] = heeding(file, g.opts.Checks.IsDockerfile(name), rule)
		}
	}
	plan := &fixes.Plan{}
	for _, name := range slices.Sorted(maps.Keys(edits)) {
		file, err := g.Head().Read(name)
		if err != nil {
			return "", err
		}
		after, err := source.Apply(file.Text(), edits[name])
		if err != nil {
			return "", err
		}
		if after != file.Text() {
			plan.Changes = append(plan.Changes, fixes.Change{Path: name, Before: file.Text(), After: after})
		}
	}
	if len(plan.Changes) == 0 {
		return fmt.Sprintf("❌ Nothing was changed: there is no comment that ignores `%s` in what this pull request changes.", rule), nil
	}
	after, err := checks.Run(ctx, plan.Edited(g.Head()), g.opts.Checks)
	if err != nil {
		return "", err
	}
	if v.command.Verb == command.Ignore {
		for _, f := range after.Findings {
			is := func(other checks.Finding) bool { return sameFinding(other, f) }
			if slices.ContainsFunc(meant, is) || !slices.ContainsFunc(before.Findings, is) {
				return v.elsewhere(meant, fmt.Sprintf("with a comment, %s would be found: %s", report.CodeSpan(f.Rule.ID), strings.TrimSuffix(report.Prose(f.Message), "."))), nil
			}
		}
	}
	if len(checks.CompareObjects(before, after)) > 0 {
		return v.elsewhere(meant, "a comment there would become part of an object"), nil
	}
	if v.pull.Fork() {
		return v.suggest(ctx, v.job.Repository, v.pull, g, []*fixes.Plan{plan})
	}
	style, err := v.styleOf(ctx, v.job.Repository, v.pull.BaseBranch, g.settings.Proposals.Titles)
	if err != nil {
		return "", err
	}
	title = style.Title("chore", title)
	commit, err := v.GitHub.Push(ctx, v.job.Repository, Push{
		Branch: v.pull.HeadBranch, Parents: []string{v.pull.Head}, Message: title + "\n\n" + v.mark() + "\n",
		Files: filesOf(g, propose.Changes([]*fixes.Plan{plan})),
	})
	if err != nil {
		return "", err
	}
	v.pull.Head = commit
	return committedText(commit, title), nil
}

// elsewhere says why there can be no comment, and what to write into the settings instead.
func (v *verb) elsewhere(meant []checks.Finding, why string) string {
	text := "❌ Nothing was changed: " + why + "."
	if v.command.Verb != command.Ignore {
		return text
	}
	entries, err := config.AddIgnores(source.NewFile(config.Path, ""), v.Review.KnownIDs, v.entries(meant)...)
	if err != nil {
		return text
	}
	return text + " Write this into " + report.CodeSpan(config.Path) + " instead:\n\n" + report.Block("yaml", strings.TrimSuffix(entries, "\n"))
}

// comment is the ignore comment that the command asks for.
func (v *verb) comment() string {
	comment := "chiselbot:ignore " + v.command.Rules[0]
	if !v.command.Until.IsZero() {
		comment += " until=" + v.command.Until.Format(time.DateOnly)
	}
	return comment + " " + strings.ToValidUTF8(v.command.Reason, "")
}

// ignoring is the edit that puts a comment above what a finding is about; false where it has
// no line of a file that can be edited.
func (v *verb) ignoring(g *ground, f checks.Finding) (source.Edit, bool) {
	file, err := g.Head().Read(f.Path())
	if err != nil || f.File == nil || file.Text() != f.File.Text() {
		return source.Edit{}, false // it is inside of an archive
	}
	line, comment := file.LineAt(f.Span.Start), "# "+v.comment()
	switch {
	case g.opts.Checks.IsDockerfile(f.Path()):
		parsed, err := dockerfile.Parse(file)
		if err != nil || len(parsed.Instructions) == 0 {
			return source.Edit{}, false
		}
		at := parsed.Instructions[0] // above it, a comment is for the whole file
		for _, i := range parsed.Instructions {
			if i.Span.Start <= f.Span.Start && f.Span.Start <= i.Span.End {
				at = i
			}
		}
		line = file.LineAt(at.Span.Start)
	case path.Ext(f.Path()) == ".json":
		return source.Edit{}, false
	case strings.Contains("/"+path.Dir(f.Path())+"/", "/templates/"):
		comment = "{{- /* " + strings.ReplaceAll(v.comment(), "*/", "* /") + " */}}" // leaves no trace in what is rendered
	}
	at := file.LineSpan(line)
	text := file.Slice(at)
	comment = text[:len(text)-len(strings.TrimLeft(text, " \t"))] + comment
	if strings.Contains(file.Text(), "\r\n") {
		comment += "\r"
	}
	return source.Edit{Path: f.Path(), Span: source.Span{Start: at.Start, End: at.Start}, New: comment + "\n"}, true
}

// heeding are the edits that take the rule's ignore comments away. One that names other
// rules too keeps those.
func heeding(file *source.File, isDockerfile bool, rule string) []source.Edit {
	comments := ignore.InYAML(file)
	if isDockerfile {
		f, err := dockerfile.Parse(file)
		if err != nil {
			return nil
		}
		comments = ignore.In(f)
	}
	var edits []source.Edit
	for _, c := range comments {
		at := slices.Index(c.IDs, rule)
		if c.Tool != ignore.Chiselbot || c.Problem != "" || at < 0 {
			continue
		}
		if len(c.IDs) > 1 {
			first, last := c.IDSpans[0], c.IDSpans[len(c.IDs)-1]
			rest := slices.Delete(slices.Clone(c.IDs), at, at+1)
			edits = append(edits, source.Edit{Path: file.Path(), Span: source.Span{Start: first.Start, End: last.End}, New: strings.Join(rest, ",")})
			continue
		}
		edits = append(edits, source.Edit{Path: file.Path(), Span: commentSpan(file, c.Span)})
	}
	return edits
}

// commentSpan is a comment with its signs, and its whole line where nothing else is on it.
func commentSpan(file *source.File, at source.Span) source.Span {
	line := file.LineSpan(file.LineAt(at.Start))
	text := file.Slice(line)
	begin := at.Start - line.Start
	if i := strings.LastIndex(text[:begin], "{{"); i >= 0 && strings.Contains(text[i:begin], "/*") {
		begin = i
	} else if i := strings.LastIndex(text[:begin], "#"); i >= 0 {
		begin = i
	}
	before := strings.TrimRight(text[:begin], " \t")
	if before != "" {
		return source.Span{Start: line.Start + len(before), End: line.Start + len(strings.TrimRight(text, "\r"))}
	}
	return source.Span{Start: line.Start, End: min(len(file.Text()), file.LineSpan(file.LineAt(at.Start)+1).Start)}
}
