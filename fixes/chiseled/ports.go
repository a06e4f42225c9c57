package chiseled

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
)

// unprivilegedStart is the first port that the account app may open on every container
// runtime.
const unprivilegedStart = 1024

// instead is the port to take for a privileged one: 8080 for 80, 8443 for 443.
func instead(port int) int { return port + 8000 }

// A pin is a place that tells the application to listen on a privileged port.
type pin struct {
	port int
	at   fixes.Place // of the digits
	by   string      // the name of the setting
}

// ports has the application listen above port 1024 where it listens below: because it is
// told to, or because images before .NET 8 were and chiseled ones are not. Everything that
// names the port moves with it, or nothing does.
// https://learn.microsoft.com/dotnet/core/compatibility/containers/8.0/aspnet-port
// https://github.com/kubernetes/kubernetes/pull/102612
func (m *migration) ports() {
	moved := map[int]int{}
	var told []pin
	for _, i := range m.images {
		pins := m.pins(i)
		moves := len(pins) == 0 && m.defaultMoves(i)
		if i.from.Product == "runtime-deps" && len(pins) == 0 {
			continue
		}
		if len(pins) > 0 || moves {
			if at, ok := m.listensInSource(); ok {
				m.decidedBySource(at, pins)
				continue
			}
		}
		for _, p := range pins {
			told, moved[p.port] = append(told, p), instead(p.port)
			m.stepAt(p.at, fmt.Sprintf("Listen on %d instead of %d", instead(p.port), p.port),
				fmt.Sprintf("%s says %d, and ports below 1024 are root's on some container runtimes.", checks.Code(p.by), p.port),
				source.Edit{Path: p.at.Path(), Span: p.at.Span, New: strconv.Itoa(instead(p.port))})
		}
		if moves {
			moved[80] = 8080
			m.plan.Behaves = true
			m.note(m.at(i.root.From.Words[0].Span), "The application listens on 8080 from now on: the images of .NET %s have port 80 and its chiseled ones 8080. What publishes or maps the port outside this repository has to follow.", i.from.Version)
		}
		m.inSource(i)
	}
	if len(told) > 0 {
		m.plan.Behaves = true
		m.note(told[0].at, "The application listens on %s from now on. What publishes or maps the port outside this repository has to follow.", ports(moved))
	}
	m.exposed(moved)
	if len(moved) > 0 {
		m.plan.Ports = moved
		m.users(moved, m.strongest(told))
	}
}

// ports are the ports that an application listens on once they have moved, in words.
func ports(moved map[int]int) string {
	var all []string
	for _, port := range slices.Sorted(maps.Values(moved)) {
		all = append(all, strconv.Itoa(port))
	}
	return strings.Join(all, " and ")
}

// decidedBySource leaves it to a person that the source says where the application listens,
// which wins over the image and over settings.
func (m *migration) decidedBySource(at fixes.Place, pins []pin) {
	what := "the port that the image gives moves from 80 to 8080"
	if len(pins) > 0 {
		what = fmt.Sprintf("%s says %d, which is root's on some container runtimes", checks.Code(pins[0].by), pins[0].port)
	}
	m.person(at, fmt.Sprintf("The source decides where the application listens, and %s.", what),
		"Find out which of the two counts. If it is the source, nothing has to move unless its port is below 1024; if it is the other, everything that names the port has to follow. Then change the tag by hand.")
}

// defaultMoves reports whether the image itself listens elsewhere once it is chiseled.
func (m *migration) defaultMoves(i *image) bool {
	if i.from.Chiseled || i.from.Product != "aspnet" || len(i.from.Version) != 3 || i.from.Version >= "8.0" {
		return false
	}
	for name, v := range i.leaf.State().Env {
		if v.Origin != nil && listens(name) != "" {
			return false // told by the Dockerfile
		}
	}
	return i.leaf.State().Env["ASPNETCORE_URLS"].Value != ""
}

// A strength says which of several settings wins that tell the server where to listen.
// https://learn.microsoft.com/aspnet/core/fundamentals/servers/kestrel/endpoints
type strength int8

// The strengths, rising.
const (
	byNothing  strength = iota
	byPorts             // ASPNETCORE_HTTP_PORTS
	byURLs              // ASPNETCORE_URLS
	byArgument          // --urls, or urls in settings
	byEndpoint          // Kestrel's endpoints
)

