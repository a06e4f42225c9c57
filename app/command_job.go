package app

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/chiselbot/chiselbot/app/command"
)

// maxReply is how much of a reply is shown; GitHub takes 65,536 characters.
const maxReply = 60_000

// command carries out the commands of a comment, or of a button, and answers with one
// reply. Who may give them is decided by what the sender may do now. A comment that has its
// reply was carried out, however often GitHub tells of it.
func (a *App) command(ctx context.Context, job Command) error {
	commands, problems := command.Parse(job.Body, a.Review.KnownIDs)
	if len(commands)+len(problems) == 0 {
		return nil
	}
	permission, err := a.GitHub.Permission(ctx, job.Repository, job.Sender)
	if err != nil {
		return err
	}
	if permission != "write" && permission != "admin" {
		a.Logger.InfoContext(ctx, "refuse command: its sender may not write", slog.String("sender", job.Sender))
		return a.react(ctx, job, "confused")
	}
	if err := a.react(ctx, job, "eyes"); err != nil {
		return err
	}
	if done, err := a.replied(ctx, job); err != nil || done {
		return err
	}
	pr, err := a.GitHub.PullRequest(ctx, job.Repository, job.Number)
	if err != nil {
		return err
	}
	var parts []string
	for _, c := range commands {
		v := &verb{App: a, job: job, pull: pr, command: c, permission: permission}
		text, err := v.run(ctx)
		pr = v.pull // the next command goes on from a commit that this one made
		if sentence := obstacle(err); sentence != "" {
			a.Logger.InfoContext(ctx, "command meets an obstacle", slog.String("verb", string(c.Verb)), slog.Any("error", err))
			text = "❌ " + sentence
		} else if err != nil {
			return err
		}
		if text == "" {
			continue // what it does is its answer
		}
		if len(commands)+len(problems) > 1 {
			text = "**`" + command.Prefix + " " + string(c.Verb) + "`**\n\n" + text
		}
		parts = append(parts, text)
	}
	for _, p := range problems {
		at := ""
		if len(commands)+len(problems) > 1 {
			at = fmt.Sprintf("Line %d: ", p.Line)
		}
		parts = append(parts, "❌ "+at+p.Message)
	}
	if len(parts) == 0 {
		return nil
	}
	return a.reply(ctx, job, strings.Join(parts, "\n\n"))
}

// react shows that a comment was seen. A button has none.
func (a *App) react(ctx context.Context, job Command, emoji string) error {
	if job.Comment == 0 {
		return nil
	}
	return a.GitHub.React(ctx, job.Repository, job.Comment, emoji)
}

// origin names the comment, or the press of a button, that gave the commands.
func (j Command) origin() string {
	if j.Comment == 0 {
		return "button/" + j.Key
	}
	return fmt.Sprintf("comment/%d", j.Comment)
}

// replied reports whether the commands were carried out.
func (a *App) replied(ctx context.Context, job Command) (bool, error) {
	mark := commentMark(job.origin())
	for c, err := range a.GitHub.OwnComments(ctx, job.Repository, job.Number) {
		if err != nil || strings.HasPrefix(c.Body, mark) {
			return err == nil, err
		}
	}
	return false, nil
}

// reply answers, once for each origin.
func (a *App) reply(ctx context.Context, job Command, text string) error {
	if len(text) > maxReply {
		text = strings.ToValidUTF8(text[:maxReply], "") + "\n\n… The rest is too long for a comment.\n"
	}
	if job.Comment == 0 {
		text = "@" + job.Sender + " pressed a button of the check run.\n\n" + text
	}
	return a.say(ctx, job.Repository, job.Number, job.origin(), text)
}
