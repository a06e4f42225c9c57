package repository

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestRevisions compares with git, in a repository as cloned and in one all packed.
func TestRevisions(t *testing.T) {
	t.Parallel()
	origin := newRepo(t, "a", "1\n")
	for i := range 4 {
		write(t, origin, "a", fmt.Sprintln("main", i))
		commit(t, origin, "main")
	}
	dir := filepath.Join(t.TempDir(), "clone")
	execGit(t, t.TempDir(), "clone", "--quiet", origin, dir)
	execGit(t, dir, "tag", "light", "HEAD~1")
	execGit(t, dir, "tag", "-a", "-m", "an annotated one", "v1.0-beta.1", "HEAD~2")
	execGit(t, dir, "tag", "-a", "-m", "a tag of a tag", "nested", "v1.0-beta.1")
	execGit(t, dir, "tag", "both", "HEAD~3")
	execGit(t, dir, "branch", "both", "HEAD~2")
	execGit(t, dir, "checkout", "--quiet", "-b", "feature/x", "HEAD~2")
	write(t, dir, "b", "side\n")
	commit(t, dir, "side")
	execGit(t, dir, "merge", "--quiet", "--no-ff", "-m", "merge", "main")
	execGit(t, dir, "branch", "--quiet", "--set-upstream-to=origin/main")
	execGit(t, dir, "branch", "--quiet", "--track", "local", "refs/heads/both")
	hash := execGit(t, dir, "rev-parse", "HEAD")
	// A branch that looks like the start of another commit is the branch.
	execGit(t, dir, "branch", hash[:6], "main")

	revisions := []string{
		"HEAD", "@", "main", "feature/x", "heads/main", "refs/heads/main", "origin", "origin/main", "origin/HEAD", "remotes/origin/main",
		"light", "v1.0-beta.1", "nested", "tags/light", "both", "heads/both", hash, strings.ToUpper(hash), hash[:7], hash[:12], hash[:6],
		"HEAD~", "HEAD~0", "HEAD~1", "HEAD~2", "HEAD^", "HEAD^0", "HEAD^1", "HEAD^2", "HEAD^2~1", "HEAD^^", "HEAD~1^0~1", "@~1", "v1.0-beta.1~1", "nested^{}", "nested^{commit}", "light^{}~1",
		"@{u}", "@{upstream}", "@{UPSTREAM}", "HEAD@{u}", "@{u}~1", "main@{upstream}", "local@{u}", "feature/x@{u}^",
		"origin/main...HEAD", "main...", "...main", "main...feature/x", "light...nested",
		execGit(t, dir, "rev-parse", "nested")[:9],
	}
	for _, state := range []string{"loose", "packed"} {
		if state == "packed" {
			execGit(t, dir, "gc", "--quiet")
		}
		r := open(t, dir)
		for _, revision := range revisions {
			command := []string{"rev-parse", revision + "^{commit}"}
			if a, b, ok := strings.Cut(revision, "..."); ok {
				command = []string{"merge-base", or(a, "HEAD"), or(b, "HEAD")}
			}
			want := execGit(t, dir, command...)
			tree, err := r.Commit(t.Context(), revision)
			if err != nil || tree.Commit != want {
				t.Errorf("%s: %s is %s, want %s (%v)", state, revision, tree.Commit, want, err)
			}
		}
	}
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func TestRevisionErrors(t *testing.T) {
	t.Parallel()
	origin := newRepo(t, "a", "1\n")
	execGit(t, origin, "branch", "release")
	dir := filepath.Join(t.TempDir(), "clone")
	execGit(t, t.TempDir(), "clone", "--quiet", origin, dir)
	execGit(t, dir, "branch", "alone")
	execGit(t, dir, "tag", "text", execGit(t, dir, "rev-parse", "HEAD:a"))
	r := open(t, dir)
	for _, tc := range []struct{ revision, want string }{
		{"", "no revision given"},
		{"nope", "no branch, tag or commit of that name in this clone; `git fetch`"},
		{"release", "is origin/release meant?"},
		{"0000000000000000000000000000000000000000", "is not in this repository"},
		{"HEAD~5", "is the first one and has no parent"},
		{"HEAD^2", "is the first one and has no parent"},
		{"text", "is a blob, not a commit"},
		{"HEAD@{1}", "git rev-parse"},
		{"@{-1}", "git rev-parse"},
		{"HEAD@{yesterday}", "git rev-parse"},
		{"HEAD:a", "git rev-parse"},
		{":a", "git rev-parse"},
		{":/first", "git rev-parse"},
		{"^HEAD", "git rev-parse"},
		{"HEAD^{tree}", "git rev-parse"},
		{"HEAD^{/first}", "git rev-parse"},
		{"HEAD~99999999999999999999", "not a number"},
		{"main..HEAD", "no branch"},
		{"alone@{u}", "git branch --set-upstream-to"},
		{"../../config", "no branch"},
		{"config", "no branch"},
		{"-x", "no branch"},
		{"a\x00b", "no branch"},
		{"a\nb", "no branch"},
	} {
		_, err := r.Commit(t.Context(), tc.revision)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%q: got %v, want %q in it", tc.revision, err, tc.want)
		}
	}
}

