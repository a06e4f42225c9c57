package chiseled

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// sdks makes the build stages of an image that moves to a newer .NET build with an SDK of
// that version: an older one does not know the framework.
// https://learn.microsoft.com/dotnet/core/versions/selection
func (m *migration) sdks() {
	for _, i := range m.images {
		if !newer(i.to.Version, i.from.Version) {
			continue
		}
		for _, s := range m.builders(i.leaf) {
			b := s.Base()
			if s.Parent != nil || s.Image == nil || m.moved[s] || b == nil || b.DotNet == nil || b.DotNet.Product != "sdk" || !newer(i.to.Version, b.DotNet.Version) {
				continue
			}
			m.moved[s] = true
			to := b.DotNet.On(i.to.Version)
			if to == nil {
				m.person(m.at(s.Image.Span), fmt.Sprintf("The SDK of .NET %s does not know the framework of .NET %s, and which image of a newer one stands for %s is not known.", b.DotNet.Version, i.to.Version, checks.Code(s.Image.Ref.String())), "Write the tag of an SDK of .NET "+i.to.Version+" by hand, then ask again.")
				continue
			}
			m.moveSDK(s, to, fmt.Sprintf("The SDK of .NET %s does not know the framework of .NET %s.", b.DotNet.Version, i.to.Version))
		}
	}
}

// sdk moves an SDK stage to the Ubuntu release of the new image.
func (m *migration) sdk(i *image, s *dockerfile.Stage, because string) {
	from := s.Base().DotNet
	if m.moved[s] || from.Version == "" || s.Image == nil {
		return
	}
	m.moved[s] = true
	moves := fmt.Sprintf("The SDK stage has to move from %s to Ubuntu's %s with the image", system(from.Distro), checks.Code(i.to.Distro))
	var installs []*dockerfile.Instruction
	for _, other := range m.File.Stages {
		for _, in := range other.Instructions {
			switch {
			case other.Root() != s || in.Keyword != "RUN":
			case calls(in, []string{"tdnf"}):
				m.person(m.at(in.Span), moves+", and it installs packages with `tdnf`.", "Write what it installs for `apt-get`, whose packages have other names.")
				return
			case calls(in, []string{"apk"}):
				installs = append(installs, in)
			}
		}
	}
	packages := make([][]source.Edit, len(installs))
	for n, in := range installs {
		edits, why := m.withApt(in)
		if packages[n] = edits; why != "" {
			m.person(m.at(in.Span), fmt.Sprintf("%s, and it installs packages with `apk`: %s.", moves, why), "Write what it installs for `apt-get`, whose packages have other names.")
			return
		}
	}
	same := from
	if newer(i.to.Version, i.from.Version) && newer(i.to.Version, from.Version) {
		same = &base.DotNet{Version: i.to.Version, AOT: from.AOT, Mirror: from.Mirror}
	}
	to, aot := same.SDK(i.to.Distro)
	if on := (&base.DotNet{Product: "runtime-deps", Version: to.Version, Preview: to.Preview, Distro: to.Distro, Named: true, Chiseled: true}); on.Missing() != "" {
		m.person(m.at(s.Image.Span), fmt.Sprintf("%s, and there is no SDK image of .NET %s on that release.", moves, to.Version), "Build with the SDK of .NET "+i.to.Version+", or move the application to .NET "+to.Version+".")
		return
	}
	if !m.moveSDK(s, to, because) {
		return
	}
	if from.AOT && !aot {
		step := len(m.plan.Steps) - 1
		m.plan.Steps[step].Because += fmt.Sprintf("\nImages of .NET %s with a compiler were in `nightly` alone, so it is installed.", to.Version)
		m.insertAfter(step, s.From, m.keyword("RUN")+" "+install([]string{"clang", "zlib1g-dev"}))
	}
	for n, in := range installs {
		title, why := "Install with `apt-get` what was installed with `apk`", "The SDK on Ubuntu has its packages. Names that differ stand for the same tools."
		if packages[n][0].New == "" {
			title, why = "Leave out "+checks.Code(shortened(in.Logical.Text)), "The SDK on Ubuntu has what it installs."
		}
		m.step(in.Span, title, why, packages[n]...)
	}
}

// moveSDK writes another SDK image where a stage names its own; false where it cannot.
func (m *migration) moveSDK(s *dockerfile.Stage, to *base.DotNet, because string) bool {
	if !m.takesSDK(s, to) {
		return false
	}
	edit, why := m.reference(s.Image, to, m.digest(s.Image, to))
	if why != "" {
		m.person(m.at(s.Image.Span), fmt.Sprintf("The SDK stage has to move to %s with the image, and its tag cannot be changed here: %s.", checks.Code(to.Reference().String()), why), "Write "+checks.Code(to.Reference().String())+" by hand, then ask again.")
		return false
	}
	m.step(s.Image.Span, fmt.Sprintf("Build on %s", checks.Code(to.Reference().String())), because, edit)
	return true
}

// newer reports whether a version such as 10.0 is newer than another.
func newer(version, than string) bool {
	if version == "" || than == "" {
		return false
	}
	return len(version) > len(than) || len(version) == len(than) && version > than
}

// frameworkArgument is the framework that a command line publishes.
var frameworkArgument = regexp.MustCompile(`(?:\s-f|\s--framework)[ =]+["']?([\w.$\x7b\x7d-]+)`)

// published is the framework that the build is told to publish, false where it is not told.
func (m *migration) published(i *image) (framework string, at source.Span, told bool) {
	for _, s := range m.builders(i.leaf) {
		for _, in := range s.Instructions {
			text := m.File.Slice(in.Span)
			if in.Keyword != "RUN" || !strings.Contains(text, "publish") {
				continue
			}
			if n := frameworkArgument.FindStringSubmatchIndex(text); n != nil {
				return text[n[2]:n[3]], source.Span{Start: in.Span.Start + n[2], End: in.Span.Start + n[3]}, true
			}
		}
	}
	return "", source.Span{}, false
}
