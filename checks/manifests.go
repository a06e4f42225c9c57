package checks

import (
	"context"
	"errors"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

var (
	// A manifest says what it is in two fields without which Kubernetes refuses it. In a
	// list or a JSON file they are indented.
	apiVersionLine = regexp.MustCompile(`(?m)^[\s{,-]*"?apiVersion"?\s*:`)
	kindLine       = regexp.MustCompile(`(?m)^[\s{,-]*"?kind"?\s*:`)
	// A field at the top of a file says that all of it is meant to be one.
	topLine = regexp.MustCompile(`(?m)^(?:\{\s*)?"?apiVersion"?\s*:`)
)

// MayBeManifest reports whether a file's name is one that plain manifests have.
func MayBeManifest(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return false
}

// isManifest reports whether a text looks like a manifest, which is cheap to tell.
func isManifest(text string) bool {
	return apiVersionLine.MatchString(text) && kindLine.MatchString(text)
}

// A manifest is a file of plain objects.
type manifest struct {
	file     *source.File
	objects  []*kube.Object
	problems []kube.Problem
}

// readManifest reads a file that may be a manifest; nil when it is none: other files too
// have objects in them, as text or below fields of their own.
func readManifest(tree source.Tree, name string) (*manifest, error) {
	file, err := tree.Read(name)
	if err != nil {
		return nil, err
	}
	if !isManifest(file.Text()) {
		return nil, nil
	}
	m := &manifest{file: file}
	m.objects, m.problems = kube.Parse(file, nil)
	m.problems = slices.DeleteFunc(m.problems, func(p kube.Problem) bool { return p.Other })
	if len(m.objects) == 0 && (len(m.problems) == 0 || !topLine.MatchString(file.Text())) {
		return nil, nil
	}
	return m, nil
}

// manifests reads the files that may be manifests; what cannot be read is skipped.
func (r *runner) manifests(ctx context.Context, paths []string, to *Result) ([]*manifest, error) {
	type read struct {
		manifest *manifest
		skip     *Skip
	}
	var jobs []func(context.Context) read
	for _, path := range paths {
		jobs = append(jobs, func(context.Context) (out read) {
			err := guard(func() (err error) { out.manifest, err = readManifest(r.tree, path); return err })
			if err != nil && !errors.Is(err, source.ErrTooLarge) { // nobody writes such a manifest
				out.skip = &Skip{Path: path, Reason: sentence(err)}
			}
			return out
		})
	}
	all, err := each(ctx, jobs)
	if err != nil {
		return nil, err
	}
	var manifests []*manifest
	for _, one := range all {
		switch {
		case one.skip != nil:
			to.Skips = append(to.Skips, *one.skip)
		case one.manifest != nil:
			manifests = append(manifests, one.manifest)
			to.Files = append(to.Files, one.manifest.file)
		}
	}
	to.Manifests = len(manifests)
	to.Skips = append(to.Skips, manifestSkips(manifests)...)
	return manifests, nil
}

// patches are the files that kustomizations of the same tree apply as patches: what they
// hold is a part of an object and lacks the rest on purpose.
// (https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/)
func patches(manifests []*manifest) map[string]bool {
	found := map[string]bool{}
	for _, m := range manifests {
		for _, o := range m.objects {
			if o.Group() != "kustomize.config.k8s.io" {
				continue
			}
			add := func(name string) {
				if name != "" && !strings.Contains(name, "\n") {
					found[path.Join(path.Dir(m.file.Path()), name)] = true
				}
			}
			for _, p := range slices.Concat(o.Root.List("patches"), o.Root.List("patchesJson6902")) {
				add(p.Text("path"))
			}
			for _, p := range o.Root.List("patchesStrategicMerge") {
				add(p.Text())
			}
		}
	}
	return found
}

// manifestReleases groups plain manifests by folder and leaves patches out.
func manifestReleases(manifests []*manifest, pods kube.Paths) []*Release {
	skip := patches(manifests)
	byDir := map[string]*Release{}
	var releases []*Release
	for _, m := range manifests {
		if skip[m.file.Path()] || len(m.objects) == 0 {
			continue
		}
		dir := path.Dir(m.file.Path())
		r := byDir[dir]
		if r == nil {
			r = &Release{}
			byDir[dir] = r
			releases = append(releases, r)
		}
		for _, o := range m.objects {
			r.add(o, pods)
		}
	}
	return releases
}

// manifestSkips are what could not be read of the manifests.
func manifestSkips(manifests []*manifest) []Skip {
	var skips []Skip
	for _, m := range manifests {
		for _, p := range m.problems {
			if p.Lost {
				skips = append(skips, Skip{
					Path: m.file.Path(), File: m.file, Span: p.Span, Reason: p.Message,
					Help: "What stands there was not checked. If the file is not meant for Kubernetes, exclude it in the settings.",
				})
			}
		}
	}
	return skips
}
