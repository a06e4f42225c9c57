package chiseled

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
)

// maxCompose is the largest compose file that is read.
const maxCompose = 256 << 10

// A service is one of a compose file that is built by the plan's Dockerfile, or that a
// file beside it says more about.
type service struct {
	name string
	file *source.File
	node *yaml.Node
}

// services are the services of compose files whose image the Dockerfile builds. Files of
// one folder say things about services of the same name.
func (m *migration) services() []service {
	var all []service
	built := map[string]bool{} // folder and name
	read := 0
	for _, name := range m.Files {
		if !isCompose(name) {
			continue
		}
		if read++; read > maxSearched {
			break
		}
		file, err := m.Tree.Read(name)
		if err != nil || len(file.Text()) > maxCompose {
			continue
		}
		var root yaml.Node
		if yaml.Load([]byte(file.Text()), &root) != nil || len(root.Content) == 0 {
			continue
		}
		list := child(root.Content[0], "services")
		if list == nil || list.Kind != yaml.MappingNode {
			continue
		}
		for n := 0; n+1 < len(list.Content); n += 2 {
			s := service{list.Content[n].Value, file, list.Content[n+1]}
			all = append(all, s)
			if m.builds(s) {
				built[path.Dir(name)+" "+s.name] = true
			}
		}
	}
	return slices.DeleteFunc(all, func(s service) bool { return !built[path.Dir(s.file.Path())+" "+s.name] })
}

// builds reports whether a service is built by the Dockerfile.
func (m *migration) builds(s service) bool {
	b := child(s.node, "build")
	if b == nil {
		return false
	}
	context, file := b.Value, "Dockerfile"
	if b.Kind == yaml.MappingNode {
		if c := child(b, "context"); c != nil {
			context = c.Value
		}
		if f := child(b, "dockerfile"); f != nil {
			file = f.Value
		}
	}
	return path.Join(path.Dir(s.file.Path()), context, file) == m.File.Path()
}

// child is the value of a key, nil where there is none.
func child(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// mapping is a port of a container in compose's short form: 5100:80, 127.0.0.1:5100:80/tcp.
var mapping = regexp.MustCompile(`^(?:[^:]*:)*(\d+)(?:/tcp)?$`)

// compose moves the container's side of ports that compose files publish. A service that
// is told there where to listen stays as it is: Docker lets any account open any port.
// https://docs.docker.com/reference/compose-file/services/#ports
func (m *migration) compose(moved map[int]int) {
	services := m.services()
	for _, s := range services {
		if s.pinned() {
			m.note(s.place(s.node), "The service %s is told here on which port to listen, so nothing changes for it: Docker lets any account open any port.", code(s.name))
			continue
		}
		list := child(s.node, "ports")
		if list == nil {
			continue
		}
		for _, p := range list.Content {
			digits := p
			if p.Kind == yaml.MappingNode {
				if digits = child(p, "target"); digits == nil {
					continue
				}
			}
			at := mapping.FindStringSubmatchIndex(digits.Value)
			if at == nil {
				continue
			}
			port, _ := strconv.Atoi(digits.Value[at[2]:at[3]])
			to := moved[port]
			if to == 0 {
				continue
			}
			place := s.place(digits)
			n := strings.Index(s.file.Text()[place.Span.Start:], digits.Value)
			if n < 0 || n > 1 {
				m.person(place, fmt.Sprintf("The port %d moves to %d, and this entry cannot be edited.", port, to), "Change it by hand.")
				continue
			}
			start := place.Span.Start + n
			m.step(source.Span{}, fmt.Sprintf("Map to port %d of %s", to, code(s.name)), "The application listens there; the port outside stays.",
				source.Edit{Path: s.file.Path(), Span: source.Span{Start: start + at[2], End: start + at[3]}, New: strconv.Itoa(to)})
			m.plan.Steps[len(m.plan.Steps)-1].At = place
		}
	}
	m.callers(services)
}

// shellInCompose leaves it to a person where a compose file has a container of the image
// call what a chiseled one does not have.
func (m *migration) shellInCompose() {
	if !m.moving() {
		return
	}
	for _, s := range m.services() {
		for _, use := range []struct{ what, help string }{
			{"healthcheck", "Call a small program of the application's own there, as `[\"CMD\", \"/app/healthcheck\"]`, or leave the health check out."},
			{"command", "Start the application itself."},
			{"entrypoint", "Start the application itself."},
		} {
			n := child(s.node, use.what)
			if use.what == "healthcheck" {
				n = child(n, "test")
			}
			if n == nil {
				continue
			}
			words := strings.Fields(n.Value)
			for _, w := range n.Content {
				words = append(words, w.Value)
			}
			shell := use.what == "healthcheck" && len(words) > 0 && (n.Kind != yaml.SequenceNode || words[0] == "CMD-SHELL")
			for _, w := range words {
				shell = shell || slices.Contains([]string{"sh", "bash", "ash", "curl", "wget", "pgrep", "nc"}, path.Base(w))
			}
			if shell && words[0] != "NONE" {
				m.person(s.place(n), fmt.Sprintf("The `%s` of %s needs a shell or a program that a chiseled image does not have.", use.what, code(s.name)), use.help)
			}
		}
	}
}

// pinned reports whether a service's environment says where to listen.
func (s service) pinned() bool {
	env := child(s.node, "environment")
	if env == nil {
		return false
	}
	for n, v := range env.Content {
		name := v.Value
		if env.Kind == yaml.MappingNode && n%2 == 1 {
			continue
		}
		name, _, _ = strings.Cut(name, "=")
		if listens(name) != "" {
			return true
		}
	}
	return false
}

// place is where a node begins.
func (s service) place(n *yaml.Node) fixes.Place {
	line := s.file.LineSpan(n.Line)
	start := min(line.Start+max(0, n.Column-1), line.End)
	return fixes.Place{File: s.file, Span: source.Span{Start: start, End: line.End}}
}

// callers leaves it to a person where other services call one of these by its name on the
// port that moves: between containers nothing maps ports.
func (m *migration) callers(services []service) {
	for _, s := range services {
		if s.pinned() {
			continue
		}
		call := regexp.MustCompile(`https?://` + regexp.QuoteMeta(s.name) + `(?::(?:80|443))?(?:[/"'\s]|$)`)
		if at := call.FindStringIndex(s.file.Text()); at != nil {
			m.person(fixes.Place{File: s.file, Span: source.Span{Start: at[0], End: at[1]}},
				fmt.Sprintf("Another container calls %s on the port that moves.", code(s.name)), "Call it on the new port, or set `ASPNETCORE_HTTP_PORTS` for the service in the compose file.")
		}
	}
}
