package chart

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks/chart/render"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// problem puts a renderer's problem with one set of values into our terms.
func (c *Chart) problem(set Set, p *render.Problem) Problem {
	out := Problem{Reason: p.Reason, Place: c.place(p.Place), Path: c.Path, Message: sentence(p.Message)}
	for i, t := range p.Templates {
		if i == 0 {
			out.Path = c.files[t].source.Path()
		} else {
			out.Also = append(out.Also, c.files[t].source.Path())
		}
	}
	if p.Dependency != render.None && out.Place.IsZero() {
		out.Place = c.missing[p.Dependency].place
	}
	value := "key=value"
	if p.Key != "" {
		value = p.Key + "=value"
	}
	switch p.Reason {
	case render.Required, render.Fail, render.Nil:
		out.Help = fmt.Sprintf("Give the chart what it needs in the settings: `charts: [{path: %s, set: [%s]}]`, or `values` for a file.", c.Path, value)
		file := c.giving(p.Key)
		if file == "" && p.Reason == render.Nil {
			above, _, _ := strings.Cut(p.Key, ".")
			file = c.giving(above)
		}
		if file != "" && !slices.Contains(set.Values, file) {
			out.Help = fmt.Sprintf("%s has such values. If the chart is installed with it, say so in the settings: `charts: [{path: %s, values: [%s]}]`.",
				"`"+path.Join(c.Path, file)+"`", c.Path, strings.Join(append(slices.Clone(set.Values), file), ", "))
		}
	case render.Version:
		out.Help = fmt.Sprintf("Name the version of the cluster in the settings: `charts: [{path: %s, kubeVersion: 1.33.0}]`.", c.Path)
	case render.Missing:
		d := c.missing[p.Dependency]
		out.Help = fmt.Sprintf("Put the chart `%s` into `charts/`, or anywhere in the repository with a version within %q.", d.name, d.version)
		switch {
		case d.failure != "":
			out.Message += " " + d.failure
		case d.remote():
			_, place, _ := strings.Cut(d.repository, "://")
			out.Help += fmt.Sprintf(" Whoever runs chiselbot can also have it fetched: `--charts-from %s`.", strings.TrimRight(place, "/"))
		}
	case render.Syntax, render.Limit, render.Other:
	}
	return out
}

// Bounds on looking for a values file.
const (
	maxBeside      = 20
	maxBesideBytes = 64 << 10
)

// giving is the values file in a folder above the chart that has a key of the values, the
// nearest, by its path from the chart's folder; empty where none has. Charts that are
// installed together share such files.
func (c *Chart) giving(key string) string {
	if key == "" || c.tree.FS == nil {
		return ""
	}
	keys := strings.Split(key, ".")
	read := 0
	up := ".."
	for dir := c.Path; dir != "."; up = path.Join("..", up) {
		dir = path.Dir(dir)
		entries, err := fs.ReadDir(c.tree.FS, dir)
		if err != nil {
			return ""
		}
		for _, e := range entries {
			if ext := path.Ext(e.Name()); ext != ".yaml" && ext != ".yml" || !e.Type().IsRegular() {
				continue
			}
			if read++; read > maxBeside {
				return ""
			}
			file, err := c.tree.Read(path.Join(dir, e.Name()))
			if err != nil || len(file.Text()) > maxBesideBytes || !strings.Contains(file.Text(), keys[len(keys)-1]) {
				continue
			}
			roots, _ := kube.Roots(file)
			if len(roots) == 1 && roots[0].Get("kind") == nil && roots[0].Get("services") == nil && roots[0].Get(keys...) != nil {
				return path.Join(up, e.Name())
			}
		}
	}
	return ""
}

// sentence makes a message begin and end like one.
func sentence(message string) string {
	message = strings.Join(strings.Fields(message), " ")
	if message == "" {
		return "Helm gives no reason."
	}
	message = strings.ToUpper(message[:1]) + message[1:]
	if strings.ContainsRune(".!?", rune(message[len(message)-1])) {
		return message
	}
	return message + "."
}
