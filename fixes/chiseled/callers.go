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

// maxMounted is how many files that compose files mount are searched.
const maxMounted = 100

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
	var done []string // folders and names
	for _, s := range services {
		dir := path.Dir(s.file.Path())
		if slices.Contains(done, dir+" "+s.name) {
			continue
		}
		done = append(done, dir+" "+s.name)
		if call, ok := m.calls(entries(services, s), dir, moved, at); ok {
			m.person(call, fmt.Sprintf("Another container calls %s on the port that moves.", checks.Code(s.name)),
				help)
		}
	}
}

// calls is where one of a service's entries in the compose files of a folder is called on
// a port that moves.
func (m *migration) calls(entries []service, dir string, moved map[int]int, at strength) (fixes.Place, bool) {
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
	var compositions []string
	for _, name := range m.Files {
		if isCompose(name) && path.Dir(name) == dir && len(compositions) < maxSearched {
			compositions = append(compositions, name)
		}
	}
	for _, name := range compositions {
		if !pinned[name] && m.reaches(name, entries, compositions) {
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
	for _, name := range m.besideCompose(compositions) {
		if at, ok := search(name); ok {
			return at, true
		}
	}
	return fixes.Place{}, false
}

// reaches reports whether the service of some entries runs beside what a compose file
// says: not where a file that is complete without others has no such service, nor where a
// file adds to such a one.
func (m *migration) reaches(name string, entries []service, compositions []string) bool {
	has := func(name string) bool {
		return slices.ContainsFunc(entries, func(e service) bool { return e.file.Path() == name })
	}
	if has(name) || isFirst(name) {
		return true
	}
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	if dot := strings.LastIndexByte(stem, '.'); dot > strings.LastIndexByte(stem, '/') && slices.Contains(compositions, stem[:dot]+ext) {
		return m.reaches(stem[:dot]+ext, entries, compositions)
	}
	file, err := m.Tree.Read(name)
	if err != nil {
		return true
	}
	roots, _ := kube.Roots(file)
	for _, root := range roots {
		if list := root.Get("services"); list != nil && slices.ContainsFunc(list.Items, func(s *kube.Node) bool { return s.Get("image") == nil && s.Get("build") == nil }) {
			return true
		}
	}
	return false
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

// besideCompose are the files that compose files mount into containers or take variables
// from, and the settings of .NET applications, which are baked into them.
func (m *migration) besideCompose(compositions []string) []string {
	var all []string
	add := func(name string) {
		if len(all) < maxMounted && !slices.Contains(all, name) && !isCompose(name) {
			all = append(all, name)
		}
	}
	below := func(name string) {
		if _, ok := slices.BinarySearch(m.Files, name); ok {
			add(name)
			return
		}
		first, _ := slices.BinarySearch(m.Files, name+"/")
		for _, f := range m.Files[first:] {
			if !strings.HasPrefix(f, name+"/") {
				break
			}
			if isConfiguration(f) {
				add(f)
			}
		}
	}
	for _, name := range compositions {
		file, err := m.Tree.Read(name)
		if err != nil || len(file.Text()) > maxCompose {
			continue
		}
		roots, _ := kube.Roots(file)
		for _, root := range roots {
			list := root.Get("services")
			if list == nil || list.Kind != kube.Mapping {
				continue
			}
			for _, s := range list.Items {
				for _, given := range given(s) {
					if given = path.Clean(given); !path.IsAbs(given) && given != "." && !strings.HasPrefix(path.Join(path.Dir(name), given), "..") {
						below(path.Join(path.Dir(name), given))
					}
				}
			}
		}
	}
	for _, name := range m.Files {
		if b := strings.ToLower(path.Base(name)); isSettings(name) || strings.HasPrefix(b, "ocelot") && strings.HasSuffix(b, ".json") {
			add(name)
		}
	}
	return all
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
