package app_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"
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
			if strings.Contains(text, "chiseled") {
				if failed != nil {
					return nil, failed
				}
				return &fixes.Built{User: "1654", Size: 41_000_000, Starts: "/usr/bin/dotnet"}, nil
			}
			return &fixes.Built{Size: 118_000_000, Shell: "/bin/sh", Starts: "/usr/bin/dotnet"}, nil
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
		{name: "nobody", reply: "Opened #2", inBody: "The image was not built and the application was not started."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.rules, w.build = rules.All(), tt.build
			w.start()
			w.settle()
			w.repo.Push("alice", "topic", "Cats", githubtest.Write("Dockerfile", before), githubtest.Write("out/Cats.dll", "MZ"))
			pull := w.repo.OpenPull("alice", "Cats", "topic", "main")
			w.settle()
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

// endless is a builder that never comes to an end.
type endless struct{}

func (endless) Build(ctx context.Context, _ source.Tree, _ fixes.Target) (*fixes.Built, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestHurried wants a build to end before its job does, and to be no fault of anybody's.
func TestHurried(t *testing.T) {
	t.Parallel()
	_, err := app.Hurried(endless{}, time.Now().Add(10*time.Millisecond)).Build(t.Context(), source.Tree{}, fixes.Target{})
	if err == nil || !strings.Contains(err.Error(), "no time left") || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := app.Hurried(endless{}, time.Now().Add(time.Hour)).Build(ctx, source.Tree{}, fixes.Target{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
