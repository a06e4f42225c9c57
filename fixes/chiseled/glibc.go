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

// glibcs are the minor versions of glibc 2 in releases of distributions that SDK images are
// built on.
// https://packages.ubuntu.com/libc6
// https://github.com/ubuntu/ubuntu-release-notes/pull/174 (resolute)
// https://packages.debian.org/libc6
// https://github.com/microsoft/azurelinux/blob/3.0/SPECS/glibc/glibc.spec
var glibcs = map[string]int{
	"buster": 28, "focal": 31, "bullseye": 31, "jammy": 35, "cbl-mariner2.0": 35, "bookworm": 36, "azurelinux3.0": 38, "noble": 39, "trixie": 41, "resolute": 43,
}

func glibcOf(distro string) (minor int, known bool) {
	minor, known = glibcs[strings.TrimSuffix(distro, "-slim")]
	return minor, known
}

// glibc makes applications that are compiled ahead of time be compiled with a C library
// that is no newer than the image's: a program needs at least the one that it was linked
// with. Self-contained applications are not concerned: what they bring of .NET was built
// with an old one.
// https://learn.microsoft.com/dotnet/core/deploying/native-aot/#limitations-of-native-aot-deployment
func (m *migration) glibc() {
	for _, i := range m.images {
		at, aot := m.compiledAhead(i)
		if !aot {
			continue
		}
		has, known := glibcOf(i.to.Distro)
		if !known {
			continue
		}
		compilers := 0
		for _, s := range m.builders(i.leaf) {
			if s.Parent != nil || s.Image == nil || !m.compiles(i, s) {
				continue
			}
			compilers++
			b := s.Base()
			switch needs, known := glibcOf(distroOf(b)); {
			case b != nil && b.DotNet != nil && strings.HasPrefix(b.DotNet.Distro, "alpine"):
				// the rewrite for Alpine knows
			case !known:
				m.person(m.at(s.Image.Span), fmt.Sprintf("The application is compiled ahead of time, and which C library %s has is not known: the program needs that one or a newer one, and the image has glibc 2.%d.", checks.Code(s.Image.Ref.String()), has),
					fmt.Sprintf("Compile on %s.", checks.Code(fmt.Sprintf("mcr.microsoft.com/dotnet/sdk:%s-%s", i.to.Version, i.to.Distro))))
			case needs > has:
				m.sdk(i, s, fmt.Sprintf("The application is compiled ahead of time with glibc 2.%d and would not start with the image's 2.%d.", needs, has))
			}
		}
		if compilers == 0 {
			m.note(at, "The application is compiled ahead of time, and not in this Dockerfile: it must be with glibc 2.%d, which the image has, or an older one.", has)
		}
	}
}

// distroOf is the distribution of an SDK image, empty for any other.
func distroOf(b *base.Facts) string {
	if b == nil || b.DotNet == nil || b.DotNet.Product != "sdk" {
		return ""
	}
	return b.DotNet.Distro
}

// aheadArgument is the property that a command line sets.
var aheadArgument = regexp.MustCompile(`(?i)[-/]p(?:roperty)?:PublishAot=["']?(true|false)`)

// compiledAhead reports whether the application of an image is compiled to a program of
// the machine, and where that is said.
func (m *migration) compiledAhead(i *image) (fixes.Place, bool) {
	for _, s := range m.builders(i.leaf) {
		for _, in := range s.Instructions {
			if in.Keyword != "RUN" {
				continue
			}
			text := m.File.Slice(in.Span)
			if at := aheadArgument.FindStringSubmatchIndex(text); at != nil {
				return m.at(source.Span{Start: in.Span.Start + at[0], End: in.Span.Start + at[1]}), strings.EqualFold(text[at[2]:at[3]], "true")
			}
		}
	}
	for _, p := range i.needs.Projects {
		if v, ok := m.Projects.Property(p, "PublishAot"); ok && v.Known && strings.EqualFold(v.Value, "true") {
			return fixes.Place{File: v.File, Span: v.Span}, true
		}
	}
	return fixes.Place{}, false
}

// compiles reports whether dotnet publish runs in a stage or in one that builds on it.
func (m *migration) compiles(i *image, root *dockerfile.Stage) bool {
	return slices.ContainsFunc(m.builders(i.leaf), func(s *dockerfile.Stage) bool {
		return s.Root() == root && slices.ContainsFunc(s.Instructions, func(in *dockerfile.Instruction) bool {
			commands, _ := in.Commands()
			return in.Keyword == "RUN" && slices.ContainsFunc(commands, func(c dockerfile.ShellCommand) bool {
				return c.Name == "dotnet" && slices.ContainsFunc(c.Args, func(a dockerfile.ShellWord) bool { return a.Value == "publish" })
			})
		})
	})
}
