package dockerfile

import (
	"errors"
	"fmt"
	"strings"

	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/source"
)

// Images are all images that the file names, in the order in which they stand. Names
// of stages and scratch are none, and those behind ONBUILD belong to another build.
// The slice is shared: it must not be changed.
func (f *File) Images() []Image { return f.images }

// image files a reference whose variables have been replaced.
func (l *linker) image(use ImageUse, i *Instruction, written Word, v variable) *Image {
	img := Image{Written: written.Value, Span: written.Span, Use: use, Instruction: i}
	for _, u := range l.x.uses(written.Value) {
		img.Args = append(img.Args, u.name)
	}
	switch ref, err := base.ParseReference(v.value); {
	case v.kind != known:
		img.Problem = v.why
	case v.value == "":
		img.Problem = "it is empty"
	case err != nil:
		if inner := errors.Unwrap(err); inner != nil {
			err = inner
		}
		img.Problem = fmt.Sprintf("`%s` is not an image reference: %v", v.value, err)
	default:
		img.Ref = ref
		img.Facts, _ = l.file.mirrors.Lookup(ref)
	}
	l.file.images = append(l.file.images, img)
	return &l.file.images[len(l.file.images)-1]
}

// syntax files the image of the syntax directive.
func (l *linker) syntax() {
	for _, d := range l.file.Directives {
		if d.Name != "syntax" {
			continue
		}
		start := d.Span.Start + strings.LastIndex(l.file.Slice(d.Span), d.Value)
		ref, _, _ := strings.Cut(d.Value, " ")
		l.image(UseSyntax, nil, Word{Value: ref, Span: source.Span{Start: start, End: start + len(ref)}}, variable{value: ref, kind: known})
	}
}
