package rules

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
)

// A saidPort is a port that something in a release or a Dockerfile says, with the place.
type saidPort struct {
	port int
	// what names the place in a sentence: "`targetPort` of the Service `web`".
	what string
	// at is the place; edits replaces the number there, nil where it does not stand alone.
	at    checks.Related
	key   string // the values key, if it is one
	edits func(number string) []source.Edit
	// apart replaces what the template takes from the values instead, nil where it takes
	// more from there than the number.
	apart func(number string) []source.Edit
	// hint says that whoever says it may mean another program's port, tls that it is asked
	// for HTTPS.
	hint, tls bool
	// origin and object are those of a place in an object.
	origin kube.Origin
	object *kube.Object
}

// levels are what ASP.NET Core reads, strongest first.
// https://learn.microsoft.com/aspnet/core/fundamentals/servers/kestrel/endpoints
const (
	levelKestrel = iota
	levelArguments
	levelURLs
	levelPorts
	levelNone
)

// level is which of them a variable is, by its name.
func level(name string) int {
	name = strings.ToUpper(name)
	for _, prefix := range []string{"ASPNETCORE_", "DOTNET_"} {
		name = strings.TrimPrefix(name, prefix)
	}
	switch {
	case strings.HasPrefix(name, "KESTREL__ENDPOINTS__") && strings.HasSuffix(name, "__URL"):
		return levelKestrel
	case name == "--URLS":
		return levelArguments
	case name == "URLS":
		return levelURLs
	case name == "HTTP_PORTS", name == "HTTPS_PORTS":
		return levelPorts
	}
	return levelNone
}

// listening are the ports that a container's application is told to listen on, by the
// objects of its release and by the Dockerfile that builds its image. sure is false where
// something that is not seen may decide.
func listening(p *checks.ReleasePass, c *kube.Container) (found []saidPort, sure bool) {
	image := p.Image(c)
	facts := image.Base()
	if port := portOfNginx(c, image); port > 0 {
		at := image.Place()
		return []saidPort{{port: port, what: "its image's own configuration of nginx", at: checks.Related{File: at.File, Span: at.Span}}}, true
	}
	if facts == nil || facts.DotNet == nil || facts.DotNet.Windows || !runsDotnet(c) {
		return nil, false
	}
	byLevel := map[int][]saidPort{levelKestrel: kestrelEndpoints(p, c)}
	sure = true
	for _, e := range environmentOf(p, c) {
		l := level(e.name)
		if e.name == "" { // all of a source that is not known
			sure = false
			continue
		}
		if l == levelNone {
			continue
		}
		said, ok := e.ports(l)
		sure = sure && ok
		byLevel[l] = append(byLevel[l], said...)
	}
	strongest := levelNone
	for l := range byLevel {
		if len(byLevel[l]) > 0 {
			strongest = min(strongest, l)
		}
	}
	if image.Stage != nil {
		own, ok := listeners(&checks.DockerfilePass{File: image.File, Final: image.Stage})
		if len(own) > 0 && level(own[0].name) < strongest {
			return ofImage(image, own), sure && ok
		}
	}
	return byLevel[strongest], sure && strongest < levelNone
}

// portOfNginx is the port on which an image of the tree serves content with nginx as it
// comes; 0 where something may configure it.
func portOfNginx(c *kube.Container, image *checks.Image) int {
	if image == nil || image.Stage == nil || c.Node.Get("command") != nil || c.Node.Get("args") != nil {
		return 0
	}
	root := image.Stage.Root()
	facts := image.Base()
	if root.Image == nil || facts == nil || len(facts.Ports) != 1 || !slices.Contains([]string{"nginx", "nginx-unprivileged"}, path.Base(root.Image.Ref.Repository)) || !onlyContent(image.Stage) {
		return 0
	}
	if slices.ContainsFunc(c.Mounts(), func(m kube.Mount) bool { return strings.HasPrefix(m.Path, configFolder) }) {
		return 0
	}
	return facts.Ports[0]
}

