package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/app/command"
	"github.com/chiselbot/chiselbot/app/config"
	"github.com/chiselbot/chiselbot/app/propose"
	"github.com/chiselbot/chiselbot/app/report"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
)

// A verb is one command under way.
type verb struct {
	*App
	job     Command
	pull    PullRequest
	command command.Command
	// permission is what who gave it may do.
	permission string
}

const closedText = "❌ The pull request is closed. Reopen it, then give the command again."

// run carries the command out. It returns what to answer, in Markdown; nothing where what
// was done is the answer.
func (v *verb) run(ctx context.Context) (string, error) {
	switch v.command.Verb {
	case command.Help:
		return command.Markdown(), nil
	case command.Explain:
		return v.explain(), nil
	case command.Recreate:
		return v.recreate(ctx)
	}
	if !v.pull.Open {
		return closedText, nil
	}
	switch v.command.Verb {
	case command.Review:
		return "", v.review(ctx)
	case command.Diff:
		return v.diff(ctx)
	case command.Fix:
		return v.fix(ctx)
	case command.Migrate:
		return v.migrate(ctx)
	case command.Pause:
		if err := v.Memory.Pause(ctx, v.job.Repository.ID, v.job.Number, true); err != nil {
			return "", err
		}
		return "✅ Paused: from the next push on this pull request is neither reviewed nor brought up to date, until `/chisel resume`. Commands still work.", nil
	case command.Resume:
		if err := v.Memory.Pause(ctx, v.job.Repository.ID, v.job.Number, false); err != nil {
			return "", err
		}
		return "✅ Resumed.", v.review(ctx)
	case command.Ignore, command.Undo:
		return v.suppress(ctx)
	}
	return "", fmt.Errorf("run command: there is none called %q", v.command.Verb)
}

// review has the head reviewed again. The check run is the answer.
func (v *verb) review(ctx context.Context) error {
	again := v.job.origin()
	return v.queue.Enqueue(ctx, ReviewPullRequest{
		Cause: Cause{Key: fmt.Sprintf("%s/%d", again, v.job.Repository.ID)}, Repository: v.job.Repository, Number: v.job.Number, Again: again,
	})
}

func (v *verb) explain() string {
	id := v.command.Rules[0]
	for _, r := range v.Review.Rules {
		if r.ID == id {
			return report.Explained(r)
		}
	}
	return fmt.Sprintf("`%s` is a check of Trivy's: <https://avd.aquasec.com/misconfig/%s>.", id, strings.ToLower(id))
}

// fix commits to the pull request's branch, in one commit, or opens a pull request against
// it, as the settings say. On a fork it makes suggestions or shows a patch.
func (v *verb) fix(ctx context.Context) (string, error) {
	if text, err := v.done(ctx); text != "" || err != nil {
		return text, err
	}
	g, err := v.open(ctx, v.job.Repository, v.pull.Base, v.pull.Head)
	if err != nil {
		return "", err
	}
	plans, others, err := v.fixesOf(ctx, g, v.command.Rules)
	if err != nil {
		return "", err
	}
	changes := propose.Changes(plans)
	if len(changes) == 0 {
		return nothingText(plans, others), nil
	}
	if v.pull.Fork() {
		text, err := v.suggest(ctx, v.job.Repository, v.pull, g, plans)
		return text + told(plans, others), err
	}
	if g.settings.Fix == config.FixProposes {
		request := propose.Request{Recipe: propose.Fixes, Pull: v.job.Number, Rules: v.command.Rules}
		text, err := v.proposed(ctx, &planned{ground: g, request: request, plans: plans}, v.pull.HeadBranch, false)
		return text + told(nil, others), err
	}
	style, err := v.styleOf(ctx, v.job.Repository, v.pull.BaseBranch, g.settings.Proposals.Titles)
	if err != nil {
		return "", err
	}
	title := style.Title("fix", propose.Title(propose.Fixes, applicable(plans)))
	commit, err := v.GitHub.Push(ctx, v.job.Repository, Push{
		Branch: v.pull.HeadBranch, Parents: []string{v.pull.Head}, Message: propose.Message(title, applicable(plans)) + "\n" + v.mark() + "\n", Files: filesOf(g, changes),
	})
	if err != nil {
		return "", err
	}
	v.pull.Head = commit
	return committedText(commit, title) + told(plans, others), nil
}

// mark names the command in the commit that it makes.
func (v *verb) mark() string {
	return fmt.Sprintf("Chiselbot-Command: %s/%d", v.job.origin(), v.command.Line)
}

