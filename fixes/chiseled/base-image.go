package chiseled

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/dotnet"
	"github.com/chiselbot/chiselbot/fixes"
)

// baseImage chooses the image to move to and writes it where the reference stands.
// https://github.com/dotnet/dotnet-docker/blob/main/documentation/ubuntu-chiseled.md
func (m *migration) baseImage() {
	var roots []*dockerfile.Stage
	why := map[*dockerfile.Stage][]string{}
	for _, i := range m.images {
		because := m.choose(i)
		switch before := m.target(i.root); {
		case i.to == nil:
			return
		case before != nil && before.Tag() != i.to.Tag(): // one needs ICU and the other does not
			for _, o := range m.images {
				if o.root == i.root {
					o.to.Extra, i.to.Extra = true, true
				}
			}
		}
		if !slices.Contains(roots, i.root) {
			roots = append(roots, i.root)
		}
		if i.to.Extra || why[i.root] == nil {
			why[i.root] = because
		}
	}
	for _, root := range roots {
		m.rewriteReference(root, m.target(root), why[root])
	}
}

// choose decides on the image to move to, and why.
func (m *migration) choose(i *image) (because []string) {
	from := *i.from
	at := m.at(i.root.From.Words[0].Span)
	if ends, ok := base.SupportEnds(from.Version); ok && m.Now.After(ends.AddDate(0, 0, 1)) {
		from, because = m.outOfSupport(i, ends)
	}
	extra, whyExtra := m.extra(i)
	arm, whyARM := m.arm32(i)
	full := from
	if from.Chiseled {
		if from.Missing() == "" && !from.Nightly && from.Version == i.from.Version && (from.Extra || !extra) {
			i.to = i.from // right as it is
			return nil
		}
		full.Chiseled, full.Composite, full.Extra = false, false, false
		extra = extra || from.Extra
	}
	to, why := full.ChiseledTarget(extra, arm)
	if to == nil {
		m.person(at, fmt.Sprintf("There is no chiseled image to move to: %s.", why), "Write a tag that names a .NET version from 6.0 on, then ask again.")
		return nil
	}
	if from.Composite && to.Product == "aspnet" {
		to.Composite = true
		because = append(because, "`composite` stays: the image has it today.")
	}
	switch why := lacksPatch(&from, to); {
	case from.Patch == "", to.Patch != "":
	case why == "":
		to.Patch = from.Patch
	default:
		because = append(because, fmt.Sprintf("Without the patch version %s: %s.", checks.Code(from.Patch), why))
	}
	switch {
	case arm && to.Distro == "jammy" && from.Version == "8.0":
		because = append(because, "`jammy`, because the images on noble are not built for 32-bit ARM: "+whyARM+".")
	case from.Distro == to.Distro:
		because = append(because, fmt.Sprintf("`%s`: the image is built on this Ubuntu release today.", to.Distro))
	case from.Chiseled && !from.Named:
		because = append(because, fmt.Sprintf("`%s`: the Ubuntu release on which .NET %s has chiseled images; the tag of today names none.", to.Distro, to.Version))
	default:
		because = append(because, fmt.Sprintf("`%s`: the Ubuntu release on which .NET %s has chiseled images; today it is %s.", to.Distro, to.Version, system(from.Distro)))
	}
	because = append(because, whyExtra)
	if i.from.Nightly {
		because = append(because, "Not from `nightly`: chiseled images are in the stable repositories since November 2023.")
	}
	if why := i.from.Missing(); why != "" {
		because = append(because, fmt.Sprintf("The tag of today was never published: %s.", why))
	}
	i.to = to
	return because
}

// system names a distribution as .NET's tags do.
func system(distro string) string {
	switch name := strings.TrimRight(distro, "0123456789."); {
	case name == "alpine":
		return "Alpine"
	case strings.HasPrefix(distro, "stretch"), strings.HasPrefix(distro, "buster"), strings.HasPrefix(distro, "bullseye"), strings.HasPrefix(distro, "bookworm"), strings.HasPrefix(distro, "trixie"):
		return "Debian (`" + distro + "`)"
	case distro == "":
		return "whatever the tag stands for"
	}
	return "`" + distro + "`"
}

// firstPatch is the first patch version of which there are chiseled images on an Ubuntu
// release, and of which there are some with ICU and time zones.
// https://github.com/dotnet/dotnet-docker/discussions/5092
// https://github.com/dotnet/dotnet-docker/discussions/5466
// https://github.com/dotnet/dotnet-docker/pull/7145
var firstPatch = map[string][2]int{
	"6.0 jammy": {25, 26}, "7.0 jammy": {14, 15}, "8.0 jammy": {0, 1}, "8.0 noble": {5, 5}, "9.0 noble": {0, 0}, "10.0 noble": {0, 0}, "10.0 resolute": {6, 6},
}

