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

// Bounds on what is searched for calls.
const (
	maxMounted = 100     // files that compose files mount
	maxCalled  = 8 << 20 // bytes, for all services together
)

// A project, as Docker calls it, is the compose files of a folder, with all that is searched for
// calls of their services.
type project struct {
	compositions []string
	// others are compose files that say more about a service of yet another file.
	others map[string]bool
	// beside are the files that compose files mount into containers or take variables from,
	// and the settings of .NET applications, which are baked into them.
	beside []string
	bytes  int // of all of them
}

// callers leaves it to a person where something calls one of the services by its name on
// a port that moves: between containers of a compose file nothing maps ports. Looked
// through are the compose files of the folder, the files that they mount or take
// variables from, and settings of .NET applications.
// https://docs.docker.com/compose/how-tos/networking/
func (m *migration) callers(services []service, moved map[int]int, at strength) {
	help := "Call it on the new port, then ask again."
	if at <= byURLs && moved[80] != 0 {
		help = "Call it on the new port, then ask again. To leave all as it is in the compose file, set `ASPNETCORE_URLS=http://+:80` for the service there, in the file that others add to if there are several."
	}
	done := map[string]bool{} // folders and names
	projects := map[string]*project{}
	searched := 0
	for _, s := range services {
		dir := path.Dir(s.file.Path())
		if done[dir+" "+s.name] {
			continue
		}
		done[dir+" "+s.name] = true
		if projects[dir] == nil {
			projects[dir] = m.project(dir)
		}
		if searched += projects[dir].bytes; searched > maxCalled {
			m.person(s.place(s.node), fmt.Sprintf("Whether another container calls %s on the port that moves is not known: there are more services and files than are searched for it.", checks.Code(s.name)),
				"Look for calls of it and of the services after it, then change the tag by hand.")
			return
		}
		if call, ok := m.calls(entries(services, s), projects[dir], moved, at); ok {
			m.person(call, fmt.Sprintf("Another container calls %s on the port that moves.", checks.Code(s.name)),
				help)
		}
	}
}

// calls is where the service of some entries in the compose files of a folder is called on
// a port that moves.
func (m *migration) calls(entries []service, in *project, moved map[int]int, at strength) (fixes.Place, bool) {
	pinned := map[string]bool{} // by the compose file
	everywhere, overlays := false, 0
	for _, e := range entries {
		pinned[e.file.Path()] = pinned[e.file.Path()] || m.pinned(e, at)
		if isFirst(e.file.Path()) {
			everywhere = everywhere || m.pinned(e, at)
		} else {
			overlays++
		}
	}
	if everywhere {
		return fixes.Place{}, false
	}
	call := callOf(hosts(entries), moved)
	search := func(name string) (fixes.Place, bool) {
		text, err := m.Tree.Read(name)
		if err != nil || len(text.Text()) > maxCompose {
			return fixes.Place{}, false
		}
		at := call.FindStringSubmatchIndex(text.Text())
		if at == nil {
			return fixes.Place{}, false
		}
		for n := 2; n < len(at); n += 2 {
			if at[n] >= 0 {
				return fixes.Place{File: text, Span: source.Span{Start: at[n], End: at[n+1]}}, true
			}
		}
		return fixes.Place{}, false
	}
	for _, name := range in.compositions {
		if !pinned[name] && in.reaches(name, entries) {
			if at, ok := search(name); ok {
				return at, true
			}
		}
	}
	told := overlays > 0 // every file that says more about the service pins it
	for _, e := range entries {
		told = told && (isFirst(e.file.Path()) || pinned[e.file.Path()])
	}
	if told {
		return fixes.Place{}, false
	}
	for _, name := range in.beside {
		if at, ok := search(name); ok {
			return at, true
		}
	}
	return fixes.Place{}, false
}

// reaches reports whether the service of some entries runs beside what a compose file
// says: not where a file that is complete without others has no such service, nor where a
// file adds to such a one.
func (p *project) reaches(name string, entries []service) bool {
	if isFirst(name) || slices.ContainsFunc(entries, func(e service) bool { return e.file.Path() == name }) {
		return true
	}
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	if dot := strings.LastIndexByte(stem, '.'); dot > strings.LastIndexByte(stem, '/') && slices.Contains(p.compositions, stem[:dot]+ext) {
		return p.reaches(stem[:dot]+ext, entries)
	}
	return p.others[name]
}

// isFirst reports whether a compose file is the one that all others of its folder add to.
// https://docs.docker.com/compose/how-tos/multiple-compose-files/merge/
func isFirst(name string) bool {
	return slices.Contains([]string{"docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml"}, path.Base(name))
}

