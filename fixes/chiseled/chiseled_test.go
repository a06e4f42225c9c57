package chiseled_test

import (
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/fixes"
	"github.com/chiselbot/chiselbot/fixes/chiseled"
	"github.com/chiselbot/chiselbot/fixes/plantest"
)

// recipe is the recipe with options as the command has them.
func recipe(flags []string) *fixes.Recipe {
	var o chiseled.Options
	for _, f := range flags {
		switch f {
		case "upgrade":
			o.Upgrade = true
		case "read-only":
			o.ReadOnly = true
		default:
			o.Variant = chiseled.Variant(f)
		}
	}
	return chiseled.Recipe(o)
}

func TestRewrites(t *testing.T) {
	t.Parallel()
	for _, r := range chiseled.Rewrites() {
		t.Run(r.ID, func(t *testing.T) {
			t.Parallel()
			var flags []string
			if r.ID == "sdk" { // which has something to do with it only
				flags = []string{"upgrade"}
			}
			plantest.Page(t, recipe(flags), r.ID, r.Doc)
			plantest.Cases(t, recipe, r.ID+".txtar")
		})
	}
}

func TestRecipe(t *testing.T) {
	t.Parallel()
	plantest.Page(t, recipe(nil), "chiseled", recipe(nil).Doc)
}

// TestOneStem demands that a rewrite is on the list exactly when its files exist.
func TestOneStem(t *testing.T) {
	t.Parallel()
	listed := map[string]bool{}
	for _, r := range chiseled.Rewrites() {
		listed[r.ID] = true
	}
	for _, ext := range []string{".md", ".txtar"} {
		found := map[string]bool{}
		files, err := fs.Glob(os.DirFS("."), "*"+ext)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if stem := strings.TrimSuffix(f, ext); stem != "chiseled" {
				found[stem] = true
			}
		}
		if diff := cmp.Diff(listed, found); diff != "" {
			t.Errorf("rewrites on the list and files %s (-list +files):\n%s", ext, diff)
		}
	}
}
