package fixes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// pins are the digests that findings ask for, each asked once.
type pins struct {
	resolver Resolver
	asked    map[base.Reference]answer
}

type answer struct {
	digest string
	err    error
}

func (p *pins) digest(ctx context.Context, ref base.Reference) (string, error) {
	if p.resolver == nil {
		return "", errors.New("no registry is asked here")
	}
	a, ok := p.asked[ref]
	if !ok {
		a.digest, a.err = p.resolver.Digest(ctx, ref)
		if p.asked == nil {
			p.asked = map[base.Reference]answer{}
		}
		p.asked[ref] = a
	}
	return a.digest, a.err
}

// complete gives the findings of one file that are wanted and lack a digest their fix. What
// no fix could be had for comes back as a plan that leaves it to a person, nil where there
// is none: that one image cannot be pinned stands in the way of no other. An error means
// that ctx ended.
func (p *pins) complete(ctx context.Context, name string, all []checks.Finding, want func(checks.Finding) bool) ([]checks.Finding, *Plan, error) {
	completed := slices.Clone(all)
	left := &Plan{Recipe: "findings", Title: "Pin images to their digests"}
	for i := range completed {
		f := &completed[i]
		if f.Pin == nil || home(*f).Path() != name || !want(*f) {
			continue
		}
		why, help := f.Pin.Uncertain, f.Help
		if n := slices.IndexFunc(all, func(o checks.Finding) bool { return clash(f.Pin, o.Pin) }); why == "" && n >= 0 {
			why = fmt.Sprintf("with other values this makes %s of it, not %s", checks.Code(all[n].Pin.Ref.String()), checks.Code(f.Pin.Ref.String()))
			help = "Give each set of values a tag of its own, then its digest can be written behind that."
		}
		if why == "" {
			digest, err := p.digest(ctx, f.Pin.Ref)
			if ctx.Err() != nil {
				return nil, nil, ctx.Err()
			}
			if err == nil {
				f.Fix, err = f.Pin.Fix(digest)
			}
			if err == nil {
				continue
			}
			why = err.Error()
			if p.resolver != nil {
				help = fmt.Sprintf("Ask again when the registry answers and knows it, or write behind the tag what `docker buildx imagetools inspect %s` prints.", f.Pin.Ref)
			}
		}
		left.File = home(*f)
		left.Reasons = append(left.Reasons, Reason{
			ID: f.Rule.ID, URL: f.Rule.URL, Verdict: NeedsPerson, At: Place{f.File, f.Span},
			Message: fmt.Sprintf("Not pinned: %s.", strings.TrimSuffix(why, ".")), Help: help,
		})
	}
	if len(left.Reasons) == 0 {
		return completed, nil, nil
	}
	left.decide()
	return completed, left, nil
}

// clash reports whether two images are named at one place, of which only one has the digest.
func clash(a, b *checks.Pin) bool {
	return b != nil && b.Uncertain == "" && a.Path == b.Path && a.At == b.At && a.Ref != b.Ref
}

// pins demands that the digests of a plan get into references to their images and nowhere
// else: a values key may be read in many places, with each set of values in others.
func (t *trial) pins() {
	if len(t.plan.pinned) == 0 {
		return
	}
	known := map[string]bool{}
	texts(t.before.result, func(_ *checks.Release, _ *kube.Object, text string) { known[text] = true })
	texts(t.after.result, func(r *checks.Release, o *kube.Object, text string) {
		for _, one := range t.plan.pinned {
			if strings.Contains(text, one.digest) && !known[text] && !one.is(text) {
				known[text] = true
				t.failed("The digest of %s would also get where it does not belong: into `%s`, in what `%s` renders to.", checks.Code(one.ref.String()), checks.ObjectKey(o), strings.TrimSpace(r.Dir()+" "+r.Set))
			}
		}
	})
}

// texts calls each for every text of all objects.
func texts(res *checks.Result, each func(r *checks.Release, o *kube.Object, text string)) {
	for _, r := range res.Releases {
		for _, o := range r.Objects {
			var visit func(n *kube.Node)
			visit = func(n *kube.Node) {
				if len(n.Items) == 0 {
					each(r, o, n.Value)
				}
				for _, item := range n.Items {
					visit(item)
				}
			}
			visit(o.Root)
		}
	}
}

// A pinned is an image that a plan gives its digest.
type pinned struct {
	ref    base.Reference
	digest string
}

// is reports whether a text is the image with its digest.
func (p pinned) is(text string) bool {
	want := p.ref
	want.Digest = p.digest
	ref, err := base.ParseReference(text)
	return err == nil && ref == want
}
