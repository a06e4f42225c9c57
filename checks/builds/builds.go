// Package builds finds out which Dockerfile of a tree builds an image: from compose and
// Skaffold files, from workflows and scripts that call docker build, and from names.
//
// It says how sure it is and why, and for which platforms the images are built. It knows
// neither what is in the Dockerfiles nor which objects run the images.
package builds

import (
	"fmt"
	"path"
	"strings"

	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

// Confidence says how sure a link is.
type Confidence int8

// The degrees of confidence, rising.
const (
	// Guessed means that there is only one Dockerfile and one image of unknown origin.
	Guessed Confidence = iota + 1
	// Named means that the Dockerfile's folder or name is the image's.
	Named
	// Stated means that a file says so that is used to build.
	Stated
	// Set means that the settings say so.
	Set
)

// A Link says which Dockerfile builds an image.
type Link struct {
	// Dockerfile is its path, Target the stage that is built, empty for the last.
	Dockerfile, Target string
	Confidence         Confidence
	// Because says why, as a clause: "`compose.yaml` builds it from there".
	Because string
	// Place is where that is stated, zero where names say so.
	kube.Place
}

// A statement is what a file says about one image.
type statement struct {
	image string // as written, without variables' values; empty where it has no name
	link  Link
	// platforms are those that it is built for, as far as they are written.
	platforms []string
}

// Images are the links of one tree. It is immutable and safe for concurrent use.
type Images struct {
	dockerfiles []string
	set         map[string]string
	statements  []statement           // about images with names
	platforms   map[string][]Platform // by Dockerfile
	mirrors     base.Mirrors
	deployments []deployment
	only        string // the only image of unknown origin
}

// IsStatement reports whether a file may say what builds an image.
func IsStatement(name string) bool {
	file := strings.ToLower(path.Base(name))
	ext := path.Ext(file)
	yaml := ext == ".yaml" || ext == ".yml"
	switch {
	case yaml && (strings.HasPrefix(file, "docker-compose") || strings.HasPrefix(file, "compose") || strings.HasPrefix(file, "skaffold")):
		return true
	case yaml && strings.HasPrefix(name, ".github/workflows/"):
		return true
	case file == "makefile" || ext == ".sh" || file == ".gitlab-ci.yml" || yaml && strings.HasPrefix(file, "azure-pipeline"):
		return true
	}
	return false
}

// New reads the files that may say what builds an image. set are the settings: paths of
// Dockerfiles by the image's repository. Images of mirrors are somebody else's.
func New(tree source.Tree, files, dockerfiles []string, set map[string]string, mirrors base.Mirrors) *Images {
	m := &Images{dockerfiles: dockerfiles, set: set, mirrors: mirrors, platforms: map[string][]Platform{}}
	for _, name := range files {
		file, err := tree.Read(name)
		if err != nil {
			continue // a file that cannot be read states nothing
		}
		for _, s := range m.read(file) {
			if s.image != "" {
				m.statements = append(m.statements, s)
			}
			m.builtFor(s)
		}
		m.deployments = append(m.deployments, deployments(file)...)
	}
	return m
}

// read is what one file states about Dockerfiles that exist.
func (m *Images) read(file *source.File) []statement {
	var all []statement
	name := strings.ToLower(path.Base(file.Path()))
	switch {
	case strings.HasPrefix(name, "docker-compose"), strings.HasPrefix(name, "compose"):
		all = compose(file)
	case strings.HasPrefix(name, "skaffold"):
		all = skaffold(file)
	case strings.HasPrefix(file.Path(), ".github/workflows/"):
		all = append(workflow(file), commands(file)...)
	case strings.HasPrefix(name, "azure-pipeline"):
		all = append(pipeline(file), commands(file)...)
	default:
		all = commands(file)
	}
	var found []statement
	for _, s := range all {
		if name, ok := m.exists(s.link.Dockerfile); ok {
			s.link.Dockerfile = name
			found = append(found, s)
		}
	}
	return found
}

// exists is the Dockerfile at a path, which may be a folder.
func (m *Images) exists(name string) (string, bool) {
	for _, f := range m.dockerfiles {
		if f == name {
			return f, true
		}
	}
	return "", false
}

// Only tells that all objects together run only one image of unknown origin.
func (m *Images) Only(repository string) { m.only = repository }

// Of is the Dockerfile that builds an image, given the folder of the objects that run
// it. False means that nothing in the tree says so.
func (m *Images) Of(ref base.Reference, dir string) (Link, bool) {
	if f, ok := m.set[ref.Repository]; ok {
		return Link{Dockerfile: f, Confidence: Set, Because: "the settings say so"}, true
	}
	if f, ok := m.set[ref.Familiar()]; ok {
		return Link{Dockerfile: f, Confidence: Set, Because: "the settings say so"}, true
	}
	if l, ok := m.Stated(ref); ok {
		return l, true
	}
	if _, known := m.mirrors.Lookup(ref); known {
		return Link{}, false // somebody else's image, whatever a folder is called
	}
	if l, ok := m.named(ref, dir); ok {
		return l, true
	}
	if len(m.dockerfiles) == 1 && m.only == ref.Repository {
		return Link{
			Dockerfile: m.dockerfiles[0], Confidence: Guessed,
			Because: "it is the only Dockerfile, and the image the only one of unknown origin",
		}, true
	}
	return Link{}, false
}

// Stated is what a file says about the image, whatever names and settings say. Where several name different Dockerfiles for
// one repository, their tags tell them apart: the one that has the image's tag, or the only
// one that can have it. Else nothing is certain.
func (m *Images) Stated(ref base.Reference) (Link, bool) {
	var found, ofTag, possible []Link
	for _, s := range m.statements {
		if !matches(s.image, ref.Repository) {
			continue
		}
		found = append(found, s.link)
		switch exact, may := tagged(s.image, ref.Tag); {
		case exact:
			ofTag = append(ofTag, s.link)
		case may:
			possible = append(possible, s.link)
		}
	}
	if l, ok := agreed(found); ok {
		return l, true
	}
	if len(ofTag) > 0 {
		return agreed(ofTag)
	}
	l, ok := agreed(possible)
	l.Because += fmt.Sprintf(", and the other Dockerfiles of this image under tags that %q is not", ref.Tag)
	return l, ok
}

// agreed is the first of links that name the same Dockerfile and stage.
func agreed(links []Link) (Link, bool) {
	for _, l := range links {
		if l.Dockerfile != links[0].Dockerfile || l.Target != links[0].Target {
			return Link{}, false
		}
	}
	if len(links) == 0 {
		return Link{}, false
	}
	return links[0], true
}
