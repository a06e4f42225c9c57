package base

import (
	"fmt"
	"strings"

	"github.com/distribution/reference"
)

// A Reference is an image reference in its parts, with the defaults that Docker fills in.
type Reference struct {
	// Repository is the full name: "docker.io/library/nginx", "mcr.microsoft.com/dotnet/sdk".
	Repository string
	// Tag and Digest are as written, empty where there is none: "latest" is not filled in.
	Tag, Digest string
}

// ParseReference reads a reference as Docker does.
func ParseReference(s string) (Reference, error) {
	named, err := reference.ParseNormalizedNamed(s)
	if err != nil {
		return Reference{}, fmt.Errorf("parse image reference %q: %w", s, err)
	}
	ref := Reference{Repository: named.Name()}
	if t, ok := named.(reference.Tagged); ok {
		ref.Tag = t.Tag()
	}
	if d, ok := named.(reference.Digested); ok {
		ref.Digest = d.Digest().String()
	}
	return ref, nil
}

// Familiar is the repository as people write it: "nginx", "mcr.microsoft.com/dotnet/sdk".
func (r Reference) Familiar() string {
	name := strings.TrimPrefix(r.Repository, "docker.io/")
	return strings.TrimPrefix(name, "library/")
}

// String is the reference as people write it.
func (r Reference) String() string {
	s := r.Familiar()
	if r.Tag != "" {
		s += ":" + r.Tag
	}
	if r.Digest != "" {
		s += "@" + r.Digest
	}
	return s
}
