package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/chiselbot/chiselbot/app/command"
	"github.com/chiselbot/chiselbot/app/config"
	"github.com/chiselbot/chiselbot/app/propose"
	"github.com/chiselbot/chiselbot/app/report"
	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/source"
)

// entries are what the command asks for as entries of the settings, one for each file with
// a finding.
func (v *verb) entries(meant []checks.Finding) []config.Ignored {
	var list []config.Ignored
	for _, f := range meant {
		e := config.Ignored{Rule: v.command.Rules[0], Path: literal(f.Path()), Reason: strings.ToValidUTF8(v.command.Reason, "")}
		if !v.command.Until.IsZero() {
			e.Until = v.command.Until.Format(time.DateOnly)
		}
		if !slices.Contains(list, e) {
			list = append(list, e)
		}
	}
	return list
}

// literal is a path as a glob that matches it alone.
func literal(name string) string {
	var b strings.Builder
	for _, r := range name {
		if strings.ContainsRune(`*?[]{}\!`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// suppressInSettings brings the entries into the settings file by a pull request against
// the base branch, from which settings are read. There is one, which every command adds to.
func (v *verb) suppressInSettings(ctx context.Context, g *ground, meant []checks.Finding) (string, error) {
	branch := propose.Branch(propose.Settings, v.pull.BaseBranch)
	pulls, err := v.GitHub.OwnPullRequests(ctx, v.job.Repository, branch)
	if err != nil {
		return "", err
	}
	open := slices.IndexFunc(pulls, func(o OwnPullRequest) bool { return o.Open && o.Base == v.pull.BaseBranch })
	tip, err := v.GitHub.Tip(ctx, v.job.Repository, branch)
	exists := !errors.Is(err, ErrNotFound)
	if err != nil && exists {
		return "", err
	}
	if exists && !(tip.Own && strings.Contains(tip.Message, trailer)) && open < 0 {
		return outcome{what: touched, branch: branch}.text(), nil
	}
	base := g.Tip()
	onto := base.Commit
	file, err := settingsFile(base)
	if open >= 0 { // a person may have written there too
		var tree source.Tree
		if tree, err = v.GitHub.Tree(ctx, v.job.Repository, tip.Commit); err == nil {
			onto = tip.Commit
			file, err = settingsFile(tree)
		}
	}
	if err != nil {
		return "", err
	}
	rule, title := v.command.Rules[0], "Ignore "+v.command.Rules[0]
	var text string
	if v.command.Verb == command.Ignore {
		text, err = config.AddIgnores(file, v.Review.KnownIDs, v.entries(meant)...)
	} else {
		title = "Take back the ignore of " + rule
		text, err = config.RemoveIgnores(file, v.Review.KnownIDs, rule)
	}
	if err != nil {
		return fmt.Sprintf("❌ Nothing was changed: in %s, %s.", report.CodeSpan(file.Path()), report.Prose(err.Error())), nil
	}
	marked := exists && strings.Contains(tip.Message, v.mark()+"\n")
	if text == file.Text() && !marked {
		return fmt.Sprintf("❌ Nothing was changed: the settings say that of `%s` already.", rule), nil
	}
	style, err := v.styleOf(ctx, v.job.Repository, v.pull.BaseBranch, g.settings.Proposals.Titles)
	if err != nil {
		return "", err
	}
	title = style.Title("chore", title)
	if text != file.Text() {
		push := Push{
			Branch: branch, Parents: []string{onto}, Onto: onto, Message: title + "\n\n" + v.mark() + "\n" + trailer + propose.Settings + "\n",
			Files: []File{{Path: file.Path(), Text: text}},
		}
		if exists && open < 0 { // what is left of an earlier one
			push.Parents = []string{tip.Commit, onto}
		}
		if _, err := v.GitHub.Push(ctx, v.job.Repository, push); err != nil {
			return "", err
		}
	}
	if open >= 0 {
		if all := style.Title("chore", "Change what chiselbot ignores"); pulls[open].Title != all && text != file.Text() {
			if err := v.GitHub.EditPullRequest(ctx, v.job.Repository, pulls[open].Number, all, pulls[open].Body); err != nil {
				return "", err
			}
		}
		return fmt.Sprintf("✅ Added to #%d: %s. It holds once that is merged.\n", pulls[open].Number, report.Prose(title)), nil
	}
	request := propose.Request{Recipe: propose.Settings, Pull: v.job.Number, Rules: v.command.Rules, Images: rule}
	number, err := v.GitHub.OpenPullRequest(ctx, v.job.Repository, OwnPullRequest{
		Title: title, Body: propose.SettingsBody(request, file.Path()), Branch: branch, Base: v.pull.BaseBranch,
	})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("✅ Opened #%d: %s. It holds once that is merged.\n", number, report.Prose(title)), nil
}

// settingsFile is the settings file of a tree, empty where there is none.
func settingsFile(tree source.Tree) (*source.File, error) {
	for _, name := range config.Paths() {
		if info, err := fs.Lstat(tree.FS, name); err == nil && info.Mode().IsRegular() {
			return tree.Read(name)
		}
	}
	return source.NewFile(config.Path, ""), nil
}
