package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

const exitCodes = `Exit codes:
  0  nothing new at or above --fail-on
  1  new findings at or above --fail-on
  2  wrong usage, or nothing could be read
  3  nothing new at or above --fail-on, but something could not be checked`

func (p program) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "chiselbot",
		Short: "Review container images without shell, package manager and root",
		Long: `chiselbot reads a change to Dockerfiles, Helm charts and Kubernetes manifests and
tells what it makes better and worse: root users, ports below 1024, images out of
support, commands that need a shell where there is none. What was there before does
not fail a review.

Begin with "chiselbot demo", then run "chiselbot review" in a repository of yours.`,
		Version:           version(),
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.SetVersionTemplate("chiselbot {{.Version}}\n")
	root.SetFlagErrorFunc(wrongUsage)
	root.AddCommand(p.reviewCommand(), p.fixCommand(), p.demoCommand(), p.rulesCommand(), p.configCommand(), p.serveCommand(), p.sandboxCommand())
	return root
}

// arguments checks a verb's arguments.
func arguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return wrongUsage(cmd, err)
		}
		return nil
	}
}

// wrongUsage says where the right one is described.
func wrongUsage(cmd *cobra.Command, err error) error {
	return fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())
}

// version is the module's version as the Go command recorded it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}
