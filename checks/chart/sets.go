package chart

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Settings are what a repository may say of how a chart is to be rendered.
type Settings struct {
	// Values are values files, by their paths from the chart's folder. They are laid over
	// the chart's own values in their order.
	Values []string
	// Set are assignments as for Helm's --set, laid over the files.
	Set []string
	// KubeVersion and APIVersions are what the cluster has.
	KubeVersion string
	APIVersions []string
}

// sets finds the chart's sets of values. Settings with values files are a set more; those
// without hold for all sets.
func (l *loader) sets(settings []Settings) {
	all := []Set{{}}
	for _, name := range l.valuesFiles() {
		all = append(all, Set{Name: name, Settings: Settings{Values: []string{name}}})
	}
	var common Settings
	for _, s := range settings {
		if len(s.Values) == 0 {
			common.Set = append(common.Set, s.Set...)
			common.APIVersions = append(common.APIVersions, s.APIVersions...)
			if s.KubeVersion != "" {
				common.KubeVersion = s.KubeVersion
			}
			continue
		}
		set := Set{Name: strings.Join(s.Values, ", "), Settings: s}
		set.Values = slices.Clone(s.Values)
		for i, v := range set.Values {
			set.Values[i] = path.Clean(v)
		}
		if i := slices.IndexFunc(all, func(other Set) bool { return slices.Equal(other.Values, set.Values) }); i >= 0 {
			all[i] = set
		} else {
			all = append(all, set)
		}
	}
	for _, set := range all {
		set.Set = slices.Concat(common.Set, set.Set)
		set.APIVersions = slices.Concat(common.APIVersions, set.APIVersions)
		if set.KubeVersion == "" {
			set.KubeVersion = common.KubeVersion
		}
		if l.readValues(set) {
			l.chart.Sets = append(l.chart.Sets, set)
		}
	}
}

// valuesFiles are the values files beside the chart's own: values-*.yaml, values.*.yaml,
// and those of chart-testing in ci/
// (https://github.com/helm/chart-testing/blob/main/doc/ct_lint-and-install.md).
func (l *loader) valuesFiles() []string {
	var names []string
	list := func(folder string, match func(stem string) bool) {
		entries, err := fs.ReadDir(l.charts.tree.FS, path.Join(l.chart.Path, folder))
		if err != nil {
			return
		}
		for _, e := range entries {
			stem, ext := strings.CutSuffix(e.Name(), ".yaml")
			if !ext {
				stem, ext = strings.CutSuffix(e.Name(), ".yml")
			}
			if ext && e.Type().IsRegular() && match(stem) {
				names = append(names, path.Join(folder, e.Name()))
			}
		}
	}
	list(".", func(stem string) bool {
		rest, ok := strings.CutPrefix(stem, "values")
		return ok && len(rest) > 1 && (rest[0] == '-' || rest[0] == '.' || rest[0] == '_')
	})
	list("ci", func(stem string) bool { return strings.HasSuffix(stem, "-values") })
	return names
}

// readValues makes sure that the values files of a set are among the chart's files.
func (l *loader) readValues(set Set) bool {
	for _, v := range set.Values {
		name := path.Join(l.chart.Path, v)
		if slices.ContainsFunc(l.chart.files, func(f *file) bool { return f.source.Path() == name }) {
			continue
		}
		info, err := fs.Lstat(l.charts.tree.FS, name)
		if err != nil || !info.Mode().IsRegular() || info.Size() > maxFileBytes {
			l.chart.lost(v, fmt.Sprintf("The values file `%s` is not a file of the repository.", v), "Correct the path, which starts at the chart's folder.")
			return false
		}
		text, err := l.read(name)
		if err != nil {
			l.chart.lost(v, fmt.Sprintf("The values file `%s` cannot be read: %v.", v, err), "")
			return false
		}
		l.chart.files = append(l.chart.files, &file{source: text})
	}
	return true
}
