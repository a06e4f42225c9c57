package main

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/chiselbot/chiselbot/app/repository"
)

// sample is a small .NET application as it was, and what a well-meant pull request
// changes in it.
//
//go:embed all:sample
var sample embed.FS

func (p program) demoCommand() *cobra.Command {
	var flags reviewFlags
	cmd := &cobra.Command{
		Use:   "demo [DIR]",
		Short: "Review a sample change: an application moves to a chiseled image",
		Long: `Lay out a small git repository, the Cat Encyclopedia: an ASP.NET Core application on
aspnet:6.0-jammy that runs as root on port 80, with a Helm chart. A second commit moves
it to a chiseled image and forgets some of what that takes. Then review that commit as
"chiselbot review" would.

With DIR the repository is left there to be played with; without, it is removed.`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := ""
			if len(args) == 1 {
				dir = args[0]
			}
			return p.demo(cmd.Context(), dir, flags)
		},
	}
	flags.base, flags.head = "main", "chiseled"
	cmd.Flags().StringVar(&flags.format, "format", "text", formatNames())
	cmd.Flags().StringVar(&flags.failOn, "fail-on", "none", "least severity of a new finding that fails: error, warning, notice or none")
	return cmd
}

func (p program) demo(ctx context.Context, dir string, flags reviewFlags) error {
	keep := dir != ""
	if !keep {
		temp, err := os.MkdirTemp("", "chiselbot-demo-")
		if err != nil {
			return fmt.Errorf("create sample repository: %w", err)
		}
		defer func() { _ = os.RemoveAll(temp) }() // what is left there the system removes
		dir = filepath.Join(temp, "cat-encyclopedia")
	}
	if err := createSample(dir); err != nil {
		return err
	}
	if keep {
		fmt.Fprintf(p.err, "The repository is in %s; try: chiselbot review %s --base main --head chiseled\n", dir, dir)
	}
	return p.review(ctx, dir, flags)
}

// createSample makes the repository: the branch main, and chiseled with one commit more.
func createSample(dir string) error {
	base, err := fs.Sub(sample, "sample/base")
	if err != nil {
		return err
	}
	head, err := fs.Sub(sample, "sample/head")
	if err != nil {
		return err
	}
	return repository.Create(dir, "cat", []repository.Revision{
		{Branch: "main", Message: "Cat Encyclopedia 2.1", When: time.Date(2024, time.May, 6, 9, 0, 0, 0, time.UTC), Files: base},
		{Branch: "chiseled", Message: "Move to a chiseled image", When: time.Date(2026, time.November, 2, 9, 0, 0, 0, time.UTC), Files: head},
	})
}
