// Package registry asks image registries which digest a tag has. It asks for nothing else,
// pulls nothing, and signs in as Docker does on this machine.
package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/chiselbot/chiselbot/checks/base"
)

// patience is how long one registry may take for one answer.
const patience = 20 * time.Second

// A Registry asks registries.
type Registry struct {
	// Transport is how requests are made, by default as Go's own.
	Transport http.RoundTripper
}

// Digest implements [fixes.Resolver]: the digest of the index of a tag, which holds for all
// platforms, or of the only image.
func (r Registry) Digest(ctx context.Context, ref base.Reference) (string, error) {
	tag, err := name.NewTag(ref.Repository+":"+ref.Tag, name.StrictValidation)
	if err != nil {
		return "", fmt.Errorf("read image reference %s: %w", ref, err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	options := []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)}
	if r.Transport != nil {
		options = append(options, remote.WithTransport(r.Transport))
	}
	head, err := remote.Head(tag, options...)
	if err != nil {
		return "", fmt.Errorf("ask for the digest of %s: %w", ref, cause(err, tag.RegistryStr()))
	}
	return head.Digest.String(), nil
}

// cause is what an error of a registry comes to, in plain words where there are some: an
// answer to HEAD has no text.
func cause(err error, host string) error {
	said := (*transport.Error)(nil)
	if !errors.As(err, &said) {
		return err
	}
	switch said.StatusCode {
	case http.StatusNotFound:
		return errors.New("the registry has no such tag")
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("the registry does not let everybody see it; run docker login %s", host)
	case http.StatusTooManyRequests:
		return errors.New("the registry was asked too often; try again later")
	}
	return err
}
