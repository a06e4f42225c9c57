package rules

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

// portsApart follows a port from the application to whoever calls it, over the files in
// which it is written. All places that do not agree are one finding, because they have to
// be changed together.
// https://learn.microsoft.com/dotnet/core/compatibility/containers/8.0/aspnet-port
var portsApart = page(checks.Rule{
	ID: "ports-apart", Title: "Ports that do not meet", Since: "0.1.0", Severity: checks.Error,
	Release: checkPortsApart,
})

func checkPortsApart(p *checks.ReleasePass) {
	for _, pod := range p.Release.Pods {
		for _, c := range pod.Containers {
			if c.Role == kube.Regular || c.Sidecar() {
				checkContainerPorts(p, c)
			}
		}
	}
}

func checkContainerPorts(p *checks.ReleasePass, c *kube.Container) {
	asked := askedPorts(p, c)
	heard, sure := listening(p, c)
	if len(heard) == 0 || !sure {
		return // containerPort need not list all ports, so that places may differ and all be right
	}
	hears := func(s saidPort) bool {
		return slices.ContainsFunc(heard, func(h saidPort) bool { return h.port == s.port })
	}
	met := slices.ContainsFunc(asked, hears)
	declared := func(port int) bool {
		return slices.ContainsFunc(c.Ports(), func(p kube.Port) bool { return p.Number == int64(port) })
	}
	// A Service may reach the application and another port beside it, which need not be
	// declared.
	beside := func(s saidPort) bool {
		return s.object.Kind == "Service" && slices.ContainsFunc(asked, func(o saidPort) bool { return o.object == s.object && hears(o) })
	}
	var stale []saidPort
	for _, s := range asked {
		// An application may well open further ports, for metrics above all; but not 80
		// without being told.
		further := met && s.port >= unprivilegedStart && (s.hint || declared(s.port) || beside(s))
		if !hears(s) && !further {
			stale = append(stale, s)
		}
	}
	if len(stale) == 0 {
		return
	}
	f := checks.Finding{
		Key: containerKey(c, "ports"),
		Message: fmt.Sprintf("The application in the container %s listens on %s, by %s, but %s.",
			checks.Code(c.Name), portNumbers(heard), reasons(heard), complaint(stale)),
		Help: portsHelp(p, stale, heard),
		Fix:  movePorts(p, c, stale, heard),
	}
	if own := imagePort(p.Image(c)); own >= unprivilegedStart && heard[0].port < unprivilegedStart && withoutRoot(c, p.Image(c)) {
		f.Help = fmt.Sprintf("Write %d in all of these places, where the application listens too: its image does so by itself, and below 1024 it may need root. Leave the Service's `port` as it is.", own)
		f.Fix = nil
		if own == instead(heard[0].port) && !slices.ContainsFunc(stale, func(s saidPort) bool { return s.port != own }) {
			f.Fix = liftPort(p, c, heard, heard[0].port)
		}
	}
	report(p, c, f, stale, append(slices.Clone(heard), rest(asked, stale)...))
}

// imagePort is the one port that an image listens on by itself, 0 where that is not
// certain.
func imagePort(image *checks.Image) int {
	if image == nil || image.Stage == nil {
		return 0
	}
	own, sure := listeners(&checks.DockerfilePass{File: image.File, Final: image.Stage})
	if len(own) != 1 || !sure {
		return 0
	}
	return own[0].port
}

// report lets the finding stand at the first of the places that are wrong; the others are
// shown with it.
func report(p *checks.ReleasePass, c *kube.Container, f checks.Finding, stale, right []saidPort) {
	first := stale[0]
	for _, s := range slices.Concat(stale[1:], right) {
		if s.at.File == nil {
			continue
		}
		related := s.at
		related.Message = fmt.Sprintf("%s: %s.", strconv.Itoa(s.port), capital(s.what))
		if !slices.ContainsFunc(f.Related, func(r checks.Related) bool { return r.File == related.File && r.Span == related.Span }) {
			f.Related = append(f.Related, related)
		}
	}
	f.Related = append(f.Related, builtAt(p.Image(c))...)
	p.Report(c.Pod.Object, first.origin, f)
}