// done is the answer of a command whose commit an earlier attempt made, else empty. There
// may be commits of the comment's other commands on top.
func (v *verb) done(ctx context.Context) (string, error) {
	if v.pull.Fork() {
		return "", nil
	}
	made, err := v.GitHub.OwnCommit(ctx, v.job.Repository, v.pull.HeadBranch, v.mark()+"\n")
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	subject, _, _ := strings.Cut(made.Message, "\n")
	return committedText(made.Commit, subject), nil
}

func applicable(plans []*fixes.Plan) []*fixes.Plan {
	return slices.DeleteFunc(slices.Clone(plans), func(p *fixes.Plan) bool { return !p.Applicable() })
}

func committedText(commit, title string) string {
	return fmt.Sprintf("✅ Committed %s to this pull request: %s.\n", commit, titled(title))
}

// titled is a title in Markdown. The spaces of no width in it are ours.
func titled(title string) string { return report.Prose(strings.ReplaceAll(title, "\u200b", "")) }

func nothingText(plans []*fixes.Plan, others []string) string {
	return "❌ Nothing was changed: chiselbot has no fix for what this command means.\n" + told(plans, others)
}

// told is what a reply says beneath the outcome.
func told(plans []*fixes.Plan, others []string) string {
	var b strings.Builder
	for _, p := range plans {
		if p.Applicable() {
			propose.Steps(&b, p)
			propose.Proof(&b, p)
			propose.Notes(&b, p)
		}
	}
	for i, p := range slices.DeleteFunc(slices.Clone(plans), func(p *fixes.Plan) bool { return p.Applicable() || len(p.Reasons) == 0 }) {
		if i == 0 {
			b.WriteString("\n**Left to a person**\n\n")
		}
		propose.Reasons(&b, p)
	}
	if len(others) > 0 {
		fmt.Fprintf(&b, "\nThese have fixes that a person should look at, and are fixed when they are named: `%s fix %s`.\n", command.Prefix, strings.Join(others, " "))
	}
	return b.String()
}

