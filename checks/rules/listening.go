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
	// hint says that whoever says it may mean another program's port.
	hint bool
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
	for part := range strings.SplitSeq(v.value.Text(), ";") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		digits := part
		if l != levelPorts {
			var isTCP, tls bool
			digits, _, tls, isTCP = portOfURL(part)
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
		found = append(found, saidIn(v.object, v.value, digits, int(port), checks.Code(v.name+"="+v.value.Text())))
	}
	return found, ok
}

// action is one action of a template and nothing beside it.
var action = regexp.MustCompile(`^\{\{[^{}]*\}\}$`)

// saidIn is a port that the text of a node says.
func saidIn(o *kube.Object, n *kube.Node, digits string, port int, what string) saidPort {
	origin := o.WherePart(n, digits)
	place := origin.Place()
	said := saidPort{port: port, what: what, at: checks.Related{File: place.File, Span: place.Span}, origin: origin, object: o}
	if origin.Value != nil {
		said.key = origin.Value.Key
		at := origin.Template
		if origin.Verified && !at.IsZero() && action.MatchString(at.File.Slice(at.Span)) && o.Document.Slice(n.Span) == digits {
			said.apart = func(number string) []source.Edit {
				return []source.Edit{{Path: at.File.Path(), Span: at.Span, New: number}}
			}
		}
	}
	if origin.Verified && !place.IsZero() {
		if i := strings.LastIndex(place.File.Slice(place.Span), digits); i >= 0 && strings.Count(place.File.Slice(place.Span), digits) == 1 {
			span := source.Span{Start: place.Span.Start + i, End: place.Span.Start + i + len(digits)}
			said.edits = func(number string) []source.Edit {
				return []source.Edit{{Path: place.File.Path(), Span: span, New: number}}
			}
		}
	}
	return said
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
			for _, url := range kestrelURL.FindAllStringSubmatch(section(n.Text(), "kestrel"), -1) {
				digits, _, _, isTCP := portOfURL(url[1])
				port, err := strconv.ParseUint(digits, 10, 16)
				if !isTCP || err != nil {
					continue
				}
				said := saidIn(o, n, url[1], int(port), fmt.Sprintf("the Kestrel endpoint in %s of the ConfigMap %s", checks.Code(n.Key), checks.Code(o.Name)))
				said.edits = nil
				found = append(found, said)
			}
		}
	}
	return found
}

// section is the object of a JSON text with a name, in any case; empty without one. It
// counts brackets only, so that comments in the file do no harm.
func section(json, name string) string {
	at := strings.Index(strings.ToLower(json), `"`+name+`"`)
	if at < 0 {
		return ""
	}
	open := strings.IndexByte(json[at:], '{')
	if open < 0 {
		return ""
	}
	depth := 0
	for i := at + open; i < len(json); i++ {
		switch json[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return json[at:i]
			}
		}
	}
	return ""
}
