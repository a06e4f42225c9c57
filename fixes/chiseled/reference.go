package chiseled

import (
	"fmt"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// rewriteReference writes the new image where the stage's FROM, or an ARG, names the old.
func (m *migration) rewriteReference(root *dockerfile.Stage, to *base.DotNet, because []string) {
	img := root.Image
	if img.Ref.Repository == to.Repository() && img.Ref.Tag == to.Tag() {
		m.chosen[root] = img.Ref
		return
	}
	digest := m.digest(img, to)
	chosen := to.Reference()
	chosen.Digest = digest
	m.chosen[root] = chosen
	edit, why := m.reference(img, to, digest)
	if why != "" {
		m.person(m.at(img.Span), fmt.Sprintf("The tag cannot be changed here: %s.", why), capital(writeOut(img)))
		return
	}
	m.step(img.Span, fmt.Sprintf("Take %s instead of %s", checks.Code(to.Reference().String()), checks.Code(img.Ref.String())), strings.Join(because, "\n"), edit)
	if to.Mirror.Prefix != "" && digest == "" {
		m.note(m.at(img.Span), "Whether %s has this tag was not asked: it must be copied there before the image is built.", checks.Code(to.Mirror.Prefix))
	}
}

// writeOut tells how an image that variables name can be moved, as a sentence to which only
// its capital is missing.
func writeOut(img *dockerfile.Image) string {
	return fmt.Sprintf("write the image out in the `FROM`, %s, then ask again: the plan moves it.", checks.Code(img.Ref.String()))
}

// digest is the digest of the new image where the old one is named with its own, empty
// where none is to be written. A digest belongs to one image: that of the old one would
// win over the new tag.
// https://docs.docker.com/reference/dockerfile/#from
func (m *migration) digest(img *dockerfile.Image, to *base.DotNet) string {
	if img.Ref.Digest == "" {
		return ""
	}
	why := "no registry was asked for the new one"
	if m.Digest != nil {
		digest, err := m.Digest(to.Reference())
		if err == nil {
			return digest
		}
		why = fmt.Sprintf("that of the new one is not known (%v)", err)
	}
	m.note(m.at(img.Span), "The digest was that of the old image and is dropped; %s. Pin it with what `docker buildx imagetools inspect %s` prints, or ask again with `--resolve-digests`.", why, to.Reference())
	return ""
}

// reference is the edit that makes a reference name another image: in place where it is
// written out, at its end or in the ARG where variables are part of it.
func (m *migration) reference(img *dockerfile.Image, to *base.DotNet, digest string) (source.Edit, string) {
	if m.File.Slice(img.Span) != img.Written {
		return source.Edit{}, "the reference is continued over lines"
	}
	if len(img.Args) == 0 {
		return m.replace(img.Span, img.Written, renamed(img.Written, to, digest)), ""
	}

	// Only what stands from the last variable on can be another tag.
	dollar := strings.LastIndexByte(img.Written, '$')
	name := img.Args[len(img.Args)-1]
	end := dollar + len("$") + len(name)
	if strings.HasPrefix(img.Written[dollar:], "${") {
		end += len("{}")
	}
	if end > len(img.Written) || !strings.Contains(img.Written[dollar:end], name) || strings.HasPrefix(img.Written[dollar:], "${") && img.Written[end-1] != '}' {
		return source.Edit{}, fmt.Sprintf("%s is more than a plain variable", checks.Code(img.Written[dollar:]))
	}
	arg := m.globals()[name]
	before, ok := m.expand(img.Written[:dollar])
	if arg.pair == nil || !arg.plain || !ok {
		return source.Edit{}, fmt.Sprintf("the value of %s is put together from others", checks.Code(name))
	}
	behind := img.Written[end:]
	want := renamed(before+arg.value+behind, to, digest)

	inFrom := func() (source.Edit, bool) {
		rest, ok := strings.CutPrefix(want, before+arg.value)
		if !ok {
			return source.Edit{}, false
		}
		return m.replace(source.Span{Start: img.Span.Start + end, End: img.Span.End}, behind, rest), true
	}
	inArg := func() (source.Edit, bool) {
		rest, ok := strings.CutPrefix(want, before)
		rest, ok2 := strings.CutSuffix(rest, behind)
		if !ok || !ok2 || m.usedElsewhere(name, img) {
			return source.Edit{}, false
		}
		text := m.File.Slice(arg.pair.Value.Span)
		at := strings.Index(text, arg.value)
		if at < 0 {
			return source.Edit{}, false
		}
		start := arg.pair.Value.Span.Start + at
		return m.replace(source.Span{Start: start, End: start + len(arg.value)}, arg.value, rest), true
	}
	tries := []func() (source.Edit, bool){inArg, inFrom}
	if strings.Trim(arg.value, "0123456789.") == "" { // a version is a version whatever the image
		tries = []func() (source.Edit, bool){inFrom, inArg}
	}
	for _, try := range tries {
		e, ok := try()
		if !ok {
			continue
		}
		for _, given := range m.buildArguments(name) {
			help := "Change the value here together with the one in the Dockerfile, then ask again."
			if given.value == "" {
				help = capital(writeOut(img))
			}
			if e.Span.Start >= img.Span.Start {
				if given.value == arg.value || given.value != "" && m.names(before+given.value+behind, img) {
					continue // the same as without it, or a copy of the same
				}
				help = fmt.Sprintf("If every value it gets goes with %s behind it, change the `FROM` by hand. Or %s", checks.Code(strings.TrimPrefix(want, before+arg.value)), writeOut(img))
			}
			m.person(given.at, fmt.Sprintf("%s is given to the build here, so what the Dockerfile says of the image does not hold.", checks.Code(name)), help)
			break
		}
		return e, ""
	}
	if !m.usedElsewhere(name, img) {
		return source.Edit{}, fmt.Sprintf("it changes both in %s and behind it", checks.Code(name))
	}
	return source.Edit{}, fmt.Sprintf("%s gives the tag, and other stages use it too", checks.Code(name))
}

// renamed is a written reference with another tag and digest, and out of nightly.
func renamed(written string, to *base.DotNet, digest string) string {
	name, _, _ := strings.Cut(written, "@")
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
		name = name[:colon]
	}
	if product, ok := strings.CutSuffix(name, "/nightly/"+to.Product); ok {
		name = product + "/" + to.Product
	}
	if name += ":" + to.Tag(); digest != "" {
		name += "@" + digest
	}
	return name
}

// replace is the edit that makes one text another with as few bytes as possible.
func (m *migration) replace(at source.Span, old, text string) source.Edit {
	head := 0
	for head < len(old) && head < len(text) && old[head] == text[head] {
		head++
	}
	tail := 0
	for tail < len(old)-head && tail < len(text)-head && old[len(old)-1-tail] == text[len(text)-1-tail] {
		tail++
	}
	return m.edit(source.Span{Start: at.Start + head, End: at.End - tail}, text[head:len(text)-tail])
}
