package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/chiselbot/chiselbot/app/config"
	"github.com/chiselbot/chiselbot/app/repository"
	"github.com/chiselbot/chiselbot/app/review"
	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/misconf"
	"github.com/chiselbot/chiselbot/checks/rules"
)

// reviewFlags are the flags of the verb review.
type reviewFlags struct {
	base, head, format, failOn string
	all                        bool
	chartsFrom                 []string
}

func (p program) reviewCommand() *cobra.Command {
	var flags reviewFlags
	cmd := &cobra.Command{
		Use:   "review [PATH]",
		Short: "Say what a change makes better and worse",
		Long: `Review the change between two commits of the git repository that PATH (by default the
current folder) belongs to: what it makes worse, what it cures, and what could not be
checked. The whole repository is reviewed, wherever in it PATH lies.

The base is by default the merge base with the remote's default branch, or without a
remote with main or master; the head is the working tree. Commits are read from git's
objects and nothing is checked out or run. Settings are read from .github/chiselbot.yml
of the base, so that a change cannot switch off its own review.

` + exitCodes,
		Example: `  chiselbot review                                  what is not merged yet
  chiselbot review --base HEAD~1 --head HEAD        the last commit
  chiselbot review --format sarif > review.sarif    for code scanning
  chiselbot review --format github                  annotations in GitHub Actions`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			return p.review(cmd.Context(), dir, flags)
		},
	}
	cmd.Flags().StringVar(&flags.base, "base", "", "commit to compare with (default: merge base with the remote's default branch)")
	cmd.Flags().StringVar(&flags.head, "head", "", "commit to review (default: the working tree, HEAD in a bare repository)")
	cmd.Flags().StringVar(&flags.format, "format", "text", formatNames())
	cmd.Flags().StringVar(&flags.failOn, "fail-on", "", "least severity of a new finding that fails: error, warning, notice or none (default: as the settings say, else error)")
	cmd.Flags().BoolVar(&flags.all, "all", false, "list also what is unchanged and what is not reported (text)")
	bindChartsFrom(cmd, &flags.chartsFrom)
	return cmd
}

// review reviews the repository at dir and reports to p.out.
func (p program) review(ctx context.Context, dir string, flags reviewFlags) error {
	write, err := p.writer(flags)
	if err != nil {
		return err
	}
	failOn, err := parseFailOn(flags.failOn)
	if err != nil {
		return err
	}
	places, err := chartPlaces(flags.chartsFrom)
	if err != nil {
		return err
	}

	scanner := misconf.New()
	go scanner.Warm(ctx) // compile the checks while git is read
	children := p.newSandbox()
	defer children.Close()

	repo, err := repository.Open(dir)
	if err != nil {
		return err
	}
	defer repo.Close()
	base, head, err := sides(ctx, repo, flags.base, flags.head)
	if err != nil {
		return err
	}
	stop := p.working("Reviewing " + head.Name)
	result, err := review.Of(ctx, base, head, review.Options{
		Rules: rules.All(), Scanners: []checks.Scanner{scanner}, Render: renderIn(children), Fetcher: p.fetcher(places, chartCache()),
		KnownIDs: knownIDs(), FailOn: failOn, Now: p.now(),
	})
	stop()
	if err != nil {
		return err
	}
	if err := write(p.out, result); err != nil {
		return err
	}
	switch result.Verdict() {
	case review.Failed:
		return exit(exitFailed)
	case review.Unsure:
		return exit(exitUnsure)
	case review.Passed:
	}
	return nil
}

// sides opens the two trees. An empty base is the default one, an empty head the working
// tree, or the last commit where there is none.
func sides(ctx context.Context, repo *repository.Repository, baseRev, headRev string) (base, head review.Side, err error) {
	if headRev == "" && repo.Root() == "" {
		headRev = "HEAD"
	}
	if headRev == "" {
		head.Name = "working tree"
		head.Tree, err = repo.WorkingTree(ctx)
	} else {
		head.Name = headRev
		head.Tree, err = repo.Commit(ctx, headRev)
	}
	if err != nil {
		return base, head, err
	}
	if baseRev == "" {
		if baseRev, err = repo.DefaultBase(ctx, headRev); err != nil {
			return base, head, err
		}
	}
	base.Name = baseRev
	base.Tree, err = repo.Commit(ctx, baseRev)
	return base, head, err
}

// parseFailOn is the flag's severity, nil when it was not given.
func parseFailOn(name string) (*checks.Severity, error) {
	if name == "" {
		return nil, nil
	}
	s, err := config.ParseFailOn(name)
	if err != nil {
		return nil, fmt.Errorf("read --fail-on: %w", err)
	}
	return &s, nil
}

// knownIDs are the ids that settings and ignore comments may name.
func knownIDs() []string {
	ids := misconf.IDs()
	for _, r := range rules.All() {
		ids = append(ids, r.ID)
	}
	return ids
}
