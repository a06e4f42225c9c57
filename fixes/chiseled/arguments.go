package chiseled

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
)

// An argument is a value of an ARG that a compose file or a pipeline gives to the build.
type argument struct {
	at    fixes.Place
	value string // empty where it is not known
}

var (
	// argumentFlag is one on a command line.
	argumentFlag = regexp.MustCompile(`--build-arg[ =]+["']?([^\s"'=]+)=([^\s"']*)`)
	// argumentLine is one of an action, which takes one a line.
	// https://github.com/docker/build-push-action#inputs
	argumentLine = regexp.MustCompile(`(?m)^[ \t]*["']?([^\s"'=]+)=[ \t]*([^\r\n]*?)["']?[ \t]*\r?$`)
)

// buildArguments are all values that an ARG gets.
func (m *migration) buildArguments(name string) []argument {
	var all []argument
	for _, s := range m.services() {
		if a, ok := s.argument(name); ok {
			all = append(all, a)
		}
	}
	if m.given == nil {
		m.given = m.pipelineArguments()
	}
	return append(all, m.given[name]...)
}

// pipelineArguments are the values that pipelines give to the build, by their names.
func (m *migration) pipelineArguments() map[string][]argument {
	given := map[string][]argument{}
	searched := 0
	for _, file := range m.Files {
		if !isPipeline(file) {
			continue
		}
		if searched++; searched > maxSearched {
			break
		}
		text, err := m.Tree.Read(file)
		if err != nil {
			continue
		}
		found := argumentFlag.FindAllStringSubmatchIndex(text.Text(), -1)
		if strings.Contains(text.Text(), "build-args:") {
			found = append(found, argumentLine.FindAllStringSubmatchIndex(text.Text(), -1)...)
		}
		for _, at := range found {
			name, value := text.Text()[at[2]:at[3]], source.Span{Start: at[4], End: at[5]}
			given[name] = append(given[name], argument{fixes.Place{File: text, Span: value}, plain(text.Slice(value))})
		}
	}
	return given
}

// plain is a value without variables, empty for any other.
func plain(value string) string {
	if strings.ContainsAny(value, "$%`\\") {
		return ""
	}
	return strings.TrimSpace(value)
}

// unresolved leaves it to a person that an ARG of the image has no default. Where the
// repository gives it to the build, that is said: the value there decides.
func (m *migration) unresolved(image *dockerfile.Image) {
	messages := []string{fmt.Sprintf("Which image %s is cannot be told: %s.", checks.Code(image.Written), image.Problem)}
	help := "Give the `ARG` a default value."
	for _, name := range image.Args {
		if m.globals()[name].pair != nil {
			continue
		}
		given := m.buildArguments(name)
		if len(given) == 0 {
			continue
		}
		first := given[0]
		where := fmt.Sprintf("%s:%d", first.at.Path(), first.at.Line())
		if written := strings.Trim(first.at.File.Slice(first.at.Span), `"'`); written != "" {
			messages = append(messages, fmt.Sprintf("The build gets %s (%s).", checks.Code(written), where))
		}
		if first.value != "" && !slices.ContainsFunc(given, func(a argument) bool { return a.value != first.value }) {
			help = fmt.Sprintf("Make that the default, %s, then ask again.", checks.Code("ARG "+name+"="+first.value))
		} else {
			help = fmt.Sprintf("Give the `ARG` as a default what %s gets in %s, then ask again.", checks.Code(name), where)
			if full := m.expected(image); full != "" {
				help = fmt.Sprintf("The projects target %s: write the image out in the `FROM`, %s, then ask again and the plan moves it. Or give the `ARG` as a default what %s gets in %s.",
					checks.Codes(m.Projects.ForStage(m.File, m.File.Final()).Frameworks), checks.Code(full), checks.Code(name), where)
			}
		}
	}
	m.person(m.at(image.Span), strings.Join(messages, " "), help)
}

// expected is the image that a reference stands for if the version which it leaves open is
// the one that the projects target; empty where that is not certain.
func (m *migration) expected(image *dockerfile.Image) string {
	frameworks := m.Projects.ForStage(m.File, m.File.Final()).Frameworks
	if len(frameworks) != 1 || len(image.Args) != 1 {
		return ""
	}
	version, ok := strings.CutPrefix(frameworks[0], "net")
	full := strings.NewReplacer("${"+image.Args[0]+"}", version, "$"+image.Args[0], version).Replace(image.Written)
	ref, err := base.ParseReference(full)
	if !ok || err != nil || strings.Contains(full, "$") {
		return ""
	}
	if facts, known := m.Mirrors.Lookup(ref); !known || facts.DotNet == nil || facts.DotNet.Version != version {
		return ""
	}
	return full
}

// expand replaces the variables of a text by the defaults of ARGs; false where one of
// them is not plain.
func (m *migration) expand(s string) (string, bool) {
	for {
		dollar := strings.IndexByte(s, '$')
		if dollar < 0 {
			return s, true
		}
		rest := strings.TrimPrefix(s[dollar+1:], "{")
		end := 0
		for end < len(rest) && (rest[end] == '_' || 'a' <= rest[end]|0x20 && rest[end]|0x20 <= 'z' || '0' <= rest[end] && rest[end] <= '9') {
			end++
		}
		arg := m.globals()[rest[:end]]
		if arg.pair == nil || !arg.plain {
			return s, false
		}
		rest = rest[end:]
		if strings.HasPrefix(s[dollar:], "${") {
			if !strings.HasPrefix(rest, "}") {
				return s, false
			}
			rest = rest[1:]
		}
		s = s[:dollar] + arg.value + rest
	}
}

// names reports whether a reference is to the same image of .NET, be it a copy.
func (m *migration) names(ref string, img *dockerfile.Image) bool {
	parsed, err := base.ParseReference(ref)
	if err != nil {
		return false
	}
	one, ok := m.Mirrors.Lookup(parsed)
	return ok && one.DotNet != nil && img.Facts != nil && img.Facts.DotNet != nil &&
		one.DotNet.Product == img.Facts.DotNet.Product && one.DotNet.Tag() == img.Facts.DotNet.Tag()
}

// usedElsewhere reports whether a global ARG decides about more than one image.
func (m *migration) usedElsewhere(name string, img *dockerfile.Image) bool {
	for n := range m.File.Images() {
		if other := &m.File.Images()[n]; other != img && slices.Contains(other.Args, name) {
			return true
		}
	}
	return slices.ContainsFunc(m.File.Instructions, func(i *dockerfile.Instruction) bool {
		if i.Keyword == "ARG" && i.Stage == nil {
			return slices.ContainsFunc(i.Pairs, func(p dockerfile.Pair) bool {
				return strings.Contains(p.Value.Value, "$"+name) || strings.Contains(p.Value.Value, "${"+name)
			})
		}
		return i.Keyword == "ARG" && slices.ContainsFunc(i.Pairs, func(p dockerfile.Pair) bool { return p.Name.Value == name })
	})
}
