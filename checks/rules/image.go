package rules

import (
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// imageKey names an image by the stage and the place that use it.
func imageKey(p *checks.DockerfilePass, image *dockerfile.Image) string {
	return p.StageKey(image.Instruction.Stage) + " " + string(image.Use) + " " + image.Ref.Repository
}

// tagSpan is where the tag of an image stands, false where it comes from a variable, is
// left out or stands before a digest.
func tagSpan(p *checks.DockerfilePass, image *dockerfile.Image) (source.Span, bool) {
	tag := image.Ref.Tag
	if tag == "" || !strings.HasSuffix(p.File.Slice(image.Span), ":"+tag) {
		return image.Span, false
	}
	return source.Span{Start: image.Span.End - len(tag), End: image.Span.End}, true
}

// imageName is an image's reference without its digest, as a code span.
func imageName(image *dockerfile.Image) string {
	ref := image.Ref
	ref.Digest = ""
	return checks.Code(ref.String())
}
