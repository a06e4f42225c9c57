package rules

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// privilegedPort knows what .NET images listen on by themselves, and which of several
// settings wins. Docker since 20.10 and containerd since 2.0 let anybody open any port
// of a container; containerd 1.x under Kubernetes and CRI-O do not.
// https://github.com/kubernetes/kubernetes/pull/102612
var privilegedPort = page(checks.Rule{
	ID: "privileged-port", Title: "Application listens below port 1024", Since: "0.1.0", Severity: checks.Warning,
	Dockerfile: checkPrivilegedPort,
})

// unprivilegedStart is the first port that needs no privilege, unless a machine's
// net.ipv4.ip_unprivileged_port_start says otherwise.
const unprivilegedStart = 1024

func checkPrivilegedPort(p *checks.DockerfilePass) {
	state := p.Final.State()
	if onWindows(state) || neverRuns(state) || grantsPorts(p.File) {
		return
	}
	listening, sure := listeners(p)
	seen, told := map[string]bool{}, map[int]bool{}
	report := func(f checks.Finding) {
		if !seen[f.Key] {
			seen[f.Key] = true
			p.Report(f)
		}
	}
	for _, l := range listening {
		if l.port == 0 || l.port >= unprivilegedStart || l.fromBase && !(sure && agrees(state.Expose, l.port)) {
			continue
		}
		told[l.port] = true
		f := checks.Finding{
			Span:    l.span,
			Key:     fmt.Sprintf("%s %s %d", p.StageKey(p.Final), l.name, l.port),
			Message: fmt.Sprintf("%s has the application listen on port %d, %s", checks.Code(l.name), l.port, whoMay(state.User)),
			Help:    fmt.Sprintf("Listen on %d and keep the outer port where the container is started: `-p %d:%[1]d`, or `port` and `targetPort` of a Kubernetes Service.", instead(l.port), l.port),
			Fix:     movePort(p, listening, l),
		}
		if l.fromBase {
			f.Message = fmt.Sprintf("%s sets %s, so the application listens on port %d, %s", baseName(p.Final), checks.Code(l.name+"="+l.value), l.port, whoMay(state.User))
		}
		for _, e := range state.Expose {
			if covers(e, l.port) {
				f.Related = append(f.Related, p.Related(e.Span, "It is exposed here."))
			}
		}
		report(f)
	}

	left := leftovers(state, listening, sure)
	for _, e := range state.Expose {
		if e.Origin == nil || e.First == 0 || e.First >= unprivilegedStart || slices.Contains(left, e) || expectedPort(state, e) || e.Protocol == "tcp" && told[e.First] {
			continue
		}
		port := strconv.Itoa(e.First)
		if e.Last > e.First {
			port += "-" + strconv.Itoa(e.Last)
		}
		if e.Protocol != "tcp" {
			port += "/" + e.Protocol
		}
		report(checks.Finding{
			Span:    e.Span,
			Key:     fmt.Sprintf("%s expose %s", p.StageKey(p.Final), port),
			Message: fmt.Sprintf("`EXPOSE %s` says that the application listens on port %[1]s, %s", port, whoMay(state.User)),
			Help:    fmt.Sprintf("Have the application listen on %d, expose that, and keep the outer port where the container is started.", instead(e.First)),
		})
	}
}

// expectedPort reports whether an exposed port is left to others: 22 to DS-0004, that of
// a server image that starts as root by design to unprivileged-twin, and that of an
// unknown base to whoever knows it.
func expectedPort(state *dockerfile.State, e dockerfile.Port) bool {
	if e.First == 22 || !state.User.Known {
		return true
	}
	b := state.Base
	return b != nil && base.IsRoot(state.User.Value) && (b.Role == base.RoleServer || b.DotNet == nil && slices.Contains(b.Ports, e.First))
}

// agrees reports whether EXPOSE says nothing against a port that the base gives. Where
// only others are exposed, the application is told elsewhere.
func agrees(ports []dockerfile.Port, port int) bool {
	written := slices.ContainsFunc(ports, func(e dockerfile.Port) bool { return e.Origin != nil && e.Protocol == "tcp" })
	return !written || exposed(ports, port)
}

// grantsPorts reports whether a program is given the capability to open such ports.
func grantsPorts(f *dockerfile.File) bool {
	return slices.ContainsFunc(f.Instructions, func(i *dockerfile.Instruction) bool {
		if i.Keyword != "RUN" {
			return false
		}
		const capability = "cap_net_bind_service"
		return strings.Contains(strings.ToLower(i.Logical.Text), capability) ||
			slices.ContainsFunc(i.Heredocs, func(h dockerfile.Heredoc) bool { return strings.Contains(strings.ToLower(h.Content), capability) })
	})
}

// whoMay ends a message with what the final user can do.
func whoMay(user dockerfile.Setting[string]) string {
	if user.Known && !base.IsRoot(user.Value) {
		return fmt.Sprintf("which the user %s may not open on every container runtime.", checks.Code(user.Value))
	}
	return "which only root may open on every container runtime."
}

// instead is the port to take for a privileged one.
func instead(port int) int { return port + 8000 } // 8080 for 80, 8443 for 443

// movePort is the fix that has the application listen on another port: it changes the
// digits wherever the port is said, and overrides the base. It is nil where a place cannot
// be changed, the new port is taken, or HEALTHCHECK may ask on the old one.
func movePort(p *checks.DockerfilePass, listening []listener, moved listener) *checks.Fix {
	state, port := p.Final.State(), instead(moved.port)
	if state.Health.Origin != nil || exposed(state.Expose, port) {
		return nil
	}
	digits := strconv.Itoa(port)
	fix := checks.Fix{Title: "Listen on " + digits, Safety: checks.Unsafe, Then: []string{portsApart.ID}}
	for _, l := range listening {
		switch {
		case l.port == port:
			return nil
		case l.port != moved.port:
		case l.exact:
			fix.Edits = append(fix.Edits, p.Edit(l.span, digits))
		case l.fromBase:
			fix.Edits = append(fix.Edits, beforeStart(p, "ENV", l.name+"="+l.value[:l.at.Start]+digits+l.value[l.at.End:]))
		default:
			return nil
		}
	}
	for _, e := range state.Expose {
		if !covers(e, moved.port) {
			continue
		}
		at, ok := portDigits(p, e)
		if !ok {
			return nil
		}
		fix.Edits = append(fix.Edits, p.Edit(at, digits))
	}
	return &fix
}

// portDigits is where the digits of a single exposed port stand, if the word is plainly
// that: 80 or 80/tcp.
func portDigits(p *checks.DockerfilePass, e dockerfile.Port) (source.Span, bool) {
	number, _, _ := strings.Cut(p.File.Slice(e.Span), "/")
	return source.Span{Start: e.Span.Start, End: e.Span.Start + len(number)}, number == strconv.Itoa(e.First) && e.First == e.Last
}
