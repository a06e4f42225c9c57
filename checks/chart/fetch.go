package chart

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	helm "helm.sh/helm/v4/pkg/chart/v2"
	"sigs.k8s.io/yaml"

	"github.com/chiselbot/chiselbot/checks/source"
)

// maxFetched is how many dependencies of one tree are fetched.
const maxFetched = 100

// fetch gives the files of a dependency from a repository, nil when it is not to be had.
// What it gives is the chart that was asked for.
func (l *loader) fetch(ctx context.Context, d dependency, k lock, label string) ([]*file, error) {
	version, err := k.version(d)
	if err != nil {
		return nil, err
	}
	if l.charts.fetched >= maxFetched {
		return nil, fmt.Errorf("more than %d dependencies are not fetched for one repository", maxFetched)
	}
	l.charts.fetched++
	data, err := l.charts.fetcher.Fetch(ctx, d.repository, d.name, version)
	if data == nil || err != nil {
		return nil, err
	}
	files, err := l.untar(label, string(data))
	if err != nil {
		if errors.Is(err, errTooMuch) {
			return nil, err
		}
		return nil, fmt.Errorf("read the archive of %s from %s: %w", d.name, d.repository, err)
	}
	for _, f := range files {
		if f.name != metadataFile {
			continue
		}
		if m := readMetadata(f.source, nil); m.name != d.name || !compatible(version, m.version) {
			return nil, fmt.Errorf("the repository %s gives chart %q of version %q for %s", d.repository, m.name, m.version, d.name)
		}
		return files, nil
	}
	return nil, fmt.Errorf("the archive of %s from %s has no %s", d.name, d.repository, metadataFile)
}

// maxLock is how many bytes of a lock are read.
const maxLock = 256 << 10

// A lock is what a Chart.lock says of a chart's dependencies. The zero value says nothing.
// https://helm.sh/docs/helm/helm_dependency_build/
type lock struct {
	versions map[string]string // by name and repository
	stale    string            // the name of the file, when it is of other dependencies
}

// readLock reads the lock of a chart from the files that declare and lock dependencies.
func readLock(declared, locked *source.File) lock {
	var m helm.Metadata
	var k helm.Lock
	// Anchors are no part of either file as people write it, and may stand for very much.
	if len(locked.Text()) > maxLock || strings.Contains(declared.Text()+locked.Text(), "&") {
		return lock{stale: locked.Path()}
	}
	if yaml.Unmarshal([]byte(declared.Text()), &m) != nil || yaml.Unmarshal([]byte(locked.Text()), &k) != nil {
		return lock{stale: locked.Path()}
	}
	if k.Digest != hashed([2][]*helm.Dependency{m.Dependencies, k.Dependencies}) &&
		k.Digest != hashed(map[string][]*helm.Dependency{"dependencies": m.Dependencies}) { // as Helm 2 wrote it
		return lock{stale: locked.Path()}
	}
	out := lock{versions: map[string]string{}}
	for _, d := range k.Dependencies {
		if d != nil {
			out.versions[d.Name+" "+d.Repository] = d.Version
		}
	}
	return out
}

// hashed is the digest that Helm writes of what was locked.
// https://github.com/helm/helm/blob/v4.0.0/internal/resolver/resolver.go
func hashed(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// version is the one that is to be fetched: the locked one, or else the declared range.
func (k lock) version(d dependency) (string, error) {
	if k.stale != "" {
		return "", fmt.Errorf("%s is of other dependencies than the chart declares now; run `helm dependency update`", k.stale)
	}
	v := k.versions[d.name+" "+d.repository]
	if v == "" {
		return d.version, nil
	}
	if !compatible(d.version, v) {
		return "", fmt.Errorf("version %s of %s is locked and is not within %q; run `helm dependency update`", v, d.name, d.version)
	}
	return v, nil
}
