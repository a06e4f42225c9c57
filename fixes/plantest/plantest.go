// Package plantest runs a recipe's cases and its pages: the txtar files in which each
// folder is a small repository with the plan that it must give, and the before, after and
// refused blocks of the pages.
//
// Every case is run a second time with CRLF line ends, and every plan that changes
// something must be proven. The package knows no recipe.
package plantest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/checktest"
	"github.com/chiselbot/chiselbot/checks/rules"
	"github.com/chiselbot/chiselbot/fixes"
)

// Options are those that plans are made and proven with in tests. There is a mirror,
// registry.example.com/mcr, in all of them.
func Options() fixes.Options {
	return fixes.Options{Checks: checks.Options{
		Rules: rules.All(), IsDockerfile: checktest.IsDockerfile, Now: checktest.Now, Mirrors: base.Mirrors{"registry.example.com/mcr": "mcr.microsoft.com"},
	}}
}

// Registry is a registry that has all images, with digests that are made of their names,
// but none of images whose tag has the word jammy.
type Registry struct{}

// Digest implements [fixes.Resolver].
func (Registry) Digest(_ context.Context, ref base.Reference) (string, error) {
	if strings.Contains(ref.Tag, "jammy") {
		return "", errors.New("there is no such image")
	}
	return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(ref.String()))), nil
}

// Plans makes the plans of a recipe for a tree of the files.
func Plans(t testing.TB, recipe *fixes.Recipe, files map[string]string) []*fixes.Plan {
	t.Helper()
	return plans(t, recipe, files, Options())
}

func plans(t testing.TB, recipe *fixes.Recipe, files map[string]string, opts fixes.Options) []*fixes.Plan {
	t.Helper()
	plans, skips, err := fixes.Plans(t.Context(), checktest.Tree(files), recipe, opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range skips {
		t.Errorf("%s: %s", s.Path, s.Reason)
	}
	return plans
}

// After are the files that plans change, as they are then.
func After(plans []*fixes.Plan) map[string]string {
	changed := map[string]string{}
	for _, p := range plans {
		for _, c := range p.Changes {
			changed[c.Path] = c.After
		}
	}
	return changed
}

// Describe writes down what a person would see of plans: the verdict, the steps and why,
// what stands in the way and what to know.
func Describe(plans []*fixes.Plan) string {
	var b strings.Builder
	for _, p := range plans {
		fmt.Fprintf(&b, "%s: %s\n", p.Verdict, p.Title)
		for _, s := range p.Steps {
			fmt.Fprintf(&b, "\t%s %s: %s\n", place(s.At), s.ID, s.Title)
			for line := range strings.SplitSeq(s.Because, "\n") {
				fmt.Fprintf(&b, "\t\t%s\n", line)
			}
		}
		for _, r := range p.Reasons {
			fmt.Fprintf(&b, "\t%s %s %s: %s\n\t\thelp: %s\n", place(r.At), r.ID, r.Verdict, r.Message, r.Help)
		}
		for _, n := range p.Notes {
			fmt.Fprintf(&b, "\t%s note: %s\n", place(n.At), n.Message)
		}
	}
	return b.String()
}

func place(p fixes.Place) string {
	if p.File == nil {
		return "-"
	}
	at := p.File.Position(p.Span.Start)
	return fmt.Sprintf("%s:%d:%d", p.File.Path(), at.Line, at.Column)
}

// proven fails the test where a plan that changes something has no proof or is not
// finished, and where its changes are not what its steps say.
func proven(t testing.TB, plans []*fixes.Plan) {
	t.Helper()
	for _, p := range plans {
		switch {
		case p.Applicable() && (p.Proof == nil || len(p.Proof.Failed) > 0):
			t.Errorf("the plan %q is not proven: %v", p.Title, p.Proof)
		case p.Applicable() != (p.Verdict >= fixes.SafeWithEdits):
			t.Errorf("the plan %q is called %s and changes %d files", p.Title, p.Verdict, len(p.Changes))
		case !p.Applicable() && len(p.Reasons) == 0:
			t.Errorf("the plan %q changes nothing and gives no reason", p.Title)
		}
		for _, r := range p.Reasons {
			if r.ID == "proof" {
				t.Errorf("the plan %q does not hold: %s", p.Title, r.Message)
			}
		}
	}
}

// same fails the test where the plans for files with CRLF line ends are others than those
// for the same files with LF.
func same(t *testing.T, recipe *fixes.Recipe, files map[string]string, opts fixes.Options, want []*fixes.Plan) {
	t.Helper()
	crlf := checktest.CRLF(files)
	got := plans(t, recipe, crlf, opts)
	if diff := cmp.Diff(Describe(want), strings.ReplaceAll(Describe(got), `\r\n`, `\n`)); diff != "" {
		t.Errorf("CRLF line ends change the plan (-LF +CRLF):\n%s", diff)
	}
	if diff := cmp.Diff(checktest.CRLF(After(want)), After(got)); diff != "" {
		t.Errorf("the plan does not keep CRLF line ends (-want +got):\n%s", diff)
	}
}
