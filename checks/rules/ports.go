package rules

import (
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// A listener is one port that an ASP.NET Core application of the final stage is told to
// listen on.
type listener struct {
	port int
	tls  bool
	// name is the variable or the flag that says so, value all that it says.
	name, value string
	// at is where the digits stand in value, empty for the default port of a scheme.
	at source.Span
	// span is where to point: the digits where exact, otherwise what holds them.
	span  source.Span
	exact bool
	// fromBase says that the base image sets the variable.
	fromBase bool
}

// listeners are the ports that the final stage's application is told to listen on, by
// what ASP.NET Core reads, strongest first: Kestrel's endpoints, --urls, URLS, HTTP_PORTS.
// sure is false where something that is not seen may decide instead.
// https://learn.microsoft.com/aspnet/core/fundamentals/servers/kestrel/endpoints
func listeners(p *checks.DockerfilePass) (found []listener, sure bool) {
	state := p.Final.State()
	var kestrel, urls, ports []variable
	for _, name := range slices.Sorted(maps.Keys(state.Env)) {
		v := variable{name: name, Setting: state.Env[name]}
		key, prefixed := strings.ToUpper(name), false
		for _, prefix := range []string{"ASPNETCORE_", "DOTNET_"} {
			if rest, ok := strings.CutPrefix(key, prefix); ok {
				key, prefixed = rest, true
				break
			}
		}
		// Without a prefix the names are too general for images of other platforms.
		dotnet := prefixed || state.Base != nil && state.Base.DotNet != nil
		switch {
		case strings.HasPrefix(key, "KESTREL__ENDPOINTS__") && strings.HasSuffix(key, "__URL"):
			v.urls = true
			kestrel = append(kestrel, v)
		case key == "URLS" && dotnet:
			v.urls = true
			urls = append(urls, v)
		case key == "HTTP_PORTS" && dotnet:
			ports = append(ports, v)
		case key == "HTTPS_PORTS" && dotnet:
			v.tls = true
			ports = append(ports, v)
		}
	}
	arguments, plain := startArguments(p)
	for _, level := range [][]variable{kestrel, arguments, urls, ports} {
		if len(level) == 0 {
			continue
		}
		level = overriding(level)
		sure = plain
		for _, v := range level {
			ls, ok := v.listeners(p)
			found = append(found, ls...)
			sure = sure && ok
		}
		return found, sure
	}
	return nil, false
}

// A variable says where to listen: one of the environment or a flag of the command.
type variable struct {
	name string
	urls bool // the value is addresses, otherwise port numbers
	tls  bool // of port numbers
	dockerfile.Setting[string]
}

// overriding leaves out what the base sets for a key that the Dockerfile sets too.
func overriding(level []variable) []variable {
	return slices.DeleteFunc(slices.Clone(level), func(v variable) bool {
		return v.Origin == nil && slices.ContainsFunc(level, func(o variable) bool { return o.Origin != nil && o.tls == v.tls })
	})
}

// listeners reads one variable. ok is false where it does not say all.
func (v variable) listeners(p *checks.DockerfilePass) (found []listener, ok bool) {
	fromBase := v.Origin == nil
	if fromBase {
		// All .NET images set these variables, but only aspnet is sure to have the server.
		b := p.Final.Base()
		if b == nil || b.DotNet == nil || b.DotNet.Product != "aspnet" {
			return nil, false
		}
	}
	if !v.Known || strings.TrimSpace(v.Value) == "" { // empty counts as set: dotnet/dotnet-docker#4397
		return nil, false
	}
	ok = true
	at := 0
	for part := range strings.SplitSeq(v.Value, ";") {
		text := strings.TrimSpace(part)
		l := listener{name: v.name, value: v.Value, tls: v.tls, fromBase: fromBase}
		l.at.Start = at + strings.Index(part, text)
		at += len(part) + 1
		if text == "" {
			continue
		}
		if v.urls {
			var n int
			var isTCP bool
			if text, n, l.tls, isTCP = portOfURL(text); !isTCP {
				ok = false
				continue
			}
			l.at.Start += n
		}
		l.at.End = l.at.Start + len(text)
		switch port, err := strconv.ParseUint(text, 10, 16); {
		case err == nil:
			l.port = int(port)
		case text != "":
			ok = false
			continue
		case l.tls:
			l.port = 443
		default:
			l.port = 80
		}
		l.point(p, v)
		found = append(found, l)
	}
	return found, ok
}

// point sets where the listener is told its port: at the digits, if the file has them
// there. A value with variables or escapes has not.
func (l *listener) point(p *checks.DockerfilePass, v variable) {
	if l.fromBase {
		l.span = p.Final.Root().From.Words[0].Span
		return
	}
	l.span = v.Span
	if n := strings.Index(p.File.Slice(v.Span), v.Value); n >= 0 && l.at.Len() > 0 {
		l.span, l.exact = source.Span{Start: v.Span.Start + n + l.at.Start, End: v.Span.Start + n + l.at.End}, true
	}
}

// portOfURL finds the port in scheme://host[:port][/path], as ASP.NET Core reads it: the
// host may be + or *. at is where the digits begin, which are empty where the scheme
// decides. isTCP is false for Unix sockets and named pipes and for what is no address.
func portOfURL(s string) (digits string, at int, tls, isTCP bool) {
	scheme, rest, ok := strings.Cut(s, "://")
	tls = strings.EqualFold(scheme, "https")
	if !ok || !tls && !strings.EqualFold(scheme, "http") || strings.HasPrefix(rest, "unix:") || strings.HasPrefix(rest, "pipe:") {
		return "", 0, false, false
	}
	host, _, _ := strings.Cut(rest, "/")
	at = len(scheme) + len("://")
	if colon := strings.LastIndexByte(host, ':'); colon > strings.LastIndexByte(host, ']') {
		return host[colon+1:], at + colon + 1, tls, true
	}
	return "", at + len(host), tls, true
}

// startArguments are the addresses in the command line of the final stage. plain is false
// where the command is not the application itself, but a script or another program that
// may tell it where to listen.
func startArguments(p *checks.DockerfilePass) (found []variable, plain bool) {
	state := p.Final.State()
	if state.Entrypoint.Origin == nil && state.Cmd.Origin == nil {
		return nil, true
	}
	var words []dockerfile.Word
	for _, command := range []dockerfile.Setting[dockerfile.Command]{state.Entrypoint, state.Cmd} {
		if !command.Known {
			return nil, false
		}
		if command.Value.ShellForm {
			if strings.ContainsAny(strings.Join(command.Value.Args, " "), ";&|$`<>()=") {
				return nil, false
			}
			for field := range strings.FieldsSeq(strings.Join(command.Value.Args, " ")) {
				words = append(words, dockerfile.Word{Value: field, Span: command.Span})
			}
			break // CMD is not used behind an ENTRYPOINT in shell form
		}
		for n, arg := range command.Value.Args {
			w := dockerfile.Word{Value: arg}
			if command.Origin != nil && n < len(command.Origin.Words) {
				w.Span = command.Origin.Words[n].Span
			}
			words = append(words, w)
		}
	}
	if len(words) > 0 && words[0].Value == "exec" {
		words = words[1:]
	}
	if len(words) == 0 || !isApplication(words[0].Value) {
		return nil, false
	}
	for n, w := range words {
		flag, value, joined := strings.Cut(strings.TrimLeft(w.Value, "-/"), "=")
		if !strings.EqualFold(flag, "urls") || flag == w.Value && !joined {
			continue
		}
		v := variable{name: "--urls", urls: true, Setting: dockerfile.Setting[string]{Value: value, Known: true, Origin: state.Entrypoint.Origin, Span: w.Span}}
		if v.Origin == nil {
			v.Origin = state.Cmd.Origin
		}
		if !joined {
			if n+1 == len(words) {
				return nil, false
			}
			v.Value, v.Span = words[n+1].Value, words[n+1].Span
		}
		found = append(found, v)
	}
	return found, true
}

// isApplication reports whether a command's first word is the application: dotnet, or a
// program that is no script in the application's folder.
func isApplication(word string) bool {
	if path.Base(word) == "dotnet" {
		return true
	}
	return (strings.HasPrefix(word, "./") || strings.HasPrefix(word, "/app/")) && path.Ext(word) != ".sh"
}

// exposed reports whether one of the ports is the TCP port.
func exposed(ports []dockerfile.Port, port int) bool {
	return slices.ContainsFunc(ports, func(e dockerfile.Port) bool { return covers(e, port) })
}

// covers reports whether an EXPOSE of the Dockerfile names the TCP port.
func covers(e dockerfile.Port, port int) bool {
	return e.Origin != nil && e.Protocol == "tcp" && e.First <= port && port <= e.Last
}

// leftovers are the exposed ports that the application does not listen on: 80 and 443,
// which .NET images used before version 8, and any other where the Dockerfile itself says
// where to listen and exposes none of that. An application may well open further ports.
func leftovers(state *dockerfile.State, listening []listener, sure bool) []dockerfile.Port {
	if !sure || len(listening) == 0 {
		return nil
	}
	heard := slices.ContainsFunc(listening, func(l listener) bool { return l.fromBase || exposed(state.Expose, l.port) })
	var left []dockerfile.Port
	for _, e := range state.Expose {
		switch {
		case e.Origin == nil || e.Protocol != "tcp" || e.First != e.Last:
		case slices.ContainsFunc(listening, func(l listener) bool { return l.port == e.First }):
		case e.First == 80 || e.First == 443 || !heard && e.First >= 1024:
			left = append(left, e)
		}
	}
	return left
}
