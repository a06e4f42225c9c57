package charts

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/Masterminds/semver/v3"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// The media types of a chart's archive in a registry, and of the one before it.
// https://helm.sh/docs/topics/registries/#helm-chart-manifest
const (
	archiveType       = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
	archiveTypeBefore = "application/tar+gzip"
)

// fromRegistry fetches a chart from an OCI registry. With a digest, the archive must have
// it.
func (s *Source) fromRegistry(ctx context.Context, client *http.Client, repository, version, digest string) ([]byte, error) {
	repo, err := name.NewRepository(repository, name.StrictValidation)
	if err != nil {
		return nil, errors.New("this is not an address of a registry")
	}
	options := []remote.Option{remote.WithContext(ctx), remote.WithTransport(client.Transport), remote.WithUserAgent("chiselbot")}
	tag, err := tagOf(repo, version, options)
	if err != nil {
		return nil, err
	}
	found, err := remote.Get(repo.Tag(tag), options...)
	if err != nil {
		return nil, err
	}
	// The manifest is compared with the digest that the registry names, and the layer
	// below with the one that the manifest has.
	manifest, err := v1.ParseManifest(strings.NewReader(string(found.Manifest)))
	if err != nil {
		return nil, errors.New("the manifest cannot be read")
	}
	for _, layer := range manifest.Layers {
		if layer.MediaType != archiveType && layer.MediaType != archiveTypeBefore {
			continue
		}
		if layer.Size > maxArchive {
			return nil, fmt.Errorf("%w: more than %d MiB", errTooLarge, int64(maxArchive)>>20)
		}
		if digest != "" && layer.Digest.String() != digest {
			return nil, fmt.Errorf("the registry has an archive with the digest %s, the index says %s", layer.Digest, digest)
		}
		return s.verified(ctx, layer.Digest.String(), func() ([]byte, error) {
			blob, err := remote.Layer(repo.Digest(layer.Digest.String()), options...)
			if err != nil {
				return nil, err
			}
			body, err := blob.Compressed()
			if err != nil {
				return nil, err
			}
			defer body.Close()
			return atMost(body, maxArchive)
		})
	}
	return nil, fmt.Errorf("version %s is not a chart", version)
}

// tagOf is the tag of the version that is wanted. Tags have _ where versions have +
// (https://github.com/helm/helm/issues/10166), and one version needs no list of them.
func tagOf(repo name.Repository, version string, options []remote.Option) (string, error) {
	if v, err := semver.StrictNewVersion(version); err == nil {
		return strings.ReplaceAll(v.Original(), "+", "_"), nil
	}
	tags, err := remote.List(repo, options...)
	if err != nil {
		return "", err
	}
	return pick(tags, version, func(tag string) string {
		plain := strings.ReplaceAll(tag, "_", "+")
		if _, err := semver.StrictNewVersion(plain); err != nil {
			return ""
		}
		return plain
	})
}
