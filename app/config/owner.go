package config

import (
	"maps"
	"reflect"
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
	// Limits are those of all repositories together.
	Limits Limits
}

// Limits are how many pull requests chiselbot opens in all repositories of an owner.
type Limits struct {
	// Open is how many may be open at once; Hour and Day are how many are opened within
	// an hour and a day.
	Open, Hour, Day int
}

// defaultLimits are those of an owner who sets none.
var defaultLimits = Limits{Open: 50, Hour: 5, Day: 20}

// All are the limits of an owner, who may be nil.
func (o *Owner) All() Limits {
	if o == nil {
		return defaultLimits
	}
	return o.Limits
}

// ParseOwner reads an owner's settings file: settings as those of [Parse], and the list
// "locked" of keys that repositories cannot set. With a problem there are none.
func ParseOwner(file *source.File, known []string) (*Owner, []Problem) {
	owner := Owner{Limits: defaultLimits}
	p := reading{file: file, known: known, ofOwner: &owner}
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
	s.Rules, s.Ignores = maps.Clone(s.Rules), slices.Clone(s.Ignores)
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
	keys := []string{"fail-on", "unaffected", "rules", "dockerfiles", "manifests", "charts", "images", "pods", "proposals", "fix", "suggestions", "ignore", "ignores"}
	for _, word := range fieldNames(reflect.TypeFor[Proposals]()) {
		keys = append(keys, "proposals."+word)
	}
	keys = append(keys, "ignore.who", "ignore.where")
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
