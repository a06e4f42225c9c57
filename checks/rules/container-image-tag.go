package rules

import (
	"fmt"
	"path"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// containerImageTag is image-tag for what runs in a cluster: there the tag is looked up
// again whenever a pod starts.
// https://kubernetes.io/docs/concepts/containers/images/
var containerImageTag = page(checks.Rule{
	ID: "container-image-tag", Title: "Container image without a version", Since: "0.1.0", Severity: checks.Warning,
	Replaces: []checks.Replaced{{ID: "KSV-0013", Because: "it knows tags that move other than latest, and who adds a tag later"}},
	Object:   checkContainerImageTag,
})

func checkContainerImageTag(p *checks.ObjectPass) {
	for c := range containers(p) {
		n := c.Node.Get("image")
		ref, err := base.ParseReference(c.Image)
		if err != nil || ref.Digest != "" || !isFloating(ref.Tag) || ref.Tag == "" && (releaseInName(ref.Repository) || tagged(p, c, ref)) {
			continue
		}
		f := checks.Finding{
			Key:  containerKey(c, "image"),
			Help: "Write the version that you tested as the tag, or add the digest (`@sha256:…`).",
		}
		at := p.Object.WherePart(n, ref.Tag)
		if ref.Tag == "" {
			at = p.Object.WherePart(n, path.Base(ref.Repository))
			f.Message = fmt.Sprintf("The image %s of the %s %s has no tag, so `latest` is taken: each pod that starts may run another version.", checks.Code(ref.Familiar()), roleNames[c.Role], checks.Code(c.Name))
		} else {
			f.Message = fmt.Sprintf("The tag %s of %s moves: each pod of the %s %s that starts may run another version.", checks.Code(ref.Tag), checks.Code(ref.Familiar()), roleNames[c.Role], checks.Code(c.Name))
		}
		p.Report(at, f)
	}
}

// tagged reports whether a tool adds the tag before the object is applied: Skaffold, or a
// kustomization beside it.
func tagged(p *checks.ObjectPass, c *kube.Container, ref base.Reference) bool {
	if image := p.Image(c); image != nil && !image.Link.IsZero() && strings.HasPrefix(path.Base(image.Link.File.Path()), "skaffold") {
		return true
	}
	for _, o := range p.Release.Objects {
		if o.Group() != "kustomize.config.k8s.io" {
			continue
		}
		for _, i := range o.Root.List("images") {
			if i.Text("name") == c.Image || i.Text("name") == ref.Familiar() {
				return true
			}
		}
	}
	return false
}
