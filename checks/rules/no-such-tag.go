package rules

import (
	"fmt"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// noSuchTag knows the grammar of .NET's tags and which versions were built on which
// Ubuntu releases, so that a wrong tag is found before a build fails to pull it.
// https://github.com/dotnet/dotnet-docker/blob/main/documentation/ubuntu-chiseled.md
var noSuchTag = page(checks.Rule{
	ID: "no-such-tag", Title: "Tag of .NET images that does not exist", Since: "0.1.0", Severity: checks.Error,
	Dockerfile: checkNoSuchTag,
})

func checkNoSuchTag(p *checks.DockerfilePass) {
	for n := range p.File.Images() {
		image := &p.File.Images()[n]
		if image.Use == dockerfile.UseSyntax || image.Problem != "" || image.Ref.Digest != "" {
			continue // a digest decides, whatever the tag says
		}
		d, ok := base.ParseDotNet(image.Ref)
		if !ok {
			continue
		}
		why := d.Missing()
		if why == "" {
			continue
		}
		at, literal := tagSpan(p, image)
		f := checks.Finding{
			Span:    at,
			Key:     imageKey(p, image) + " tag",
			Message: fmt.Sprintf("%s was never published: %s.", checks.Code(image.Ref.String()), why),
			Help:    "Look for a tag in <https://mcr.microsoft.com/catalog?search=dotnet>.",
		}
		tags := nearest(d)
		if len(tags) == 0 {
			if newer := base.LongestSupported(p.Now); !d.Preview && newer != d.Version {
				tags = nearest(&base.DotNet{Product: d.Product, Version: newer, Chiseled: d.Chiseled, Extra: d.Extra, Composite: d.Composite, Distro: d.Distro, Named: d.Named})
				literal = false
			}
		}
		if len(tags) > 0 {
			f.Help = "Take " + oneOf(tags) + "."
		}
		if len(tags) == 1 && literal {
			f.Fix = &checks.Fix{
				Title:  "Take the tag `" + tags[0].Tag() + "`",
				Safety: checks.Unsafe, // what was meant is a guess
				Edits:  []source.Edit{p.Edit(f.Span, tags[0].Tag())},
			}
		}
		p.Report(f)
	}
}

// nearest are the tags that exist and come closest to one that does not: the same
// version and variant in the right order, on another Ubuntu release where need be. It is
// empty where nothing comes close.
func nearest(d *base.DotNet) []*base.DotNet {
	if d.Preview || d.Version == "" {
		return nil
	}
	t := base.DotNet{
		Product: d.Product, Version: d.Version, Patch: d.Patch, Distro: d.Distro, Named: d.Named,
		Chiseled: d.Chiseled, Composite: d.Composite, Extra: d.Extra, Arch: d.Arch, Nightly: d.Nightly,
	}
	switch {
	case t.Product == "sdk":
		t.Chiseled, t.Composite, t.Extra = false, false, false
		return existing(t)
	case t.Product != "aspnet":
		t.Composite = false
	}
	if !t.Chiseled {
		t.Chiseled, t.Patch = true, "" // the patch may be older than its chiseled image
	}
	if found := existing(t); len(found) > 0 && t.Named {
		return found
	}
	t.Named, t.Patch = true, ""
	for _, composite := range []bool{t.Composite, false} {
		var found []*base.DotNet
		for _, ubuntu := range []string{"jammy", "noble", "resolute"} {
			t.Distro, t.Composite = ubuntu, composite
			found = append(found, existing(t)...)
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// existing is the image where nothing is known against it.
func existing(t base.DotNet) []*base.DotNet {
	if t.Missing() != "" {
		return nil
	}
	return []*base.DotNet{&t}
}

// oneOf names images as code spans.
func oneOf(images []*base.DotNet) string {
	var list []string
	for _, d := range images {
		list = append(list, checks.Code(d.Reference().String()))
	}
	return strings.Join(list, " or ")
}