// hosts are the names under which other containers reach a service.
func hosts(entries []service) []string {
	var names []string
	add := func(name string) {
		if name != "" && !strings.Contains(name, "$") && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, e := range entries {
		add(e.name)
		add(e.node.Text("container_name"))
		add(e.node.Text("hostname"))
		if networks := e.node.Get("networks"); networks != nil {
			for _, n := range networks.Items {
				for _, alias := range n.List("aliases") {
					add(alias.Value)
				}
			}
		}
	}
	return names
}

// callOf matches where a host is called on a port that moves: as a URL, as host:port, or
// as the two settings that Envoy and Ocelot have for them. The call is a group.
func callOf(hosts []string, moved map[int]int) *regexp.Regexp {
	var names, ports []string
	for _, h := range hosts {
		names = append(names, regexp.QuoteMeta(h))
	}
	schemes := []string{}
	for port := range moved {
		ports = append(ports, strconv.Itoa(port))
		switch port {
		case 80:
			schemes = append(schemes, "http")
		case 443:
			schemes = append(schemes, "https")
		}
	}
	slices.Sort(ports)
	slices.Sort(schemes)
	host, port := `(?:`+strings.Join(names, "|")+`)`, `(?:`+strings.Join(ports, "|")+`)`
	ways := []string{
		`(?:^|[\s"'=/@,;\[])(` + host + `:` + port + `)(?:[/"'\s,;\]]|$)`,
		`(?i)(?:address|host)["']?\s*:\s*["']?(` + host + `)["']?\s*,?\s*["']?(?:port_value|port)["']?\s*:\s*` + port + `\b`,
	}
	if len(schemes) > 0 {
		ways = append(ways, `(\b(?:`+strings.Join(schemes, "|")+`)://`+host+`)(?:[/"'\s,;]|$)`)
	}
	return regexp.MustCompile(`(?m)` + strings.Join(ways, "|"))
}

// project finds what is to be searched for calls of the services in a folder.
func (m *migration) project(dir string) *project {
	p := &project{others: map[string]bool{}}
	for _, name := range m.Files {
		if isCompose(name) && path.Dir(name) == dir && len(p.compositions) < maxSearched {
			p.compositions = append(p.compositions, name)
		}
	}
	for _, name := range p.compositions {
		file, err := m.Tree.Read(name)
		if err != nil || len(file.Text()) > maxCompose {
			p.others[name] = true // for all that is known
			continue
		}
		p.bytes += len(file.Text())
		roots, _ := kube.Roots(file)
		for _, root := range roots {
			list := root.Get("services")
			if list == nil || list.Kind != kube.Mapping {
				continue
			}
			for _, s := range list.Items {
				if s.Get("image") == nil && s.Get("build") == nil {
					p.others[name] = true
				}
				for _, from := range given(s) {
					if from = path.Clean(from); !path.IsAbs(from) && from != "." && !strings.HasPrefix(path.Join(dir, from), "..") {
						m.below(p, path.Join(dir, from))
					}
				}
			}
		}
	}
	for _, name := range m.Files {
		if b := strings.ToLower(path.Base(name)); isSettings(name) || strings.HasPrefix(b, "ocelot") && strings.HasSuffix(b, ".json") {
			m.beside(p, name)
		}
	}
	return p
}

// below takes in a file that is mounted, or what says whom to call in a folder that is.
func (m *migration) below(p *project, name string) {
	if _, ok := slices.BinarySearch(m.Files, name); ok {
		m.beside(p, name)
		return
	}
	first, _ := slices.BinarySearch(m.Files, name+"/")
	for _, file := range m.Files[first:] {
		if !strings.HasPrefix(file, name+"/") || len(p.beside) == maxMounted {
			break
		}
		if isConfiguration(file) {
			m.beside(p, file)
		}
	}
}

func (m *migration) beside(p *project, name string) {
	if len(p.beside) == maxMounted || isCompose(name) || slices.Contains(p.beside, name) {
		return
	}
	if text, err := m.Tree.Read(name); err == nil && len(text.Text()) <= maxCompose {
		p.beside = append(p.beside, name)
		p.bytes += len(text.Text())
	}
}

// given are the paths that a service of a compose file mounts or takes variables from.
func given(s *kube.Node) []string {
	var all []string
	for _, v := range s.List("volumes") {
		if v.Kind == kube.Mapping {
			all = append(all, v.Text("source"))
			continue
		}
		from, _, _ := strings.Cut(v.Value, ":")
		all = append(all, from)
	}
	if e := s.Get("env_file"); e != nil {
		all = append(all, e.Text())
		for _, f := range e.List() {
			all = append(all, f.Value, f.Text("path"))
		}
	}
	return slices.DeleteFunc(all, func(name string) bool { return name == "" || strings.ContainsAny(name, "$~") })
}

// isConfiguration reports whether a file that is mounted may say whom to call.
func isConfiguration(name string) bool {
	return slices.Contains([]string{".conf", ".config", ".env", ".ini", ".json", ".properties", ".template", ".toml", ".xml", ".yaml", ".yml"}, strings.ToLower(path.Ext(name)))
}
