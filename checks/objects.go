package checks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

// IgnoreAnnotation is the beginning of the annotations with which an object silences a
// rule; the rule's id follows, and the value is the reason.
const IgnoreAnnotation = "chiselbot.dev/ignore."

// release checks all objects of a release.
func (r *runner) release(ctx context.Context, rel *Release) Result {
	var res Result
	known := map[*kube.Container]*Image{}
	image := func(c *kube.Container) *Image {
		i, ok := known[c]
		if !ok {
			i = r.image(c, rel)
			known[c] = i
		}
		return i
	}
	for _, o := range rel.Objects {
		pods := slices.DeleteFunc(slices.Clone(rel.Pods), func(p *kube.Pod) bool { return p.Object != o })
		look := look{said: map[string]bool{}}
		var found []Finding
		for _, rule := range r.opts.Rules {
			if rule.Object == nil {
				continue
			}
			pass := &ObjectPass{Object: o, Pods: pods, Release: rel, Rules: r.opts.Rules, Now: r.opts.Now, rule: rule, image: image}
			if err := guard(func() error { rule.Object(pass); return nil }); err != nil {
				res.Skips = append(res.Skips, failed(rule, rel.home(o), err))
				continue
			}
			for _, f := range pass.findings {
				found = append(found, r.refused(f, o))
			}
			look.said[rule.ID] = len(pass.findings) > 0
			res.Skips = append(res.Skips, pass.skips...)
		}
		for _, s := range r.opts.Scanners {
			var theirs []ObjectFinding
			err := r.withinBudget(ctx, func(ctx context.Context) (err error) { theirs, err = s.ScanObject(ctx, o); return err })
			late := errors.Is(err, errBudget)
			for _, skip := range r.scanSkips(rel.home(o), err, &look) {
				skip.Home = rel.home(o)
				if at := o.Where(o.Root).Place(); !at.IsZero() && !late {
					skip.Path, skip.File, skip.Span = at.File.Path(), at.File, at.Span
				}
				if rel.Set != "" {
					skip.Sets = []string{rel.Set}
				}
				if !late || !slices.ContainsFunc(res.Skips, func(s Skip) bool { return s.Home == skip.Home && s.Reason == skip.Reason }) {
					res.Skips = append(res.Skips, skip) // of a release that is late once
				}
			}
			for _, f := range theirs {
				f.Key = ObjectKey(o) + " " + f.Key
				found = append(found, stand(f.Rule, rel, o, f.At, f.Finding))
			}
		}
		r.keep(&res, found, func(f Finding) (Drop, bool) { return r.dropObject(f, rel, o, &look) })
	}
	for _, rule := range r.opts.Rules {
		if rule.Release == nil || len(rel.Objects) == 0 {
			continue
		}
		pass := &ReleasePass{Release: rel, Now: r.opts.Now, rule: rule, image: image}
		if err := guard(func() error { rule.Release(pass); return nil }); err != nil {
			res.Skips = append(res.Skips, failed(rule, rel.home(rel.Objects[0]), err))
			continue
		}
		r.keep(&res, pass.findings, func(f Finding) (Drop, bool) { return r.dropObject(f, rel, nil, &look{}) })
	}
	return res
}

func failed(rule *Rule, file *source.File, err error) Skip {
	return Skip{
		Path: file.Path(), Home: file, Rule: rule.ID,
		Reason: fmt.Sprintf("The rule failed on this file: %v.", err),
		Help:   "This is a fault of chiselbot: please report it with the file.",
	}
}

