package fixes_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/checktest"
	"github.com/chiselbot/chiselbot/fixes"
	"github.com/chiselbot/chiselbot/fixes/plantest"
)

// resolver answers by the tag, and counts how often it is asked.
type resolver map[string]int

func (r resolver) Digest(_ context.Context, ref base.Reference) (string, error) {
	r[ref.String()]++
	switch ref.Tag {
	case "away":
		return "", errors.New("ask for it: no answer")
	case "odd":
		return "sha256:0a1e\n3f", nil
	case "short":
		return "sha256:0a1e3f", nil
	case "none":
		return "", nil
	}
	return digest(ref.String()), nil
}

func digest(name string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(name))) }

// pinOptions are those of somebody who asked for the rule.
func pinOptions(r fixes.Resolver) fixes.Options {
	opts := plantest.Options()
	opts.Together, opts.Resolver = true, r
	opts.Checks.Severities = map[string]checks.Severity{"no-digest": checks.Notice}
	return opts
}

func noDigest(f checks.Finding) bool { return f.Rule.ID == "no-digest" }

// reasons are what plans leave to a person.
func reasons(plans []*fixes.Plan) []string {
	var list []string
	for _, p := range plans {
		for _, r := range p.Reasons {
			list = append(list, fmt.Sprintf("%s:%d %s", r.At.Path(), r.At.Line(), r.Message))
		}
	}
	return list
}

func TestPins(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"Dockerfile": "FROM golang:1 AS a\nFROM alpine:away AS b\nFROM debian:odd AS c\nFROM debian:short AS d\nFROM debian:none AS e\n" +
			"FROM debian AS f\nFROM golang:1\nCOPY --from=golang:1 /a /",
		"other/Dockerfile": "FROM golang:1\r\n",
	}
	r := resolver{}
	plans, _, err := fixes.Findings(t.Context(), checktest.Tree(files), noDigest, false, pinOptions(r))
	if err != nil {
		t.Fatal(err)
	}
	golang := "golang:1@" + digest("golang:1")
	want := map[string]string{
		"Dockerfile":       strings.ReplaceAll(files["Dockerfile"], "golang:1", golang),
		"other/Dockerfile": "FROM " + golang + "\r\n",
	}
	after := plantest.After(plans)
	if diff := cmp.Diff(want, after); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	left := []string{
		"Dockerfile:2 Not pinned: ask for it: no answer.",
		"Dockerfile:3 Not pinned: pin debian:odd: the registry says `sha256:0a1e 3f`, which is no digest.",
		"Dockerfile:4 Not pinned: pin debian:short: the registry says `sha256:0a1e3f`, which is no digest.",
		"Dockerfile:5 Not pinned: pin debian:none: the registry says ``, which is no digest.",
		"Dockerfile:6 Not pinned: no tag says which version is meant.",
	}
	if diff := cmp.Diff(left, reasons(plans)); diff != "" {
		t.Errorf("left to a person (-want +got):\n%s", diff)
	}
	if r["golang:1"] != 1 {
		t.Errorf("asked %d times for one image", r["golang:1"])
	}
	again, _, err := fixes.Findings(t.Context(), checktest.Tree(after), noDigest, false, pinOptions(resolver{}))
	if err != nil || len(plantest.After(again)) > 0 {
		t.Errorf("a second run: %v, %v", plantest.After(again), err)
	}
}

// TestPinsUnasked: without a registry nothing is pinned, and without somebody who wants it
// none is asked and nothing is said.
func TestPinsUnasked(t *testing.T) {
	t.Parallel()
	tree := checktest.Tree(map[string]string{"Dockerfile": "FROM golang:1\n"})
	plans, _, err := fixes.Findings(t.Context(), tree, noDigest, true, pinOptions(nil))
	if diff := cmp.Diff([]string{"Dockerfile:1 Not pinned: no registry is asked here."}, reasons(plans)); diff != "" || err != nil {
		t.Errorf("without a registry (-want +got):\n%s%v", diff, err)
	}
	for name, c := range map[string]struct {
		want func(checks.Finding) bool
		on   bool
	}{
		"another rule":      {func(f checks.Finding) bool { return f.Rule.ID == "root-user" }, true},
		"off":               {noDigest, false},
		"all, and it's off": {func(checks.Finding) bool { return true }, false},
	} {
		r := resolver{}
		opts := pinOptions(r)
		if !c.on {
			opts.Checks.Severities = nil
		}
		plans, _, err := fixes.Findings(t.Context(), tree, c.want, false, opts)
		if err != nil || len(plans) > 0 || len(r) > 0 {
			t.Errorf("%s: %d plans, asked for %v, %v", name, len(plans), r, err)
		}
	}
}

// TestPinsOfChart demands that a digest gets to its own image and nowhere else, whatever
// the sets of values make of a key.
func TestPinsOfChart(t *testing.T) {
	t.Parallel()
	const pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n    - name: web\n      image: \"{{ .Values.repository }}:{{ .Values.tag }}\"\n"
	files := map[string]string{
		"Chart.yaml":         "apiVersion: v2\nname: a\nversion: 1.0.0\n",
		"values.yaml":        "repository: nginx\ntag: 1.29\n",
		"templates/pod.yaml": pod,
	}
	pinnedTo := "repository: nginx\ntag: 1.29@" + digest("nginx:1.29") + "\n"
	for name, c := range map[string]struct {
		more  map[string]string
		after map[string]string
		left  []string
	}{
		"one": {after: map[string]string{"values.yaml": pinnedTo}},
		"a set with a tag of its own": {
			more:  map[string]string{"values-prod.yaml": "tag: \"1.30\"\n"},
			after: map[string]string{"values.yaml": pinnedTo, "values-prod.yaml": "tag: \"1.30@" + digest("nginx:1.30") + "\"\n"},
		},
		"a set whose tag is not what it says": {
			more:  map[string]string{"values-prod.yaml": "tag: 1.30\n"},
			after: map[string]string{"values.yaml": pinnedTo},
			left:  []string{"values-prod.yaml:1 Not pinned: the template puts the tag together."},
		},
		"a mirror in one set": {
			more: map[string]string{"values-prod.yaml": "repository: mirror.example.com/nginx\n"},
			left: []string{
				"values.yaml:2 Not pinned: with other values this makes `mirror.example.com/nginx:1.29` of it, not `nginx:1.29`.",
				"values.yaml:2 Not pinned: with other values this makes `nginx:1.29` of it, not `mirror.example.com/nginx:1.29`.",
			},
		},
		"a label in one set": {
			more: map[string]string{
				"values-prod.yaml":   "labelled: true\n",
				"templates/map.yaml": "{{ if .Values.labelled }}\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\n  labels: {v: \"{{ .Values.tag }}\"}\n{{ end }}\n",
			},
			left: []string{"Chart.yaml:1 The digest of `nginx:1.29` would also get where it does not belong: into `ConfigMap/b`, in what `. values-prod.yaml` renders to."},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := map[string]string{}
			for _, m := range []map[string]string{files, c.more} {
				maps.Copy(all, m)
			}
			plans, _, err := fixes.Findings(t.Context(), checktest.Tree(all), noDigest, false, pinOptions(resolver{}))
			if err != nil {
				t.Fatal(err)
			}
			if c.after == nil {
				c.after = map[string]string{}
			}
			if diff := cmp.Diff(c.after, plantest.After(plans)); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.left, reasons(plans)); diff != "" {
				t.Errorf("left to a person (-want +got):\n%s", diff)
			}
		})
	}
}
