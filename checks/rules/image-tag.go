package rules

import (
	"fmt"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
)

// imageTag looks at every image that the file takes something from, not only at FROM,
// and knows more floating names than latest.
// https://docs.docker.com/build/building/best-practices/#pin-base-image-versions
var imageTag = page(checks.Rule{
	ID: "image-tag", Title: "Image without a version", Since: "0.1.0", Severity: checks.Warning,
	Replaces:   []checks.Replaced{{ID: "DS-0001", Because: "it reads COPY --from and the values of ARG too, and lets digests pass"}},
	Dockerfile: checkImageTag,
})

func checkImageTag(p *checks.DockerfilePass) {
	for n := range p.File.Images() {
		image := &p.File.Images()[n]
		if image.Use == dockerfile.UseSyntax || image.Problem != "" || image.Ref.Digest != "" || !isFloating(image.Ref.Tag) || mayBeContext(image) {
			continue
		}
		if image.Ref.Tag == "" && releaseInName(image.Ref.Repository) {
			continue
		}
		at, literal := tagSpan(p, image)
		f := checks.Finding{Span: at, Key: imageKey(p, image)}
		name := checks.Code(image.Ref.Familiar())
		switch {
		case image.Ref.Tag == "":
			f.Message = fmt.Sprintf("%s has no tag, so `latest` is taken: a build next month may get another version.", name)
		case literal:
			f.Message = fmt.Sprintf("The tag %s of %s moves: a build next month may get another version.", checks.Code(image.Ref.Tag), name)
		default:
			f.Message = fmt.Sprintf("%s is %s by default: a build next month may get another version.", checks.Code(image.Written), checks.Code(image.Ref.String()))
		}
		f.Help = "Write the version that you tested as the tag; where the publisher offers no versions, add the digest (`@sha256:…`)."
		p.Report(f)
	}
}

// isFloating reports whether a tag names no version: it is empty or says only "the
// newest" or "the branch as it is". Channels such as stable, lts or mainline are not
// meant: their publishers promise something by them.
func isFloating(tag string) bool {
	first, _, _ := strings.Cut(tag, "-")
	switch strings.ToLower(first) {
	case "", "latest":
		return true
	case "edge", "nightly", "canary", "rolling", "snapshot", "unstable", "dev", "devel", "develop", "head", "main", "master", "trunk":
		return !strings.ContainsAny(tag, "0123456789") // nightly-2026-11-01 and main-4f2a9c stay where they are
	}
	return false
}

// releaseInName reports whether the repository's own name says the release, as those of
// Google's distroless images do: gcr.io/distroless/static-debian12 has no version tags.
// https://github.com/GoogleContainerTools/distroless#what-images-are-available
func releaseInName(repository string) bool {
	return strings.HasPrefix(repository, "gcr.io/distroless/") && strings.Contains(repository, "-debian1")
}

// mayBeContext reports whether a name outside FROM may as well be a named build context
// (docker build --build-context): one word, no tag, and no image that is known. In FROM
// such a name is only the default of an ARG that the build always sets.
// https://docs.docker.com/build/concepts/context/#named-contexts
func mayBeContext(image *dockerfile.Image) bool {
	if image.Use == dockerfile.UseFrom && len(image.Args) == 0 || image.Ref.Tag != "" || strings.Contains(image.Ref.Familiar(), "/") {
		return false
	}
	return image.Facts == nil
}
