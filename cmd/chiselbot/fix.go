package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/chiselbot/chiselbot/app/config"
	"github.com/chiselbot/chiselbot/app/registry"
	"github.com/chiselbot/chiselbot/app/report"
	"github.com/chiselbot/chiselbot/app/repository"
	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/misconf"
	"github.com/chiselbot/chiselbot/checks/rules"
	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
	"github.com/chiselbot/chiselbot/fixes/chiseled"
	"github.com/chiselbot/chiselbot/fixes/recipes"
)

// fixFlags are the flags of the verb fix.
type fixFlags struct {
	rules, images     []string
	recipe, variant   string
	upgrade, unsafe   bool
	digests           bool
	readOnly          bool
	apply, diff, json bool
	build             buildFlags
	chartsFrom        []string
}

func (p program) fixCommand() *cobra.Command {
	var flags fixFlags
	cmd := &cobra.Command{
		Use:   "fix [PATH]",
		Short: "Move images to chiseled bases, or apply the fixes of findings",
		Long: `Plan changes to the files at or below PATH (by default the current folder) of the git
working tree, prove them in memory, and show them. Nothing is written without --apply.

Without --rule the recipe "chiseled" moves images of .NET applications to Ubuntu chiseled
bases, with every line that has to change with them, or says what stands in the way. With
--rule the fixes that findings carry are taken: the safe ones, and with --unsafe those that
a person should look at. A rule that is off is on when it is named; "all" are those that are
not off. Only the fixes of no-digest ask registries.

With --buildkit-addr the images are built as they are and as they would be, and looked
into: their user, ports, size and shell, and whether what they start is there. A plan whose
image can no longer be built is refused. Builds get no network and fetch nothing but
images, unless --build-network and --build-allow say so.

Exit codes:
  0  all that was planned can be applied, or there is nothing to do
  2  wrong usage, or nothing could be read
  3  something is left to a person, or could not be read`,
		Example: `  chiselbot fix                            what would change, and why
  chiselbot fix --apply                    change it
  chiselbot fix src/Cats --diff | git apply
  chiselbot fix --upgrade                  leave .NET versions that are out of support
  chiselbot fix --rule root-user --unsafe
  chiselbot fix --rule no-digest --apply   pin all images to what their tags are today
  chiselbot fix --buildkit-addr unix:///run/buildkit/buildkitd.sock --build-network proxy --build-allow 'https://api.nuget.org/*'`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			at := "."
			if len(args) == 1 {
				at = args[0]
			}
			return p.fix(cmd.Context(), at, flags)
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&flags.rules, "rule", nil, "apply the fixes of findings of this rule, or check of Trivy's, instead of a recipe; \"all\" for those of all")
	f.BoolVar(&flags.unsafe, "unsafe", false, "with --rule, also fixes that a person should look at")
	f.StringVar(&flags.recipe, "recipe", "chiseled", "recipe to plan with")
	f.BoolVar(&flags.upgrade, "upgrade", false, "move .NET versions that are out of support to one in support, where the projects target it")
	f.StringVar(&flags.variant, "variant", "", "extra or plain: with or without ICU and time zones (default: what the projects need)")
	f.BoolVar(&flags.readOnly, "read-only", false, "also make the root file systems of the containers read-only, with a volume at /tmp")
	f.StringArrayVar(&flags.images, "image", nil, "REPOSITORY=DOCKERFILE: which Dockerfile builds an image of a chart or manifest; nothing behind = for one from elsewhere")
	f.BoolVar(&flags.digests, "resolve-digests", false, "ask registries for the digests of new images where the old ones are named with theirs")
	f.BoolVar(&flags.apply, "apply", false, "change the files")
	f.BoolVar(&flags.diff, "diff", false, "print a patch for git apply and nothing else")
	f.BoolVar(&flags.json, "json", false, "print the plans as JSON")
	flags.build.bind(f, p.getenv("BUILDKIT_HOST"))
	bindChartsFrom(cmd, &flags.chartsFrom)
	cmd.MarkFlagsMutuallyExclusive("apply", "diff", "json")
	cmd.MarkFlagsMutuallyExclusive("rule", "recipe")
	cmd.MarkFlagsMutuallyExclusive("rule", "upgrade")
	cmd.MarkFlagsMutuallyExclusive("rule", "resolve-digests")
	cmd.MarkFlagsMutuallyExclusive("rule", "variant")
	cmd.MarkFlagsMutuallyExclusive("rule", "read-only")
	return cmd
}

