package review_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"testing/fstest"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/app/review"
	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/source"
)

func treeOf(files map[string]string) source.Tree {
	fs := fstest.MapFS{}
	for name, text := range files {
		fs[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return source.Tree{FS: fs}
}

// TestRank reads what is near first.
func TestRank(t *testing.T) {
	t.Parallel()
	tree := treeOf(map[string]string{
		"a/Dockerfile": "FROM scratch\n", "a/deploy.yaml": "", "a/k/x/y.yaml": "", "a/main.go": "",
		"far/off/and/away.yaml": "", "shop/Chart.yaml": "", "shop/templates/x.yaml": "", "shop/README.md": "", "root.json": "",
		"touched/one.yaml": "", "touched/two.yaml": "", "left/out.yaml": "",
		".github/chiselbot.yml": "manifests: {exclude: [left/**]}\n",
	})
	scope, err := review.ScopeOf(t.Context(), tree, tree, review.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rank := scope.Rank([]string{"touched/one.yaml"})
	var got []string
	names, err := tree.Find(t.Context(), func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(rank(a), rank(b)) })
	for _, name := range names {
		got = append(got, fmt.Sprint(rank(name), " ", name))
		if scope.Reads(name) != (rank(name) >= 0) {
			t.Errorf("%s is read: %t", name, scope.Reads(name))
		}
	}
	want := []string{
		"-1 a/main.go", "-1 left/out.yaml",
		"0 .github/chiselbot.yml", "0 a/Dockerfile", "0 shop/Chart.yaml", "0 shop/README.md", "0 shop/templates/x.yaml", "0 touched/one.yaml",
		"1 a/deploy.yaml", "1 touched/two.yaml", "2 root.json", "3 a/k/x/y.yaml", "5 far/off/and/away.yaml",
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("ranks (-want +got):\n%s", diff)
	}
}

// TestBeyond says what was not read, and does not read it.
func TestBeyond(t *testing.T) {
	t.Parallel()
	tree := treeOf(map[string]string{"Dockerfile": "FROM scratch\n", "far/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n", "b.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n"})
	side := review.Side{Tree: tree}
	r, err := review.Of(t.Context(), side, side, review.Options{Rules: []*checks.Rule{}, Beyond: []string{"Dockerfile", "far/a.yaml"}})
	if err != nil {
		t.Fatal(err)
	}
	if r.Manifests != 1 || r.Files != 1 || len(r.Delta.Skips) != 1 || r.Verdict() != review.Unsure {
		t.Errorf("%d manifests, %d Dockerfiles, skips %+v, %s", r.Manifests, r.Files, r.Delta.Skips, r.Verdict())
	}
}
