package chart

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/ignore"

	"github.com/chiselbot/chiselbot/checks/chart/render"
	"github.com/chiselbot/chiselbot/checks/source"
)

// The limits of one chart with all its dependencies. The biggest public umbrella charts
// have some two thousand files and ten mebibytes.
const (
	maxFiles     = 10_000
	maxFileBytes = 8 << 20
	maxBytes     = 64 << 20
	maxDepth     = 10 // of charts within charts
)

// A loader gathers the files of one chart and of its dependencies.
type loader struct {
	charts *Charts
	chart  *Chart
	bytes  int
}

// A missing dependency is one that nobody could supply.
type missing struct {
	render.Dependency
	dependency
	failure string // why it could not be fetched, as a sentence; empty when nobody tried
}

// load adds the chart in a folder of the tree under a prefix, and what it depends on. The
// stack holds the folders that lead here.
func (l *loader) load(ctx context.Context, dir, prefix string, stack []string) error {
	files, err := l.folder(ctx, dir)
	if err != nil {
		return err
	}
	return l.add(ctx, files, dir, prefix, append(slices.Clone(stack), dir))
}

// folder reads the files of a chart's folder as Helm does, without what its .helmignore
// excludes. Names are relative to the folder.
func (l *loader) folder(ctx context.Context, dir string) ([]*file, error) {
	rules := ignore.Empty()
	if text, err := l.charts.tree.Read(path.Join(dir, ignore.HelmIgnore)); err == nil {
		parsed, err := ignore.Parse(strings.NewReader(text.Text()))
		if err != nil {
			l.chart.Problems = append(l.chart.Problems, Problem{
				Reason: render.Syntax, Path: text.Path(), Message: fmt.Sprintf("Helm does not understand `.helmignore`: %v.", err),
			})
		} else {
			rules = parsed
		}
	}
	rules.AddDefaults()

	var files []*file
	err := fs.WalkDir(l.charts.tree.FS, dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("list %s: %w", name, err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		rel := within(dir, name)
		if rel == "." {
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return fmt.Errorf("list %s: %w", name, err)
		}
		switch ignored := rules.Ignore(rel, info); {
		case entry.IsDir() && (ignored || entry.Name() == ".git"):
			return fs.SkipDir
		case entry.IsDir() || ignored:
			return nil
		case !info.Mode().IsRegular():
			if strings.HasPrefix(rel, "templates/") || strings.HasPrefix(rel, "charts/") || !strings.Contains(rel, "/") {
				l.chart.lost(rel, "This is a link; links are not followed, so the chart is rendered without it.", "Put the file itself there.")
			}
			return nil
		case info.Size() > maxFileBytes:
			l.chart.lost(rel, fmt.Sprintf("The file has more than %d MiB and is left out.", maxFileBytes>>20), "")
			return nil
		}
		text, err := l.read(name)
		switch {
		case errors.Is(err, errTooMuch):
			return err
		case errors.Is(err, source.ErrTooLarge):
			l.chart.lost(rel, "The file is larger than 1 MiB and is left out.", "")
			return nil
		case err != nil:
			l.chart.lost(rel, fmt.Sprintf("The file cannot be read: %v.", err), "")
			return nil
		}
		files = append(files, &file{name: rel, source: text})
		if len(files) > maxFiles {
			return l.tooMuch()
		}
		return nil
	})
	return files, err
}

// within is the path of a file from a folder that holds it.
func within(dir, name string) string {
	if dir == "." || dir == name {
		return strings.TrimPrefix(path.Clean(name), dir+"/")
	}
	return strings.TrimPrefix(name, dir+"/")
}

// read reads one file of the tree.
func (l *loader) read(name string) (*source.File, error) {
	f, err := l.charts.tree.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if l.bytes += len(data); l.bytes > maxBytes {
		return nil, l.tooMuch()
	}
	return source.NewFile(name, string(data)), nil
}

// tooMuch gives the whole chart up.
func (l *loader) tooMuch() error {
	l.chart.files = nil
	l.chart.Problems = append(l.chart.Problems, Problem{
		Reason: render.Limit, Path: l.chart.Path,
		Message: fmt.Sprintf("The chart and its dependencies have more than %d files, %d MiB or %d levels.", maxFiles, maxBytes>>20, maxDepth),
	})
	return errTooMuch
}

