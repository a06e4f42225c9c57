package builds

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/chiselbot/chiselbot/checks/base"
)

// A variable of workflows (${{ x }}), of compose files and shells (${X}, ${X:-default},
// $X, $(X) of make).
var variable = regexp.MustCompile(`\$\{\{[^}]*\}\}|\$\{[^}]*\}|\$\([^)]*\)|\$[A-Za-z_]\w*`)

// unknown stands for the value of a variable that is not known; it may have slashes.
const unknown = "\x00"

// pattern is an image as it is written, with defaults in place of variables.
func pattern(image string) string {
	return variable.ReplaceAllStringFunc(image, func(v string) string {
		if !strings.HasPrefix(v, "${{") {
			if _, value, ok := strings.Cut(strings.TrimSuffix(v, "}"), ":-"); ok && !strings.Contains(value, "$") {
				return value
			}
		}
		return unknown
	})
}

// matches reports whether an image as written is one of a repository. Where variables
// hide all of its name, it may be any image and is none.
func matches(written, repository string) bool {
	p := strings.Trim(pattern(strings.TrimSpace(written)), `"'`)
	p, _, _ = strings.Cut(p, "@")
	if colon := strings.LastIndexByte(p, ':'); colon > strings.LastIndexByte(p, '/') {
		p = p[:colon]
	}
	if !strings.Contains(p, unknown) {
		ref, err := base.ParseReference(p)
		return err == nil && ref.Repository == repository
	}
	last := p[strings.LastIndexByte(p, '/')+1:]
	if strings.Contains(last, unknown) {
		return false
	}
	parts := strings.Split(p, unknown)
	rest, ok := strings.CutPrefix(repository, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

// tagged reports whether an image as written has a tag, of which a part is plain text,
// and that tag is the given one: web:$VERSION-chiseled and 1.2-chiseled. may says that
// nothing but a variable is written, which may hold the given one.
func tagged(written, tag string) (exact, may bool) {
	p := strings.Trim(pattern(strings.TrimSpace(written)), `"'`)
	colon := strings.LastIndexByte(p, ':')
	if tag == "" || colon <= strings.LastIndexByte(p, '/') {
		return false, false
	}
	parts := strings.Split(p[colon+1:], unknown)
	first, last := parts[0], parts[len(parts)-1]
	switch {
	case len(parts) == 1:
		return first == tag, false
	case first+last == "":
		return false, true
	}
	return len(tag) >= len(first)+len(last) && strings.HasPrefix(tag, first) && strings.HasSuffix(tag, last), false
}

// generic are folders that say nothing of what is built in them.
var generic = []string{".", "app", "build", "ci", "container", "containers", "deploy", "docker", "image", "images", "package", "src", "source"}

// plain is a name without case and punctuation.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// names are what a Dockerfile may be called by: what its own name adds to Dockerfile, and
// the folder that it stands in.
func names(dockerfile string) []string {
	file := path.Base(dockerfile)
	lower := strings.ToLower(file)
	var found []string
	for _, word := range []string{"dockerfile", "containerfile"} {
		if rest, ok := strings.CutPrefix(lower, word+"."); ok {
			found = append(found, plain(rest))
		}
		if rest, ok := strings.CutSuffix(lower, "."+word); ok {
			found = append(found, plain(rest))
		}
	}
	for dir := path.Dir(dockerfile); dir != "."; dir = path.Dir(dir) {
		if name := path.Base(dir); !slices.Contains(generic, strings.ToLower(name)) {
			return append(found, plain(name))
		}
	}
	return found
}

// named finds the Dockerfile whose name or folder is the last part of the image's name.
// Of several the one counts that shares most folders with the objects; equal ones leave
// it open.
func (m *Images) named(ref base.Reference, dir string) (Link, bool) {
	last := plain(path.Base(ref.Repository))
	if last == "" {
		return Link{}, false
	}
	var best []string
	shared := -1
	for _, f := range m.dockerfiles {
		if !slices.Contains(names(f), last) {
			continue
		}
		switch n := common(path.Dir(f), dir); {
		case n > shared:
			best, shared = []string{f}, n
		case n == shared:
			best = append(best, f)
		}
	}
	if len(best) != 1 {
		return Link{}, false
	}
	return Link{Dockerfile: best[0], Confidence: Named, Because: fmt.Sprintf("it is called %q as the image is", path.Base(ref.Repository))}, true
}

// common is how many folders two paths share at their beginning.
func common(a, b string) int {
	as, bs := strings.Split(a, "/"), strings.Split(b, "/")
	n := 0
	for n < min(len(as), len(bs)) && as[n] == bs[n] {
		n++
	}
	return n
}
