package chiseled

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/builds"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/dotnet"
	"github.com/chiselbot/chiselbot/fixes"
)

// links say which file of the tree builds an image.
func (m *migration) links() *builds.Images {
	if m.built == nil {
		var statements []string
		for _, name := range m.Files {
			if builds.IsStatement(name) && len(statements) < maxSearched {
				statements = append(statements, name)
			}
		}
		m.built = builds.New(m.Tree, statements, m.Files, nil, m.Mirrors)
	}
	return m.built
}

// ownBase says what to do about an image that is built on one that is not known. It is
// false where there is nothing to say: this tree builds that one from a .NET image, and the
// plan for that looks at all that builds on it.
func (m *migration) ownBase(at fixes.Place, image *dockerfile.Image) bool {
	link, ok := m.links().Stated(image.Ref)
	if ok && m.buildsOnDotNet(link.Dockerfile) {
		return false
	}
	switch {
	case !ok:
		m.person(at, fmt.Sprintf("What %s is built on is not known.", checks.Code(image.Ref.String())), "If a Dockerfile here builds it, move that one first. If it is a copy of Microsoft's image, name its registry under `mirrors` in `.github/chiselbot.yml` and ask again.")
	case !slices.Contains(m.Dockerfiles, link.Dockerfile):
		m.person(at, fmt.Sprintf("%s is built on what %s says, because %s, and that file is not taken for a Dockerfile.", checks.Code(image.Ref.String()), checks.Code(link.Dockerfile), link.Because),
			fmt.Sprintf("Name it in the settings, `dockerfiles: {include: [%s]}`, then ask again: the plan for it looks at all that builds on it.", link.Dockerfile))
	default:
		m.person(at, fmt.Sprintf("%s is built from %s, because %s, and what that is built on is not known.", checks.Code(image.Ref.String()), checks.Code(link.Dockerfile), link.Because),
			"Move that image first.")
	}
	return true
}

// buildsOnDotNet reports whether a Dockerfile that is planned for builds on a .NET image.
func (m *migration) buildsOnDotNet(name string) bool {
	if !slices.Contains(m.Dockerfiles, name) {
		return false
	}
	text, err := m.Tree.Read(name)
	if err != nil {
		return false
	}
	f, err := dockerfile.Parser{Mirrors: m.Mirrors}.Parse(text)
	return err == nil && f.Final().Base() != nil && f.Final().Base().DotNet != nil
}

// A child is a stage of another Dockerfile whose image is built on one of this Dockerfile.
type child struct {
	file  *dockerfile.File
	stage *dockerfile.Stage
}

// children are the stages of other Dockerfiles of the tree that are built on what this
// one builds, the last of each that starts something.
func (m *migration) children() []child {
	var all []child
	searched := 0
	for _, name := range m.Dockerfiles {
		if name == m.File.Path() {
			continue
		}
		if searched++; searched > maxSearched {
			break
		}
		text, err := m.Tree.Read(name)
		if err != nil {
			continue
		}
		f, err := dockerfile.Parser{Mirrors: m.Mirrors}.Parse(text)
		if err != nil {
			continue
		}
		for _, s := range f.Stages {
			root := s.Root()
			if root.Image == nil || root.Image.Problem != "" || root.Base() != nil {
				continue
			}
			if link, ok := m.links().Stated(root.Image.Ref); ok && link.Dockerfile == m.File.Path() {
				all = append(all, child{f, s})
			}
		}
	}
	return all
}

