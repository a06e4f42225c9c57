package propose_test

import (
	"strings"
	"testing"

	"github.com/chiselbot/chiselbot/app/propose"
)

func TestStyle(t *testing.T) {
	t.Parallel()
	const title = "Move Dockerfile to aspnet:10.0-noble-chiseled"
	const plain = "Move Dockerfile to aspnet:10.0-noble-chiseled"
	for name, tt := range map[string]struct {
		subjects string
		sure     bool
		want     string
	}{
		"no history":         {"", false, plain},
		"sentences":          {"Add cats|Mend dogs|Feed the fish|Sell the cow|fix: by a guest", false, plain},
		"too few":            {"feat: cats|fix: dogs|docs: fish", false, plain},
		"conventional":       {"feat: cats|fix: dogs|docs: fish|Sell the cow|refactor!: all", false, "build: move Dockerfile to aspnet:10.0-noble-chiseled"},
		"chore":              {"feat: cats|fix: dogs|chore: fish|chore(deps): bump x|chore(deps): bump y", false, "chore(deps): move Dockerfile to aspnet:10.0-noble-chiseled"},
		"a scope for docker": {"build(docker): cats|build(docker): dogs|build(deps): fish|build(web): cow", false, "build(docker): move Dockerfile to aspnet:10.0-noble-chiseled"},
		"capital letters":    {"feat: Cats|fix: Dogs|docs: Fish|build: cow", false, "build: Move Dockerfile to aspnet:10.0-noble-chiseled"},
		"by settings":        {"Add cats", true, "build: move Dockerfile to aspnet:10.0-noble-chiseled"},
		"strangers' text":    {strings.Repeat("chore(`x`): y|chore(<b>): z|", 10), false, plain},
	} {
		subjects := strings.FieldsFunc(tt.subjects, func(r rune) bool { return r == '|' })
		for range 5 {
			if got := propose.StyleOf(subjects, tt.sure).Title("build", title); got != tt.want {
				t.Errorf("%s: %q, want %q", name, got, tt.want)
			}
		}
	}
	style := propose.StyleOf([]string{"chore(deps): bump"}, true)
	if got := style.Title("fix", "Name the user"); got != "fix: name the user" {
		t.Errorf("fix: %q", got)
	}
}
