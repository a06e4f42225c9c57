package chiseled

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
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
	node *kube.Node
}

// services are the services of compose files whose image the Dockerfile builds. Files of
// one folder say things about services of the same name.
func (m *migration) services() []service {
	if m.composed {
		return m.compositions
	}
	m.composed = true
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
		if err == nil && len(file.Text()) > maxCompose {
			err = fmt.Errorf("it is larger than %d KiB", maxCompose>>10)
		}
		if err != nil {
			m.note(fixes.Place{File: source.NewFile(name, "")}, "What this compose file says of the image is not known: %v.", err)
			continue
		}
		roots, problems := kube.Roots(file)
		if len(problems) > 0 {
			m.note(fixes.Place{File: file, Span: problems[0].Span}, "What this compose file says of the image is not known for certain: %s", problems[0].Message)
		}
		for _, root := range roots {
			list := root.Get("services")
			if list == nil || list.Kind != kube.Mapping {
				continue
			}
			for _, n := range list.Items {
				s := service{n.Key, file, n}
				all = append(all, s)
				if m.builds(s) {
					built[path.Dir(name)+" "+s.name] = true
				}
			}
		}
	}
	m.compositions = slices.DeleteFunc(all, func(s service) bool { return !built[path.Dir(s.file.Path())+" "+s.name] })
	return m.compositions
}

// builds reports whether a service is built by the Dockerfile.
func (m *migration) builds(s service) bool {
	b := s.node.Get("build")
	if b == nil {
		return false
	}
	context, file := b.Text(), "Dockerfile"
	if b.Kind == kube.Mapping {
		context = b.Text("context")
		if f := b.Text("dockerfile"); f != "" {
			file = f
		}
	}
	return path.Join(path.Dir(s.file.Path()), context, file) == m.File.Path()
}

// mapping is a port of a container in compose's short form: 5100:80, 127.0.0.1:5100:80/tcp.
var mapping = regexp.MustCompile(`^(?:[^:]*:)*(\d+)(?:/tcp)?$`)

// compose moves the container's side of ports that compose files publish. A service that
// is told there where to listen stays as it is: Docker lets any account open any port.
// https://docs.docker.com/reference/compose-file/services/#ports
func (m *migration) compose(moved map[int]int, at strength) {
	services := m.services()
	for _, s := range services {
		if m.pinned(s, at) {
			m.note(s.place(s.node), "The service %s is told here on which port to listen, so nothing changes for it: Docker lets any account open any port.", checks.Code(s.name))
			continue
		}
		told := slices.DeleteFunc(entries(services, s), func(o service) bool { return !m.pinned(o, at) })
		if slices.ContainsFunc(told, func(o service) bool { return isFirst(o.file.Path()) }) {
			continue // the file that this one adds to tells it
		}
		for _, p := range s.node.List("ports") {
			digits := p
			if p.Kind == kube.Mapping {
				if digits = p.Get("target"); digits == nil {
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
			if len(told) > 0 && isFirst(s.file.Path()) {
				m.person(s.place(digits), fmt.Sprintf("The port %d moves to %d, but not where %s is added, which tells the service to listen where it does today.", port, to, checks.Code(told[0].file.Path())),
					"Say in this file on which port to listen, then ask again.")
				continue
			}
			n := strings.Index(s.file.Slice(digits.Span), digits.Value)
			if n < 0 {
				m.person(s.place(digits), fmt.Sprintf("The port %d moves to %d, and this entry cannot be edited.", port, to), "Change it by hand.")
				continue
			}
			start := digits.Span.Start + n
			m.stepAt(s.place(digits), fmt.Sprintf("Map to port %d of %s", to, checks.Code(s.name)), "The application listens there; the port outside stays.",
				source.Edit{Path: s.file.Path(), Span: source.Span{Start: start + at[2], End: start + at[3]}, New: strconv.Itoa(to)})
		}
	}
	m.callers(services, moved, at)
}

// shellInCompose leaves it to a person where a compose file has a container of the image
// call what a chiseled one does not have.
func (m *migration) shellInCompose() {
	if !m.moving() {
		return
	}
	for _, s := range m.services() {
		for _, use := range []struct {
			path []string
			help string
		}{
			{[]string{"healthcheck", "test"}, "Call a small program of the application's own there, as `[\"CMD\", \"/app/healthcheck\"]`, or leave the health check out."},
			{[]string{"command"}, "Start the application itself."},
			{[]string{"entrypoint"}, "Start the application itself."},
		} {
			n := s.node.Get(use.path...)
			if n == nil {
				continue
			}
			words := strings.Fields(n.Text())
			for _, w := range n.List() {
				words = append(words, w.Value)
			}
			shell := use.path[0] == "healthcheck" && len(words) > 0 && (n.Kind != kube.Sequence || words[0] == "CMD-SHELL")
			for _, w := range words {
				shell = shell || slices.Contains([]string{"sh", "bash", "ash", "curl", "wget", "pgrep", "nc"}, path.Base(w))
			}
			if shell && words[0] != "NONE" {
				m.person(s.place(n), fmt.Sprintf("The `%s` of %s needs a shell or a program that a chiseled image does not have.", use.path[0], checks.Code(s.name)), use.help)
			}
		}
	}
}

// entries are all that the compose files of a folder say about one of their services.
func entries(services []service, s service) []service {
	var all []service
	for _, o := range services {
		if o.name == s.name && path.Dir(o.file.Path()) == path.Dir(s.file.Path()) {
			all = append(all, o)
		}
	}
	return all
}

// pinned reports whether a service's environment says where to listen, with a variable
// that is at least as strong as the setting that moves.
func (m *migration) pinned(s service, at strength) bool {
	env := s.node.Get("environment")
	if env == nil {
		return false
	}
	return slices.ContainsFunc(env.Items, func(v *kube.Node) bool {
		name := v.Key
		if env.Kind == kube.Sequence {
			name, _, _ = strings.Cut(v.Value, "=")
		}
		return m.strengthOf(name) >= at
	})
}

// argument is what a service gives to the build for an ARG.
func (s service) argument(name string) (argument, bool) {
	args := s.node.Get("build", "args")
	if args == nil {
		return argument{}, false
	}
	for _, a := range args.Items {
		key, value := a.Key, a.Value
		if args.Kind == kube.Sequence {
			key, value, _ = strings.Cut(a.Value, "=")
		}
		if key == name {
			return argument{s.place(a), plain(value)}, true
		}
	}
	return argument{}, false
}

// place is where a node stands; of a mapping, its key.
func (s service) place(n *kube.Node) fixes.Place {
	if n.Kind == kube.Mapping && n.KeySpan.Len() > 0 {
		return fixes.Place{File: s.file, Span: n.KeySpan}
	}
	return fixes.Place{File: s.file, Span: n.Span}
}
