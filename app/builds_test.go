package app_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/githubtest"
	"github.com/chiselbot/chiselbot/checks/rules"
	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
)

// builds is a builder that reads what a build would copy.
type builds func(text string) (*fixes.Built, error)

func (b builds) Build(_ context.Context, tree source.Tree, what fixes.Target) (*fixes.Built, error) {
	if _, err := fs.ReadFile(tree.FS, "out/Cats.dll"); err != nil {
		return nil, err
	}
	text, err := tree.Read(what.Dockerfile)
	if err != nil {
		return nil, err
	}
	return b(text.Text())
}

// TestBuilt wants proposals to tell what was built, and none whose image does not build.
func TestBuilt(t *testing.T) {
	t.Parallel()
	chiseledOnly := func(failed error) builds {
		return func(text string) (*fixes.Built, error) {
			if strings.Contains(text, "chiseled") && failed != nil {
				return nil, failed
			}
			return either(text)
		}
	}
	tests := []struct {
		name    string
		build   fixes.Builder
		reply   string
		inBody  string
		nowhere bool
	}{
		{name: "both", build: chiseledOnly(nil), reply: "Opened #2", inBody: "BuildKit built the image before and after: user `1654` instead of root, 41 MB instead of 118 MB to pull, no shell any more."},
		{name: "no more", build: chiseledOnly(&fixes.BuildError{Line: 2, Message: "no such file"}), reply: "The image can be built today and cannot with the change", nowhere: true},
		{name: "too slow", build: builds(func(string) (*fixes.Built, error) { return nil, errors.New("it took longer than 10m0s") }), reply: "Opened #2", inBody: "⬜ The image was not built: it took longer than 10m0s."},
		{name: "nobody", reply: "Opened #2", inBody: "The image was not built and the application was not started."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, pull := newBuilds(t, tt.build)
			reply := w.say(pull, "alice", "/chisel migrate")
			w.contains(reply, tt.reply)
			pulls := w.repo.Pulls()
			if (len(pulls) == 1) != tt.nowhere {
				t.Fatalf("there are %d pull requests", len(pulls))
			}
			if !tt.nowhere {
				w.contains(pulls[len(pulls)-1].Body(), tt.inBody)
			}
		})
	}
}

// chiseled is what a builder makes of an image that was moved, full of one that was not.
var (
	chiseled = fixes.Built{User: "1654", Size: 41_000_000, Starts: "/usr/bin/dotnet"}
	full     = fixes.Built{Size: 118_000_000, Shell: "/bin/sh", Starts: "/usr/bin/dotnet"}
)

func either(text string) (*fixes.Built, error) {
	built := full
	if strings.Contains(text, "chiseled") {
		built = chiseled
	}
	return &built, nil
}

// held is a builder that builds nothing before it is let, and tells of each beginning.
type held struct {
	begun chan struct{}
	let   chan struct{}
}

func newHeld() *held { return &held{begun: make(chan struct{}, 100), let: make(chan struct{})} }