// fix plans, shows and with --apply changes.
func (p program) fix(ctx context.Context, at string, flags fixFlags) error {
	plan, err := planner(flags)
	if err != nil {
		return err
	}
	places, err := chartPlaces(flags.chartsFrom)
	if err != nil {
		return err
	}
	repo, err := repository.Open(at)
	if err != nil {
		return err
	}
	defer repo.Close()
	if repo.Root() == "" {
		return fmt.Errorf("open repository %s: it has no working tree; clone it to change files", at)
	}
	within, err := inside(repo.Root(), at)
	if err != nil {
		return err
	}
	tree, err := repo.WorkingTree(ctx)
	if err != nil {
		return err
	}
	settings, _, problems, err := config.Read(tree, knownIDs(), nil)
	if err != nil {
		return err
	}
	out := report.Plans{}
	for _, problem := range problems {
		out.Skips = append(out.Skips, checks.Skip{Path: problem.File.Path(), File: problem.File, Span: problem.Span, Reason: problem.Message, Help: "The default settings were used."})
	}
	dockerfiles, err := tree.Find(ctx, settings.IsDockerfile)
	if err != nil {
		return err
	}
	images, err := imagesOf(settings.Images, flags.images, dockerfiles)
	if err != nil {
		return err
	}
	children := p.newSandbox()
	defer children.Close()
	opts := fixes.Options{Together: true, Checks: checks.Options{
		Rules: rules.All(), Severities: severities(settings.Rules, flags.rules), Fetcher: p.fetcher(places, chartCache()), Render: renderIn(children), Images: images, Now: p.now(),
		IsDockerfile: settings.IsDockerfile, IsManifest: settings.IsManifest, IsChart: settings.IsChart,
		Charts: settings.ChartSettings(), Mirrors: settings.Mirrors, Pods: settings.Pods, Ignores: settings.Known(),
	}}
	if scanned(flags.rules) {
		opts.Checks.Scanners = []checks.Scanner{misconf.New()}
	}
	if flags.digests || len(flags.rules) > 0 {
		opts.Resolver = registry.Registry{}
	}
	working := "Planning"
	if opts.Builder, err = flags.build.builder(); err != nil {
		return err
	}
	if opts.Builder != nil {
		working = "Planning and building"
	}
	opts.Only = func(name string) bool { return within == "." || name == within || strings.HasPrefix(name, within+"/") }
	out.Dockerfiles = len(slices.DeleteFunc(dockerfiles, func(name string) bool { return !opts.Only(name) }))

	stop := p.working(working)
	plans, skips, err := plan(ctx, tree, opts)
	if err == nil && len(plans) == 0 && len(flags.rules) > 0 && !flags.unsafe {
		out.Careful, err = careful(ctx, tree, flags, opts)
	}
	stop()
	if err != nil {
		return err
	}
	out.Plans, out.Skips = plans, append(out.Skips, skips...)
	if flags.apply {
		if err := write(repo.Root(), plans); err != nil {
			return err
		}
		out.Applied = true
	}
	if err := p.show(out, flags); err != nil {
		return err
	}
	if len(out.Skips) > 0 || slices.ContainsFunc(plans, func(plan *fixes.Plan) bool { return plan.Verdict < fixes.SafeWithEdits }) {
		return exit(exitUnsure)
	}
	return nil
}

// severities are those that the settings give to rules. A rule that is off unless somebody
// asks for it is on when it is named.
func severities(settings map[string]checks.Severity, named []string) map[string]checks.Severity {
	all := map[string]checks.Severity{}
	for _, r := range rules.All() {
		if r.Severity == checks.Off && slices.ContainsFunc(named, func(id string) bool { return strings.EqualFold(id, r.ID) }) {
			all[r.ID] = checks.Notice
		}
	}
	maps.Copy(all, settings)
	return all
}

// scanned reports whether fixes of Trivy's checks are among those that are asked for.
func scanned(named []string) bool {
	return slices.ContainsFunc(named, func(id string) bool {
		ours := func(r *checks.Rule) bool { return strings.EqualFold(id, r.ID) }
		return !slices.ContainsFunc(rules.All(), ours)
	})
}

// careful counts the fixes that --unsafe would take.
func careful(ctx context.Context, tree source.Tree, flags fixFlags, opts fixes.Options) (n int, err error) {
	flags.unsafe = true
	plan, err := planner(flags)
	if err != nil {
		return 0, err
	}
	plans, _, err := plan(ctx, tree, opts)
	for _, p := range plans {
		if p.Applicable() {
			n += len(p.Steps)
		}
	}
	return n, err
}

