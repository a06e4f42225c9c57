// Package recipes is the list of recipes.
package recipes

import (
	"github.com/chiselbot/chiselbot/fixes"
	"github.com/chiselbot/chiselbot/fixes/chiseled"
)

// Options are what recipes can be asked for.
type Options = chiseled.Options

// All are the recipes, in the order of their ids.
func All(o Options) []*fixes.Recipe {
	return []*fixes.Recipe{chiseled.Recipe(o)}
}

// Named is the recipe with an id, nil where there is none.
func Named(id string, o Options) *fixes.Recipe {
	for _, r := range All(o) {
		if r.ID == id {
			return r
		}
	}
	return nil
}
