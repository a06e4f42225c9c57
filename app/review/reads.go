package review

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/app/config"
	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/builds"
	"github.com/chiselbot/chiselbot/checks/dotnet"
	"github.com/chiselbot/chiselbot/checks/source"
)

// Reads tells the files that a review of these trees reads, and the settings under which
// it does, from listings alone. A change to no such file has nothing to review.
func Reads(ctx context.Context, base, head source.Tree, opts Options) (func(name string) bool, *config.Settings, error) {
	tip := opts.Tip
	if tip.FS == nil {
		tip = base
	}
	settings, _, _, err := config.Read(tip, opts.KnownIDs, opts.Owner)
	if err != nil {
		return nil, nil, err
	}
	charts := map[string]bool{}
	for _, tree := range []source.Tree{base, head} {
		_, err := tree.Find(ctx, func(name string) bool {
			if path.Base(name) == "Chart.yaml" {
				charts[path.Dir(name)] = true
			}
			return false
		})
		if err != nil {
			return nil, nil, err
		}
	}
	return func(name string) bool {
		return settings.IsDockerfile(name) || checks.MayBeManifest(name) || dotnet.IsProjectFile(name) || builds.IsStatement(name) ||
			slices.Contains(config.Paths(), name) || inFolder(name, charts)
	}, settings, nil
}

// inFolder reports whether a file lies in one of the folders, however deep.
func inFolder(name string, folders map[string]bool) bool {
	for dir := path.Dir(name); ; dir = path.Dir(dir) {
		if folders[dir] {
			return true
		}
		if dir == "." || strings.HasPrefix(dir, "/") {
			return false
		}
	}
}