// dropObject decides whether somebody knows better than a finding about an object: with
// a comment at any of the places that the subject comes from, or with an annotation. Of
// what only runs when somebody tests a release, no more than errors are reported.
func (r *runner) dropObject(f Finding, rel *Release, o *kube.Object, l *look) (Drop, bool) {
	if d, ok := r.dropReplaced(f, l); ok {
		return d, true
	}
	places := []kube.Place{{File: f.File, Span: f.Span}}
	if f.Origin != nil {
		places = append(places, f.Origin.Template)
		places = append(places, f.Origin.Includes...)
	}
	for _, at := range places {
		if at.IsZero() {
			continue
		}
		comments, _ := r.remarks.of(at.File)
		for n, c := range comments {
			if r.silences(c, f, at.Span) {
				r.remarks.note(at.File, n, f.Rule)
				return Drop{Finding: f, Reason: c.Reason, By: Related{File: at.File, Span: c.Span}}, true
			}
		}
	}
	if o == nil {
		return Drop{}, false
	}
	annotations := o.Root.Get("metadata", "annotations")
	if annotations == nil || annotations.Kind != kube.Mapping {
		return Drop{}, false
	}
	for _, a := range annotations.Items {
		id, ours := strings.CutPrefix(a.Key, IgnoreAnnotation)
		reason := strings.TrimSpace(a.Text())
		if ours && reason != "" && (id == f.Rule.ID || slices.ContainsFunc(f.Rule.Replaces, func(other Replaced) bool { return other.ID == id })) {
			at := o.WhereKey(a).Place()
			return Drop{Finding: f, Reason: reason, By: Related{File: at.File, Span: at.Span}}, true
		}
	}
	if rel.Chart != nil && f.Severity < Error && onlyTests(annotations.Text("helm.sh/hook")) {
		return Drop{Finding: f, Reason: "Only `helm test` runs this object, once: no more than errors are reported of it."}, true
	}
	return Drop{}, false
}

// onlyTests reports whether Helm creates an object with these hooks for `helm test` and
// for nothing else.
// https://helm.sh/docs/topics/chart_tests/
func onlyTests(hooks string) bool {
	for hook := range strings.SplitSeq(hooks, ",") {
		switch strings.ToLower(strings.TrimSpace(hook)) {
		case "test", "test-success":
		default:
			return false
		}
	}
	return true
}

// same identifies what differs in nothing but the values set.
type same struct {
	home, rule, key, text string
	file                  *source.File
	span                  source.Span
}

// merge makes one of those that are the same under several values sets. sets gives the
// sets of one; two of one set are two. The order of the sets is that of the releases. add
// is told which one stands for which other one.
func merge[T any](all []T, id func(*T) same, sets func(*T) *[]string, add func(to, other *T)) []T {
	at := map[same]int{}
	var merged []T
	for _, one := range all {
		own := sets(&one)
		if len(*own) == 0 {
			merged = append(merged, one)
			continue
		}
		i, ok := at[id(&one)]
		if !ok || slices.Contains(*sets(&merged[i]), (*own)[0]) {
			at[id(&one)] = len(merged)
			merged = append(merged, one)
			continue
		}
		to := sets(&merged[i])
		*to = append(slices.Clip(*to), *own...)
		add(&merged[i], &one)
	}
	return merged
}

// mergeSets makes one finding, skip and drop of each that several values sets have.
func (r *Result) mergeSets() {
	finding := func(f *Finding) same { return same{f.home(), f.Rule.ID, f.Key, f.Message, f.File, f.Span} }
	r.Findings = merge(r.Findings, finding, func(f *Finding) *[]string { return &f.Sets }, func(to, other *Finding) { to.Fix = bothFixes(to.Fix, other.Fix) })
	r.Drops = merge(r.Drops, func(d *Drop) same { return finding(&d.Finding) }, func(d *Drop) *[]string { return &d.Finding.Sets }, func(_, _ *Drop) {})
	r.Skips = merge(r.Skips, func(s *Skip) same { return same{s.home(), s.Rule, s.Path, s.Reason, s.File, s.Span} }, func(s *Skip) *[]string { return &s.Sets }, func(_, _ *Skip) {})
}

// bothFixes cures a finding under the sets of both fixes: the values files of each have to
// be edited. Where the two do not go together it is the first.
func bothFixes(a, b *Fix) *Fix {
	if a == nil || b == nil || sameFix(a, b) {
		return cmp.Or(a, b)
	}
	edits := slices.Clone(a.Edits)
	for _, e := range b.Edits {
		switch {
		case slices.Contains(edits, e):
		case slices.ContainsFunc(edits, func(o source.Edit) bool {
			return o.Path == e.Path && (o.Span == e.Span || o.Span.Start < e.Span.End && e.Span.Start < o.Span.End)
		}):
			return a
		default:
			edits = append(edits, e)
		}
	}
	return &Fix{Title: a.Title, Safety: min(a.Safety, b.Safety), Edits: edits}
}
