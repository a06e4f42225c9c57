package rules

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// noDigest is off until somebody asks for it: most people do not pin, since a pinned image
// gets no fixes unless something renews the digest.
// https://docs.docker.com/build/building/best-practices/#pin-base-image-versions
var noDigest = page(checks.Rule{
	ID: "no-digest", Title: "Image without a digest", Since: "0.1.0", Severity: checks.Off,
	Dockerfile: checkNoDigest,
	Object:     checkContainerNoDigest,
})

func checkNoDigest(p *checks.DockerfilePass) {
	for n := range p.File.Images() {
		image := &p.File.Images()[n]
		if image.Use == dockerfile.UseSyntax || image.Problem != "" || image.Ref.Digest != "" || mayBeContext(image) {
			continue
		}
		pin := &checks.Pin{Ref: image.Ref, Path: p.File.Path()}
		pin.At, pin.Uncertain = digestPlace(p.File, image)
		at, _ := tagSpan(p, image)
		f := checks.Finding{Span: at, Key: imageKey(p, image), Help: pinHelp(pin), Pin: pin}
		f.Message = fmt.Sprintf("%s is named without a digest: a build next month may get another image by that name.", checks.Code(image.Ref.String()))
		if image.Ref.Tag == "" {
			f.Message = fmt.Sprintf("%s is named without a tag and a digest: a build next month may get another image by that name.", checks.Code(image.Ref.String()))
		}
		if otherTag(p, image) {
			f.Key += ":" + image.Ref.Tag
		}
		p.Report(f)
	}
}

// pinHelp says how the digest gets into the file.
func pinHelp(pin *checks.Pin) string {
	ask := fmt.Sprintf("`docker buildx imagetools inspect %s` prints", pin.Ref)
	switch {
	case pin.Ref.Tag == "":
		return "Write the version that you tested as the tag; its digest goes behind it."
	case pin.Uncertain != "":
		return fmt.Sprintf("Write the digest that %s where it belongs; that is left to you, since %s.", ask, pin.Uncertain)
	}
	return fmt.Sprintf("`chiselbot fix --rule no-digest` asks the registry for the digest and writes it behind the tag; it is also what %s.", ask)
}

// otherTag reports whether the same place of the same stage names another tag of the image.
func otherTag(p *checks.DockerfilePass, image *dockerfile.Image) bool {
	return slices.ContainsFunc(p.File.Images(), func(o dockerfile.Image) bool {
		return o.Instruction != nil && o.Problem == "" && o.Ref.Digest == "" && o.Ref.Tag != image.Ref.Tag && imageKey(p, &o) == imageKey(p, image)
	})
}

// plainValue is the value of an ARG that says what it is, with quotes or without.
var plainValue = regexp.MustCompile(`^(["']?)([\w.:/-]+)(["']?)$`)

// digestPlace is where the digest of an image is to be written, or the reason why no place
// is certain: where a variable is a part of the reference the digest goes into its default,
// so that who gives the build another value does not get the old image with it.
func digestPlace(f *dockerfile.File, image *dockerfile.Image) (at int, why string) {
	switch {
	case image.Ref.Tag == "":
		return 0, "no tag says which version is meant"
	case f.Slice(image.Span) != image.Written:
		return 0, "the reference is quoted or continued over lines"
	case len(image.Args) == 0:
		if !strings.HasSuffix(image.Written, ":"+image.Ref.Tag) {
			return 0, "the reference is quoted"
		}
		return image.Span.End, ""
	case len(image.Args) > 1:
		return 0, fmt.Sprintf("%s are parts of the reference", checks.Codes(image.Args))
	}
	name := image.Args[0]
	before, ok := strings.CutSuffix(image.Written, "$"+name)
	if !ok {
		before, ok = strings.CutSuffix(image.Written, "${"+name+"}")
	}
	if !ok {
		return 0, fmt.Sprintf("with another value of %s the digest would be that of another image", checks.Code(name))
	}
	value, why := onlyDefault(f, name)
	if why != "" {
		return 0, why
	}
	m := plainValue.FindStringSubmatch(value.Value)
	if len(m) == 0 || m[1] != m[3] || f.Slice(value.Span) != value.Value {
		return 0, fmt.Sprintf("the default of %s is put together from parts", checks.Code(name))
	}
	if ref, err := base.ParseReference(before + m[2]); err != nil || ref != image.Ref {
		return 0, fmt.Sprintf("the default of %s is put together from parts", checks.Code(name))
	}
	if usedBesides(f, name, image) {
		return 0, fmt.Sprintf("%s is used for something else too", checks.Code(name))
	}
	return value.Span.End - len(m[3]), ""
}

