package github_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/app/github"
	"github.com/chiselbot/chiselbot/app/githubtest"
)

// TestHostile: names that git would not write are not there, and files that cost a
// request each are not fetched without end.
func TestHostile(t *testing.T) {
	t.Parallel()
	inWorld(t, githubtest.Options{Limits: &githubtest.Limits{}}, func(t *testing.T, w *world) {
		changes := []githubtest.Change{githubtest.Write(".GIT/config", "x"), githubtest.Write("a/.git/hooks/x", "x")}
		for i := range 130 {
			changes = append(changes, githubtest.Write(fmt.Sprintf("%03d/Dockerfile", i), fmt.Sprintf("FROM \xff%d", i)))
		}
		head := w.repo.Push("mallory", "topic", "Evil", changes...)
		ch := w.change(w.repo.Branch("main"), head)
		w.requests()
		if _, err := ch.Prefetch(t.Context(), func(path string) int { return strings.Index("x"+path+"/", "Dockerfile/") }); err != nil {
			t.Fatal(err)
		}
		if got := len(w.requests()); got != 100+2 {
			t.Errorf("%d requests", got)
		}
		read, failed := 0, 0
		for path, text := range contents(w.T, ch.Head()) {
			switch {
			case strings.Contains(strings.ToLower(path), ".git/"):
				t.Errorf("%s is shown", path)
			case strings.HasPrefix(text, "error: ") && strings.Contains(text, "one by one"):
				failed++
			default:
				read++
			}
		}
		if read != 101 || failed != 30 {
			t.Errorf("%d read and %d not", read, failed)
		}
	})
	inWorld(t, githubtest.Options{}, func(t *testing.T, w *world) {
		deep := w.repo.Push("mallory", "deep", "Evil", githubtest.Write(strings.Repeat("a/", 300)+"x", "x"))
		if _, err := w.client.Change(t.Context(), w.at, w.repo.Branch("main"), deep, nil); err == nil || !strings.Contains(err.Error(), "deeper than 256 folders") {
			t.Errorf("error %v", err)
		}
		dots := w.repo.Push("mallory", "dots", "Evil", githubtest.Write("./../x", "x"))
		if _, err := w.client.Change(t.Context(), w.at, w.repo.Branch("main"), dots, nil); err == nil || !strings.Contains(err.Error(), "a name that git does not allow") {
			t.Errorf("error %v", err)
		}
	})
}

// TestCache: what the cache says is believed only when it is true.
func TestCache(t *testing.T) {
	t.Parallel()
	inWorld(t, githubtest.Options{}, func(t *testing.T, w *world) {
		head := w.repo.Push("alice", "topic", "Change", githubtest.Write("x", "y"))
		base := w.repo.Branch("main")
		w.change(base, head)
		if _, err := w.change(base, head).Prefetch(t.Context(), func(string) int { return 0 }); err != nil {
			t.Fatal(err)
		}
		for name := range w.objects.known {
			w.objects.known[name] = []byte("100644 " + name + " 3 evil\x00")
		}
		ch := w.changeBy(w.newClient(), base, head)
		if diff := cmp.Diff(w.repo.Files(head), contents(w.T, ch.Head())); diff != "" {
			t.Error(diff)
		}
	})
}

// TestPrefetch fetches the nearest files of too many, and the others where they are read
// all the same, but not without end.
func TestPrefetch(t *testing.T) {
	t.Parallel()
	inWorld(t, githubtest.Options{Limits: &githubtest.Limits{}}, func(t *testing.T, w *world) {
		var changes []githubtest.Change
		for i := range 150 {
			changes = append(changes, githubtest.Write(fmt.Sprintf("%03d", i), fmt.Sprint("text ", i)))
		}
		changes = append(changes, githubtest.Write("same", "text 0"))
		head := w.repo.Push("alice", "topic", "Many", changes...)
		w.client = w.newClient(func(c *github.Config) { c.MaxFiles = 10 })
		ch := w.change(w.repo.Branch("main"), head)
		rank := func(path string) int {
			if n, err := strconv.Atoi(path); err == nil {
				return n % 75
			}
			return map[string]int{"same": 101}[path] - 1
		}
		w.requests()
		beyond, err := ch.Prefetch(t.Context(), rank)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(w.requests()); n != 1 || len(beyond) != 140 || beyond[0] != "005" || slices.Contains(beyond, "075") || slices.Contains(beyond, "same") {
			t.Errorf("%d requests, %d files beyond: %q", n, len(beyond), beyond)
		}
		failed := 0
		for _, text := range contents(w.T, ch.Head()) {
			if strings.Contains(text, "one by one") {
				failed++
			}
		}
		if n := len(w.requests()); n != 100 || failed < 40 {
			t.Errorf("%d requests, %d files were not read", n, failed)
		}
	})
}
