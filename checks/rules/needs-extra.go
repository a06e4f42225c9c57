package rules

import (
	"fmt"
	"path"
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
		if len(found) == 0 {
			return
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
		f.Help = fmt.Sprintf("Take %s, the same image with ICU and time zones.", code(t.Reference().String()))
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

// evidenceFor is the evidence that a need exists.
func evidenceFor(n *dotnet.Needs, need dotnet.Need) []dotnet.Evidence {
	return slices.DeleteFunc(slices.Clone(n.Evidence), func(e dotnet.Evidence) bool { return e.About != need || e.Says != base.Yes })
}

// maxRelated is how many places of one kind a finding shows.
const maxRelated = 5

func relatedEvidence(evidence []dotnet.Evidence) []checks.Related {
	var related []checks.Related
	for _, e := range evidence[:min(len(evidence), maxRelated)] {
		why := e.Why
		if why != "" && 'a' <= why[0] && why[0] <= 'z' {
			why = string(why[0]-'a'+'A') + why[1:]
		}
		related = append(related, checks.Related{File: e.File, Span: e.Span, Message: why + "."})
	}
	return related
}

func joinNeeds(needs []dotnet.Need) string {
	var words []string
	for _, n := range needs {
		words = append(words, string(n))
	}
	return strings.Join(words, " and ")
}

// mayHave reports whether the Dockerfile itself may bring what the base image lacks.
func mayHave(final *dockerfile.Stage, need dotnet.Need) bool {
	state := final.State()
	if state.Base.Shell == base.No && state.HasShell != base.No {
		return true // so much is copied in that it may be there too
	}
	if _, ok := state.Env["DOTNET_SYSTEM_GLOBALIZATION_APPLOCALICU"]; ok && need == dotnet.ICU {
		return true
	}
	for _, stage := range final.Chain() {
		for _, i := range stage.Instructions {
			if i.Keyword == "RUN" && mayInstall(i, need) || (i.Keyword == "COPY" || i.Keyword == "ADD") && mayCopy(i, need) {
				return true
			}
		}
	}
	return false
}

func mayInstall(i *dockerfile.Instruction, need dotnet.Need) bool {
	if i.Before().HasShell == base.No {
		return false // the build fails
	}
	commands, ok := i.Commands()
	if !ok {
		return true
	}
	for _, c := range commands {
		call, ok := readPackageCall(c)
		if path.Ext(c.Name) == ".sh" || ok && !call.remove && !call.complete {
			return true
		}
		if !ok || call.remove {
			continue
		}
		for _, w := range call.packages {
			if name := packageName(w.Value); need == dotnet.ICU && (strings.HasPrefix(name, "icu") || strings.HasPrefix(name, "libicu")) ||
				need == dotnet.TimeZones && name == "tzdata" {
				return true
			}
		}
	}
	return false
}

func mayCopy(i *dockerfile.Instruction, need dotnet.Need) bool {
	if len(i.Words) == 0 {
		return false
	}
	switch path.Clean(i.Words[len(i.Words)-1].Value) {
	case "/", "/usr", "/usr/lib", "/usr/share", "/lib":
		return true
	}
	for _, w := range i.Words {
		if need == dotnet.ICU && strings.Contains(w.Value, "icu") || need == dotnet.TimeZones && strings.Contains(w.Value, "zoneinfo") {
			return true
		}
	}
	return false
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
