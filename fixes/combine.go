package fixes

import (
	"fmt"
	"maps"
	"slices"

	"github.com/chiselbot/chiselbot/checks/source"
)

// Complete makes the steps of a plan its changes and decides its verdict. Steps that
// cannot be taken together are a reason for a person: which of them is right, edits do
// not say.
func (p *Plan) Complete(tree source.Tree) error {
	p.Changes = nil
	p.sortSteps()
	for _, name := range p.paths() {
		text, err := tree.Read(name) // the file of a finding may have its secrets hidden
		if err != nil {
			return err
		}
		var edits []source.Edit
		clash := false
		for _, step := range p.Steps {
			own := only(step.Edits, name)
			if len(own) == 0 {
				continue
			}
			if _, err := source.Apply(text.Text(), slices.Concat(edits, own)); err != nil {
				clash = true
				at := Place{text, own[0].Span}
				if p.File != nil && p.File.Path() == name {
					at.File = p.File
				}
				p.Reasons = append(p.Reasons, Reason{
					ID: step.ID, URL: step.URL, Verdict: NeedsPerson, At: at,
					Message: fmt.Sprintf("%s touches what another step of the plan changes too.", step.Title),
					Help:    "Do one of the two by hand, then ask again.",
				})
				continue
			}
			edits = append(edits, own...)
		}
		if clash {
			continue
		}
		after, err := source.Apply(text.Text(), edits)
		if err != nil {
			return err
		}
		if after != text.Text() {
			p.Changes = append(p.Changes, Change{Path: name, Before: text.Text(), After: after})
		}
	}
	p.decide()
	return nil
}

// paths are the files that the plan edits, sorted.
func (p *Plan) paths() []string {
	names := map[string]bool{}
	for _, step := range p.Steps {
		for _, e := range step.Edits {
			names[e.Path] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func only(edits []source.Edit, name string) []source.Edit {
	var own []source.Edit
	for _, e := range edits {
		if e.Path == name {
			own = append(own, e)
		}
	}
	return own
}
