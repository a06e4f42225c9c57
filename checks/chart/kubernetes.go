package chart

import "github.com/Masterminds/semver/v3"

// Since reports whether all clusters that a chart is for have at least a minor version of
// Kubernetes 1: by the version that the settings name, or by what the chart's kubeVersion
// demands. It is false where neither says.
// https://helm.sh/docs/topics/charts/#the-kubeversion-field
func Since(cluster, kubeVersion string, minor uint64) bool {
	if v, err := semver.NewVersion(cluster); err == nil {
		return v.Major() == 1 && v.Minor() >= minor
	}
	wanted, err := semver.NewConstraint(kubeVersion)
	if err != nil || kubeVersion == "" {
		return false
	}
	const lastPatch = 99
	for older := range minor {
		if wanted.Check(semver.New(1, older, 0, "", "")) || wanted.Check(semver.New(1, older, lastPatch, "", "")) {
			return false
		}
	}
	return true
}