// adopts looks at the images that are built on this one, which starts nothing itself. It is
// false where there are none, so that nothing tells what the image is for.
func (m *migration) adopts(i *image) bool {
	children := m.children()
	var on []string
	needs := *i.needs
	needs.Folders, needs.Evidence, needs.Native = slices.Clone(needs.Folders), slices.Clone(needs.Evidence), slices.Clone(needs.Native)
	for _, c := range children {
		if !slices.Contains(on, c.file.Path()) {
			on = append(on, c.file.Path())
		}
		for _, in := range c.stage.Instructions {
			if in.Keyword == "HEALTHCHECK" && len(in.Words) > 1 && !keepsHealth(in) {
				own := m.rewrite
				m.rewrite = &Rewrite{ID: "healthcheck", URL: pageURL("healthcheck")}
				m.healthcheck(c.file, in)
				m.rewrite = own
			}
			if why := needsFull(in); why != "" {
				m.person(fixes.Place{File: c.file.File, Span: in.Span}, fmt.Sprintf("This image is built on that of %s, and %s.", checks.Code(m.File.Path()), why),
					"Change it so that it works in a chiseled image, as the pages of the recipe show, then ask again.")
			}
		}
		if i.from.Version < "8.0" && len(i.from.Version) == 3 {
			m.person(fixes.Place{File: c.file.File, Span: c.stage.From.Words[0].Span}, fmt.Sprintf("This image is built on that of %s, whose port moves from 80 to 8080.", checks.Code(m.File.Path())), "Set `ASPNETCORE_URLS` in it, then change the tag there by hand.")
		}
		if st := c.stage.State(); st.Entrypoint.Origin == nil && st.Cmd.Origin != nil && st.Cmd.Origin.Exec {
			m.person(fixes.Place{File: c.file.File, Span: st.Cmd.Origin.Span}, fmt.Sprintf("This image is built on that of %s, and chiseled images have `dotnet` for `ENTRYPOINT`, which would be given this `CMD`.", checks.Code(m.File.Path())), "Make it the `ENTRYPOINT`, then ask again.")
		}
		env := c.stage.State().Env
		for _, name := range slices.Sorted(maps.Keys(env)) {
			at := fixes.Place{File: c.file.File, Span: env[name].Span}
			if kind := listens(name); kind != "" && env[name].Origin != nil && len(m.privileged(at, name, env[name].Value, kind == "addresses")) > 0 {
				m.person(at, fmt.Sprintf("This image is built on that of %s, is no longer root with it, and listens below port 1024.", checks.Code(m.File.Path())), "Have it listen above, then ask again.")
			}
		}
		join(&needs, m.Projects.ForStage(c.file, c.stage))
	}
	i.needs = &needs
	for _, p := range m.pins(i) {
		m.person(p.at, "An image that is built on this one listens below port 1024, and is no longer root with it.", "Have it listen above, then ask again.")
	}
	if len(on) > 0 {
		m.note(m.at(i.leaf.From.Words[0].Span), "Looked at too, because they are built on this image: %s. What builds on it outside this repository has to do without a shell as well.", checks.Codes(on))
	}
	return len(on) > 0
}

// join adds what one application needs to what others do.
func join(all, one *dotnet.Needs) {
	all.Found = all.Found || one.Found
	for _, n := range []struct{ all, one *base.Known }{{&all.ICU, &one.ICU}, {&all.TimeZones, &one.TimeZones}} {
		if *n.one == base.Yes || *n.one == base.Unknown && *n.all == base.No {
			*n.all = *n.one
		}
	}
	all.Projects = append(all.Projects, one.Projects...)
	all.Folders = append(all.Folders, one.Folders...)
	all.Evidence = append(all.Evidence, one.Evidence...)
	all.Native = append(all.Native, one.Native...)
	all.Frameworks = append(all.Frameworks, one.Frameworks...)
	all.Problems = append(all.Problems, one.Problems...)
}

// needsFull says why an instruction does not work on a chiseled image, as a clause; empty
// where it does.
func needsFull(i *dockerfile.Instruction) string {
	switch i.Keyword {
	case "RUN":
		if !i.Exec || len(i.Words) == 0 || path.Base(i.Words[0].Value) != "dotnet" {
			return "`RUN` needs a shell or a program that a chiseled image does not have"
		}
	case "ENTRYPOINT", "CMD":
		if !i.Exec || len(i.Words) == 0 || !strings.HasPrefix(i.Words[0].Value, ".") && path.Base(i.Words[0].Value) != "dotnet" {
			return fmt.Sprintf("`%s` needs a shell or a program that a chiseled image may not have", i.Keyword)
		}
	case "USER":
		if len(i.Words) > 0 && strings.Trim(i.Words[0].Value, "0123456789:") != "" && !slices.Contains([]string{"app", "root", "$APP_UID", "${APP_UID}"}, i.Words[0].Value) {
			return "a chiseled image has no accounts but `root` and `app`"
		}
	case "COPY", "ADD":
		if f := i.Flag("chown"); f != nil && strings.Trim(f.Value, "0123456789:") != "" && !strings.Contains(f.Value, "app") && !strings.Contains(f.Value, "APP_UID") {
			return "a chiseled image has no accounts but `root` and `app`"
		}
	}
	return ""
}
