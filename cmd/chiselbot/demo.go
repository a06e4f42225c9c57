package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/chiselbot/chiselbot/app/githubtest"
	"github.com/chiselbot/chiselbot/app/repository"
	"github.com/chiselbot/chiselbot/checks/misconf"
)

// sample is a small .NET application as it was, and what a pull request that upgrades
// .NET changes in it.
//
//go:embed all:sample
var sample embed.FS

func (p program) demoCommand() *cobra.Command {
	var open bool
	cmd := &cobra.Command{
		Use:   "demo [DIR]",
		Short: "Show the whole circle on a GitHub in this process",
		Long: `Start a GitHub in this process and "chiselbot serve" beside it, and play what happens in
a repository that has the App: alice upgrades the Cat Encyclopedia, an ASP.NET Core
application with a Helm chart, from .NET 6 to .NET 10. The check finds what that breaks,
"/chisel migrate" opens a pull request that mends it and moves the image to a chiseled
one, alice merges it, and the check is green.

Nothing of it leaves this machine, and nothing is left behind. With --open all goes on
until it is interrupted, as pages on localhost: press the buttons and comment there.

With DIR the sample is laid out there instead, as a git repository with the branches main
and upgrade, to be played with by "review" and "fix".`,
		Example: `  chiselbot demo
  chiselbot demo --open
  chiselbot demo cats && chiselbot review cats --base main --head upgrade`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 1 && open:
				return wrongUsage(cmd, errors.New("--open does not go with DIR"))
			case len(args) == 1:
				return p.layOut(args[0])
			}
			return p.demo(cmd.Context(), open)
		},
	}
	cmd.Flags().BoolVar(&open, "open", false, "go on and show all as pages on localhost")
	return cmd
}

// layOut makes the sample's repository: the branch main, and upgrade with one commit more.
func (p program) layOut(dir string) error {
	base, upgrade, err := sampleFiles()
	if err != nil {
		return err
	}
	err = repository.Create(dir, "cat", []repository.Revision{
		{Branch: "main", Message: "Cat Encyclopedia 2.1", When: time.Date(2024, time.May, 6, 9, 0, 0, 0, time.UTC), Files: base},
		{Branch: "upgrade", Message: "Upgrade to .NET 10", When: time.Date(2026, time.November, 2, 9, 0, 0, 0, time.UTC), Files: upgrade},
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "The sample is in %s. Try:\n\n  chiselbot review %[1]s --base main --head upgrade\n  chiselbot fix %[1]s\n", dir)
	return nil
}

func sampleFiles() (base, upgrade fs.FS, err error) {
	if base, err = fs.Sub(sample, "sample/base"); err != nil {
		return nil, nil, err
	}
	upgrade, err = fs.Sub(sample, "sample/upgrade")
	return base, upgrade, err
}

// demo plays the circle. With open it goes on until ctx ends.
func (p program) demo(ctx context.Context, open bool) (err error) {
	signal.Ignore(syscall.SIGPIPE) // a reader that goes away must not leave the folder behind
	dir, err := os.MkdirTemp("", "chiselbot-demo-")
	if err != nil {
		return fmt.Errorf("create folder for the demo: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // what is left there the system removes
	var log bytes.Buffer
	w, err := p.newPlayground(playgroundConfig{
		dir: dir, scanner: misconf.New(), log: &log, github: githubtest.Options{Viewer: "alice", Report: func(problem string) { fmt.Fprintln(&log, problem) }},
	})
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, w.close())
		if err != nil && ctx.Err() == nil {
			fmt.Fprintf(p.err, "The log of the server:\n%s\n", &log)
		}
	}()
	d := &demo{playground: w, terminal: p.terminal()}
	if err := d.play(ctx); err != nil {
		return err
	}
	if open {
		return d.goOn(ctx)
	}
	d.hint()
	return nil
}
