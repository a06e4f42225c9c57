package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
)

// secretArgument finds secrets that are to be given with --build-arg. BuildKit's check
// and Trivy's go by a few words in the name alone; this one knows what such names mean.
// https://docs.docker.com/build/building/secrets/
var secretArgument = page(checks.Rule{
	ID: "secret-argument", Title: "Secret passed as a build argument", Since: "0.1.0", Severity: checks.Warning,
	Replaces: []checks.Replaced{
		{ID: "DS-0031", Because: "it tells secrets from what only has such a name"},
		{ID: "SecretsUsedInArgOrEnv", Because: "it tells secrets from what only has such a name"},
	},
	Dockerfile: checkSecretArgument,
})

func checkSecretArgument(p *checks.DockerfilePass) {
	var found []*checks.Finding
	for _, stage := range p.File.Stages {
		for _, i := range stage.Instructions {
			if i.Keyword != "ARG" {
				continue
			}
			for _, pair := range i.Pairs {
				name := pair.Name.Value
				if !saysSecret(name) || pair.HasValue && !isOpen(unquoted(pair.Value.Value)) {
					continue
				}
				key := "ARG " + name
				if n := slices.IndexFunc(found, func(f *checks.Finding) bool { return f.Key == key }); n >= 0 {
					if len(found[n].Related) < maxRelated {
						found[n].Related = append(found[n].Related, p.Related(pair.Name.Span, "It is taken here too."))
					}
					continue
				}
				found = append(found, secretArgumentFinding(p, stage, pair, key))
			}
		}
	}
	for _, f := range found {
		p.Report(*f)
	}
}

func secretArgumentFinding(p *checks.DockerfilePass, stage *dockerfile.Stage, pair dockerfile.Pair, key string) *checks.Finding {
	name := pair.Name.Value
	f := &checks.Finding{
		Span:    pair.Name.Span,
		Key:     key,
		Message: fmt.Sprintf("%s takes a secret: it can be read in the build's cache and, with full provenance, in what is published about the image.", checks.Code("ARG "+name)),
		Help: fmt.Sprintf("Mount it where it is used, which leaves no trace: %s, and build with %s.",
			checks.Code("RUN --mount=type=secret,id="+name+",env="+name+" …"), checks.Code("--secret id="+name)),
	}
	final := slices.Contains(p.Final.Chain(), stage)
	if final {
		f.Message = fmt.Sprintf("%s takes a secret: everybody who can pull the image can read it in the image's history.", checks.Code("ARG "+name))
	}
	uses := regexp.MustCompile(`\$(\{` + regexp.QuoteMeta(name) + `\b|` + regexp.QuoteMeta(name) + `\b)`)
	for _, i := range stage.Instructions {
		for _, env := range i.Pairs {
			if i.Keyword != "ENV" || !uses.MatchString(env.Value.Value) {
				continue
			}
			f.Related = append(f.Related, p.Related(env.Name.Span, "`ENV` keeps it in the stage's environment."))
			if final {
				f.Message = fmt.Sprintf("%s takes a secret and `ENV` keeps it: everybody who can pull the image can read it there.", checks.Code("ARG "+name))
			}
		}
	}
	return f
}

// isOpen reports whether a default leaves the secret to the build: it is empty, or comes
// from another variable.
func isOpen(value string) bool { return value == "" || hasVariable(value) }

// unquoted is the value of ENV or ARG without the quotes around it.
func unquoted(value string) string {
	if n := len(value); n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
		return value[1 : n-1]
	}
	return strings.TrimSpace(value)
}
