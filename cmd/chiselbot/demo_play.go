package main

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/chiselbot/chiselbot/app/githubtest"
	"github.com/chiselbot/chiselbot/app/report"
)

// A demo is the circle under way.
type demo struct {
	*playground
	terminal report.Terminal
	repo     *githubtest.Repository
	acts     int
}

// demoPatience is how long one act of the demo may take.
const demoPatience = time.Minute

// play plays the circle: a pull request, its check, a command, the pull request that
// comes of it, the merge and the check again.
func (d *demo) play(ctx context.Context) error {
	base, upgrade, err := sampleFiles()
	if err != nil {
		return err
	}
	before, err := changesOf(base)
	if err != nil {
		return err
	}
	after, err := changesOf(upgrade)
	if err != nil {
		return err
	}
	stop := d.program.working("Starting a GitHub and chiselbot serve")
	d.github.AddUser("alice")
	d.github.AddOrganization("cats")
	d.repo = d.github.AddRepository("cats/encyclopedia", before...)
	d.repo.Publish()
	d.repo.Allow("alice", "write")
	d.github.Install(d.app, "cats")
	if err = d.serve(ctx); err == nil {
		err = d.wait(ctx)
	}
	stop()
	if err != nil {
		return err
	}

	d.act("alice opens a pull request")
	d.repo.Push("alice", "upgrade", "Upgrade to .NET 10", after...)
	pull := d.repo.OpenPull("alice", "Upgrade to .NET 10", "upgrade", "main")
	d.pull(pull)
	d.patch(pull)

	d.act("chiselbot checks it, told by GitHub's webhook")
	if err := d.wait(ctx); err != nil {
		return err
	}
	if err := d.check(pull, true); err != nil {
		return err
	}

	const command = "/chisel migrate"
	d.act("alice comments")
	pull.Comment("alice", command)
	d.line("  " + d.style(command, ansi.AttrBold))
	if err := d.wait(ctx); err != nil {
		return err
	}
	if err := d.replies(pull); err != nil {
		return err
	}

	pulls := d.repo.Pulls()
	if len(pulls) < 2 {
		return fmt.Errorf("play the demo: %s opened no pull request", command)
	}
	move := pulls[1]
	d.act("chiselbot has opened a pull request that brings Dockerfile and chart along")
	d.pull(move)
	if err := d.markdown(move.Body(), "  "); err != nil {
		return err
	}
	d.line("")
	d.patch(move)

	d.act("alice merges it, and chiselbot checks again")
	move.Merge("alice")
	if err := d.wait(ctx); err != nil {
		return err
	}
	if err := d.check(pull, false); err != nil {
		return err
	}
	d.line("")
	return nil
}

// hint says where to go on from here.
func (d *demo) hint() {
	d.line("This ran as `chiselbot serve` does, and nothing of it left your machine. `chiselbot demo --open` shows")
	d.line("it as pages on localhost, to press the buttons and to comment there.")
}

// goOn shows the pages until ctx ends.
func (d *demo) goOn(ctx context.Context) error {
	d.line("See it, comment and press the buttons at " + d.style(d.github.URL+"/cats/encyclopedia/pulls", ansi.AttrUnderline) + " until you interrupt this with Ctrl-C.")
	<-ctx.Done()
	return nil
}

// changesOf are all files of a folder.
func changesOf(files fs.FS) ([]githubtest.Change, error) {
	var all []githubtest.Change
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, name)
		all = append(all, githubtest.Write(name, string(text)))
		return err
	})
	return all, err
}

// wait waits until all that was asked for is done.
func (d *demo) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, demoPatience)
	defer cancel()
	return d.settle(ctx)
}

func (d *demo) line(text string) { fmt.Fprintln(d.program.out, strings.TrimRight(text, " ")) }

func (d *demo) style(s string, attrs ...ansi.Attr) string {
	if !d.terminal.Colors {
		return s
	}
	return ansi.NewStyle(attrs...).Styled(s)
}

// act begins a part of the story.
func (d *demo) act(title string) {
	if d.acts++; d.acts > 1 {
		d.line("")
	}
	d.line(d.style(fmt.Sprintf(" %d ", d.acts), ansi.AttrReverse, ansi.AttrBold) + " " + d.style(title, ansi.AttrBold))
	d.line("")
}

// pull writes what stands at the top of a pull request.
func (d *demo) pull(p *githubtest.Pull) {
	d.line("  " + d.style(p.Title(), ansi.AttrBold) + d.style(fmt.Sprintf(" #%d", p.Number), ansi.AttrFaint))
	d.line("  " + d.style(p.Base()+" ← "+p.Branch(), ansi.AttrFaint))
	d.line("")
}

// markdown writes what GitHub would show.
func (d *demo) markdown(text, indent string) error {
	var b strings.Builder
	t := d.terminal
	if t.Width > 0 {
		t.Width -= len(indent)
	}
	if err := report.MarkdownText(&b, text, t); err != nil {
		return err
	}
	for l := range strings.Lines(b.String()) {
		d.line(indent + strings.TrimRight(l, "\n"))
	}
	return nil
}

// patch writes what a pull request changes.
func (d *demo) patch(p *githubtest.Pull) {
	text := strings.ReplaceAll(strings.TrimSuffix(p.Diff(), "\n"), "\n--- ", "\n\n--- ") // a gap between files
	if err := d.markdown(report.Block("diff", text), ""); err != nil {
		d.line(err.Error())
	}
}

// check writes the check run of a pull request's head.
func (d *demo) check(p *githubtest.Pull, whole bool) error {
	runs := d.repo.CheckRuns(p.Head())
	if len(runs) == 0 {
		return fmt.Errorf("play the demo: pull request %d has no check run", p.Number)
	}
	run := runs[len(runs)-1]
	sign, color := "✗", ansi.AttrRedForegroundColor
	if run.Conclusion == string(report.Success) {
		sign, color = "✓", ansi.AttrGreenForegroundColor
	}
	d.line("  " + d.style(sign+" "+run.Name, color, ansi.AttrBold) + "  " + d.style(run.Conclusion, color) + "  " + run.Title)
	d.line("")
	if err := d.markdown(run.Summary, "  "); err != nil || !whole {
		return err
	}
	d.line("")
	for _, a := range run.Annotations {
		d.line(fmt.Sprintf("  %s:%d  %s", a.Path, a.StartLine, d.style(a.Title, ansi.AttrBold)))
	}
	var buttons []string
	for _, a := range run.Actions {
		buttons = append(buttons, d.style("[ "+a.Label+" ]", ansi.AttrReverse))
	}
	d.line("")
	d.line("  " + strings.Join(buttons, "  "))
	return nil
}

// replies writes what the App commented.
func (d *demo) replies(p *githubtest.Pull) error {
	for _, c := range p.Comments() {
		if c.Author != d.app.Slug+"[bot]" {
			continue
		}
		d.line("")
		if err := d.markdown(c.Body, "  "); err != nil {
			return err
		}
	}
	return nil
}
