package checks

import (
	"fmt"

	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/source"
)

// A Pin is what a finding about an image without a digest lacks for a fix: the digest, which
// only the image's registry knows.
type Pin struct {
	// Ref is the image by its tag, as a registry is to be asked for it.
	Ref base.Reference
	// Path and At are where the digest is to be written: behind the tag.
	Path string
	At   int
	// Uncertain says why there is no such place, as a clause; empty where there is one.
	Uncertain string
}

// Fix is the fix that writes the digest behind the tag. An error says that the digest is
// none.
func (p *Pin) Fix(digest string) (*Fix, error) {
	want := p.Ref
	want.Digest = digest
	if got, err := base.ParseReference(want.String()); err != nil || got != want || digest == "" {
		return nil, fmt.Errorf("pin %s: the registry says %s, which is no digest", p.Ref, Code(digest))
	}
	at := source.Span{Start: p.At, End: p.At}
	return &Fix{
		// What is built or started today stays what it is.
		Title: fmt.Sprintf("Pin %s to %s", Code(p.Ref.String()), Code(digest)), Safety: Safe,
		Edits: []source.Edit{{Path: p.Path, Span: at, New: "@" + digest}},
	}, nil
}

func samePin(a, b *Pin) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
