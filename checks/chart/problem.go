package chart

import (
	"fmt"
	"strings"

	"github.com/chiselbot/chiselbot/checks/chart/render"
)

// problem puts a renderer's problem into our terms.
func (c *Chart) problem(p *render.Problem) Problem {
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
