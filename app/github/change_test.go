package github_test

import (
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/app/githubtest"
	"github.com/chiselbot/chiselbot/checks/source"
)

// everything are files of all kinds, with texts that GraphQL changes or cuts.
func everything() []githubtest.Change {
	return []githubtest.Change{
		githubtest.Write("Dockerfile", "FROM scratch\r\nUSER 1"),
		githubtest.Write("empty", ""),
		githubtest.Write("bom", "\xef\xbb\xbfFROM scratch\n"),
		githubtest.Write("latin1", "# caf\xe9\nFROM scratch\n"),
		githubtest.Write("binary", "\x00\x01\x02"),
		githubtest.Write("large", strings.Repeat("# line\n", 100_000)),
		githubtest.Write("too-large", strings.Repeat("x", source.MaxFileBytes+1)),
		githubtest.Write("a/b/c/d/Dockerfile", "FROM deep\n"),
		githubtest.Write("a/b.txt", "sorts before a/b/ in no order but git's"),
		githubtest.Write("a.txt", "and before a/"),
		githubtest.Write("chart/templates/über.yaml", "a: 1\n"),
		githubtest.Executable("run.sh", "#!/bin/sh\n"),
		githubtest.Link("link", "Dockerfile"),
		githubtest.Submodule("vendor/lib", strings.Repeat("a", 40)),
		githubtest.Write(".github/workflows/x.yml", "on: push\n"),
	}
}