func patch(plans []*fixes.Plan) string {
	var b strings.Builder
	for _, c := range propose.Changes(plans) {
		b.WriteString(c.Diff())
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// migration asks to move images as settings want it.
func migration(p config.Proposals) propose.Request {
	r := propose.Request{Recipe: "chiseled", Upgrade: p.Upgrade, ReadOnly: p.ReadOnly}
	if p.Variant != config.AutoVariant {
		r.Variant = string(p.Variant)
	}
	return r
}

// request is what the command asks to migrate: the Dockerfiles that the pull request
// touches, or all that start from the named image.
func (v *verb) request(ctx context.Context) (propose.Request, error) {
	g, err := v.open(ctx, v.job.Repository, v.pull.Base, v.pull.Head)
	if err != nil {
		return propose.Request{}, err
	}
	r := migration(g.settings.Proposals)
	r.Upgrade, r.ReadOnly, r.Variant = r.Upgrade || v.command.Upgrade, r.ReadOnly || v.command.ReadOnly, cmp.Or(v.command.Variant, r.Variant)
	names, err := g.Head().Find(ctx, g.opts.Checks.IsDockerfile)
	if err != nil {
		return r, err
	}
	for _, name := range names {
		meant := slices.Contains(g.Changed(), name)
		if v.command.Image != "" {
			meant = startsFrom(g.Head(), name, v.command.Image)
		}
		if meant && len(r.Files) < maxFiles {
			r.Files = append(r.Files, name)
		}
	}
	return r, nil
}

// startsFrom reports whether a Dockerfile has a stage from an image: by its repository, or
// the last part of that, with the tag if one is named.
func startsFrom(tree source.Tree, name, image string) bool {
	text, err := tree.Read(name)
	if err != nil {
		return false
	}
	f, err := dockerfile.Parse(text)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(f.Images(), func(i dockerfile.Image) bool {
		if i.Use != dockerfile.UseFrom || i.Problem != "" {
			return false
		}
		full := i.Ref.String()
		repository, _, _ := strings.Cut(strings.TrimPrefix(full, path.Dir(full)+"/"), ":")
		return slices.Contains([]string{full, path.Dir(full) + "/" + repository, repository, path.Base(full)}, image)
	})
}

// migrate opens a pull request against the branch of this one, or brings the one that
// there is up to date. On a fork it shows a patch.
func (v *verb) migrate(ctx context.Context) (string, error) {
	request, err := v.request(ctx)
	if err != nil {
		return "", err
	}
	if len(request.Files) == 0 {
		if v.command.Image != "" {
			return "❌ No Dockerfile here starts from that image.", nil
		}
		return "❌ This pull request touches no Dockerfile. Name the image to move: `/chisel migrate mcr.microsoft.com/dotnet/aspnet`.", nil
	}
	return v.move(ctx, request, v.pull.HeadBranch, v.pull.Head, false)
}

// recreate makes the pull request on which the command stands anew, or the one that
// belongs to it.
func (v *verb) recreate(ctx context.Context) (string, error) {
	var branches []string
	for _, kind := range proposalKinds() {
		branches = append(branches, propose.Branch(kind, v.pull.HeadBranch))
	}
	if strings.HasPrefix(v.pull.HeadBranch, propose.Prefix) {
		branches = append(branches, v.pull.HeadBranch)
	}
	for _, branch := range branches {
		pulls, err := v.GitHub.OwnPullRequests(ctx, v.job.Repository, branch)
		if err != nil {
			return "", err
		}
		for _, o := range pulls {
			request, ok := propose.RequestOf(o.Body)
			if !ok || request.Recipe == propose.Settings {
				continue
			}
			tip, err := v.GitHub.Tip(ctx, v.job.Repository, o.Base)
			if err != nil {
				return "", err
			}
			return v.move(ctx, request, o.Base, tip.Commit, true)
		}
	}
	return "❌ There is no pull request of chiselbot's here that could be made anew.", nil
}

// move plans a request at a commit of its base, proposes that and says what came of it.
func (v *verb) move(ctx context.Context, r propose.Request, base, commit string, anew bool) (string, error) {
	at, err := v.planAt(ctx, v.job.Repository, commit, r)
	if err != nil {
		return "", err
	}
	switch fork := v.pull.Fork() && len(propose.Changes(at.plans)) > 0; {
	case fork && v.toBuild(at):
		return v.leave(ctx, at, Propose{Fork: true}, buildsText)
	case fork:
		return v.suggested(ctx, v.job.Repository, v.pull, at)
	}
	return v.proposed(ctx, at, base, anew)
}

// proposed proposes what was planned and says what came of it. What has to be built first,
// or to wait for its turn, is left to a job that has the time.
func (v *verb) proposed(ctx context.Context, at *planned, base string, anew bool) (string, error) {
	now := v.command.Now || anew
	out, err := v.propose(ctx, v.job.Repository, base, at, how{holder: v.job.Key, anew: anew, now: now})
	later := (*Later)(nil)
	text := buildsText
	switch {
	case err == nil:
		return out.said(), nil
	case errors.As(err, &later):
		text = waits(later, at, strings.TrimSpace(v.command.Text))
		if later.Most == 0 && later.Limit != LimitWindow {
			return text + "\n", nil
		}
	case !errors.Is(err, errBuild):
		return "", err
	}
	return v.leave(ctx, at, Propose{Base: base, Anew: anew, Now: now}, text)
}

const buildsText = "⏳ Planned. The images are being built before and after the change, as a part of the proof, which takes minutes. " +
	"What comes of it will stand here, without another word from you."

// leave leaves a proposal to a job, and says that it waits.
func (v *verb) leave(ctx context.Context, at *planned, job Propose, text string) (string, error) {
	job.Cause = Cause{Key: fmt.Sprintf("later/%s/%d", v.job.origin(), v.command.Line)}
	job.Repository, job.Request = v.job.Repository, at.request
	job.Number, job.Reply, job.Sender, job.Command = v.job.Number, v.job.origin(), v.job.Sender, strings.TrimSpace(v.command.Text)
	return job.waiting(text) + "\n" + skippedText(at.skips), v.queue.Enqueue(ctx, job)
}

// diff shows what fix and migrate would change.
func (v *verb) diff(ctx context.Context) (string, error) {
	g, err := v.open(ctx, v.job.Repository, v.pull.Base, v.pull.Head)
	if err != nil {
		return "", err
	}
	plans, others, err := v.fixesOf(ctx, g, nil)
	if err != nil {
		return "", err
	}
	text := shown("fix", plans) + told(plans, others)
	request, err := v.request(ctx)
	if err != nil || len(request.Files) == 0 {
		return text, err
	}
	at, err := v.planAt(ctx, v.job.Repository, v.pull.Head, request)
	if err != nil {
		return "", err
	}
	return text + "\n" + shown("migrate", at.plans) + told(at.plans, nil), nil
}

func shown(verb string, plans []*fixes.Plan) string {
	if len(applicable(plans)) == 0 {
		return fmt.Sprintf("`%s %s` would change nothing.\n", command.Prefix, verb)
	}
	return fmt.Sprintf("<details>\n<summary>What <code>%s %s</code> would change</summary>\n\n%s\n</details>\n", command.Prefix, verb, report.Block("diff", patch(plans)))
}