func (h *held) Build(ctx context.Context, tree source.Tree, what fixes.Target) (*fixes.Built, error) {
	h.begun <- struct{}{}
	select {
	case <-h.let:
		return builds(either).Build(ctx, tree, what)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// newBuilds is a world with a builder and a pull request on an image that can be moved.
func newBuilds(t *testing.T, b fixes.Builder) (*world, *githubtest.Pull) {
	t.Helper()
	w := newWorld(t)
	w.rules, w.build = rules.All(), b
	w.start()
	w.settle()
	w.repo.Push("alice", "topic", "Cats", githubtest.Write("Dockerfile", before), githubtest.Write("out/Cats.dll", "MZ"))
	pull := w.repo.OpenPull("alice", "Cats", "topic", "main")
	w.settle()
	return w, pull
}

// reply waits for so many comments and returns the last one.
func (w *world) reply(pull *githubtest.Pull, n int) string {
	w.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if all := pull.Comments(); len(all) >= n {
			return all[n-1].Body
		}
		if time.Now().After(deadline) {
			w.Fatalf("%d comments", len(pull.Comments()))
		}
	}
}

// TestBuilding looks at what there is while images are being built: a word that they are,
// answers to other commands, and nothing that was not proven. A server that is stopped
// builds them the next time.
func TestBuilding(t *testing.T) {
	t.Parallel()
	b := newHeld()
	w, pull := newBuilds(t, b)
	pull.Comment("alice", "/chisel migrate")
	<-b.begun
	w.contains(w.reply(pull, 2), "⏳ Planned. The images are being built")
	pull.Comment("alice", "/chisel explain root-user")
	w.contains(w.reply(pull, 4), "root-user")
	if n := len(w.proposals()); n != 0 {
		t.Errorf("%d pull requests before anything was built", n)
	}

	w.stop()
	w.start()
	<-b.begun
	close(b.let)
	w.settle()
	reply := w.reply(pull, 2)
	w.contains(reply, "✅ Opened #2")
	if strings.Contains(reply, "being built") {
		t.Errorf("the reply goes on: %s", reply)
	}
	own := w.proposals()
	if len(own) != 1 {
		t.Fatalf("%d pull requests", len(own))
	}
	w.contains(own[0].Body(), "41 MB instead of 118 MB to pull")
}

// TestClosedWhileBuilding wants a no that comes during a build to count.
func TestClosedWhileBuilding(t *testing.T) {
	t.Parallel()
	b := newHeld()
	w, pull := newBuilds(t, b)
	go func() { b.let <- struct{}{}; b.let <- struct{}{} }()
	w.contains(w.say(pull, "alice", "/chisel migrate"), "✅ Opened #2")
	<-b.begun
	<-b.begun
	w.repo.Push("alice", "topic", "More", githubtest.Write("Dockerfile", before+"# more\n"))
	<-b.begun
	first := w.repo.Branch(branch)
	w.proposals()[0].Close("alice")
	close(b.let)
	w.settle()
	if w.repo.Branch(branch) != first || w.proposals()[0].Open() {
		t.Error("a pull request that was closed during the build was changed")
	}
}

// TestBuildsNothing wants nothing to be built where nothing can come of it.
func TestBuildsNothing(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	w, pull := newBuilds(t, builds(func(text string) (*fixes.Built, error) { n.Add(1); return either(text) }))
	w.contains(w.say(pull, "alice", "/chisel diff"), "What <code>/chisel migrate</code> would change", "The image was not built")
	if n.Load() != 0 {
		t.Errorf("%d builds for a diff", n.Load())
	}
	w.contains(w.say(pull, "alice", "/chisel migrate"), "✅ Opened #2")
	own := w.proposals()[0]
	w.repo.Push("alice", branch, "Mine", githubtest.Write("Dockerfile", after+"# mine\n"))
	w.settle()
	had := n.Load()
	w.contains(w.say(pull, "alice", "/chisel migrate"), "❌ Somebody has committed")
	own.Close("alice")
	w.settle()
	w.contains(w.say(pull, "alice", "/chisel migrate"), "❌ #2, which changed the same, was closed")
	if n.Load() != had {
		t.Errorf("%d builds of what is left alone", n.Load()-had)
	}
	w.contains(w.say(pull, "alice", "/chisel recreate"), "✅ Opened #3")
	if n.Load() == had {
		t.Error("nothing was built anew")
	}
}

// TestBuiltInTurn wants a pull request that has to wait to be built when its turn comes, and
// the reply to say first for what it waits and then what came of it.
func TestBuiltInTurn(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	w, pull := newBuilds(t, builds(func(text string) (*fixes.Built, error) { n.Add(1); return either(text) }))
	w.contains(w.say(pull, "alice", "/chisel migrate"), "✅ Opened #2")
	had := n.Load()
	w.repo.Push("alice", "other", "Dogs", githubtest.Write("Dockerfile", before), githubtest.Write("out/Cats.dll", "MZ"))
	second := w.repo.OpenPull("alice", "Dogs", "other", "main")
	w.settle()
	second.Comment("alice", "/chisel migrate")
	w.settled("scheduled")
	w.contains(w.reply(second, 2), "⏳ Not opened yet. There is one pull request of chiselbot's here", "`/chisel migrate --now` does not wait.")
	if n.Load() != had {
		t.Errorf("%d builds of what has to wait", n.Load()-had)
	}
}

// TestBuiltFork builds what is suggested on a pull request from a fork.
func TestBuiltFork(t *testing.T) {
	t.Parallel()
	for _, breaks := range []bool{false, true} {
		w := newWorld(t)
		w.rules = rules.All()
		w.build = builds(func(text string) (*fixes.Built, error) {
			if breaks && strings.Contains(text, "chiseled") {
				return nil, &fixes.BuildError{Line: 2, Message: "no such file"}
			}
			return either(text)
		})
		w.start()
		fork := w.repo.Fork("mallory")
		fork.Push("mallory", "topic", "Cats", githubtest.Write("Dockerfile", before), githubtest.Write("out/Cats.dll", "MZ"))
		pull := w.repo.OpenPull("mallory", "Cats", "mallory:topic", "main")
		w.settle()
		reply := w.say(pull, "alice", "/chisel migrate")
		if breaks {
			w.contains(reply, "❌ Nothing was changed", "The image can be built today and cannot with the change")
		} else {
			w.contains(reply, "Whoever may can commit what is suggested", "BuildKit built the image before and after")
		}
	}
}

// endless is a builder that never comes to an end.
type endless struct{}

func (endless) Build(ctx context.Context, _ source.Tree, _ fixes.Target) (*fixes.Built, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestHurried wants a build to end before its job does, and to be no fault of anybody's.
func TestHurried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		job, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		b := app.Hurried(endless{}, time.Now().Add(time.Hour-app.ForPublishing))
		for range 2 { // the second has no time at all
			_, err := b.Build(job, source.Tree{}, fixes.Target{})
			if err == nil || !strings.Contains(err.Error(), "could not be built in the time") || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		}
		if deadline, _ := job.Deadline(); time.Until(deadline) != app.ForPublishing {
			t.Errorf("%s are left of the job", time.Until(deadline))
		}
		stopped, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := app.Hurried(endless{}, time.Now().Add(time.Hour)).Build(stopped, source.Tree{}, fixes.Target{}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}