// contents reads all of a tree that can be read.
func contents(t *testing.T, tree source.Tree) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := fs.WalkDir(tree.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		switch {
		case d.Type().IsRegular():
			f, err := tree.Read(name)
			if err != nil {
				all[name] = "error: " + err.Error()
				return nil
			}
			all[name] = f.Text()
		case d.Type()&fs.ModeSymlink != 0:
			to, err := fs.ReadLink(tree.FS, name)
			if err != nil {
				return err
			}
			all[name] = "-> " + to
		default:
			all[name] = d.Type().String()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestChange reads files of all kinds byte for byte, whether the head's listing was
// derived or fetched.
func TestChange(t *testing.T) {
	t.Parallel()
	inWorld(t, githubtest.Options{}, func(t *testing.T, w *world) {
		w.repo.Push("alice", "main", "All", everything()...)
		base := w.repo.Branch("main")
		head := w.repo.Push("alice", "topic", "Change",
			githubtest.Write("Dockerfile", "FROM busybox\n"), githubtest.Write("new/x", "new\n"), githubtest.Remove("a/b/c/d/Dockerfile"),
			githubtest.Remove("large"), githubtest.Write("moved", strings.Repeat("# line\n", 100_000)), githubtest.Executable("run.sh", "#!/bin/sh\ntrue\n"))
		w.client = w.newClient()
		ch := w.change(base, head)
		if beyond, err := ch.Prefetch(t.Context(), func(string) int { return 0 }); err != nil || len(beyond) > 0 {
			t.Fatal(err)
		}
		w.requests()
		got := contents(w.T, ch.Head())
		if more := w.requests(); len(more) != 1 { // for the link's target
			t.Errorf("after prefetching %d requests were made: %q", len(more), more)
		}
		want := map[string]string{}
		maps.Copy(want, w.repo.Files(head))
		want["too-large"] = "error: read too-large: " + source.ErrTooLarge.Error()
		want["link"] = "-> Dockerfile"
		want["vendor/lib"] = fs.ModeIrregular.String()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(w.repo.Files(base)["a/b/c/d/Dockerfile"], contents(w.T, ch.Base())["a/b/c/d/Dockerfile"]); diff != "" {
			t.Error(diff)
		}
		if want := []string{"Dockerfile", "a/b/c/d/Dockerfile", "large", "moved", "new/x", "run.sh"}; !cmp.Equal(ch.Changed(), want) {
			t.Errorf("changed %q, want %q", ch.Changed(), want)
		}
		if ch.Head().Commit != head || ch.Base().Commit != base || len(ch.HeadTree()) != 40 {
			t.Errorf("commits %s and %s, tree %s", ch.Base().Commit, ch.Head().Commit, ch.HeadTree())
		}
		info, err := fs.Stat(ch.Head().FS, "run.sh")
		if err != nil || info.Mode() != 0o755 || info.Size() != int64(len("#!/bin/sh\ntrue\n")) {
			t.Errorf("run.sh is %v: %v", info, err)
		}
		if _, err := fs.Stat(ch.Head().FS, "link"); err == nil {
			t.Error("a link was followed")
		}
	})
}

// TestDerived: a head's listing that follows from a comparison is the one that GitHub
// lists, and what does not follow is fetched.
func TestDerived(t *testing.T) {
	t.Parallel()
	many := make([]githubtest.Change, 301)
	for i := range many {
		many[i] = githubtest.Write(fmt.Sprintf("many/%03d", i), fmt.Sprint(i))
	}
	for _, test := range []struct {
		name    string
		changes []githubtest.Change
		fetched bool
	}{
		{"nothing", nil, false},
		{"modified", []githubtest.Change{githubtest.Write("Dockerfile", "FROM x\n"), githubtest.Executable("run.sh", "#!/bin/sh\nx\n")}, false},
		{"added and removed", []githubtest.Change{githubtest.Write("x/y/z", "1"), githubtest.Remove("a/b/c/d/Dockerfile")}, false},
		{"moved", []githubtest.Change{githubtest.Remove("large"), githubtest.Write("larger", strings.Repeat("# line\n", 100_000))}, false},
		{"folder becomes file", []githubtest.Change{githubtest.Remove("a"), githubtest.Write("a", "file")}, false},
		{"executable", []githubtest.Change{githubtest.Executable("new.sh", "#!/bin/sh\n")}, true},
		{"mode", []githubtest.Change{githubtest.Executable("Dockerfile", "FROM scratch\r\nUSER 1")}, true},
		{"link", []githubtest.Change{githubtest.Link("another", "x")}, true},
		{"submodule", []githubtest.Change{githubtest.Submodule("vendor/lib", strings.Repeat("b", 40))}, false},
		{"too many", many, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, githubtest.Options{}, func(t *testing.T, w *world) {
				w.repo.Push("alice", "main", "All", everything()...)
				base := w.repo.Branch("main")
				first := w.repo.Push("alice", "first", "First", githubtest.Write("x", "x"))
				head := w.repo.Push("alice", "topic", "Change", test.changes...)
				w.change(base, first)
				w.requests()
				warm := w.change(base, head)
				got := w.requests()
				want := []string{"GET /api/v3/repos/acme/shop/compare/" + base + "..." + head}
				if test.fetched {
					want = append(want, "GET /api/v3/repos/acme/shop/git/trees/"+warm.HeadTree())
				}
				for i := range want {
					want[i] = strings.Replace(want[i], "/api/v3", "", 1)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
				w.objects.known = map[string][]byte{}
				cold := w.changeBy(w.newClient(), head, head)
				if warm.HeadTree() != cold.HeadTree() {
					t.Errorf("tree %s, want %s", warm.HeadTree(), cold.HeadTree())
				}
				if diff := cmp.Diff(names(t, cold.Head()), names(t, warm.Head())); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// names are all names of a tree with their types.
func names(t *testing.T, tree source.Tree) []string {
	t.Helper()
	var list []string
	err := fs.WalkDir(tree.FS, ".", func(name string, d fs.DirEntry, err error) error {
		list = append(list, d.Type().String()+" "+name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestMergeBase: what the base did since is no change of the head, and the tip's files
// are those of now.
func TestMergeBase(t *testing.T) {
	t.Parallel()
	inWorld(t, githubtest.Options{}, func(t *testing.T, w *world) {
		fork := w.repo.Branch("main")
		head := w.repo.Push("alice", "topic", "Change", githubtest.Write("new", "x"))
		tip := w.repo.Push("alice", "main", "Settings", githubtest.Write("chiselbot.yml", "a: 1\n"), githubtest.Write(".github/chiselbot.yml", "b: 1\n"),
			githubtest.Write("other", "x"), githubtest.Link(".chiselbot.yml", "chiselbot.yml"))
		files := []string{"chiselbot.yml", ".github/chiselbot.yml", ".chiselbot.yml", "none.yml"}
		for range 2 {
			ch := w.change(tip, head, files...)
			if ch.Base().Commit != fork || ch.Tip().Commit != tip {
				t.Errorf("base %s, tip %s", ch.Base().Commit, ch.Tip().Commit)
			}
			if want := []string{"new"}; !cmp.Equal(ch.Changed(), want) {
				t.Errorf("changed %q", ch.Changed())
			}
			want := map[string]string{"chiselbot.yml": "a: 1\n", ".github/chiselbot.yml": "b: 1\n", ".chiselbot.yml": "-> chiselbot.yml"}
			if diff := cmp.Diff(want, contents(w.T, ch.Tip())); diff != "" {
				t.Error(diff)
			}
		}
		if got := len(w.requests()); got != 3+1 { // comparison, listing, tip; then the comparison
			t.Errorf("%d requests", got)
		}
		w.change(head, head)
		w.change(tip, fork)
	})
}

// TestFork reads a fork's head through the base's repository.
func TestFork(t *testing.T) {
	t.Parallel()
	inWorld(t, githubtest.Options{}, func(t *testing.T, w *world) {
		fork := w.repo.Fork("mallory")
		head := fork.Push("mallory", "evil", "Fork", githubtest.Write("Dockerfile", "FROM evil\n"))
		w.repo.OpenPull("mallory", "x", "mallory:evil", "main")
		pull, err := w.client.PullRequest(t.Context(), w.at, 1)
		if err != nil {
			t.Fatal(err)
		}
		if !pull.Fork() || pull.Head != head || pull.HeadRepository != "mallory/shop" || pull.Author != "mallory" {
			t.Errorf("%+v", pull)
		}
		ch := w.change(pull.Base, pull.Head)
		if got := contents(w.T, ch.Head())["Dockerfile"]; got != "FROM evil\n" {
			t.Errorf("read %q", got)
		}
		fork.Delete()
		pull, err = w.client.PullRequest(t.Context(), w.at, 1)
		if err != nil || !pull.Fork() || pull.HeadRepository != "" {
			t.Errorf("after the fork was deleted: %+v, %v", pull, err)
		}
	})
}

// TestLongHistory: with more commits than a page of the comparison shows, the head's tree
// is asked for.
func TestLongHistory(t *testing.T) {
	t.Parallel()
	inWorld(t, githubtest.Options{Limits: &githubtest.Limits{}}, func(t *testing.T, w *world) {
		var head string
		for i := range 101 {
			head = w.repo.Push("alice", "topic", "More", githubtest.Write("x", fmt.Sprint(i)))
		}
		ch := w.change(w.repo.Branch("main"), head)
		if got := contents(w.T, ch.Head())["x"]; got != "100" {
			t.Errorf("read %q", got)
		}
	})
}

// TestTruncated lists a tree that GitHub cuts, folder by folder.
func TestTruncated(t *testing.T) {
	t.Parallel()
	inWorld(t, githubtest.Options{TreeEntries: 9}, func(t *testing.T, w *world) {
		w.repo.Push("alice", "main", "All", everything()[7:]...)
		head := w.repo.Branch("main")
		tree, err := w.client.Tree(t.Context(), w.at, "main")
		if err != nil {
			t.Fatal(err)
		}
		got := contents(w.T, tree)
		if len(got) != len(w.repo.Files(head)) || got["a/b/c/d/Dockerfile"] != "FROM deep\n" {
			t.Errorf("read %q", got)
		}
	})
	inWorld(t, githubtest.Options{TreeEntries: 2}, func(t *testing.T, w *world) {
		w.repo.Push("alice", "main", "All", everything()...)
		if _, err := w.client.Tree(t.Context(), w.at, "main"); err == nil || !strings.Contains(err.Error(), "more files than can be listed") {
			t.Errorf("error %v", err)
		}
	})
}

// TestTree opens branches, commits, the default branch and nothing.
func TestTree(t *testing.T) {
	t.Parallel()
	inWorld(t, githubtest.Options{}, func(t *testing.T, w *world) {
		ctx := t.Context()
		commit := w.repo.Push("alice", "feature/x", "More", githubtest.Write("x", "y"), githubtest.Write("a/b/c", ""))
		for _, revision := range []string{"", "main", "feature/x", commit} {
			tree, err := w.client.Tree(ctx, w.at, revision)
			if err != nil || contents(w.T, tree)["Dockerfile"] != "FROM scratch\n" || len(tree.Commit) != 40 {
				t.Errorf("%q: commit %q, %v", revision, tree.Commit, err)
			}
		}
		tree, err := w.client.Tree(ctx, w.at, "feature/x")
		if err != nil {
			t.Fatal(err)
		}
		if err := fstest.TestFS(tree.FS, "Dockerfile", "x", "a/b/c"); err != nil {
			t.Error(err)
		}
		if _, err := w.client.Tree(ctx, w.at, "none"); !isNotFound(err) {
			t.Errorf("a branch that is not there: %v", err)
		}
		if _, err := w.client.Tree(ctx, w.at, strings.Repeat("1", 40)); !isNotFound(err) {
			t.Errorf("a commit that is not there: %v", err)
		}
		empty := w.github.AddRepository("acme/empty")
		w.github.Include(w.inst, empty)
		at := w.at
		at.ID, at.Name = empty.ID, "empty"
		tree, err = w.client.Tree(ctx, at, "")
		if err != nil || len(contents(w.T, tree)) != 0 {
			t.Errorf("an empty repository: %v", err)
		}
	})
}