// strengthOf is how strong a variable or another setting is. Before .NET 8 there were no
// variables for ports alone.
func (m *migration) strengthOf(name string) strength {
	switch kind := listens(name); {
	case name == "Kestrel:Endpoints" || kind == "addresses" && strings.Contains(strings.ToUpper(name), "KESTREL__"):
		return byEndpoint
	case name == "--urls" || name == "urls":
		return byArgument
	case kind == "addresses":
		return byURLs
	case kind == "ports" && !m.listensByURLs():
		return byPorts
	}
	return byNothing
}

// listensByURLs reports whether some image is of a .NET that has no other variable for
// where to listen than ASPNETCORE_URLS, by which its image listens.
// https://learn.microsoft.com/dotnet/core/compatibility/containers/8.0/aspnet-port
func (m *migration) listensByURLs() bool {
	return slices.ContainsFunc(m.images, func(i *image) bool { return len(i.from.Version) == 3 && i.from.Version < "8.0" })
}

// strongest is the strength of the strongest setting that moves, that of the image itself
// where none is told.
func (m *migration) strongest(told []pin) strength {
	most := byPorts
	if m.listensByURLs() {
		most = byURLs
	}
	for _, p := range told {
		most = max(most, m.strengthOf(p.by))
	}
	return most
}

// listens says what a variable of ASP.NET Core holds, addresses or port numbers; empty for
// any other variable.
// https://learn.microsoft.com/aspnet/core/fundamentals/servers/kestrel/endpoints
func listens(name string) string {
	key := strings.ToUpper(name)
	for _, prefix := range []string{"ASPNETCORE_", "DOTNET_"} {
		key = strings.TrimPrefix(key, prefix)
	}
	switch {
	case key == "URLS", strings.HasPrefix(key, "KESTREL__ENDPOINTS__") && strings.HasSuffix(key, "__URL"):
		return "addresses"
	case key == "HTTP_PORTS" || key == "HTTPS_PORTS":
		return "ports"
	}
	return ""
}

// pins are the places in the Dockerfile and in the settings of the projects that name a
// privileged port to listen on.
func (m *migration) pins(i *image) []pin {
	var found []pin
	env := i.leaf.State().Env
	for _, name := range slices.Sorted(maps.Keys(env)) {
		v := env[name]
		kind := listens(name)
		if kind == "" || v.Origin == nil || !v.Known {
			continue
		}
		found = append(found, m.privileged(m.at(v.Span), name, v.Value, kind == "addresses")...)
	}
	for _, in := range []*dockerfile.Instruction{i.leaf.State().Entrypoint.Origin, i.leaf.State().Cmd.Origin} {
		if in == nil || !in.Exec {
			continue
		}
		for n, w := range in.Words {
			switch {
			case w.Value == "--urls" && n+1 < len(in.Words):
				found = append(found, m.privileged(m.at(in.Words[n+1].Span), "--urls", in.Words[n+1].Value, true)...)
			case strings.HasPrefix(w.Value, "--urls="):
				found = append(found, m.privileged(m.at(w.Span), "--urls", strings.TrimPrefix(w.Value, "--urls="), true)...)
			}
		}
	}
	m.inFolders(isSettings, func(text *source.File) bool {
		for _, s := range addresses(text) {
			found = append(found, m.privileged(fixes.Place{File: text, Span: s.at}, s.name, s.value, true)...)
		}
		return true
	})
	return found
}

// privileged are the privileged ports in a value that stands somewhere.
func (m *migration) privileged(at fixes.Place, name, value string, urls bool) []pin {
	text := at.File.Slice(at.Span)
	begin := strings.Index(text, value)
	if begin < 0 || value == "" {
		return nil
	}
	var found []pin
	offset := 0
	for part := range strings.SplitSeq(value, ";") {
		start, end := portIn(part, urls)
		port, err := strconv.Atoi(part[start:end])
		if err == nil && port > 0 && port < unprivilegedStart {
			span := source.Span{Start: at.Span.Start + begin + offset + start, End: at.Span.Start + begin + offset + end}
			found = append(found, pin{port, fixes.Place{File: at.File, Span: span}, name})
		}
		offset += len(part) + len(";")
	}
	return found
}

