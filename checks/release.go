package checks

import (
	"path"
	"strings"

	"github.com/chiselbot/chiselbot/checks/chart"
	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

// A Release is the objects that are applied together: those of a chart under one values
// set, or the plain manifests of one folder.
type Release struct {
	// Chart is the chart's Chart.yaml, nil for plain manifests.
	Chart *source.File
	// Set names the values set, empty for plain manifests.
	Set     string
	Objects []*kube.Object
	Pods    []*kube.Pod

	// cluster is the version of Kubernetes that the settings name, wanted what the chart's
	// kubeVersion demands; empty where nothing does.
	cluster, wanted string
}

// Since reports whether the release is only for clusters that have at least a minor
// version of Kubernetes 1; false where nothing says so.
func (r *Release) Since(minor uint64) bool { return chart.Since(r.cluster, r.wanted, minor) }

func (r *Release) add(o *kube.Object, paths kube.Paths) {
	r.Objects = append(r.Objects, o)
	r.Pods = append(r.Pods, o.Pods(paths)...)
}

// Dir is the folder of the chart or of the manifests.
func (r *Release) Dir() string {
	switch {
	case r.Chart != nil:
		return path.Dir(r.Chart.Path())
	case len(r.Objects) > 0:
		return path.Dir(r.Objects[0].Document.Path())
	}
	return "."
}

// home is the file within which an object's kind and name tell it apart.
func (r *Release) home(o *kube.Object) *source.File {
	if r.Chart != nil {
		return r.Chart
	}
	return o.Document
}

// ObjectKey names an object in a finding's key: kind, namespace if it has one, and name.
func ObjectKey(o *kube.Object) string {
	parts := []string{o.Kind}
	if o.Namespace != "" {
		parts = append(parts, o.Namespace)
	}
	if o.Name != "" {
		parts = append(parts, o.Name)
	}
	return strings.Join(parts, "/")
}