// TestMergeBaseLikeGit makes histories by chance, with clocks that run backwards.
func TestMergeBaseLikeGit(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(seed, 2))
			dir := t.TempDir()
			execGit(t, dir, "init", "--quiet", "--bare")
			var stream strings.Builder
			const commits = 40
			for i := range commits {
				fmt.Fprintf(&stream, "commit refs/heads/c%d\nmark :%d\ncommitter a <a@b> %d +0000\ndata 0\n", i, i+1, 1_700_000_000+i*60+rnd.IntN(600)-300)
				var parents []int
				if i > 2 || i > 0 && rnd.IntN(2) == 0 {
					for range 1 + rnd.IntN(3) {
						if p := max(0, i-1-rnd.IntN(8)); !slices.Contains(parents, p) {
							parents = append(parents, p)
						}
					}
				}
				for n, p := range parents {
					fmt.Fprintf(&stream, "%s :%d\n", []string{"from", "merge", "merge"}[n], p+1)
				}
				if len(parents) == 0 {
					fmt.Fprintf(&stream, "deleteall\n")
				}
				stream.WriteString("\n")
			}
			write(t, dir, "stream", stream.String())
			fastImport(t, dir, filepath.Join(dir, "stream"))

			r := open(t, dir)
			for range 60 {
				a, b := fmt.Sprintf("c%d", rnd.IntN(commits)), fmt.Sprintf("c%d", rnd.IntN(commits))
				best, gitErr := tryGit(t, dir, "merge-base", "--all", a, b)
				tree, err := r.Commit(t.Context(), a+"..."+b)
				if (err != nil) != (gitErr != nil) || !strings.Contains(best, tree.Commit) {
					t.Errorf("%s...%s: got %s (%v), want one of %q (%v)", a, b, tree.Commit, err, best, gitErr)
				}
				if one, err := tryGit(t, dir, "merge-base", a, b); err == nil && one != tree.Commit {
					t.Logf("%s...%s: git takes %s of %q", a, b, one, best)
				}
			}
		})
	}
}

