package rules

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// portMismatch knows the port that .NET images have the application listen on: 8080 in
// all images since .NET 8 and in every chiseled one, 80 before.
// https://learn.microsoft.com/dotnet/core/compatibility/containers/8.0/aspnet-port
var portMismatch = page(checks.Rule{
	ID: "port-mismatch", Title: "Exposed port that nothing listens on", Since: "0.1.0", Severity: checks.Notice,
	Dockerfile: checkPortMismatch,
})

func checkPortMismatch(p *checks.DockerfilePass) {
	listening, sure := listeners(p)
	left := leftovers(p.Final.State(), listening, sure)
	if len(left) == 0 {
		return
	}
	replaced := replacements(p.Final.State(), listening, left)
	says := listening[0]
	by := checks.Code(says.name)
	if says.fromBase {
		by = checks.Code(says.name+"="+says.value) + " of " + baseName(p.Final)
	}
	seen := map[int]bool{}
	for n, e := range left {
		if seen[e.First] {
			continue
		}
		seen[e.First] = true
		f := checks.Finding{
			Span: e.Span,
			Key:  fmt.Sprintf("%s expose %d", p.StageKey(p.Final), e.First),
			Message: fmt.Sprintf("`EXPOSE %d` names a port that nothing here listens on: the application listens on %s, by %s.",
				e.First, numbers(listening), by),
			Help:    fmt.Sprintf("Remove it, or set the port here if `appsettings.json` or code opens %d after all.", e.First),
			Related: []checks.Related{p.Related(says.span, "The port comes from here.")},
		}
		if replaced[n] != 0 {
			f.Help = fmt.Sprintf("Expose %d instead, or set the port here if `appsettings.json` or code opens %d after all.", replaced[n], e.First)
		}
		f.Fix = exposeFix(p, left, replaced, e.First)
		p.Report(f)
	}
}

// replacements are the ports to expose instead, 0 where there is none: what is listened
// on and not exposed yet, with TLS for 443 and without for any other.
func replacements(state *dockerfile.State, listening []listener, left []dockerfile.Port) []int {
	taken := map[int]bool{}
	chosen := make([]int, len(left))
	for n, e := range left {
		for _, l := range listening {
			if l.tls == (e.First == 443) && !taken[l.port] && !exposed(state.Expose, l.port) {
				chosen[n], taken[l.port] = l.port, true
				break
			}
		}
	}
	return chosen
}

// exposeFix writes the port that is listened on in place of another, or takes that away,
// wherever it is exposed. It is unsafe because `docker run -P` and some proxies choose the
// port by EXPOSE, and settings that are not seen here may make the old one right.
func exposeFix(p *checks.DockerfilePass, left []dockerfile.Port, replaced []int, port int) *checks.Fix {
	fix := &checks.Fix{Title: fmt.Sprintf("Do not expose %d", port), Safety: checks.Unsafe}
	for n, e := range left {
		if e.First != port {
			continue
		}
		digits, ok := portDigits(p, e)
		if !ok {
			return nil
		}
		if by := replaced[n]; by != 0 {
			fix.Title = fmt.Sprintf("Expose %d instead of %d", by, port)
			fix.Edits = append(fix.Edits, p.Edit(digits, strconv.Itoa(by)))
		} else {
			fix.Edits = append(fix.Edits, removePort(p, left, replaced, e))
		}
	}
	return fix
}

// removePort is the edit that takes a port out of its EXPOSE, or removes that where no
// port remains. Edits for several ports of one instruction do not overlap.
func removePort(p *checks.DockerfilePass, left []dockerfile.Port, replaced []int, port dockerfile.Port) source.Edit {
	words := port.Origin.Words
	own, kept, keptBefore := 0, false, false
	for n, w := range words {
		goes := slices.ContainsFunc(left, func(e dockerfile.Port) bool {
			return e.Origin == port.Origin && e.Span == w.Span && replaced[slices.Index(left, e)] == 0
		})
		kept = kept || !goes
		if w.Span == port.Span {
			own, keptBefore = n, kept
		}
	}
	switch {
	case !kept:
		return removeLine(p, port.Origin)
	case keptBefore:
		return p.Edit(source.Span{Start: words[own-1].Span.End, End: port.Span.End}, "")
	}
	return p.Edit(source.Span{Start: port.Span.Start, End: words[own+1].Span.Start}, "")
}

// numbers are the ports listened on, for a sentence.
func numbers(listening []listener) string {
	var ports []string
	for _, l := range listening {
		ports = append(ports, strconv.Itoa(l.port))
	}
	return strings.Join(ports, " and ")
}