// planner is what makes the plans that the flags ask for.
func planner(flags fixFlags) (func(context.Context, source.Tree, fixes.Options) ([]*fixes.Plan, []checks.Skip, error), error) {
	if len(flags.rules) > 0 {
		all, err := knownRules()
		if err != nil {
			return nil, err
		}
		for _, id := range flags.rules {
			if id == "all" {
				continue
			}
			if _, err := findRule(all, id); err != nil {
				return nil, fmt.Errorf("read --rule: %w", err)
			}
		}
		want := func(f checks.Finding) bool {
			return slices.Contains(flags.rules, "all") || slices.ContainsFunc(flags.rules, func(id string) bool { return strings.EqualFold(id, f.Rule.ID) })
		}
		return func(ctx context.Context, tree source.Tree, opts fixes.Options) ([]*fixes.Plan, []checks.Skip, error) {
			return fixes.Findings(ctx, tree, want, flags.unsafe, opts)
		}, nil
	}
	variant := chiseled.Variant(flags.variant)
	recipe := recipes.Named(flags.recipe, recipes.Options{Upgrade: flags.upgrade, Variant: variant, ReadOnly: flags.readOnly})
	switch {
	case recipe == nil:
		return nil, fmt.Errorf("read --recipe %q: want chiseled", flags.recipe)
	case !slices.Contains([]chiseled.Variant{chiseled.ByEvidence, chiseled.Extra, chiseled.Plain}, variant):
		return nil, fmt.Errorf("read --variant %q: want extra or plain", flags.variant)
	case flags.unsafe:
		return nil, errors.New("read --unsafe: it goes with --rule")
	}
	return func(ctx context.Context, tree source.Tree, opts fixes.Options) ([]*fixes.Plan, []checks.Skip, error) {
		return fixes.Plans(ctx, tree, recipe, opts)
	}, nil
}

// show writes plans in the form that the flags ask for.
func (p program) show(out report.Plans, flags fixFlags) error {
	switch {
	case flags.json:
		return report.PlansJSON(p.out, out, version())
	case flags.diff:
		for _, plan := range out.Plans {
			if _, err := io.WriteString(p.out, plan.Diff()); err != nil {
				return fmt.Errorf("write patch: %w", err)
			}
			for _, r := range plan.Reasons {
				fmt.Fprint(p.err, report.Shown(fmt.Sprintf("chiselbot: %s:%d: %s\n", r.At.Path(), r.At.Line(), r.Message)))
			}
		}
		return nil
	}
	return report.PlansText(p.out, out, p.terminal())
}

// imagesOf are the paths of Dockerfiles by the images that they build, empty for images
// from elsewhere: what the settings say, and the flags over them. dockerfiles are those of
// the repository, one of which a flag has to name.
func imagesOf(settings map[string]string, flags, dockerfiles []string) (map[string]string, error) {
	images := maps.Clone(settings)
	if images == nil {
		images = map[string]string{}
	}
	for _, f := range flags {
		image, dockerfile, ok := strings.Cut(f, "=")
		if !ok || image == "" {
			return nil, fmt.Errorf("read --image %q: want REPOSITORY=DOCKERFILE", f)
		}
		if dockerfile != "" {
			dockerfile = path.Clean(filepath.ToSlash(dockerfile))
			if !slices.Contains(dockerfiles, dockerfile) {
				return nil, fmt.Errorf("read --image %q: the repository has no Dockerfile %s; name its path from the repository's root", f, dockerfile)
			}
		}
		images[image] = dockerfile
	}
	return images, nil
}

// inside is a path on disk as one from the root of the repository.
func inside(root, at string) (string, error) {
	abs, err := filepath.Abs(at)
	if err == nil {
		abs, err = filepath.EvalSymlinks(abs)
	}
	if err != nil {
		return "", fmt.Errorf("find %s: %w", at, err)
	}
	if root, err = filepath.EvalSymlinks(root); err != nil {
		return "", fmt.Errorf("find %s: %w", at, err)
	}
	rel, err := filepath.Rel(root, abs)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return "", fmt.Errorf("find %s in the repository at %s: it is not there", at, root)
	}
	return path.Clean(filepath.ToSlash(rel)), nil
}

// write makes the changes of plans. A file that is not as it was read stays as it is, and
// with it all that would follow.
func write(dir string, plans []*fixes.Plan) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("change files in %s: %w", dir, err)
	}
	defer func() { _ = root.Close() }() // it is a folder: nothing is written with it
	for _, plan := range plans {
		for _, c := range plan.Changes {
			name := filepath.FromSlash(c.Path)
			now, err := root.ReadFile(name)
			switch {
			case err != nil:
				return fmt.Errorf("change %s: %w", c.Path, err)
			case string(now) != c.Before:
				return fmt.Errorf("change %s: it was changed meanwhile; run the command again", c.Path)
			}
			if err := root.WriteFile(name, []byte(c.After), 0o644); err != nil {
				return fmt.Errorf("change %s: %w", c.Path, err)
			}
		}
	}
	return nil
}
