package rules

import (
	"fmt"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// nightlyImage knows what the nightly repositories of .NET are for, and which of their
// tags the stable ones have. Chiseled images were in nightly only until 2023-11-14.
// https://github.com/dotnet/dotnet-docker/blob/nightly/README.md
// https://github.com/dotnet/dotnet-docker/discussions/4995
var nightlyImage = page(checks.Rule{
	ID: "nightly-image", Title: "Nightly image of .NET", Since: "0.1.0", Severity: checks.Warning,
	Dockerfile: checkNightlyImage,
})

const (
	dotnetImages  = "mcr.microsoft.com/dotnet/"
	nightlyFolder = "nightly/"
)

func checkNightlyImage(p *checks.DockerfilePass) {
	for n := range p.File.Images() {
		image := &p.File.Images()[n]
		rest, nightly := strings.CutPrefix(image.Ref.Repository, dotnetImages+nightlyFolder)
		if image.Use == dockerfile.UseSyntax || image.Problem != "" || !nightly {
			continue
		}
		f := checks.Finding{
			Span:    image.Span,
			Key:     imageKey(p, image) + " nightly",
			Message: fmt.Sprintf("%s is a nightly image: the last build for the release to come, replaced at any time and not supported.", imageName(image)),
			Help:    fmt.Sprintf("Take an image from %s.", checks.Code(dotnetImages+rest)),
		}
		at, literal := wordSpan(p, image.Span, nightlyFolder)
		if literal {
			f.Span = at
		}
		if stable := stableOf(image.Ref); stable != nil {
			f.Help = fmt.Sprintf("Take %s.", checks.Code(stable.Reference().String()))
			if image.Ref.Digest == "" && literal && stable.Tag() == image.Ref.Tag {
				f.Fix = &checks.Fix{
					Title:  "Take the stable image",
					Safety: safeIf(stable.Published() == base.Yes && len(image.Args) == 0),
					Edits:  []source.Edit{p.Edit(at, "")},
				}
			}
		}
		p.Report(f)
	}
}

// stableOf is the image of the same kind in the stable repositories, nil where nothing
// is known of it.
func stableOf(ref base.Reference) *base.DotNet {
	d, ok := base.ParseDotNet(ref)
	if !ok {
		return nil
	}
	stable := *d
	stable.Nightly = false
	if stable.Missing() != "" {
		stable.AOT = false // the nightly tags with -aot are today the same image as those without
	}
	if stable.Missing() != "" || stable.Version == "" || stable.Published() != base.Yes && stable.Patch == "" && !stable.Preview {
		return nil
	}
	return &stable
}

// wordSpan is where a word stands in a part of the file, false where it does not.
func wordSpan(p *checks.DockerfilePass, in source.Span, word string) (source.Span, bool) {
	n := strings.Index(p.File.Slice(in), word)
	return source.Span{Start: in.Start + n, End: in.Start + n + len(word)}, n >= 0
}

func safeIf(sure bool) checks.Safety {
	if sure {
		return checks.Safe
	}
	return checks.Unsafe
}