// add adds the files of one chart under a prefix, unpacks the archives among them and
// resolves what is not vendored. dir is the chart's folder in the tree, empty for a chart
// from an archive.
func (l *loader) add(ctx context.Context, files []*file, dir, prefix string, stack []string) error {
	if strings.Count(prefix, "/") > 2*maxDepth || len(stack) > maxDepth {
		return l.tooMuch()
	}
	var meta, requirements, locked *source.File
	vendored := map[string][]*file{}
	for _, f := range files {
		rest, below := strings.CutPrefix(f.name, "charts/")
		name, _, nested := strings.Cut(rest, "/")
		switch {
		case below && nested:
			vendored[name] = append(vendored[name], &file{name: strings.TrimPrefix(rest, name+"/"), source: f.source, packed: f.packed})
			continue
		case below && path.Ext(rest) == ".tgz":
			unpacked, err := l.unpack(f.source.Path(), f.source.Text())
			if err != nil {
				return err
			}
			vendored[strings.TrimSuffix(rest, ".tgz")+"-tgz"] = unpacked
			continue
		case f.name == metadataFile:
			meta = f.source
		case f.name == "requirements.yaml":
			requirements = f.source
		case f.name == "Chart.lock", f.name == "requirements.lock":
			locked = f.source
		}
		l.chart.files = append(l.chart.files, &file{name: prefix + f.name, source: f.source, packed: f.packed})
		if f.packed {
			l.chart.packed[f.source] = true
		}
		if len(l.chart.files) > maxFiles {
			return l.tooMuch()
		}
	}
	if meta == nil {
		return nil // a folder in charts/ that holds no chart
	}
	m := readMetadata(meta, requirements)
	var k lock
	if l.charts.fetcher != nil && locked != nil {
		if requirements == nil {
			requirements = meta
		}
		k = readLock(requirements, locked)
	}

	has := map[string]bool{}
	for _, name := range sortedKeys(vendored) {
		sub := vendored[name]
		subDir := ""
		if dir != "" && !strings.HasSuffix(name, "-tgz") {
			subDir = path.Join(dir, "charts", name)
		}
		for _, f := range sub {
			if f.name == metadataFile {
				has[readMetadata(f.source, nil).name] = true
			}
		}
		if err := l.add(ctx, sub, subDir, prefix+"charts/"+name+"/", stack); err != nil {
			return err
		}
	}
	for _, d := range m.dependencies {
		if !has[d.name] {
			has[d.name] = true
			if err := l.resolve(ctx, d, k, dir, prefix, stack); err != nil {
				return err
			}
		}
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// resolve finds a dependency that is not vendored: in the folder that it names, in a
// chart of its name elsewhere in the tree, or in a repository.
func (l *loader) resolve(ctx context.Context, d dependency, k lock, dir, prefix string, stack []string) error {
	below := prefix + "charts/" + d.name + "/"
	if rel, local := strings.CutPrefix(d.repository, "file://"); local && dir != "" {
		at := path.Join(dir, rel)
		if m := l.charts.metadata(at); m != nil && m.name == d.name && !slices.Contains(stack, at) {
			return l.load(ctx, at, below, stack)
		}
	}
	for _, at := range l.charts.named(d.name) {
		if compatible(d.version, l.charts.metadata(at).version) && !slices.Contains(stack, at) {
			return l.load(ctx, at, below, stack)
		}
	}
	failure := ""
	if l.charts.fetcher != nil && d.remote() {
		files, err := l.fetch(ctx, d, k, path.Join(l.chart.Path, below)+".tgz")
		if ctx.Err() != nil {
			return ctx.Err()
		}
		switch {
		case errors.Is(err, errTooMuch):
			return err
		case err != nil:
			failure = sentence(err.Error())
		case files != nil:
			return l.add(ctx, files, "", below, stack)
		}
	}
	l.chart.missing = append(l.chart.missing, missing{render.Dependency{Chart: prefix, Name: d.as()}, d, failure})
	return nil
}