// portIn is where the digits of a port stand in a number or in scheme://host[:port][/path];
// an empty range where there are none.
func portIn(s string, urls bool) (start, end int) {
	if !urls {
		trimmed := strings.TrimSpace(s)
		start = strings.Index(s, trimmed)
		return start, start + len(trimmed)
	}
	scheme := strings.Index(s, "://")
	if scheme < 0 {
		return 0, 0
	}
	host := s[scheme+len("://"):]
	host, _, _ = strings.Cut(host, "/")
	colon := strings.LastIndexByte(host, ':')
	if colon <= strings.LastIndexByte(host, ']') && colon >= 0 || colon < 0 {
		return 0, 0
	}
	start = scheme + len("://") + colon + 1
	digits := strings.TrimSpace(host[colon+1:])
	return start, start + len(digits)
}

// sourcePort is where C# names a privileged port to listen on.
var sourcePort = regexp.MustCompile(`\b(?:UseUrls\s*\([^)\n]*?:|(?:ListenAnyIP|ListenLocalhost)\s*\(\s*|\.Listen\s*\(\s*IPAddress\.\w+\s*,\s*)(\d{2,3})\b`)

// inSource leaves ports that the source names to a person.
func (m *migration) inSource(*image) {
	if !m.moving() {
		return
	}
	m.source(func(text *source.File) bool {
		for _, at := range sourcePort.FindAllStringSubmatchIndex(text.Text(), -1) {
			port, _ := strconv.Atoi(text.Text()[at[2]:at[3]])
			line := strings.TrimSpace(text.LineText(text.LineAt(at[0])))
			if port >= unprivilegedStart || port == 0 || strings.HasPrefix(line, "//") {
				continue
			}
			m.person(fixes.Place{File: text, Span: source.Span{Start: at[2], End: at[3]}}, fmt.Sprintf("The source has the application listen on %d, and ports below 1024 are root's on some container runtimes.", port),
				fmt.Sprintf("Listen on %d there, and let what maps the port follow.", instead(port)))
		}
		return true
	})
}

// exposed makes EXPOSE name the ports that the application listens on.
func (m *migration) exposed(moved map[int]int) {
	done := map[source.Span]bool{}
	for _, i := range m.images {
		state := i.leaf.State()
		listensOn8080 := len(moved) == 0 && i.from.Product == "aspnet" && strings.Contains(state.Env["ASPNETCORE_HTTP_PORTS"].Value+state.Env["ASPNETCORE_URLS"].Value, "8080")
		for _, e := range state.Expose {
			if e.Origin == nil || e.Protocol != "tcp" || e.First != e.Last || done[e.Span] {
				continue
			}
			to := moved[e.First]
			if to == 0 && e.First == 443 && moved[80] != 0 {
				to = instead(443)
			}
			if to == 0 && e.First == 80 && listensOn8080 {
				to = 8080
			}
			taken := slices.ContainsFunc(state.Expose, func(o dockerfile.Port) bool { return o.First <= to && to <= o.Last && o.Origin != nil })
			digits, _, _ := strings.Cut(m.File.Slice(e.Span), "/")
			if to == 0 || taken || digits != strconv.Itoa(e.First) {
				continue
			}
			done[e.Span] = true
			why := "It is the port that the application listens on."
			if e.First == 443 && moved[443] == 0 {
				why = "It follows the port without TLS."
			}
			m.step(e.Span, fmt.Sprintf("Expose %d instead of %d", to, e.First), why,
				m.edit(source.Span{Start: e.Span.Start, End: e.Span.Start + len(digits)}, strconv.Itoa(to)))
		}
	}
}

// users moves what names a port that moves in compose files. Charts and manifests follow
// by the rules about them.
// at is how strong the setting is that moves.
func (m *migration) users(moved map[int]int, at strength) {
	m.compose(moved, at)
	for _, s := range m.stages {
		for _, i := range s.Instructions {
			if i.Keyword == "HEALTHCHECK" && len(i.Words) > 1 && keepsHealth(i) {
				m.person(m.at(i.Span), "The health check asks on a port, and the application's port moves.", "Make the health check ask on the new port, then ask again.")
			}
		}
	}
}
