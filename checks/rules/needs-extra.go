package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/dotnet"
	"github.com/chiselbot/chiselbot/checks/source"
)

// needsExtra sets what the projects behind the Dockerfile need against what the image
// has: plain chiseled images, and Alpine ones, leave out ICU and the time zone database.
// https://github.com/dotnet/dotnet-docker/blob/main/samples/enable-globalization.md
var needsExtra = page(checks.Rule{
	ID: "needs-extra", Title: "ICU or time zones missing", Since: "0.1.0", Severity: checks.Error,
	Dockerfile: checkNeedsExtra,
})

func checkNeedsExtra(p *checks.DockerfilePass) {
	b := p.Final.Base()
	if b == nil || b.DotNet == nil || b.ICU != base.No && b.TimeZones != base.No || b.DotNet.Missing() != "" {
		return // no-such-tag says worse of a tag that never was
	}
	needs := p.Projects.For(p.File)
	var missing []dotnet.Need
	if b.ICU == base.No && needs.ICU == base.Yes && !mayHave(p.Final, dotnet.ICU) {
		missing = append(missing, dotnet.ICU)
	}
	if b.TimeZones == base.No && needs.TimeZones == base.Yes && !mayHave(p.Final, dotnet.TimeZones) {
		missing = append(missing, dotnet.TimeZones)
	}
	var evidence []dotnet.Evidence
	var why []string
	for _, need := range missing {
		found := evidenceFor(needs, need)
		if !slices.ContainsFunc(found, func(e dotnet.Evidence) bool { return !e.Referred }) {
			return // a library has it for others too
		}
		evidence = append(evidence, found...)
		why = append(why, found[0].Why)
	}
	if len(evidence) == 0 {
		return
	}

	root := p.Final.Root()
	f := checks.Finding{
		Span: root.From.Words[0].Span,
		Key:  p.StageKey(p.Final) + " globalization",
		Message: fmt.Sprintf("The application needs %s, which %s does not have: %s.",
			joinNeeds(missing), baseName(p.Final), strings.Join(why, ", and ")),
		Related: relatedEvidence(evidence),
	}
	switch t := extraOf(b.DotNet); {
	case t != nil:
		f.Help = fmt.Sprintf("Take %s, the same image with ICU and time zones.", checks.Code(t.Reference().String()))
		if edit, ok := extraEdit(p, root.Image, b.DotNet); ok {
			// Unsafe: globalization is on from then on, wherever the application uses it.
			f.Fix = &checks.Fix{Title: "Take the `-extra` image", Safety: checks.Unsafe, Edits: []source.Edit{edit}}
		}
	case len(missing) == 1 && missing[0] == dotnet.TimeZones:
		f.Help = "Install `tzdata`."
	default:
		f.Help = "Install `icu-libs`, `icu-data-full` and `tzdata`, and set `DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=false`."
	}
	p.Report(f)
}

// extraOf is the same image with ICU and time zones, nil where there is none by tag.
func extraOf(d *base.DotNet) *base.DotNet {
	if !d.Chiseled && !d.Distroless || d.Missing() != "" {
		return nil
	}
	t := *d
	t.Extra = true
	if t.Missing() != "" {
		return nil
	}
	return &t
}

// extraEdit adds -extra to the tag of FROM, where the end of the tag stands there as it
// is; false behind a variable and before a digest, which is that of another image.
func extraEdit(p *checks.DockerfilePass, image *dockerfile.Image, d *base.DotNet) (source.Edit, bool) {
	if image.Ref.Digest != "" || image.Ref.Tag != d.Tag() || p.File.Slice(image.Span) != image.Written {
		return source.Edit{}, false
	}
	before, arch := image.Written, ""
	if d.Arch != "" {
		arch = "-" + d.Arch
		var ok bool
		if before, ok = strings.CutSuffix(before, arch); !ok {
			return source.Edit{}, false
		}
	}
	for _, variant := range []string{"-chiseled", "-composite", "-distroless"} {
		if strings.HasSuffix(before, variant) {
			at := image.Span.End - len(arch)
			return p.Edit(source.Span{Start: at, End: at}, "-extra"), true
		}
	}
	return source.Edit{}, false
}
