package render

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"text/template"

	"github.com/BurntSushi/toml"
	"github.com/Masterminds/sprig/v3"
	"github.com/gobwas/glob"
	chartapi "helm.sh/helm/v4/pkg/chart"
	"helm.sh/helm/v4/pkg/chart/common"
	"sigs.k8s.io/yaml"
	yamlv3 "sigs.k8s.io/yaml/goyaml.v3"
)

// What is here says a second time what Helm's engine keeps to itself: its functions, its
// order of templates and what each of them is given. A test holds both against each other.

// helmFunctions are the functions of Helm's engine but for those that run templates.
func helmFunctions() template.FuncMap {
	f := sprig.TxtFuncMap()
	delete(f, "env")
	delete(f, "expandenv")
	maps.Copy(f, template.FuncMap{
		"toYaml":        func(v any) string { return text(yaml.Marshal(v)) },
		"mustToYaml":    func(v any) string { return text(must(yaml.Marshal(v)), nil) },
		"toYamlPretty":  toYAMLPretty,
		"fromYaml":      func(s string) map[string]any { return fromMap(fromYAML, s) },
		"fromYamlArray": func(s string) []any { return fromList(fromYAML, s) },
		"toJson":        func(v any) string { return string(first(json.Marshal(v))) },
		"mustToJson":    func(v any) string { return string(must(json.Marshal(v))) },
		"fromJson":      func(s string) map[string]any { return fromMap(json.Unmarshal, s) },
		"fromJsonArray": func(s string) []any { return fromList(json.Unmarshal, s) },
		"toToml":        toTOML,
		"mustToToml":    toTOML,
		"fromToml":      func(s string) map[string]any { return fromMap(toml.Unmarshal, s) },
		"lookup": func(string, string, string, string) (map[string]any, error) {
			return map[string]any{}, nil
		},
		"include":  func(string, any) string { return "" },
		"tpl":      func(string, any) any { return "" },
		"required": required,
		"fail":     func(message string) (string, error) { return "", &refusal{Fail, message} },
	})
	maps.Copy(f, durations())
	maps.Copy(f, steady())
	return f
}

func text(data []byte, err error) string {
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(string(data), "\n")
}

func first(data []byte, _ error) []byte { return data }

func must(data []byte, err error) []byte {
	if err != nil {
		panic(err) // the template package makes an error of it
	}
	return data
}

func toYAMLPretty(v any) string {
	var data bytes.Buffer
	encoder := yamlv3.NewEncoder(&data)
	encoder.SetIndent(2)
	err := encoder.Encode(v)
	return text(data.Bytes(), err)
}

func fromYAML(data []byte, v any) error { return yaml.Unmarshal(data, v) }

func toTOML(v any) string {
	var data bytes.Buffer
	if err := toml.NewEncoder(&data).Encode(v); err != nil {
		return err.Error()
	}
	return data.String()
}

func fromMap(decode func([]byte, any) error, s string) map[string]any {
	m := map[string]any{}
	if err := decode([]byte(s), &m); err != nil {
		if m == nil {
			m = map[string]any{}
		}
		m["Error"] = err.Error()
	}
	return m
}

func fromList(decode func([]byte, any) error, s string) []any {
	list := []any{}
	if err := decode([]byte(s), &list); err != nil {
		list = []any{err.Error()}
	}
	return list
}

// A refusal is the error of a chart that ends its rendering by itself.
type refusal struct {
	reason  Reason
	message string
}

func (r *refusal) Error() string { return r.message }

func required(message string, value any) (any, error) {
	if value == nil || value == "" {
		return value, &refusal{Required, message}
	}
	return value, nil
}

// A renderable is a template with what it is given.
type renderable struct {
	name   string // as Helm names it: the charts' names and the path in the last one
	file   int    // of the request
	values common.Values
	base   string
}

// renderables are the templates of a chart and of its dependencies in Helm's order.
func (l *loaded) renderables(values common.Values) ([]renderable, error) {
	var all []renderable
	var visit func(c chartapi.Charter, values common.Values) (map[string]any, error)
	visit = func(c chartapi.Charter, values common.Values) (map[string]any, error) {
		chart, err := chartapi.NewAccessor(c)
		if err != nil {
			return nil, fmt.Errorf("read chart: %w", err)
		}
		metadata := chart.MetadataAsMap()
		metadata["IsRoot"] = chart.IsRoot()
		subcharts := map[string]any{}
		given := common.Values{
			"Chart": metadata, "Files": newFiles(chart.Files()), "Release": values["Release"],
			"Capabilities": values["Capabilities"], "Values": common.Values{}, "Subcharts": subcharts,
		}
		if chart.IsRoot() {
			given["Values"] = values["Values"]
		} else if own, err := values.Table("Values." + chart.Name()); err == nil {
			given["Values"] = own
		}
		for _, d := range chart.Dependencies() {
			sub, err := chartapi.NewAccessor(d)
			if err != nil {
				return nil, fmt.Errorf("read chart: %w", err)
			}
			if subcharts[sub.Name()], err = visit(d, given); err != nil {
				return nil, err
			}
		}
		for _, t := range chart.Templates() {
			if t == nil || len(t.Data) == 0 || chart.IsLibraryChart() && !strings.HasPrefix(path.Base(t.Name), "_") {
				continue
			}
			all = append(all, renderable{
				name: path.Join(chart.ChartFullPath(), t.Name), file: l.files[&t.Data[0]],
				values: given, base: path.Join(chart.ChartFullPath(), "templates"),
			})
		}
		return given, nil
	}
	if _, err := visit(l.Chart, values); err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b renderable) int {
		if d := strings.Count(b.name, "/") - strings.Count(a.name, "/"); d != 0 {
			return d
		}
		return strings.Compare(b.name, a.name)
	})
	return all, nil
}

// isPartial reports whether Helm only lends the template to others.
func (r renderable) isPartial() bool { return strings.HasPrefix(path.Base(r.name), "_") }

// files are the files of a chart as a template sees them.
type files map[string][]byte

func newFiles(from []*common.File) files {
	f := files{}
	for _, file := range from {
		f[file.Name] = file.Data
	}
	return f
}

// GetBytes is a file's data.
func (f files) GetBytes(name string) []byte {
	if data, ok := f[name]; ok {
		return data
	}
	return []byte{}
}

// Get is a file's text.
func (f files) Get(name string) string { return string(f.GetBytes(name)) }

// Glob are the files that match a pattern.
func (f files) Glob(pattern string) files {
	g, err := glob.Compile(pattern, '/')
	if err != nil {
		g = glob.MustCompile("**")
	}
	found := files{}
	for name, data := range f {
		if g.Match(name) {
			found[name] = data
		}
	}
	return found
}

// AsConfig is the files as the data of a ConfigMap.
func (f files) AsConfig() string {
	return f.asYAML(func(data []byte) string { return string(data) })
}

// AsSecrets is the files as the data of a Secret.
func (f files) AsSecrets() string { return f.asYAML(base64.StdEncoding.EncodeToString) }

func (f files) asYAML(encode func([]byte) string) string {
	if f == nil {
		return ""
	}
	m := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(f)) {
		m[path.Base(name)] = encode(f[name])
	}
	return text(yaml.Marshal(m))
}

// Lines are a file's lines.
func (f files) Lines(name string) []string {
	if len(f[name]) == 0 {
		return []string{}
	}
	return strings.Split(strings.TrimSuffix(string(f[name]), "\n"), "\n")
}
