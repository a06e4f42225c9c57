package rules

import (
	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
)

// noHealthcheck speaks of images in which a health check could run. Those without a shell
// have no program for it but the application's own, and Kubernetes takes no notice of it.
// https://docs.docker.com/reference/dockerfile/#healthcheck
// https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
var noHealthcheck = page(checks.Rule{
	ID: "no-healthcheck", Title: "No health check", Since: "0.1.0", Severity: checks.Notice,
	Dockerfile: checkNoHealthcheck,
	Replaces:   []checks.Replaced{{ID: "DS-0026", Because: "it knows images that have nothing to ask with"}},
})

func checkNoHealthcheck(p *checks.DockerfilePass) {
	state := p.Final.State()
	switch {
	case state.HasShell == base.No || state.Health.Origin != nil:
		return
	case !state.Health.Known: // the base may have one
		p.LetStand("DS-0026")
		return
	case state.Entrypoint.Origin == nil && state.Cmd.Origin == nil || isToolbox(state):
		return
	}
	p.Report(checks.Finding{
		Span:    p.Final.From.Words[0].Span,
		Key:     p.StageKey(p.Final) + " healthcheck",
		Message: "Nothing tells Docker whether the application still answers: there is no `HEALTHCHECK`.",
		Help:    "Add one that asks the application. Where only Kubernetes runs the image none is needed: it asks by its probes and takes no notice of `HEALTHCHECK`.",
	})
}
