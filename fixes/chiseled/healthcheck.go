package chiseled

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
)

// healthchecks takes out health checks that need a shell, curl or wget where Kubernetes
// runs the image: the kubelet takes no notice of HEALTHCHECK. Elsewhere something may wait
// for it, and only a program of the application's own can take its place.
// https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
// https://github.com/dotnet/dotnet-docker/discussions/4300
func (m *migration) healthchecks() {
	m.shellInCompose()
	for _, s := range m.stages {
		for _, i := range s.Instructions {
			if i.Keyword != "HEALTHCHECK" || len(i.Words) < 2 || keepsHealth(i) && !m.isScript(i, i.Words[1].Value) {
				continue
			}
			if args, ok := m.ownHealth(i); ok {
				m.step(i.Span, "Write the health check in exec form", "The shell form is run by `/bin/sh`, which the image does not have: the container would be unhealthy for ever.",
					m.edit(source.Span{Start: i.Words[1].Span.Start, End: m.end(i)}, dockerfile.ExecForm(args)))
				continue
			}
			if program := i.Words[1].Value; m.brings(i, program) {
				m.note(m.at(i.Words[1].Span), "%s comes from an image of its own: make sure that it needs no shell and no library that a chiseled image does not have.", checks.Code(program))
				continue
			}
			m.healthcheck(m.File, i)
		}
	}
}

// keepsHealth reports whether a health check calls the application's own program.
func keepsHealth(i *dockerfile.Instruction) bool {
	if !i.Exec || slices.ContainsFunc(i.Words, func(w dockerfile.Word) bool { return w.Value == "||" || w.Value == "&&" }) {
		return false
	}
	program := i.Words[1].Value
	if strings.HasSuffix(program, ".sh") {
		return false
	}
	return path.Base(program) == "dotnet" || strings.HasPrefix(program, "./") || strings.HasPrefix(program, "/") && !strings.HasPrefix(program, "/bin/") && !strings.HasPrefix(program, "/usr/bin/")
}

// ownHealth are the words of a health check in shell form that only calls an assembly.
func (m *migration) ownHealth(i *dockerfile.Instruction) ([]string, bool) {
	if i.Exec {
		return nil, false
	}
	commands, ok := i.Commands()
	if !ok || len(commands) == 0 || commands[0].Name != "dotnet" || commands[0].Assigns {
		return nil, false
	}
	command := commands[0]
	args := []string{command.Name}
	for _, a := range command.Args {
		if !a.Static || strings.ContainsAny(a.Value, "*?[~") {
			return nil, false
		}
		args = append(args, a.Value)
	}
	// What ends with another number than 0 and 1 Docker takes for unhealthy too.
	behind := ""
	if end := i.Words[1].Span.End; command.Span.Start == i.Words[1].Span.Start && command.Span.End <= end {
		behind = strings.Join(strings.Fields(m.File.Slice(source.Span{Start: command.Span.End, End: end})), " ")
	}
	return args, len(args) > 1 && (behind == "" || behind == "|| exit 1")
}

// brings reports whether a program that is called in exec form is copied from another image.
func (m *migration) brings(i *dockerfile.Instruction, program string) bool {
	return i.Exec && slices.ContainsFunc(deliveries(i), func(d delivery) bool {
		from := d.Flag("from")
		if from == nil || m.File.Stage(from.Value) != nil || len(d.Words) != 2 {
			return false
		}
		return d.to == program || d.folder && path.Join(d.to, path.Base(d.Words[0].Value)) == program
	})
}

func (m *migration) healthcheck(f *dockerfile.File, i *dockerfile.Instruction) {
	asks := address.FindString(i.Logical.Text)
	if asks == "" || strings.Contains(asks, "$") {
		asks = "http://localhost:8080/health"
	}
	own := fmt.Sprintf("Publish a small program beside the application that asks it, and call that in exec form: %s.", checks.Code("HEALTHCHECK CMD "+dockerfile.ExecForm([]string{"/app/healthcheck", asks})))
	at := fixes.Place{File: f.File, Span: i.Span}
	kubernetes, ok := m.kubernetes()
	if !ok {
		m.person(at, "The health check needs a shell or a program that a chiseled image does not have: the container would be unhealthy for ever.", own+" If only Kubernetes runs the image, delete the health check: it asks by its probes.")
		return
	}
	if waits, ok := m.find(isCompose, "service_healthy"); ok {
		m.person(waits, "Something waits for a container to be healthy, and the health check needs a shell or a program that a chiseled image does not have.", own)
		return
	}
	m.stepAt(at, "Leave out `HEALTHCHECK`", fmt.Sprintf("It needs a shell or a program that the image does not have; Kubernetes, which runs the image (%s), asks by its probes and takes no notice of it.", kubernetes.Path()), removeFrom(f, i))
	m.note(at, "Without `HEALTHCHECK`, `docker ps` and compose show no health for the container.")
}

// address is what a health check asks, with variables as they are written.
var address = regexp.MustCompile(`https?://[\w.:/?=&%${}-]+`)

// maxSearched is how many files are searched for one thing.
const maxSearched = 300

// kubernetes is a file that says that Kubernetes runs what the repository builds.
func (m *migration) kubernetes() (fixes.Place, bool) {
	for _, name := range m.Files {
		switch path.Base(name) {
		case "Chart.yaml", "kustomization.yaml", "kustomization.yml", "skaffold.yaml":
			if text, err := m.Tree.Read(name); err == nil {
				return fixes.Place{File: text}, true
			}
		}
	}
	return m.find(isYAML, "kind: Deployment")
}

// find is where one of the files that match has a text.
func (m *migration) find(match func(string) bool, text string) (fixes.Place, bool) {
	return m.search(match, regexp.MustCompile(regexp.QuoteMeta(text)))
}

// search is where one of the files that match has what an expression says.
func (m *migration) search(match func(string) bool, expression *regexp.Regexp) (fixes.Place, bool) {
	searched := 0
	for _, name := range m.Files {
		if !match(name) {
			continue
		}
		if searched++; searched > maxSearched {
			break
		}
		file, err := m.Tree.Read(name)
		if err != nil {
			continue
		}
		if at := expression.FindStringIndex(file.Text()); at != nil {
			return fixes.Place{File: file, Span: file.LineSpan(file.LineAt(at[0]))}, true
		}
	}
	return fixes.Place{}, false
}

func isYAML(name string) bool {
	return (strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")) && !strings.HasPrefix(name, ".github/")
}

func isCompose(name string) bool {
	b := strings.ToLower(path.Base(name))
	return isYAML(name) && (strings.HasPrefix(b, "docker-compose") || strings.HasPrefix(b, "compose"))
}