// onlyDefault is the value of the one ARG before the first FROM that declares a name.
func onlyDefault(f *dockerfile.File, name string) (value dockerfile.Word, why string) {
	found := 0
	for _, i := range f.Instructions {
		for _, pair := range i.Pairs {
			if i.Stage == nil && pair.Name.Value == name {
				value = pair.Value
				found++
			}
		}
	}
	if found != 1 {
		return value, fmt.Sprintf("%s is declared more than once", checks.Code(name))
	}
	return value, ""
}

// usedBesides reports whether a global ARG decides about something else than an image: in
// another reference, in another ARG, or within a stage.
func usedBesides(f *dockerfile.File, name string, image *dockerfile.Image) bool {
	use := regexp.MustCompile(`\$\{?` + name + `\b`)
	for _, i := range f.Instructions {
		switch i.Keyword {
		case "FROM":
			for _, flag := range i.Flags {
				if use.MatchString(flag.Value) {
					return true
				}
			}
			if use.MatchString(i.Words[0].Value) && i.Words[0].Value != image.Written {
				return true
			}
		case "ARG":
			for _, pair := range i.Pairs {
				if i.Stage == nil && use.MatchString(pair.Value.Value) || i.Stage != nil && pair.Name.Value == name {
					return true
				}
			}
		}
	}
	return false
}

func checkContainerNoDigest(p *checks.ObjectPass) {
	for c := range containers(p) {
		ref, err := base.ParseReference(c.Image)
		if err != nil || ref.Digest != "" || tagged(p, c, ref) {
			continue
		}
		if image := p.Image(c); image != nil && image.Stage != nil {
			continue // it is built from this tree: its digest is known when that is done
		}
		n := c.Node.Get("image")
		part := ref.Tag
		if part == "" {
			part = path.Base(ref.Repository)
		}
		pin := &checks.Pin{Ref: ref}
		pin.Path, pin.At, pin.Uncertain = containerDigestPlace(p, c, n, ref)
		p.Report(p.Object.WherePart(n, part), checks.Finding{
			Key: containerKey(c, "image"), Help: pinHelp(pin), Pin: pin,
			Message: fmt.Sprintf("The image %s of the %s %s is named without a digest: each pod that starts may run something else.", checks.Code(ref.String()), roleNames[c.Role], checks.Code(c.Name)),
		})
	}
}

// containerDigestPlace is [digestPlace] for the image of a container: behind the tag, where
// that stands as it is and for this image alone.
func containerDigestPlace(p *checks.ObjectPass, c *kube.Container, n *kube.Node, ref base.Reference) (file string, at int, why string) {
	if ref.Tag == "" {
		return "", 0, "no tag says which version is meant"
	}
	origin := p.Object.WherePart(n, ref.Tag)
	place := origin.Place()
	if !origin.Verified || place.IsZero() {
		return "", 0, "where the tag comes from is not certain"
	}
	text := place.File.Slice(place.Span)
	if origin.Value != nil { // the key and what it holds
		text = strings.TrimRight(text, `"'`)
	}
	if !strings.HasSuffix(text, ref.Tag) || origin.Value == nil && text != ref.Tag {
		return "", 0, "the template puts the tag together"
	}
	for _, o := range p.Release.Objects {
		if readBesides(o, o.Root, ref.Tag, c.Image, place) {
			return "", 0, "the tag is used for something else too"
		}
	}
	return place.File.Path(), place.Span.Start + len(text), ""
}

// readBesides reports whether something else than an image of a container takes a tag from
// the place: a label cannot hold a digest, and another image has another one.
func readBesides(o *kube.Object, n *kube.Node, tag, image string, place kube.Place) bool {
	if n == nil {
		return false
	}
	for _, item := range n.Items {
		if readBesides(o, item, tag, image, place) {
			return true
		}
	}
	if len(n.Items) > 0 || !strings.Contains(n.Text(), tag) || n.Key == "image" && n.Text() == image {
		return false
	}
	return o.WherePart(n, tag).Place() == place
}
