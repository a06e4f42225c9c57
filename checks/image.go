package checks

import (
	"path"

	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/builds"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// An Image is what is known of the image that a container runs.
type Image struct {
	Ref base.Reference
	// File and Stage are the Dockerfile of the tree that builds it and the stage, nil where
	// nothing says so. Link says how sure that is.
	File  *dockerfile.File
	Stage *dockerfile.Stage
	Link  builds.Link
	// Facts are what is known of an image that somebody else publishes, nil otherwise.
	Facts *base.Facts
}

// User is the user that the image starts as, "user[:group]", empty for root; false where
// it is not known.
func (i *Image) User() (string, bool) {
	switch {
	case i == nil:
		return "", false
	case i.Stage != nil:
		u := i.Stage.State().User
		return u.Value, u.Known
	case i.Facts != nil && !i.Facts.UserUnknown:
		return i.Facts.User, true
	}
	return "", false
}

// Shell says whether the image has /bin/sh.
func (i *Image) Shell() base.Known {
	switch {
	case i == nil:
		return base.Unknown
	case i.Stage != nil:
		return i.Stage.State().HasShell
	case i.Facts != nil:
		return i.Facts.Shell
	}
	return base.Unknown
}

// Base is what is known of the image itself or, where the tree builds it, of the image
// that it is built on; nil where nothing is known.
func (i *Image) Base() *base.Facts {
	switch {
	case i == nil:
		return nil
	case i.Stage != nil:
		return i.Stage.Base()
	}
	return i.Facts
}

// Env is a variable of the image's environment; false where it is not set or not known.
func (i *Image) Env(name string) (string, bool) {
	if i == nil {
		return "", false
	}
	if i.Stage != nil {
		v, ok := i.Stage.State().Env[name]
		return v.Value, ok && v.Known
	}
	if i.Facts == nil {
		return "", false
	}
	v, ok := i.Facts.Env[name]
	return v, ok
}

// Place is where a person reads what the image is: the FROM of its stage; zero for an
// image that somebody else publishes.
func (i *Image) Place() kube.Place {
	if i == nil || i.Stage == nil {
		return kube.Place{}
	}
	return kube.Place{File: i.File.File, Span: i.Stage.From.Span}
}

// image is what is known of the image of a container, nil where nothing is.
func (r *runner) image(c *kube.Container, rel *Release) *Image {
	ref, err := base.ParseReference(c.Image)
	if err != nil {
		return nil
	}
	i := &Image{Ref: ref}
	asDeployed := ref
	if rel.Chart != nil {
		asDeployed.Tag = r.images.Tag(ref.Tag, path.Join(rel.Dir(), rel.Set))
	}
	if link, ok := r.images.Of(asDeployed, rel.Dir()); ok {
		if f := r.dockerfiles[link.Dockerfile]; f != nil && f.file != nil {
			stage := f.file.Final()
			if link.Target != "" {
				stage = f.file.Stage(link.Target)
			}
			if stage != nil {
				i.File, i.Stage, i.Link = f.file, stage, link
				return i
			}
		}
	}
	if facts, ok := r.opts.Mirrors.Lookup(ref); ok {
		i.Facts = facts
		return i
	}
	return nil
}

// onlyImage is the one repository of images of unknown origin that the releases run,
// empty where there is none or more than one.
func (r *runner) onlyImage(releases []*Release) string {
	only := ""
	for _, rel := range releases {
		for _, pod := range rel.Pods {
			for _, c := range pod.Containers {
				ref, err := base.ParseReference(c.Image)
				if err != nil {
					continue
				}
				if _, known := r.opts.Mirrors.Lookup(ref); known {
					continue
				}
				if only != "" && only != ref.Repository {
					return ""
				}
				only = ref.Repository
			}
		}
	}
	return only
}
