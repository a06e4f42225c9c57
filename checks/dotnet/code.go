package dotnet

import (
	"path"
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

// A word is a name in source that needs data; literal says that it counts only where a
// text follows as its first argument, as in CultureInfo("de").
type word struct {
	name    string
	literal bool
}

// cultures make cultures by name, which throws in invariant mode
// (https://learn.microsoft.com/dotnet/core/compatibility/globalization/6.0/culture-creation-invariant-mode);
// zones look up time zones.
var (
	cultures = []word{
		{"UseRequestLocalization", false}, {"AddSupportedCultures", false}, {"AddSupportedUICultures", false},
		{"CultureInfo", true}, {"GetCultureInfo", true}, {"GetCultureInfoByIetfLanguageTag", true}, {"CreateSpecificCulture", true},
	}
	zones = []word{
		{"FindSystemTimeZoneById", false}, {"TryFindSystemTimeZoneById", false}, {"ConvertTimeBySystemTimeZoneId", false},
		{"GetSystemTimeZones", false}, {"TZConvert", false},
	}
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
	if at, ok := first(file, cultures); ok {
		t.culture, t.cultureBy = at, "`"+file.Slice(at.span)+"` needs the data of ICU"
	}
	if at, ok := first(file, zones); ok {
		t.zone, t.zoneBy = at, "`"+file.Slice(at.span)+"` needs the time zone database"
	}
	return t, nil
}

// first is where the first of the words stands outside a comment line.
func first(file *source.File, words []word) (at place, found bool) {
	text := file.Text()
	end := len(text)
	for _, w := range words {
		for from := 0; ; {
			n := strings.Index(text[from:end], w.name)
			if n < 0 {
				break
			}
			start := from + n
			from = start + len(w.name)
			if w.counts(text, start) && !isComment(file.LineText(file.LineAt(start))) {
				at, found, end = place{file, source.Span{Start: start, End: from}}, true, start
				break
			}
		}
	}
	return at, found
}

// counts reports whether the text at an offset is the word and not part of another.
func (w word) counts(text string, start int) bool {
	if start > 0 && isWordByte(text[start-1]) {
		return false
	}
	rest := text[start+len(w.name):]
	if !w.literal {
		return rest == "" || !isWordByte(rest[0])
	}
	rest, call := strings.CutPrefix(strings.TrimLeft(rest, " \t"), "(")
	rest, quote := strings.CutPrefix(strings.TrimLeft(rest, " \t"), `"`)
	return call && quote && rest != "" && isWordByte(rest[0])
}

func isWordByte(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// isComment reports whether a line of C#, F# or Visual Basic is nothing but a comment.
func isComment(line string) bool {
	line = strings.TrimSpace(line)
	return strings.HasPrefix(line, "//") || strings.HasPrefix(line, "*") || strings.HasPrefix(line, "'")
}
