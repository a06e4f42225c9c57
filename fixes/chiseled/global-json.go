package chiseled

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
)

// The SDK that a global.json asks for, and how far it may be from that. Such a file may
// have comments.
// https://learn.microsoft.com/dotnet/core/tools/global-json
var (
	sdkObject   = regexp.MustCompile(`"sdk"\s*:\s*\{[^{}]*\}`)
	sdkVersion  = regexp.MustCompile(`"version"\s*:\s*"((\d+\.\d+)\.(\d)\d\d[^"]*)"`)
	rollForward = regexp.MustCompile(`(?i)"rollForward"\s*:\s*"(\w+)"`)
)

// takesSDK reports whether the build may use the SDK of another image, and says what
// stands against it: a global.json that asks for the SDK of today and no newer one.
func (m *migration) takesSDK(s *dockerfile.Stage, to *base.DotNet) bool {
	from := s.Base().DotNet
	for _, i := range m.images {
		for _, p := range i.needs.Projects {
			file := m.globalJSON(path.Dir(p))
			if file == nil || !m.copies(i, file.Path()) {
				continue
			}
			object := sdkObject.FindStringIndex(file.Text())
			if object == nil {
				continue
			}
			text := file.Text()[object[0]:object[1]]
			version := sdkVersion.FindStringSubmatchIndex(text)
			if version == nil {
				continue
			}
			roll := ""
			if n := rollForward.FindStringSubmatch(text); n != nil {
				roll = strings.ToLower(n[1])
			}
			whole, asked, band := text[version[2]:version[3]], text[version[4]:version[5]], text[version[6]:version[7]]
			at := fixes.Place{File: file, Span: source.Span{Start: object[0] + version[0], End: object[0] + version[1]}}
			switch {
			case roll == "major" || roll == "latestmajor":
			case newer(to.Version, asked):
				m.person(at, fmt.Sprintf("The build asks for the SDK %s here and takes none of .NET %s, to whose image it would move.", whole, to.Version),
					fmt.Sprintf("Make it one of .NET %s, or let `rollForward` go that far, then ask again.", to.Version))
				return false
			case asked == to.Version && strings.HasPrefix(from.Patch, asked+"."+band) && to.Patch == "" && slices.Contains([]string{"", "patch", "latestpatch", "disable"}, roll):
				m.person(at, fmt.Sprintf("The build asks for the SDK %s here and takes none of a later hundred, as there is behind the tag %s to which it would move.", whole, checks.Code(to.Tag())),
					"Let `rollForward` be `latestFeature`, then ask again.")
				return false
			}
		}
	}
	return true
}

// globalJSON is the file that says which SDK builds in a folder, nil where there is none.
func (m *migration) globalJSON(dir string) *source.File {
	for {
		if _, found := slices.BinarySearch(m.Files, path.Join(dir, "global.json")); found {
			file, err := m.Tree.Read(path.Join(dir, "global.json"))
			if err != nil {
				return nil
			}
			return file
		}
		if dir == "." {
			return nil
		}
		dir = path.Dir(dir)
	}
}

// copies reports whether the build of an image may have a file of the repository.
func (m *migration) copies(i *image, file string) bool {
	for _, s := range m.builders(i.leaf) {
		for _, in := range s.Instructions {
			if in.Keyword != "COPY" && in.Keyword != "ADD" || in.Flag("from") != nil {
				continue
			}
			for _, w := range in.Words[:max(0, len(in.Words)-1)] {
				from := path.Clean(strings.TrimPrefix(w.Value, "/"))
				if from == "." || path.Base(from) == path.Base(file) || strings.ContainsAny(from, "*?$") && path.Ext(from) != ".csproj" || below(file, from) {
					return true
				}
			}
		}
	}
	return false
}
