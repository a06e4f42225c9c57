package build_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chiselbot/chiselbot/app/build"
	"github.com/chiselbot/chiselbot/app/build/buildtest"
	"github.com/chiselbot/chiselbot/checks/checktest"
	"github.com/chiselbot/chiselbot/fixes"
	"github.com/chiselbot/chiselbot/fixes/chiseled"
	"github.com/chiselbot/chiselbot/fixes/plantest"
	"github.com/chiselbot/chiselbot/fixes/recipes"
)

func TestMain(m *testing.M) { os.Exit(buildtest.M{M: m}.Run()) }

func builder(t testing.TB, c build.Config) *build.Builder {
	t.Helper()
	c.Address, c.Timeout = buildtest.Address(t), 2*time.Minute
	b, err := build.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestStories plans for small repositories, builds them before and after, and starts what
// was built.
func TestStories(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it builds for minutes")
	}
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			b := builder(t, build.Config{})
			checktest.Archive{Path: file, Given: "flags", Outcome: "after"}.Run(t, func(t *testing.T, c checktest.Case) (string, map[string]string) {
				opts := plantest.Options()
				opts.Builder = b
				if strings.Contains(c.Given, "crlf") {
					c.Files = checktest.CRLF(c.Files)
				}
				plans, skips, err := fixes.Plans(t.Context(), checktest.Tree(c.Files), recipes.Named("chiseled", options(c.Given)), opts)
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range skips {
					t.Errorf("%s: %s", s.Path, s.Reason)
				}
				var said strings.Builder
				for _, p := range plans {
					said.WriteString(story(t, b, p, c.Files))
				}
				after := plantest.After(plans)
				for name, text := range after { // a golden file has no carriage returns
					after[name] = strings.ReplaceAll(text, "\r\n", "\n")
				}
				return said.String(), after
			})
		})
	}
}

func options(flags string) recipes.Options {
	var o recipes.Options
	for f := range strings.FieldsSeq(flags) {
		switch f {
		case "upgrade":
			o.Upgrade = true
		case "plain", "extra":
			o.Variant = chiseled.Variant(f)
		}
	}
	return o
}

var sizes = regexp.MustCompile(`\d+(\.\d)? MB`)

// story says what became of a plan: the verdict, what a build proved and did not, and
// what the images say when they are started.
func story(t *testing.T, b *build.Builder, p *fixes.Plan, files map[string]string) string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s: %s\n", p.Verdict, p.Title)
	for _, r := range p.Reasons {
		fmt.Fprintf(&s, "\t%s:%d %s %s: %s\n", r.At.Path(), r.At.Line(), r.ID, r.Verdict, r.Message)
	}
	if p.Proof != nil {
		for _, held := range p.Proof.Held {
			if strings.Contains(held, "built") || strings.Contains(held, "starts") {
				fmt.Fprintf(&s, "\theld: %s\n", sizes.ReplaceAllString(held, "N MB"))
			}
		}
		for _, open := range p.Proof.Open {
			if open != "The application was not started." {
				fmt.Fprintf(&s, "\topen: %s\n", open)
			}
		}
	}
	if !p.Applicable() {
		return s.String()
	}
	targets := p.Targets
	if len(targets) == 0 {
		targets = []string{""}
	}
	for _, stage := range targets {
		target := fixes.Target{Dockerfile: p.File.Path(), Stage: stage}
		for n, tree := range []struct {
			name  string
			start func() (string, error)
		}{
			{"before", func() (string, error) { return b.Start(t.Context(), checktest.Tree(files), target) }},
			{"after", func() (string, error) { return b.Start(t.Context(), p.Edited(checktest.Tree(files)), target) }},
		} {
			says, err := tree.start()
			if err != nil {
				says = "not built"
			}
			says = strings.Join(strings.Fields(says), " ")
			fmt.Fprintf(&s, "\t%s: %s\n", strings.TrimSpace(stage+" "+tree.name), says)
			if n == 1 && !strings.HasPrefix(says, "started by") {
				t.Errorf("%s: the image does not start: %s", p.File.Path(), says)
			}
		}
	}
	return s.String()
}
