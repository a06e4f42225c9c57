package main

import (
	"strings"
	"testing"
	"time"

	"github.com/chiselbot/chiselbot/app/build/buildtest"
	"github.com/chiselbot/chiselbot/app/githubtest"
)

const catsDockerfile = "FROM mcr.microsoft.com/dotnet/aspnet:10.0\nCOPY out /app\nENTRYPOINT [\"dotnet\", \"/app/Cats.dll\"]\n"

// newBuilders is a town whose server may build with a BuildKit that wants TLS, and a pull
// request for an image that can be moved.
func newBuilders(t *testing.T, dockerfile string) (*town, *githubtest.Repository, *githubtest.Pull) {
	t.Helper()
	address, authority := buildtest.Secure(t)
	cert, key, err := authority.Issue(t.Name(), time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	w := newTown(t)
	w.env = append(w.env, "DATABASE_URL="+t.TempDir()+"/bot.db", "CHISELBOT_BUILDKIT_ADDR="+address, "CHISELBOT_BUILDKIT_TLS_CA="+authority.CA,
		"CHISELBOT_BUILDKIT_TLS_CERT="+cert, "CHISELBOT_BUILDKIT_TLS_KEY="+key, "CHISELBOT_BUILDKIT_TLS_NAME="+buildtest.DaemonName)
	repo := w.github.AddRepository("acme/shop", githubtest.Write("README.md", "Shop.\n"))
	repo.Allow("alice", "write")
	w.github.Install(w.app, "acme")
	repo.Push("alice", "cats", "Cats", githubtest.Write("Dockerfile", dockerfile), githubtest.Write("out/Cats.dll", "MZ"))
	pull := repo.OpenPull("alice", "Cats", "cats", "main")
	return w, repo, pull
}

// proposal is the body of the pull request that the App opened, empty while there is none.
func proposal(repo *githubtest.Repository) string {
	for _, p := range repo.Pulls() {
		if strings.Contains(p.Body(), "<!-- chiselbot:proposal ") {
			return p.Body()
		}
	}
	return ""
}

// says waits for the reply to the command on a pull request to say something.
func (p *served) says(pull *githubtest.Pull, words string) {
	p.t.Helper()
	p.await("the reply says "+words, func() bool {
		all := pull.Comments()
		return len(all) == 2 && strings.Contains(all[1].Body, words)
	})
}

// TestServeBuilds has images built by a BuildKit on another machine, as it were.
func TestServeBuilds(t *testing.T) {
	t.Parallel()
	w, repo, pull := newBuilders(t, catsDockerfile)
	p := w.serve()
	pull.Comment("alice", "/chisel migrate")
	p.says(pull, "✅ Opened #2")
	if body := proposal(repo); !strings.Contains(body, "BuildKit built the image before and after: user `1654` instead of root") {
		t.Errorf("the pull request says\n%s", body)
	}
	p.terminate()
}

// TestServeBuildsForLong stops the server while an image is being built that never will be:
// it ends within the grace, goes on with the proposal when it is back, and says in it that
// nothing was built.
func TestServeBuildsForLong(t *testing.T) {
	t.Parallel()
	w, repo, pull := newBuilders(t, strings.Replace(catsDockerfile, "FROM", "FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build\nRUN sleep 6000 && touch /x\n\nFROM", 1)+"COPY --from=build /x /x\n")
	p := w.serve("CHISELBOT_GRACE=200ms")
	pull.Comment("alice", "/chisel migrate")
	p.says(pull, "⏳ Planned. The images are being built")
	p.await("the build began", func() bool { return strings.Contains(p.log.String(), `"build images"`) })
	p.terminate()
	if body := proposal(repo); body != "" {
		t.Errorf("a pull request without a proof:\n%s", body)
	}
	p = w.serve("CHISELBOT_BUILD_TIMEOUT=2s")
	p.says(pull, "✅ Opened #2")
	if body := proposal(repo); !strings.Contains(body, "⬜ The image was not built: it took longer than 2s.") {
		t.Errorf("the pull request says\n%s", body)
	}
	p.terminate()
}
