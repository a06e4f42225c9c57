package chiseled

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
)

// alpine makes the build stages of an image that was Alpine build for glibc: what is
// compiled for musl does not start on Ubuntu.
// https://learn.microsoft.com/dotnet/core/rid-catalog#linux-rids
func (m *migration) alpine() {
	for _, i := range m.images {
		if !strings.HasPrefix(i.from.Distro, "alpine") {
			continue
		}
		musl := m.rids(i)
		m.projectRIDs(i)
		for _, s := range m.builders(i.leaf) {
			b := s.Base()
			if s.Parent != nil || b == nil || b.DotNet == nil || b.DotNet.Product != "sdk" || !strings.HasPrefix(b.DotNet.Distro, "alpine") {
				continue
			}
			if musl || i.to.Product == "runtime-deps" || !startsDotnet(i) {
				m.sdk(i, s, "What an SDK on Alpine compiles needs musl; on the Ubuntu release of the image it needs what is there.")
			}
		}
	}
}

// startsDotnet reports whether the image starts its application by dotnet, so that the
// program itself is the same on every Linux.
func startsDotnet(i *image) bool {
	st := i.leaf.State()
	for _, at := range []*dockerfile.Instruction{st.Entrypoint.Origin, st.Cmd.Origin} {
		if at != nil {
			commands, _ := at.Commands()
			return len(commands) > 0 && (path.Base(commands[0].Name) == "dotnet" || isArgument(commands[0].Name))
		}
	}
	return false
}

// builders are the stages that an image takes files from, by whatever way.
func (m *migration) builders(leaf *dockerfile.Stage) []*dockerfile.Stage {
	var all []*dockerfile.Stage
	queue := []*dockerfile.Stage{leaf}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		if s == nil || slices.Contains(all, s) {
			continue
		}
		all = append(all, s)
		queue = append(append(queue, s.Parent), s.Uses...)
	}
	return slices.DeleteFunc(all, func(s *dockerfile.Stage) bool { return slices.Contains(m.stages, s) })
}

// rids rewrites runtime identifiers for musl in the commands of build stages. It reports
// whether something is compiled for one architecture.
func (m *migration) rids(i *image) (musl bool) {
	for _, s := range m.builders(i.leaf) {
		for _, in := range s.Instructions {
			if in.Keyword != "RUN" && in.Keyword != "ARG" && in.Keyword != "ENV" {
				continue
			}
			spans := []source.Span{in.Span}
			for _, span := range spans {
				text := m.File.Slice(span)
				for at := 0; ; {
					n := strings.Index(text[at:], "linux-musl-")
					if n < 0 {
						break
					}
					at += n
					musl = true
					start := span.Start + at
					m.step(source.Span{Start: start, End: start + len("linux-musl-")}, "Build for `linux-` instead of `linux-musl-`", "Programs for musl do not start on Ubuntu, whose C library is glibc.",
						m.edit(source.Span{Start: start + len("linux-"), End: start + len("linux-musl-")}, ""))
					at += len("linux-musl-")
				}
				if strings.Contains(text, "TARGETARCH") || strings.Contains(text, "--self-contained") || strings.Contains(text, "--sc") {
					musl = true // -a takes the system of the SDK
				}
			}
		}
	}
	return musl
}

// projectRIDs leaves it to a person where a project itself names a runtime identifier for
// musl: other Dockerfiles may build it too.
func (m *migration) projectRIDs(i *image) {
	for _, p := range i.needs.Projects {
		for _, name := range []string{"RuntimeIdentifier", "RuntimeIdentifiers"} {
			if v, ok := m.Projects.Property(p, name); ok && strings.Contains(v.Value, "linux-musl-") && name == "RuntimeIdentifier" {
				m.person(fixes.Place{File: v.File, Span: v.Span}, fmt.Sprintf("The project is built for %s, and programs for musl do not start on Ubuntu.", checks.Code(v.Value)), "Make it "+checks.Code(strings.ReplaceAll(v.Value, "linux-musl-", "linux-"))+", or name the identifier where the project is published.")
			}
		}
	}
}
