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

// unprivilegedTwin knows the images of which the publisher offers another that does the
// same without root. Package base has them as data.
// https://github.com/nginx/docker-nginx-unprivileged
var unprivilegedTwin = page(checks.Rule{
	ID: "unprivileged-twin", Title: "Image with a twin that needs no root", Since: "0.1.0", Severity: checks.Warning,
	Dockerfile: checkUnprivilegedTwin,
})

func checkUnprivilegedTwin(p *checks.DockerfilePass) {
	state := p.Final.State()
	b := state.Base
	if b == nil || b.Twin == "" || state.User.Origin != nil || isToolbox(state) {
		return
	}
	root := p.Final.Root()
	f := checks.Finding{
		Span:    root.From.Words[0].Span,
		Key:     p.StageKey(p.Final) + " twin",
		Message: fmt.Sprintf("%s starts as root; %s does the same without.", baseName(p.Final), checks.Code(b.Twin)),
		Help:    fmt.Sprintf("Take %s: %s.", checks.Code(twinOf(b, root.Image).String()), b.TwinNote),
	}
	old := beforeTwins(root.Image.Ref.Tag)
	if old {
		f.Help = fmt.Sprintf("Take %s, which is there for later versions only: %s.", checks.Code(b.Twin), b.TwinNote)
	}
	for _, i := range p.Final.Instructions {
		if i.Keyword != "COPY" && i.Keyword != "ADD" || len(i.Words) == 0 {
			continue
		}
		if target := i.Words[len(i.Words)-1]; strings.HasPrefix(target.Value, configFolder) {
			f.Related = append(f.Related, p.Related(target.Span, "What is copied here may have to change likewise."))
		}
	}
	for _, e := range state.Expose {
		if e.Origin != nil && slices.Contains(b.Ports, e.First) {
			f.Related = append(f.Related, p.Related(e.Span, "The old port is exposed here."))
		}
	}
	if root == p.Final && onlyContent(p.Final) && !old {
		f.Fix = twinFix(p, b, root.Image)
	}
	p.Report(f)
}

// onlyContent reports whether a stage built on nginx has nothing of its own but what nginx
// serves.
func onlyContent(s *dockerfile.Stage) bool {
	for _, stage := range s.Chain() {
		for _, i := range stage.Instructions {
			switch i.Keyword {
			case "COPY", "ADD":
				if len(i.Words) > 0 && !strings.HasPrefix(i.Words[len(i.Words)-1].Value, contentFolder) {
					return false
				}
			case "CMD":
				if !i.Exec || len(i.Words) == 0 || i.Words[0].Value != "nginx" {
					return false
				}
			case "RUN", "ENTRYPOINT", "HEALTHCHECK", "VOLUME", "ONBUILD":
				return false
			}
		}
	}
	return true
}

// The folders of an nginx image that say how it serves, and what.
const (
	configFolder  = "/etc/nginx"
	contentFolder = "/usr/share/nginx/html"
)

// twinOf is the twin with the tag of the image.
func twinOf(b *base.Facts, image *dockerfile.Image) base.Reference {
	return base.Reference{Repository: b.Twin, Tag: image.Ref.Tag}
}

// beforeTwins reports whether a tag names a version of nginx that is older than the first
// for which every tag of the twin is known to exist, of 2019.
func beforeTwins(tag string) bool {
	minor, ok := strings.CutPrefix(tag, "1.")
	n, err := strconv.Atoi(majorOf(minor))
	return ok && err == nil && n < 16
}

// twinFix writes the twin's name, and its port where the old one is exposed. It is unsafe:
// who reaches the server on the old port has to know.
func twinFix(p *checks.DockerfilePass, b *base.Facts, image *dockerfile.Image) *checks.Fix {
	name, ok := strings.CutSuffix(image.Written, ":"+image.Ref.Tag)
	if image.Ref.Tag == "" {
		name, ok = image.Written, true
	}
	if !ok || image.Ref.Digest != "" || p.File.Slice(image.Span) != image.Written || strings.Contains(name, "$") {
		return nil
	}
	twin, ok := base.Lookup(twinOf(b, image))
	if !ok || len(twin.Ports) != 1 || len(b.Ports) != 1 {
		return nil
	}
	fix := &checks.Fix{
		Title:  "Take `" + b.Twin + "`",
		Safety: checks.Unsafe,
		Then:   []string{portsApart.ID},
		Edits:  []source.Edit{p.Edit(source.Span{Start: image.Span.Start, End: image.Span.Start + len(name)}, b.Twin)},
	}
	for _, e := range p.Final.State().Expose {
		if !covers(e, b.Ports[0]) {
			continue
		}
		digits, ok := portDigits(p, e)
		if !ok {
			return nil
		}
		fix.Edits = append(fix.Edits, p.Edit(digits, strconv.Itoa(twin.Ports[0])))
	}
	return fix
}
