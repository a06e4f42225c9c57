package dotnet

import (
	"path"
	"regexp"
	"strings"

	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/source"
)

// Bounds on the source that is read for one Dockerfile.
const (
	maxSourceFiles  = 200
	maxSourceBytes  = 2 << 20
	maxSourceListed = 20_000
)

// A text is what one source file says: the places of its signals, nil files where none.
type text struct {
	size              int
	culture, zone     place
	cultureBy, zoneBy string
}

var (
	// culture finds cultures by name. In invariant mode creating one throws
	// (https://learn.microsoft.com/dotnet/core/compatibility/globalization/6.0/culture-creation-invariant-mode).
	culture = regexp.MustCompile(`\b(UseRequestLocalization|AddSupportedCultures|AddSupportedUICultures)\b|\b(CultureInfo)\s*\(\s*"[A-Za-z]|\b(GetCultureInfo|CreateSpecificCulture|GetCultureInfoByIetfLanguageTag)\s*\(\s*"[A-Za-z]`)
	// zone finds look-ups of time zones by name.
	zone = regexp.MustCompile(`\b(FindSystemTimeZoneById|TryFindSystemTimeZoneById|ConvertTimeBySystemTimeZoneId|GetSystemTimeZones|TZConvert)\b`)
)

// readSource reads the source of projects until it says what no setting and no package
// said; true means that all of it was read.
func (p *Projects) readSource(reached []*project, to *finding) (all bool) {
	defer func() { to.distance = 0 }()
	files, size, listed := 0, 0, 0
	for n, proj := range reached {
		to.distance = n
		dir := path.Dir(proj.path)
		for _, name := range below(p.sources, dir) {
			if listed++; listed > maxSourceListed {
				return false
			}
			if !p.owns(dir, name) {
				continue
			}
			if files++; files > maxSourceFiles || size > maxSourceBytes {
				return false
			}
			t, err := p.texts.get(name, func() (*text, error) { return readText(p.tree, name) })
			if err != nil {
				return false
			}
			size += t.size
			if t.culture.file != nil && to.icu == base.Unknown {
				to.add(bySource, ICU, base.Yes, t.culture, t.cultureBy)
			}
			if t.zone.file != nil {
				to.add(bySource, TimeZones, base.Yes, t.zone, t.zoneBy)
			}
			if to.says(ICU) || to.says(TimeZones) { // one image variant brings both
				return false
			}
		}
	}
	return true
}

// owns reports whether a file below a project's folder belongs to that project: no
// folder between the two has a project of its own.
func (p *Projects) owns(dir, name string) bool {
	for at := path.Dir(name); at != dir; at = path.Dir(at) {
		if len(p.inFolder[at]) > 0 {
			return false
		}
		if at == "." {
			break
		}
	}
	return true
}

func readText(tree source.Tree, name string) (*text, error) {
	file, err := tree.Read(name)
	if err != nil {
		return nil, err
	}
	t := &text{size: len(file.Text())}
	if path.Ext(name) == ".resx" {
		t.culture, t.cultureBy = place{file: file}, "the project has texts in another language"
		return t, nil
	}
	if strings.Contains(file.Text(), "Culture") || strings.Contains(file.Text(), "Localization") {
		t.culture, t.cultureBy = signal(file, culture, "`%` needs the data of ICU")
	}
	if strings.Contains(file.Text(), "TimeZone") || strings.Contains(file.Text(), "TZConvert") {
		t.zone, t.zoneBy = signal(file, zone, "`%` needs the time zone database")
	}
	return t, nil
}

// signal is the first match outside a comment line, and why it counts.
func signal(file *source.File, what *regexp.Regexp, why string) (place, string) {
	for _, m := range what.FindAllStringSubmatchIndex(file.Text(), -1) {
		line := strings.TrimSpace(file.LineText(file.LineAt(m[0])))
		if strings.HasPrefix(line, "//") || strings.HasPrefix(line, "*") || strings.HasPrefix(line, "'") {
			continue
		}
		for group := 2; group < len(m); group += 2 {
			if m[group] >= 0 {
				span := source.Span{Start: m[group], End: m[group+1]}
				return place{file, span}, strings.Replace(why, "%", file.Slice(span), 1)
			}
		}
	}
	return place{}, ""
}
