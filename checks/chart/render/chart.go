package render

import (
	"fmt"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/strvals"
)

// The newest Kubernetes version that Helm 4.3 assumes, and the oldest that is tried for
// charts which refuse newer ones.
const newestMinor, oldestMinor = 37, 16

// A loaded chart is Helm's chart for one set of values.
type loaded struct {
	*chart.Chart
	user map[string]any // what the set lays over the chart's own values
	caps *common.Capabilities
	// files are the indices of the request's files by the first byte of their data: Helm
	// keeps the data and forgets where it comes from.
	files map[*byte]int
}

// load makes Helm's chart of the request's files, with the dependencies that the values
// switch on.
func (r *run) load() (*loaded, error) {
	l := &loaded{files: map[*byte]int{}}
	var files []*archive.BufferedFile
	for i, f := range r.req.Files {
		if f.Name == "" {
			continue
		}
		body, _ := f.body()
		data := []byte(body)
		if len(data) > 0 {
			l.files[&data[0]] = i
		}
		files = append(files, &archive.BufferedFile{Name: f.Name, Data: data})
	}
	var err error
	if l.Chart, err = loader.LoadFiles(files); err != nil {
		return nil, err
	}
	if l.user, err = r.userValues(); err != nil {
		return nil, err
	}
	if l.caps, err = r.capabilities(l.Chart); err != nil {
		return nil, err
	}
	if err := chartutil.ProcessDependencies(l.Chart, l.user); err != nil {
		return nil, fmt.Errorf("resolve dependencies: %w", err)
	}
	return l, nil
}

// body is a file's data as Helm takes it, without a byte order mark, and where it starts.
func (f File) body() (string, int) {
	const byteOrderMark = "\ufeff"
	body := strings.TrimPrefix(f.Data, byteOrderMark)
	return body, len(f.Data) - len(body)
}

// userValues are what the set lays over the chart's own values.
func (r *run) userValues() (map[string]any, error) {
	user := map[string]any{}
	for _, i := range r.set.Values {
		f := r.req.Files[i]
		body, _ := f.body()
		values, err := loader.LoadValues(strings.NewReader(body))
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", f.Path, err)
		}
		user = loader.MergeMaps(user, values)
	}
	for _, a := range r.set.Assignments {
		if err := strvals.ParseInto(a, user); err != nil {
			return nil, fmt.Errorf("set %q: %w", a, err)
		}
	}
	return user, nil
}

// capabilities are what the cluster is said to have. A chart that refuses the newest
// version of Kubernetes gets the newest that it accepts.
func (r *run) capabilities(c *chart.Chart) (*common.Capabilities, error) {
	caps := common.DefaultCapabilities.Copy()
	caps.APIVersions = append(slices.Clip(caps.APIVersions), r.set.APIVersions...)
	accepts := func(version string) bool {
		v, err := common.ParseKubeVersion(version)
		if err != nil {
			return false
		}
		caps.KubeVersion = *v
		return c.Metadata.KubeVersion == "" || chartutil.IsCompatibleRange(c.Metadata.KubeVersion, v.String())
	}
	if named := r.set.KubeVersion; named != "" {
		if _, err := common.ParseKubeVersion(named); err != nil {
			return nil, fmt.Errorf("the version of Kubernetes %q is none: %w", named, err)
		}
		if !accepts(named) {
			r.problem(whole(Version, "The chart wants Kubernetes %s and is rendered for %s", c.Metadata.KubeVersion, named))
		}
		return caps, nil
	}
	for minor := newestMinor; minor >= oldestMinor; minor-- {
		if accepts(fmt.Sprintf("v1.%d.0", minor)) {
			return caps, nil
		}
	}
	accepts(fmt.Sprintf("v1.%d.0", newestMinor))
	r.problem(whole(Version, "The chart wants Kubernetes %s, which is no version that there is", c.Metadata.KubeVersion))
	return caps, nil
}

// values are the values that the templates see. Templates can change them, so each run of
// the templates needs its own.
func (l *loaded) values() (common.Values, error) {
	release := common.ReleaseOptions{Name: "release-name", Namespace: "default", Revision: 1, IsInstall: true}
	// A schema is not held against the values: it may refer to other hosts.
	return util.ToRenderValuesWithSchemaValidation(l.Chart, l.user, release, l.caps, true)
}
