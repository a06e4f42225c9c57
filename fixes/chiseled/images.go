package chiseled

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/dotnet"
)

// An image is one that the Dockerfile can build: its last stage, or another one that
// nothing else in the file uses.
type image struct {
	leaf *dockerfile.Stage
	root *dockerfile.Stage
	from *base.DotNet
	to   *base.DotNet
	// needs are what the projects in it need.
	needs *dotnet.Needs
	// adopted says that the image starts nothing, and that those that are built on it were
	// looked at.
	adopted bool
}

// findImages finds the images to move. It is false where the recipe has nothing to do or
// to say.
func (m *migration) findImages() bool {
	final := m.File.Final()
	taken := m.takes(final)
	for _, s := range m.File.Stages {
		if s == final && taken && s.Base() != nil && s.Base().DotNet != nil || s != final && m.isTarget(s) {
			m.images = append(m.images, &image{leaf: s, root: s.Root(), from: s.Base().DotNet, needs: m.Projects.ForStage(m.File, s)})
		}
	}
	for _, i := range m.images {
		i.adopted = isRuntime(i.leaf) && !i.from.Chiseled && !starts(i.leaf) && m.adopts(i)
	}
	for _, s := range m.File.Stages {
		if slices.ContainsFunc(m.images, func(i *image) bool { return i.root == s.Root() }) {
			m.stages = append(m.stages, s)
		}
	}
	return taken || len(m.images) > 0
}

// isTarget reports whether a stage other than the last is an image of its own: it starts
// an application, or nothing else in the file uses it and it comes down to the image that
// the last stage does.
func (m *migration) isTarget(s *dockerfile.Stage) bool {
	st := s.State()
	own := st.Entrypoint.Origin != nil && st.Entrypoint.Origin.Stage == s || st.Cmd.Origin != nil && st.Cmd.Origin.Stage == s
	return isRuntime(s) && (own || s.Root() == m.File.Final().Root() && slices.Contains(leaves(m.File), s))
}

// takes decides by the final stage whether the recipe is for this file; images that it
// knows and cannot move are refused with a reason.
func (m *migration) takes(final *dockerfile.Stage) bool {
	m.rewrite = &Rewrite{ID: "base-image", URL: pageURL("base-image")}
	root := final.Root()
	at := m.at(root.From.Words[0].Span)
	b := final.Base()
	switch {
	case root.Image != nil && root.Image.Problem != "":
		if !strings.Contains(root.Image.Written, "dotnet/") && !slices.ContainsFunc(root.Image.Args, func(a string) bool { return strings.Contains(m.globals()[a].value, "dotnet/") }) {
			return false
		}
		m.unresolved(root.Image)
		return true
	case b == nil && root.Image != nil && startsAssembly(final):
		return m.ownBase(at, root.Image)
	case b == nil || b.DotNet == nil:
		return false
	}
	d := b.DotNet
	switch {
	case d.Windows:
		m.refuse(at, "A Windows image has no chiseled variant.", "Build the application for Linux first.")
	case !d.Named && m.forWindows(d) != "":
		m.refuse(at, fmt.Sprintf("This image is built on Windows: %s, and up to .NET 7.0 a tag that names no system stands for Windows too. A Windows image has no chiseled variant.", m.forWindows(d)),
			fmt.Sprintf("Build the application for Linux first. If it is for Linux already, say so with the tag, %s for one, then ask again.", checks.Code(d.Version+"-jammy")))
	case d.Legacy || d.Version != "" && d.Version < "6.0" && len(d.Version) == 3:
		m.refuse(at, fmt.Sprintf(".NET %s has no chiseled images.", d.Version), "Move the application to a supported .NET first.")
	case d.Distroless:
		return false // as small and as hard to attack
	case d.Product == "monitor":
		return false
	case isDebug(m.File, final):
		return false // what debugs needs the shell
	case d.Product == "sdk":
		if !starts(final) || isTool(final) || isNamed(m.File, "dev", "develop", "development") {
			return false // to build or test with
		}
		m.person(at, "The application runs in an SDK image, which has no chiseled variant.", "Add a final stage from `aspnet` or `runtime` that only has what `dotnet publish` made, then ask again.")
	case strings.HasPrefix(d.Distro, "azurelinux") || strings.HasPrefix(d.Distro, "cbl-mariner"):
		m.person(at, "The image is Azure Linux, which has distroless images of its own.", "Take the `-distroless` variant of the same tag, or write the tag of an Ubuntu image and ask again.")
	}
	return true
}