// lacksPatch says as a clause why the chiseled image is not taken in the same patch
// version; empty where it is known to exist.
func lacksPatch(from, to *base.DotNet) string {
	first, ok := firstPatch[to.Version+" "+to.Distro]
	patch, err := strconv.Atoi(from.Patch[strings.LastIndexByte(from.Patch, '.')+1:])
	begins := first[0]
	if to.Extra {
		begins = first[1]
	}
	switch {
	case err != nil || from.Preview:
		return "it is one of a preview"
	case !ok && from.Chiseled && !from.Nightly && from.Distro == to.Distro:
		return "" // the release came with both variants
	case !ok:
		return "whether it was published chiseled is not known"
	case patch < begins:
		return fmt.Sprintf("%s is the first that was published like this", checks.Code(fmt.Sprintf("%s.%d", to.Version, begins)))
	}
	return ""
}

// outOfSupport is the image in a newer version where that was asked for and the projects
// allow it. Otherwise it stays in its version, which is noted.
func (m *migration) outOfSupport(i *image, ends time.Time) (base.DotNet, []string) {
	from := *i.from
	at := m.at(i.root.From.Words[0].Span)
	newer := base.LongestSupported(m.Now)
	dead := fmt.Sprintf(".NET %s has had no security updates since %s.", from.Version, ends.Format(time.DateOnly))
	m.plan.Shows = append(m.plan.Shows, fixes.Cure{Rule: "out-of-support"})
	if newer == "" {
		m.note(at, "%s", dead)
		return from, nil
	}
	framework := "net" + newer
	switch {
	case !m.options.Upgrade:
		m.note(at, "%s The plan stays in this version; once the projects target `%s`, `--upgrade` moves to .NET %s.", dead, framework, newer)
		return from, nil
	case !slices.Contains(i.needs.Frameworks, framework):
		targets := "the projects' target framework is not known"
		if len(i.needs.Frameworks) > 0 {
			targets = "the projects target " + checks.Codes(i.needs.Frameworks)
		}
		m.stay(at, fmt.Sprintf("%s The plan stays in this version, because %s: make that `%s` first.", dead, targets, framework))
		return from, nil
	}
	if told, span, ok := m.published(i); ok && told != framework {
		m.stay(m.at(span), fmt.Sprintf("%s The plan stays in this version, because the build publishes %s: make that `%s` first.", dead, checks.Code(told), framework))
		return from, nil
	}
	to := base.DotNet{Product: from.Product, Version: newer, Distro: from.Distro, Named: from.Named, Arch: from.Arch, Chiseled: from.Chiseled, Composite: from.Composite, Extra: from.Extra, Mirror: from.Mirror}
	return to, []string{fmt.Sprintf(".NET %s, because %s, and the projects target `%s`.", newer, strings.TrimSuffix(strings.ToLower(dead[:1])+dead[1:], "."), framework)}
}

// stay notes why an image stays in a version that is out of support though it was to be
// moved to a newer one.
func (m *migration) stay(at fixes.Place, why string) {
	m.note(at, "%s", why)
	m.stays = append(m.stays, fixes.Reason{ID: m.rewrite.ID, URL: m.rewrite.URL, Verdict: fixes.NeedsPerson, At: at, Message: why, Help: "Then ask again."})
}

// extra decides between the image with ICU and time zones and the one without, and says
// why as a sentence.
// https://github.com/dotnet/dotnet-docker/blob/main/samples/enable-globalization.md
func (m *migration) extra(i *image) (bool, string) {
	facts := i.leaf.Base()
	missing := facts.ICU == base.No && facts.TimeZones == base.No
	for _, e := range i.needs.Evidence {
		if e.Says != base.Yes {
			continue
		}
		where := fmt.Sprintf("%s:%d", e.File.Path(), e.File.LineAt(e.Span.Start))
		if m.options.Variant == Plain {
			m.person(m.at(i.root.From.Words[0].Span), fmt.Sprintf("The plain image was asked for, and %s (%s).", e.Why, where), "Leave out `--variant plain`.")
		}
		return true, fmt.Sprintf("`extra`, which has ICU and time zones: %s (%s).", e.Why, where)
	}
	switch {
	case m.options.Variant == Extra:
		return true, "`extra`, which has ICU and time zones, was asked for."
	case m.options.Variant == Plain:
		return false, "Without `extra`, which has ICU and time zones: so it was asked for."
	case i.needs.ICU == base.No && i.needs.TimeZones == base.No:
		for _, e := range i.needs.Evidence {
			if e.About == dotnet.TimeZones {
				return false, fmt.Sprintf("Without `extra`, which has ICU and time zones: %s (%s:%d).", e.Why, e.File.Path(), e.File.LineAt(e.Span.Start))
			}
		}
		return false, "Without `extra`, which has ICU and time zones: the projects do without both."
	case missing:
		return false, "Without `extra`, which has ICU and time zones: the image of today has neither, and nothing shows that they are missed."
	}
	return true, "`extra`, which has ICU and time zones as the image of today has: nothing shows that the application can do without."
}

// arm32 reports whether the image is built for 32-bit ARM too, and by what.
func (m *migration) arm32(i *image) (bool, string) {
	if i.from.Version != "8.0" {
		return false, "" // all other versions have images for it
	}
	if base.ARM32.MatchString(i.root.Platform) {
		return true, "`FROM` says so"
	}
	if at, ok := m.search(isPipeline, base.ARM32); ok {
		return true, fmt.Sprintf("%s:%d builds for 32-bit ARM too", at.Path(), at.Line())
	}
	return false, ""
}
