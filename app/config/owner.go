package config

import (
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/chiselbot/chiselbot/checks/source"
)

// An Owner is what the owner of many repositories sets for all of them. A repository's own
// settings win where the owner has not locked them.
type Owner struct {
	Settings Settings
	// Locked are the keys that repositories cannot set: "fail-on", "rules",
	// "rules.root-user". What they set nevertheless has no effect.
	Locked []string
}

// ParseOwner reads an owner's settings file: settings as those of [Parse], and the list
// "locked" of keys that repositories cannot set. With a problem there are none.
func ParseOwner(file *source.File, known []string) (*Owner, []Problem) {
	var owner Owner
	p := reading{file: file, known: known, locks: &owner.Locked}
	settings := Default()
	if root := p.load(); root != nil {
		p.refuse(root)
		p.settings(root, settings)
	}
	if len(p.problems) > 0 {
		return nil, p.told()
	}
	owner.Settings = *settings
	return &owner, nil
}

// settings is a copy of the owner's settings, the default ones where there is no owner.
func (o *Owner) settings() *Settings {
	if o == nil {
		return Default()
	}
	s := o.Settings
	s.Rules = maps.Clone(s.Rules)
	return &s
}

// locks reports whether the owner has locked a key or one above it.
func (o *Owner) locks(key string) bool {
	if o == nil {
		return false
	}
	return slices.ContainsFunc(o.Locked, func(locked string) bool {
		return key == locked || strings.HasPrefix(key, locked+".")
	})
}

// lockable reads the keys that are locked.
func (p *reading) lockable(n *yaml.Node, path string) []string {
	if !p.is(n, path, yaml.SequenceNode, "Write each key on its own line, after `- `.") {
		return nil
	}
	keys := []string{"fail-on", "unaffected", "rules", "dockerfiles", "manifests", "charts", "images", "pods"}
	for _, id := range p.known {
		keys = append(keys, "rules."+id)
	}
	var locked []string
	for _, item := range n.Content {
		if !p.is(item, path, yaml.ScalarNode, "") {
			continue
		}
		if !slices.Contains(keys, item.Value) {
			p.problem(p.span(item), path, code(item.Value)+" is not a key that can be locked.",
				didYouMean(item.Value, keys, "Write the name of a setting, or `rules.` with the id of a rule."))
			continue
		}
		locked = append(locked, item.Value)
	}
	return locked
}
