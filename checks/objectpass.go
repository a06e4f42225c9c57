package checks

import (
	"slices"
	"time"

	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

// An ObjectPass is one rule's look at one Kubernetes object.
type ObjectPass struct {
	Object *kube.Object
	// Pods are the pods that the object runs.
	Pods []*kube.Pod
	// Release is what the object is applied with.
	Release *Release
	// Rules are all rules that run, Now is what the rule takes for the present.
	Rules []*Rule
	Now   time.Time

	rule     *Rule
	image    func(*kube.Container) *Image
	findings []Finding
	skips    []Skip
}

// Image is what is known of the image that a container runs, nil where nothing is.
func (p *ObjectPass) Image(c *kube.Container) *Image { return p.image(c) }

// Report adds a finding that stands where its subject comes from: the values key, or
// the line of the template or the manifest. The finding's key says which part of the
// object it is about; the pass adds the object, and the places between the two files.
func (p *ObjectPass) Report(at kube.Origin, f Finding) {
	f.Key = ObjectKey(p.Object) + " " + f.Key
	p.findings = append(p.findings, stand(p.rule, p.Release, p.Object, at, f))
}

// Skip says that the rule could not decide about a part of the object, and why: a
// sentence with a full stop each.
func (p *ObjectPass) Skip(at kube.Origin, reason, help string) {
	place := at.Place()
	home := p.Release.home(p.Object)
	s := Skip{Path: home.Path(), File: place.File, Span: place.Span, Home: home, Rule: p.rule.ID, Reason: reason, Help: help}
	if place.File != nil {
		s.Path = place.File.Path()
	}
	if p.Release.Set != "" {
		s.Sets = []string{p.Release.Set}
	}
	p.skips = append(p.skips, s)
}

// Replace is the edit that gives a node of the object another text, nil where the node's
// text does not stand anywhere as it is: in the values, the template or the manifest.
func (p *ObjectPass) Replace(n *kube.Node, text string) []source.Edit {
	return replace(p.Object, n, text)
}

// Insert is the edit that gives a mapping of the object a field, named by a path; nil
// where it cannot be told where the field would have to be written.
func (p *ObjectPass) Insert(mapping *kube.Node, value string, path ...string) []source.Edit {
	return insert(p.Object, mapping, value, path...)
}

// A ReleasePass is one rule's look at all objects that are applied together.
type ReleasePass struct {
	Release *Release
	Now     time.Time

	rule     *Rule
	image    func(*kube.Container) *Image
	findings []Finding
}

// Image is as [ObjectPass.Image].
func (p *ReleasePass) Image(c *kube.Container) *Image { return p.image(c) }

// Report adds a finding about an object, as [ObjectPass.Report] does.
func (p *ReleasePass) Report(o *kube.Object, at kube.Origin, f Finding) {
	f.Key = ObjectKey(o) + " " + f.Key
	p.findings = append(p.findings, stand(p.rule, p.Release, o, at, f))
}

// Replace is as [ObjectPass.Replace] for a node of an object.
func (p *ReleasePass) Replace(o *kube.Object, n *kube.Node, text string) []source.Edit {
	return replace(o, n, text)
}

// Insert is as [ObjectPass.Insert] for a mapping of an object.
func (p *ReleasePass) Insert(o *kube.Object, mapping *kube.Node, value string, path ...string) []source.Edit {
	return insert(o, mapping, value, path...)
}

// stand completes a finding with its rule's severity if it has none of its own, and with the place where a person would edit, and the places
// that lead there.
func stand(rule *Rule, r *Release, o *kube.Object, at kube.Origin, f Finding) Finding {
	f.Rule, f.Origin, f.Home = rule, &at, r.home(o)
	if f.Severity == Off {
		f.Severity = rule.Severity
	}
	if r.Set != "" {
		f.Sets = []string{r.Set}
	}
	place := at.Place()
	if place.IsZero() {
		place = kube.Place{File: f.Home}
	}
	f.File, f.Span = place.File, place.Span
	var way []Related
	if at.Value != nil && place == at.Value.Place && !at.Template.IsZero() {
		way = append(way, Related{File: at.Template.File, Span: at.Template.Span, Message: "The template takes it from there."})
	}
	for _, in := range slices.Backward(at.Includes) {
		way = append(way, Related{File: in.File, Span: in.Span, Message: "That template is included here."})
	}
	f.Related = append(way, f.Related...)
	return f
}

// At is a place of an object as one that explains a finding.
func At(at kube.Origin, message string) Related {
	place := at.Place()
	return Related{File: place.File, Span: place.Span, Message: message}
}