// runsDotnet reports whether what the container starts is the image's own command or
// dotnet, with arguments that do not say where to listen.
func runsDotnet(c *kube.Container) bool {
	command, args := c.Node.List("command"), c.Node.List("args")
	if len(command) > 0 && path.Base(command[0].Text()) != "dotnet" {
		return false
	}
	return !slices.ContainsFunc(slices.Concat(command, args), func(n *kube.Node) bool {
		return strings.Contains(strings.ToLower(n.Text()), "urls")
	})
}

// ofImage are the listeners of an image's Dockerfile.
func ofImage(image *checks.Image, own []listener) []saidPort {
	var found []saidPort
	for _, l := range own {
		said := saidPort{
			port: l.port, what: checks.Code(l.name+"="+l.value) + " of the image",
			at: checks.Related{File: image.File.File, Span: l.span},
		}
		if l.exact {
			said.edits = func(number string) []source.Edit {
				return []source.Edit{{Path: image.File.Path(), Span: l.span, New: number}}
			}
		}
		found = append(found, said)
	}
	return found
}

// A variableOf is a variable of a container's environment, with the node that has its
// value; without a name it stands for any number of unknown ones.
type variableOf struct {
	name   string
	value  *kube.Node
	object *kube.Object
}

// environmentOf is a container's environment as its release sets it.
func environmentOf(p *checks.ReleasePass, c *kube.Container) []variableOf {
	var all []variableOf
	for _, from := range c.Node.List("envFrom") {
		data := configMap(p, from.Text("configMapRef", "name"))
		if data == nil {
			if from.Get("secretRef") == nil { // nobody keeps ports secret
				all = append(all, variableOf{})
			}
			continue
		}
		for _, n := range data.Root.Get("data").Items {
			all = append(all, variableOf{from.Text("prefix") + n.Key, n, data})
		}
	}
	for _, e := range c.Node.List("env") {
		switch value, ref := e.Get("value"), e.Get("valueFrom", "configMapKeyRef"); {
		case level(e.Text("name")) == levelNone:
		case value != nil:
			all = append(all, variableOf{e.Text("name"), value, c.Pod.Object})
		case ref != nil:
			if o := configMap(p, ref.Text("name")); o != nil && o.Root.Get("data", ref.Text("key")) != nil {
				all = append(all, variableOf{e.Text("name"), o.Root.Get("data", ref.Text("key")), o})
				continue
			}
			all = append(all, variableOf{})
		default:
			all = append(all, variableOf{})
		}
	}
	return all
}

// configMap is a ConfigMap of the release with text in it, nil where there is none.
func configMap(p *checks.ReleasePass, name string) *kube.Object {
	for _, o := range p.Release.Objects {
		if data := o.Root.Get("data"); o.Kind == "ConfigMap" && o.Group() == "" && o.Name == name && data != nil && data.Kind == kube.Mapping {
			return o
		}
	}
	return nil
}

// ports reads the variable. ok is false where it does not say all.
func (v variableOf) ports(l int) (found []saidPort, ok bool) {
	ok = true
	at := 0
	for part := range strings.SplitSeq(v.value.Text(), ";") {
		text := strings.TrimSpace(part)
		digits, start := text, at+strings.Index(part, text)
		at += len(part) + len(";")
		if text == "" {
			continue
		}
		if l != levelPorts {
			var n int
			var isTCP, tls bool
			digits, n, tls, isTCP = portOfURL(text)
			start += n
			if isTCP && digits == "" {
				digits = "80"
				if tls {
					digits = "443"
				}
			}
		}
		port, err := strconv.ParseUint(digits, 10, 16)
		if err != nil {
			ok = false
			continue
		}
		found = append(found, saidIn(v.object, v.value, start, digits, int(port), checks.Code(v.name+"="+v.value.Text())))
	}
	return found, ok
}

// action is one action of a template and nothing beside it.
var action = regexp.MustCompile(`^\{\{[^{}]*\}\}$`)

