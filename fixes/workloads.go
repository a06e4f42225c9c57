package fixes

import (
	"cmp"
	"context"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

// A look is what the checks find in a tree, and which image each container runs.
type look struct {
	tree    source.Tree
	mirrors base.Mirrors
	result  *checks.Result
	uses    []use
}

// A use is one container of a Kubernetes object, under one set of a chart's values.
type use struct {
	home, set, object, container string
	// image is the repository of its image, as people write it.
	image string
	// dockerfile builds the image, because says why, where the tree has it; unknown says
	// that nothing is known of the image at all.
	dockerfile, because string
	unknown             bool
	// alone says that the pod's other containers run the same image.
	alone bool
	ports []port
	// args are the arguments that it gives the image without a command of its own, nil
	// where there are none.
	args *arguments
	// overrides are what it says as a part of a patch.
	overrides []override
	// mounts are the folders at which it may write to volumes.
	mounts []string
}

type arguments struct {
	program string // the first of them
	at      kube.Place
}

type port struct {
	number int
	at     kube.Place
}

// see runs the checks on a tree.
func see(ctx context.Context, tree source.Tree, opts checks.Options) (*look, error) {
	l := &look{tree: tree, mirrors: opts.Mirrors}
	var mu sync.Mutex
	collect := &checks.Rule{ID: "workloads", Object: func(p *checks.ObjectPass) {
		uses := usesOf(p, opts.Images)
		mu.Lock()
		defer mu.Unlock()
		l.uses = append(l.uses, uses...)
	}}
	opts.Rules = append(slices.Clone(opts.Rules), collect)
	var err error
	l.result, err = checks.Run(ctx, tree, opts)
	slices.SortFunc(l.uses, func(a, b use) int {
		return cmp.Or(strings.Compare(a.home, b.home), strings.Compare(a.object, b.object), strings.Compare(a.container, b.container), strings.Compare(a.set, b.set))
	})
	return l, err
}

// seeUses looks at which image each container of a tree runs, and at nothing else.
func seeUses(ctx context.Context, tree source.Tree, opts checks.Options) (*look, error) {
	opts.Rules, opts.Scanners = nil, nil
	return see(ctx, tree, opts)
}

// usesOf are the containers of an object. told are images of which it was said whether the
// tree builds them.
func usesOf(p *checks.ObjectPass, told map[string]string) []use {
	home := p.Object.Document.Path()
	if p.Release.Chart != nil {
		home = p.Release.Chart.Path()
	}
	var all []use
	for _, pod := range p.Pods {
		first := len(all)
		alone := true
		for _, c := range pod.Containers {
			u := use{home: home, set: p.Release.Set, object: checks.ObjectKey(p.Object), container: c.Name}
			if ref, err := base.ParseReference(c.Image); err == nil {
				u.image = ref.Familiar()
			} else {
				u.image = strings.TrimSuffix(c.Image, ":") // a chart without a version
			}
			switch image := p.Image(c); {
			case image != nil && image.File != nil:
				u.dockerfile, u.because = image.File.Path(), image.Link.Because
			default:
				_, elsewhere := told[u.image]
				u.unknown = !elsewhere && (image == nil || image.Facts == nil)
			}
			for _, o := range c.Ports() {
				u.ports = append(u.ports, port{int(o.Number), p.Object.Where(o.Node.Get("containerPort")).Place()})
			}
			if c.Image == "" {
				u.overrides = overrides(c, func(n *kube.Node) kube.Place { return p.Object.Where(n).Place() })
			}
			if args := c.Node.List("args"); len(args) > 0 && len(c.Node.List("command")) == 0 {
				u.args = &arguments{args[0].Text(), p.Object.Where(args[0]).Place()}
			}
			for _, m := range c.Mounts() {
				if !m.ReadOnly && m.Path != "" {
					u.mounts = append(u.mounts, path.Clean(m.Path))
				}
			}
			alone = alone && (len(all) == first || all[first].dockerfile == u.dockerfile)
			all = append(all, u)
		}
		for n := first; n < len(all); n++ {
			all[n].alone = alone
		}
	}
	return all
}

// runs are the containers that run what a Dockerfile builds.
func (l *look) runs(dockerfile string) []use {
	return slices.DeleteFunc(slices.Clone(l.uses), func(u use) bool { return u.dockerfile != dockerfile })
}

// unmounted makes reasons of the folders at which not all of the containers that run the
// image have volumes. To whom these belong the rules see.
func (p *Plan) unmounted(uses []use) {
	for _, m := range p.Mounts {
		if len(uses) == 0 || slices.ContainsFunc(uses, func(u use) bool { return !u.mountsAll(m.Folders) }) {
			p.Reasons = append(p.Reasons, m.Reason)
		}
	}
	p.Mounts = nil
	p.decide()
}

// mountsAll reports whether the folders are all on volumes.
func (u use) mountsAll(folders []string) bool {
	return !slices.ContainsFunc(folders, func(folder string) bool {
		return !slices.ContainsFunc(u.mounts, func(at string) bool {
			return folder == at || strings.HasPrefix(folder, strings.TrimSuffix(at, "/")+"/")
		})
	})
}

// about reports whether a finding is about one of the containers or, where no other image
// runs in it, about its pod.
func about(f checks.Finding, uses []use) bool {
	return slices.ContainsFunc(uses, func(u use) bool {
		rest, ok := u.says(f)
		return ok && (strings.Contains(" "+rest, " "+u.container+" ") || u.alone && strings.HasPrefix(rest, "pod "))
	})
}

// aboutPod reports whether a finding is about the pod of one of the containers.
func aboutPod(f checks.Finding, uses []use) bool {
	return slices.ContainsFunc(uses, func(u use) bool {
		rest, ok := u.says(f)
		return ok && strings.HasPrefix(rest, "pod ")
	})
}

// says is what a finding is about within the container's object; false where it is about
// another one.
func (u use) says(f checks.Finding) (string, bool) {
	if f.Home == nil || f.Home.Path() != u.home || u.set != "" && !slices.Contains(f.Sets, u.set) {
		return "", false
	}
	return strings.CutPrefix(f.Key, u.object+" ")
}
