package rules

import (
	"fmt"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// digestOnly asks for a tag beside the digest: it changes nothing of what is built, since
// Docker ignores the tag of a reference that has a digest, but people and tools read it.
// https://docs.docker.com/build/building/best-practices/#pin-base-image-versions
var digestOnly = page(checks.Rule{
	ID: "digest-only", Title: "Digest without a tag", Since: "0.1.0", Severity: checks.Notice,
	Dockerfile: checkDigestOnly,
})

func checkDigestOnly(p *checks.DockerfilePass) {
	for n := range p.File.Images() {
		image := &p.File.Images()[n]
		if image.Use == dockerfile.UseSyntax || image.Problem != "" || image.Ref.Digest == "" || image.Ref.Tag != "" || len(image.Args) > 0 || releaseInName(image.Ref.Repository) {
			continue
		}
		at := image.Span.End - len(image.Ref.Digest)
		f := checks.Finding{
			Span:    image.Span,
			Key:     imageKey(p, image),
			Message: fmt.Sprintf("%s is pinned by digest alone, so nobody can see which version it is.", checks.Code(image.Ref.Familiar())),
			Help:    "Write the tag that the digest was taken from in front of it: `name:tag@sha256:…`. The digest still decides what is built.",
		}
		if digest := (source.Span{Start: at, End: image.Span.End}); p.File.Slice(digest) == image.Ref.Digest {
			f.Span = digest
		}
		p.Report(f)
	}
}