// saidIn is a port that the text of a node says, with digits that stand at an offset of
// it, or nowhere where they are the default of a scheme.
func saidIn(o *kube.Object, n *kube.Node, at int, digits string, port int, what string) saidPort {
	span, exact := partOf(o, n, at, digits)
	origin := o.WhereSpan(span)
	place := origin.Place()
	said := saidPort{port: port, what: what, at: checks.Related{File: place.File, Span: place.Span}, origin: origin, object: o}
	if origin.Value != nil {
		said.key = origin.Value.Key
	}
	if !origin.Verified || !exact {
		return said
	}
	if template := origin.Template; origin.Value != nil && !template.IsZero() && span == n.Span {
		if action.MatchString(template.File.Slice(template.Span)) {
			said.apart = rewriting(template)
		}
	}
	var there [][]int
	for _, number := range digitRuns.FindAllStringIndex(place.File.Slice(place.Span), -1) {
		if place.File.Slice(place.Span)[number[0]:number[1]] == digits {
			there = append(there, number)
		}
	}
	if len(there) == 1 {
		said.edits = rewriting(kube.Place{File: place.File, Span: source.Span{Start: place.Span.Start + there[0][0], End: place.Span.Start + there[0][1]}})
	}
	return said
}

var digitRuns = regexp.MustCompile(`[0-9]+`)

// partOf is where a part of a node's text, given by its offset, stands in the document;
// the whole node and false where that is not certain, as behind escapes.
func partOf(o *kube.Object, n *kube.Node, at int, part string) (source.Span, bool) {
	text, raw := n.Text(), o.Document.Slice(n.Span)
	if part == "" || !strings.HasPrefix(text[min(at, len(text)):], part) {
		return n.Span, false
	}
	// A line of the text stands in the document as it is, whatever is around it.
	first := strings.LastIndexByte(text[:at], '\n') + 1
	line, _, _ := strings.Cut(text[first:], "\n")
	indent := len(line) - len(strings.TrimLeft(line, " \t"))
	line = strings.TrimSpace(line)
	if strings.Count(raw, line) != 1 {
		return n.Span, false
	}
	start := n.Span.Start + strings.Index(raw, line) + at - first - indent
	return source.Span{Start: start, End: start + len(part)}, true
}

// rewriting writes a number in a place.
func rewriting(at kube.Place) func(string) []source.Edit {
	return func(number string) []source.Edit {
		return []source.Edit{{Path: at.File.Path(), Span: at.Span, New: number}}
	}
}

var kestrelURL = regexp.MustCompile(`(?i)"url"\s*:\s*"([^"]*)"`)

// kestrelEndpoints are the endpoints in settings files that the container mounts from
// ConfigMaps. They win over all else.
func kestrelEndpoints(p *checks.ReleasePass, c *kube.Container) []saidPort {
	var found []saidPort
	for _, m := range c.Mounts() {
		o := configMap(p, m.Volume.Text("configMap", "name"))
		if o == nil {
			continue
		}
		for _, n := range o.Root.Get("data").Items {
			if base := strings.ToLower(path.Base(n.Key)); !strings.HasPrefix(base, "appsettings") || path.Ext(base) != ".json" {
				continue
			}
			text := n.Text()
			start, end := aboutKestrel(text)
			for _, url := range kestrelURL.FindAllStringSubmatchIndex(text[start:end], -1) {
				digits, at, _, isTCP := portOfURL(text[start+url[2] : start+url[3]])
				port, err := strconv.ParseUint(digits, 10, 16)
				if !isTCP || err != nil {
					continue
				}
				found = append(found, saidIn(o, n, start+url[2]+at, digits, int(port),
					fmt.Sprintf("the Kestrel endpoint in %s of the ConfigMap %s", checks.Code(n.Key), checks.Code(o.Name))))
			}
		}
	}
	return found
}

// kestrelSection begins what a settings file says of Kestrel, in any case.
var kestrelSection = regexp.MustCompile(`(?i)"kestrel"\s*:\s*\{`)

// aboutKestrel is where a JSON text speaks of Kestrel; empty where it does not. It counts
// brackets only, so that comments in the file do no harm.
func aboutKestrel(json string) (start, end int) {
	at := kestrelSection.FindStringIndex(json)
	if at == nil {
		return 0, 0
	}
	depth := 1
	for i := at[1]; i < len(json); i++ {
		switch json[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return at[1], i
			}
		}
	}
	return 0, 0
}