// forWindows says why an image whose tag names no system is built on Windows, as a clause;
// empty where nothing says so. From .NET 8 on such tags are Linux alone.
// https://github.com/dotnet/dotnet-docker/issues/4492
func (m *migration) forWindows(d *base.DotNet) string {
	if len(d.Version) != 3 || d.Version >= "8.0" {
		return ""
	}
	for _, directive := range m.File.Directives {
		if directive.Name == "escape" && directive.Value == "`" {
			return "the file's escape character is that of PowerShell"
		}
	}
	for part := range strings.FieldsFuncSeq(strings.ToLower(m.File.Path()), func(r rune) bool { return strings.ContainsRune("/.-_", r) }) {
		if part == "windows" || part == "nanoserver" {
			return "its path says so"
		}
	}
	return ""
}

// isTool reports whether an image is made to develop in: its command watches, runs from
// source or tests.
func isTool(s *dockerfile.Stage) bool {
	for _, c := range []dockerfile.Setting[dockerfile.Command]{s.State().Entrypoint, s.State().Cmd} {
		words := strings.Fields(strings.Join(c.Value.Args, " "))
		if n := slices.Index(words, "dotnet"); n >= 0 && n+1 < len(words) && slices.Contains([]string{"run", "watch", "test", "ef", "build"}, words[n+1]) {
			return true
		}
	}
	return false
}

// isDebug reports whether an image is made to debug in: its file is named so, or Visual
// Studio's debugger is put into it.
// https://code.visualstudio.com/docs/containers/debug-netcore
func isDebug(f *dockerfile.File, s *dockerfile.Stage) bool {
	if isNamed(f, "debug") {
		return true
	}
	for _, in := range s.Chain() {
		for _, i := range in.Instructions {
			if (i.Keyword == "RUN" || i.Keyword == "COPY" || i.Keyword == "ADD") && strings.Contains(i.Logical.Text, "vsdbg") {
				return true
			}
		}
	}
	return false
}

// isNamed reports whether a word is part of the name of a Dockerfile: Dockerfile.debug.
func isNamed(f *dockerfile.File, words ...string) bool {
	return slices.ContainsFunc(strings.Split(strings.ToLower(path.Base(f.Path())), "."), func(part string) bool { return slices.Contains(words, part) })
}

// startsAssembly reports whether an image starts a .NET application by its assembly.
func startsAssembly(s *dockerfile.Stage) bool {
	for _, c := range []dockerfile.Setting[dockerfile.Command]{s.State().Entrypoint, s.State().Cmd} {
		if c.Origin != nil && slices.ContainsFunc(strings.Fields(strings.Join(c.Value.Args, " ")), func(w string) bool { return strings.HasSuffix(w, ".dll") }) {
			return true
		}
	}
	return false
}

// leaves are the stages that no other stage builds on or takes files from, and the last.
func leaves(f *dockerfile.File) []*dockerfile.Stage {
	used := map[*dockerfile.Stage]bool{}
	for _, s := range f.Stages {
		used[s.Parent] = true
		for _, u := range s.Uses {
			used[u] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(f.Stages), func(s *dockerfile.Stage) bool { return used[s] && s != f.Final() })
}

func isRuntime(s *dockerfile.Stage) bool {
	b := s.Base()
	return b != nil && b.DotNet != nil && !b.DotNet.Windows && !b.DotNet.Legacy && slices.Contains([]string{"aspnet", "runtime", "runtime-deps"}, b.DotNet.Product)
}

// starts reports whether the Dockerfile says what the stage's image starts.
func starts(s *dockerfile.Stage) bool {
	return s.State().Entrypoint.Origin != nil || s.State().Cmd.Origin != nil
}
