package base

import (
	"strings"

	"github.com/distribution/reference"
)

// A Mirror is a registry, or a part of one, that has copies of the images below another
// name: registry.example.com/mcr of mcr.microsoft.com.
type Mirror struct {
	// Prefix is the beginning of the copies' names, Of that of the originals'; both end
	// where a part of a name does.
	Prefix, Of string
}

// Mirrors are what the images below prefixes are copies of.
type Mirrors map[string]string

// Lookup is what is known of an image, or of the one that it is a copy of.
func (m Mirrors) Lookup(ref Reference) (*Facts, bool) {
	original, mirror := m.original(ref)
	f, ok := Lookup(original)
	if ok && f.DotNet != nil {
		f.DotNet.Mirror = mirror
	}
	return f, ok
}

// original is the reference to what an image is a copy of, and the mirror that has it: the
// one with the longest prefix. Where no mirror does it is the image itself.
func (m Mirrors) original(ref Reference) (Reference, Mirror) {
	var best Mirror
	for prefix, of := range m {
		one := Mirror{Prefix: fullName(prefix), Of: fullName(of)}
		if _, ok := one.rest(ref.Repository); ok && len(one.Prefix) > len(best.Prefix) {
			best = one
		}
	}
	rest, ok := best.rest(ref.Repository)
	if !ok {
		return ref, Mirror{}
	}
	named, err := reference.ParseNormalizedNamed(best.Of + rest) // library/ is filled in
	if err != nil {
		return ref, Mirror{}
	}
	ref.Repository = named.Name()
	return ref, best
}

// rest is what follows the prefix in a repository's name, from the slash on.
func (m Mirror) rest(repository string) (string, bool) {
	rest, ok := strings.CutPrefix(repository, m.Prefix)
	return rest, ok && m.Prefix != "" && strings.HasPrefix(rest, "/")
}

// name is the name of the copy of an image.
func (m Mirror) name(repository string) string {
	if rest, ok := strings.CutPrefix(repository, m.Of+"/"); ok && m.Prefix != "" {
		return m.Prefix + "/" + rest
	}
	return repository
}

// fullName is the beginning of a name as Docker reads it: corp/mcr is docker.io/corp/mcr,
// while a word alone is a registry.
func fullName(prefix string) string {
	prefix = strings.TrimSuffix(prefix, "/")
	if !strings.Contains(prefix, "/") {
		return prefix
	}
	named, err := reference.ParseNormalizedNamed(prefix)
	if err != nil {
		return prefix
	}
	return named.Name()
}

// CheckMirror says what is wrong with one side of a mirror as a clause, nothing where it is
// the beginning of image names.
func CheckMirror(prefix string) string {
	prefix = strings.TrimSuffix(prefix, "/")
	switch {
	case strings.Contains(prefix, "://"):
		return "it has a scheme"
	case strings.ContainsAny(prefix[strings.LastIndexByte(prefix, '/')+1:], ":@") && strings.Contains(prefix, "/"):
		return "it has a tag or a digest"
	}
	if _, err := reference.ParseNormalizedNamed(prefix + "/image"); err != nil {
		return "no image's name begins so"
	}
	return ""
}
