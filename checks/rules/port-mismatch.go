package rules

import (
	"fmt"
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
	by := code(says.name)
	if says.fromBase {
		by = code(says.name+"="+says.value) + " of " + baseName(p.Final)
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
		f.Fix = exposeFix(p, left, replaced, e)
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

// exposeFix writes the list of ports of one EXPOSE anew, or removes the instruction when
// no port remains; the findings of one instruction share it. It is unsafe because
// `docker run -P` and some proxies choose the port by EXPOSE, and settings that are not
// seen here may make the old one right.
func exposeFix(p *checks.DockerfilePass, left []dockerfile.Port, replaced []int, of dockerfile.Port) *checks.Fix {
	i := of.Origin
	if p.File.LineAt(i.Span.Start) != p.File.LineAt(i.Span.End) {
		return nil
	}
	fix := checks.Fix{Title: "Expose the port that the application listens on", Safety: checks.Unsafe}
	var kept []string
	for _, w := range i.Words {
		text := p.File.Slice(w.Span)
		for n, e := range left {
			if e.Origin != i || e.Span != w.Span {
				continue
			}
			at, ok := portDigits(p, e)
			if !ok {
				return nil
			}
			if text = ""; replaced[n] != 0 {
				text = strconv.Itoa(replaced[n]) + p.File.Slice(source.Span{Start: at.End, End: e.Span.End})
			}
		}
		if text != "" {
			kept = append(kept, text)
		}
	}
	if len(kept) == 0 {
		fix.Title = "Remove `EXPOSE`"
		fix.Edits = []source.Edit{removeLine(p, i)}
		return &fix
	}
	words := source.Span{Start: i.Words[0].Span.Start, End: i.Words[len(i.Words)-1].Span.End}
	fix.Edits = []source.Edit{p.Edit(words, strings.Join(kept, " "))}
	return &fix
}

// numbers are the ports listened on, for a sentence.
func numbers(listening []listener) string {
	var ports []string
	for _, l := range listening {
		ports = append(ports, strconv.Itoa(l.port))
	}
	return strings.Join(ports, " and ")
}
