package review

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/app/config"
	"github.com/chiselbot/chiselbot/checks/builds"
	"github.com/chiselbot/chiselbot/checks/dotnet"
	"github.com/chiselbot/chiselbot/checks/source"
)

// A Scope is which files a review reads, and under which settings.
type Scope struct {
	Settings *config.Settings
	// charts and near are folders: those of charts, and those with a Dockerfile or a chart.
	charts, near map[string]bool
}

// ScopeOf tells from listings alone what a review of these trees reads.
func ScopeOf(ctx context.Context, base, head source.Tree, opts Options) (*Scope, error) {
	tip := opts.Tip
	if tip.FS == nil {
		tip = base
	}
	settings, _, _, err := config.Read(tip, opts.KnownIDs, opts.Owner)
	if err != nil {
		return nil, err
	}
	s := &Scope{Settings: settings, charts: map[string]bool{}, near: map[string]bool{}}
	for _, tree := range []source.Tree{base, head} {
		_, err := tree.Find(ctx, func(name string) bool {
			dir := path.Dir(name)
			switch {
			case path.Base(name) == "Chart.yaml":
				s.charts[dir], s.near[dir] = true, true
			case settings.IsDockerfile(name):
				s.near[dir] = true
			}
			return false
		})
		if err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Reads reports whether the review reads a file. A change to no such file has nothing to
// review.
func (s *Scope) Reads(name string) bool { return s.surely(name) || s.Settings.IsManifest(name) }

// surely reports whether a file is read for its name alone. A file that may be a manifest
// is read to see whether it is one, and mostly is none.
func (s *Scope) surely(name string) bool {
	return s.Settings.IsDockerfile(name) || dotnet.IsProjectFile(name) || builds.IsStatement(name) ||
		slices.Contains(config.Paths(), name) || inFolder(name, s.charts)
}

// Rank says in which order files are read where there are too many: what the change
// touches and what is surely of interest, then what may be manifests, by how many folders
// lie between them and a changed file, a Dockerfile or a chart. Others are not read: -1.
func (s *Scope) Rank(changed []string) func(name string) int {
	touched := map[string]bool{}
	below := map[string]int{} // how far down from a folder the nearest such file is
	enter := func(dir string) {
		for down := 0; ; down, dir = down+1, path.Dir(dir) {
			if n, ok := below[dir]; ok && n <= down {
				return
			}
			below[dir] = down
			if dir == "." {
				return
			}
		}
	}
	for _, name := range changed {
		touched[name] = true
		enter(path.Dir(name))
	}
	for dir := range s.near {
		enter(dir)
	}
	return func(name string) int {
		switch {
		case !s.Reads(name):
			return -1
		case touched[name], s.surely(name):
			return 0
		}
		nearest := strings.Count(name, "/") + 1
		for up, dir := 0, path.Dir(name); up < nearest; up, dir = up+1, path.Dir(dir) {
			if down, ok := below[dir]; ok {
				nearest = min(nearest, up+down)
			}
			if dir == "." {
				break
			}
		}
		return 1 + nearest
	}
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
