package config

import (
	"fmt"
	"path"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/chart"
)

const (
	// maxCharts is how many entries charts may have, and maxNames how many images and pods.
	maxCharts, maxNames = 200, 200
	// maxTextBytes is how long any other text may be.
	maxTextBytes = 1000
)

// IsManifest reports whether the file at a path from the repository's root is to be
// checked if it holds Kubernetes objects.
func (s *Settings) IsManifest(name string) bool {
	return (checks.MayBeManifest(name) || matches(s.Manifests.Include, name)) && !matches(s.Manifests.Exclude, name)
}

// IsChart reports whether the chart in a folder is to be checked.
func (s *Settings) IsChart(dir string) bool {
	return !matches(s.Manifests.Exclude, path.Join(dir, "Chart.yaml"))
}

// ChartSettings are the settings of charts by their folders.
func (s *Settings) ChartSettings() map[string][]chart.Settings {
	byPath := map[string][]chart.Settings{}
	for _, c := range s.Charts {
		dir := path.Clean(c.Path)
		byPath[dir] = append(byPath[dir], chart.Settings{Values: c.Values, Set: c.Set, KubeVersion: c.KubeVersion, APIVersions: c.APIVersions})
	}
	return byPath
}

func (p *reading) charts(n *yaml.Node, at string) []Chart {
	if !p.is(n, at, yaml.SequenceNode, "Write each chart as an item, after `- path: `.") {
		return nil
	}
	var charts []Chart
	for i, item := range n.Content {
		key := fmt.Sprintf("%s[%d]", at, i)
		if i == maxCharts {
			p.problem(p.span(item), key, fmt.Sprintf("%s has more than %d charts.", code(at), maxCharts), "")
			break
		}
		charts = append(charts, p.chart(item, key))
	}
	return charts
}

func (p *reading) chart(n *yaml.Node, at string) Chart {
	var c Chart
	named := false
	var values *yaml.Node
	p.mapping(n, at, func(key string, name, value *yaml.Node) {
		switch name.Value {
		case "path":
			c.Path, named = p.text(value, key, checkPath)
		case "values":
			values = value
			c.Values = p.texts(value, key, "file", checkText)
		case "set":
			c.Set = p.texts(value, key, "assignment", checkAssignment)
		case "kubeVersion":
			c.KubeVersion, _ = p.text(value, key, checkText)
		case "apiVersions":
			c.APIVersions = p.texts(value, key, "API", checkText)
		default:
			p.unknown(name, key, reflect.TypeFor[Chart]())
		}
	})
	if !named && n.Kind == yaml.MappingNode {
		p.problem(p.span(n), at, "The chart has no path.", "Write the chart's folder as `path`.")
	}
	for i, v := range c.Values {
		if message, help := checkPath(path.Join(c.Path, v)); message != "" {
			p.problem(p.span(values.Content[i]), fmt.Sprintf("%s.values[%d]", at, i), message, help)
		}
	}
	return c
}

func (p *reading) images(n *yaml.Node, at string) map[string]string {
	images := map[string]string{}
	p.mapping(n, at, func(key string, name, value *yaml.Node) {
		if len(images) == maxNames {
			p.problem(p.span(name), key, fmt.Sprintf("%s has more than %d images.", code(at), maxNames), "")
			return
		}
		if strings.ContainsAny(name.Value[strings.LastIndexByte(name.Value, '/')+1:], ":@") {
			p.problem(p.span(name), key, fmt.Sprintf("%s has a tag or a digest.", code(name.Value)), "Write the name alone: all versions are built by one Dockerfile.")
		}
		if value.Kind == yaml.ScalarNode && value.Value == "" {
			images[name.Value] = "" // from elsewhere
			return
		}
		images[name.Value], _ = p.text(value, key, checkPath)
	})
	return images
}

func (p *reading) mirrors(n *yaml.Node, at string) base.Mirrors {
	mirrors := base.Mirrors{}
	p.mapping(n, at, func(key string, name, value *yaml.Node) {
		if len(mirrors) == maxNames {
			p.problem(p.span(name), key, fmt.Sprintf("%s has more than %d registries.", code(at), maxNames), "")
			return
		}
		if message, help := checkPrefix(name.Value); message != "" {
			p.problem(p.span(name), key, message, help)
		}
		mirrors[name.Value], _ = p.text(value, key, checkPrefix)
	})
	return mirrors
}

// checkPrefix says what is wrong with the beginning of image names.
func checkPrefix(text string) (message, help string) {
	if message, help = checkText(text); message != "" {
		return message, help
	}
	if why := base.CheckMirror(text); why != "" {
		return fmt.Sprintf("%s is not the beginning of image names: %s.", code(text), why), "Write a registry, with or without the first parts of a name: `registry.example.com/mcr`."
	}
	return "", ""
}

func (p *reading) pods(n *yaml.Node, at string) map[string][]string {
	pods := map[string][]string{}
	p.mapping(n, at, func(key string, name, value *yaml.Node) {
		if len(pods) == maxNames {
			p.problem(p.span(name), key, fmt.Sprintf("%s has more than %d kinds.", code(at), maxNames), "")
			return
		}
		pods[name.Value] = p.texts(value, key, "path", checkText)
	})
	return pods
}

// checkText bounds a text.
func checkText(text string) (message, help string) {
	switch {
	case text == "":
		return "The text is empty.", "Remove it."
	case len(text) > maxTextBytes:
		return fmt.Sprintf("The text is longer than %d bytes.", maxTextBytes), ""
	}
	return "", ""
}

// checkPath says what is wrong with a path.
func checkPath(text string) (message, help string) {
	if message, help = checkText(text); message != "" {
		return message, help
	}
	if path.IsAbs(text) || strings.Contains(text, `\`) || text == ".." || strings.HasPrefix(path.Clean(text), "../") {
		return fmt.Sprintf("The path %s leads out of the repository.", code(text)), "Write it with slashes and without a slash at its beginning."
	}
	return "", ""
}

// checkAssignment says what is wrong with an assignment.
func checkAssignment(text string) (message, help string) {
	if message, help = checkText(text); message != "" {
		return message, help
	}
	if !strings.Contains(text, "=") {
		return fmt.Sprintf("%s assigns nothing.", code(text)), "Write `key=value`."
	}
	return "", ""
}