// complaint says which places have which other port.
func complaint(stale []saidPort) string {
	byNumber := map[int][]string{}
	var order []int
	for _, s := range stale {
		if byNumber[s.port] == nil {
			order = append(order, s.port)
		}
		if !slices.Contains(byNumber[s.port], s.what) {
			byNumber[s.port] = append(byNumber[s.port], s.what)
		}
	}
	slices.Sort(order)
	var parts []string
	for _, port := range order {
		verb := "says"
		if len(byNumber[port]) > 1 {
			verb = "say"
		}
		parts = append(parts, fmt.Sprintf("%s %s %d", list(byNumber[port]), verb, port))
	}
	return list(parts)
}

// portNumbers are the ports in a sentence, each once.
func portNumbers(said []saidPort) string {
	var ports []int
	for _, s := range said {
		ports = append(ports, s.port)
	}
	slices.Sort(ports)
	var words []string
	for _, port := range slices.Compact(ports) {
		words = append(words, strconv.Itoa(port))
	}
	return list(words)
}

// reasons are what says the ports, each once.
func reasons(said []saidPort) string {
	var words []string
	for _, s := range said {
		if !slices.Contains(words, s.what) {
			words = append(words, s.what)
		}
	}
	return list(words)
}

// rest are the said ports that are not among the others.
func rest(all, without []saidPort) []saidPort {
	return slices.DeleteFunc(slices.Clone(all), func(s saidPort) bool {
		return slices.ContainsFunc(without, func(w saidPort) bool { return w.at == s.at && w.what == s.what })
	})
}

// portsHelp says what to change, and what to leave.
func portsHelp(p *checks.ReleasePass, stale, heard []saidPort) string {
	for _, s := range stale {
		if s.key != "" && servicePortKeys(p)[s.key] {
			return fmt.Sprintf("Give the container's port a values key of its own: %s is also the port on which callers reach the Service, which should stay. Then write %s everywhere else.", checks.Code(s.key), portNumbers(heard))
		}
	}
	return fmt.Sprintf("Write %s in all of these places, in one commit, and leave the Service's `port` as it is: callers depend on that.", portNumbers(heard))
}

// servicePortKeys are the values keys that give Services the ports for their callers.
func servicePortKeys(p *checks.ReleasePass) map[string]bool {
	keys := map[string]bool{}
	for _, o := range p.Release.Objects {
		if o.Kind != "Service" {
			continue
		}
		for _, port := range o.Root.List("spec", "ports") {
			if n := port.Get("port"); n != nil {
				if v := o.Where(n).Value; v != nil {
					keys[v.Key] = true
				}
			}
		}
	}
	return keys
}

// movePorts is the fix that writes the application's port wherever another one is
// written; nil where one of the places cannot be changed alone.
func movePorts(p *checks.ReleasePass, c *kube.Container, stale, heard []saidPort) *checks.Fix {
	to := heard[0].port
	title := fmt.Sprintf("Write %d wherever the port of %s is written", to, checks.Code(c.Name))
	for _, s := range slices.Concat(stale, heard) {
		if slices.Contains(portsOf(stale), s.port) && s.port != stale[0].port || slices.Contains(portsOf(heard), s.port) && s.port != to {
			return nil // several ports
		}
	}
	for _, s := range stale {
		if s.tls {
			return nil // its port alone would not do
		}
		if s.key != "" && servicePortKeys(p)[s.key] {
			title = fmt.Sprintf("Write %d in the template, where the port of %s was the callers' %s", to, checks.Code(c.Name), checks.Code(s.key))
		}
	}
	edits := renumber(p, stale, to)
	if edits == nil {
		return nil
	}
	return &checks.Fix{Title: title, Safety: checks.Unsafe, Edits: edits}
}

// renumber are the edits that write a port in places that say another, each once; nil
// where one of them cannot be changed alone.
func renumber(p *checks.ReleasePass, places []saidPort, to int) []source.Edit {
	callers := servicePortKeys(p)
	var edits []source.Edit
	for _, s := range places {
		edit := s.edits
		if callers[s.key] {
			edit = s.apart // the key stays the callers', the number in its place is the container's own
		}
		if edit == nil {
			return nil
		}
		written := edit(strconv.Itoa(to))
		if len(written) == 0 {
			return nil
		}
		for _, e := range written {
			if !slices.Contains(edits, e) {
				edits = append(edits, e)
			}
		}
	}
	return edits
}

func portsOf(said []saidPort) []int {
	var ports []int
	for _, s := range said {
		ports = append(ports, s.port)
	}
	return ports
}

// capital makes a phrase the beginning of a sentence.
func capital(s string) string {
	if s != "" && 'a' <= s[0] && s[0] <= 'z' {
		return string(s[0]-'a'+'A') + s[1:]
	}
	return s
}