func TestDefaultBase(t *testing.T) {
	t.Parallel()
	origin := newRepo(t, "a", "1\n")
	first := execGit(t, origin, "rev-parse", "HEAD")
	clone := func(t *testing.T, args ...string) string {
		dir := filepath.Join(t.TempDir(), "clone")
		execGit(t, t.TempDir(), append(append([]string{"clone", "--quiet"}, args...), origin, dir)...)
		return dir
	}
	work := func(t *testing.T, dir string) {
		write(t, dir, "b", "work\n")
		commit(t, dir, "work")
	}
	for _, tc := range []struct {
		name   string
		make   func(t *testing.T) string
		head   string
		want   string // the revision
		base   string // its commit; empty is HEAD's
		errors string
	}{
		{name: "clone", make: func(t *testing.T) string { return clone(t) }, want: "origin/main...HEAD", base: first},
		{name: "feature", make: func(t *testing.T) string {
			dir := clone(t)
			execGit(t, dir, "checkout", "--quiet", "-b", "feature")
			work(t, dir)
			return dir
		}, want: "origin/main...HEAD", base: first},
		{name: "head given", make: func(t *testing.T) string {
			dir := clone(t)
			work(t, dir)
			return dir
		}, head: "HEAD~1", want: "origin/main...HEAD~1", base: first},
		{name: "head is a merge base", make: func(t *testing.T) string { return clone(t) }, head: "origin/main...HEAD", want: "origin/main..." + first, base: first},
		{name: "not fetched from origin/HEAD", make: func(t *testing.T) string {
			dir := clone(t)
			execGit(t, dir, "remote", "set-head", "origin", "--delete")
			work(t, dir)
			return dir
		}, want: "origin/main...HEAD", base: first},
		{name: "the only remote has another name", make: func(t *testing.T) string { return clone(t, "--origin", "upstream") }, want: "upstream/main...HEAD", base: first},
		{name: "two remotes, the branch's own", make: func(t *testing.T) string {
			dir := clone(t, "--origin", "theirs")
			execGit(t, dir, "remote", "add", "mine", "/nowhere")
			return dir
		}, want: "theirs/main...HEAD", base: first},
		{name: "default branch of another name", make: func(t *testing.T) string {
			dir := clone(t)
			execGit(t, dir, "update-ref", "refs/remotes/origin/trunk", first)
			execGit(t, dir, "remote", "set-head", "origin", "trunk")
			return dir
		}, want: "origin/trunk...HEAD", base: first},
		{name: "no remote, on main", make: func(t *testing.T) string { return newRepo(t, "a", "1\n") }, want: "main...HEAD"},
		{name: "no remote, on master", make: func(t *testing.T) string {
			dir := newRepo(t, "a", "1\n")
			execGit(t, dir, "branch", "--move", "master")
			return dir
		}, want: "master...HEAD"},
		{name: "detached", make: func(t *testing.T) string {
			dir := clone(t)
			execGit(t, dir, "checkout", "--quiet", "--detach")
			work(t, dir)
			return dir
		}, want: "origin/main...HEAD", base: first},
		{name: "no remote, no main", make: func(t *testing.T) string {
			dir := newRepo(t, "a", "1\n")
			execGit(t, dir, "branch", "--move", "trunk")
			return dir
		}, errors: "find base: no remote and no branch main or master; say which commit to compare with"},
		{name: "default branch not fetched", make: func(t *testing.T) string {
			dir := clone(t)
			execGit(t, dir, "checkout", "--quiet", "--detach")
			execGit(t, dir, "branch", "--delete", "--force", "main")
			execGit(t, dir, "update-ref", "-d", "refs/remotes/origin/main")
			return dir
		}, errors: "git fetch origin main"},
		{name: "no commit", make: func(t *testing.T) string {
			dir := t.TempDir()
			execGit(t, dir, "init", "--quiet")
			return dir
		}, errors: "has no commits on this branch yet"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := tc.make(t)
			r := open(t, dir)
			got, err := r.DefaultBase(t.Context(), tc.head)
			if tc.errors != "" {
				if err == nil || !strings.Contains(err.Error(), tc.errors) {
					t.Errorf("got %q, %v, want %q in the error", got, err, tc.errors)
				}
				return
			}
			if err != nil || got != tc.want {
				t.Fatalf("got %q, %v, want %q", got, err, tc.want)
			}
			tree, err := r.Commit(t.Context(), got)
			if want := or(tc.base, execGit(t, dir, "rev-parse", "HEAD")); err != nil || tree.Commit != want {
				t.Errorf("base is %s, %v, want %s", tree.Commit, err, want)
			}
		})
	}
}

func TestShallow(t *testing.T) {
	t.Parallel()
	origin := newRepo(t, "a", "0\n")
	execGit(t, origin, "checkout", "--quiet", "-b", "feature")
	for i := range 3 {
		write(t, origin, "b", fmt.Sprintln(i))
		commit(t, origin, "feature")
	}
	execGit(t, origin, "checkout", "--quiet", "main")
	for i := range 3 {
		write(t, origin, "a", fmt.Sprintln(i))
		commit(t, origin, "main")
	}
	dir := filepath.Join(t.TempDir(), "clone")
	execGit(t, t.TempDir(), "clone", "--quiet", "--depth=2", "--no-single-branch", "file://"+origin, dir)
	r := open(t, dir)
	for _, tc := range []struct{ revision, want string }{
		{"origin/main...origin/feature", "in this shallow clone; `git fetch --unshallow`"},
		{"HEAD~2", "where this shallow clone ends; `git fetch --unshallow`"},
	} {
		if _, err := r.Commit(t.Context(), tc.revision); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q in it", tc.revision, err, tc.want)
		}
	}
	if _, err := r.Commit(t.Context(), "HEAD~1...origin/main"); err != nil {
		t.Error(err)
	}
	execGit(t, dir, "fetch", "--quiet", "--unshallow")
	tree, err := open(t, dir).Commit(t.Context(), "origin/main...origin/feature")
	if want := execGit(t, origin, "merge-base", "main", "feature"); err != nil || tree.Commit != want {
		t.Errorf("got %s, %v, want %s", tree.Commit, err, want)
	}
}

// fastImport runs git fast-import on a file.
func fastImport(t testing.TB, dir, stream string) {
	t.Helper()
	in, err := os.Open(stream)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	cmd := gitCommand(t, dir, "fast-import", "--quiet")
	cmd.Stdin = in
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git fast-import: %v\n%s", err, out)
	}
}
