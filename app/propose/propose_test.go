package propose_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/chiselbot/chiselbot/app/propose"
	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/checktest"
	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
	"github.com/chiselbot/chiselbot/fixes/chiseled"
	"github.com/chiselbot/chiselbot/fixes/plantest"
)

// updating reports whether the flag of package plantest is given.
func updating() bool { return flag.Lookup("update").Value.String() == "true" }

// TestGolden holds what people see of pull requests: each archive has the files of a
// repository, and last the pull request.
func TestGolden(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d archives, %v", len(names), err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files, want := map[string]string{}, ""
			var kept []txtar.File
			for _, f := range archive.Files {
				if f.Name == "pull request" {
					want = string(f.Data)
					continue
				}
				kept = append(kept, f)
				files[f.Name] = string(f.Data)
			}
			of := of
			if strings.HasPrefix(filepath.Base(name), "fix") {
				of = fixing
			}
			p := of(t, files)
			got := fmt.Sprintf("%s\n%s ← %s\n\n%s\n====\n%s", p.Title, p.Base, p.Branch, p.Message, p.Body)
			if updating() {
				kept = append(kept, txtar.File{Name: "pull request", Data: []byte(got)})
				if err := os.WriteFile(name, txtar.Format(&txtar.Archive{Comment: archive.Comment, Files: kept}), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("pull request (-want +got), rewrite with -update:\n%s", diff)
			}
			read, ok := propose.RequestOf(p.Body)
			if diff := cmp.Diff(p.Request, read); !ok || diff != "" {
				t.Errorf("the request read back (-want +got):\n%s", diff)
			}
			if again := of(t, files); again.Body != p.Body || again.Message != p.Message {
				t.Error("the same plans gave another text")
			}
		})
	}
}

func of(t *testing.T, files map[string]string) propose.Proposal {
	t.Helper()
	plans := plantest.Plans(t, chiseled.Recipe(chiseled.Options{}), files)
	request := propose.Request{Recipe: "chiseled"}
	for _, p := range plans {
		request.Files = append(request.Files, p.File.Path())
	}
	return propose.Of(request, "main", checktest.Tree(files), plans)
}

// fixing proposes to fix what is found.
func fixing(t *testing.T, files map[string]string) propose.Proposal {
	t.Helper()
	plans, _, err := fixes.Findings(t.Context(), checktest.Tree(files), func(checks.Finding) bool { return true }, true, plantest.Options())
	if err != nil {
		t.Fatal(err)
	}
	request := propose.Request{Recipe: propose.Fixes, Pull: 7, Style: propose.Style{Conventional: true}}
	return propose.Of(request, "topic", checktest.Tree(files), plans)
}

// TestImages: a no to one image is none to another.
func TestImages(t *testing.T) {
	t.Parallel()
	image := func(from, rest string) string {
		return of(t, map[string]string{"Dockerfile": "FROM " + from + "\n" + rest + "ENTRYPOINT [\"dotnet\", \"Cats.dll\"]\n"}).Images
	}
	one := image("mcr.microsoft.com/dotnet/aspnet:8.0", "")
	if image("mcr.microsoft.com/dotnet/aspnet:8.0", "COPY out /app\n") != one {
		t.Error("another line made it another image")
	}
	if image("mcr.microsoft.com/dotnet/aspnet:9.0", "") == one {
		t.Error("another image is the same")
	}
}

// weights stands in for BuildKit.
type weights struct{ chiseled, full int64 }

func (w weights) Build(_ context.Context, tree source.Tree, what fixes.Target) (*fixes.Built, error) {
	file, err := tree.Read(what.Dockerfile)
	switch {
	case err != nil:
		return nil, err
	case strings.Contains(file.Text(), "chiseled"):
		return &fixes.Built{User: "1654", Size: w.chiseled, Starts: "/usr/bin/dotnet"}, nil
	case w.full == 0:
		return nil, &fixes.BuildError{Message: "the registry is away"}
	default:
		return &fixes.Built{Size: w.full, Starts: "/usr/bin/dotnet", Shell: "/bin/sh"}, nil
	}
}

// TestSize: where images were built, the table says what they weigh.
func TestSize(t *testing.T) {
	t.Parallel()
	files := map[string]string{"Dockerfile": "FROM mcr.microsoft.com/dotnet/aspnet:10.0\nCOPY out /app\nENTRYPOINT [\"dotnet\", \"/app/Cats.dll\"]\n"}
	for _, test := range []struct {
		name    string
		builder fixes.Builder
		want    string
	}{
		{"built", weights{48_100_000, 93_400_000}, "| Size to pull | 93 MB | 48 MB |\n"},
		{"not before", weights{9_950_000, 0}, "| Size to pull | unknown | 9.9 MB |\n"},
		{"no builder", nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			opts := plantest.Options()
			opts.Builder = test.builder
			plans, _, err := fixes.Plans(t.Context(), checktest.Tree(files), chiseled.Recipe(chiseled.Options{}), opts)
			if err != nil {
				t.Fatal(err)
			}
			body := propose.Of(propose.Request{Recipe: "chiseled"}, "main", checktest.Tree(files), plans).Body
			if strings.Contains(body, "Size to pull") != (test.want != "") || !strings.Contains(body, test.want) {
				t.Errorf("want %q in\n%s", test.want, body)
			}
		})
	}
}

// TestLong: a body that GitHub would not take is shortened, and can still be read back.
func TestLong(t *testing.T) {
	t.Parallel()
	files := map[string]string{}
	for i := range 120 {
		files[fmt.Sprintf("service-%03d/Dockerfile", i)] = "FROM mcr.microsoft.com/dotnet/aspnet:8.0\nRUN apt-get update\nENTRYPOINT dotnet Cats.dll\n"
	}
	for i := range 60 {
		files[fmt.Sprintf("other-%03d/Dockerfile", i)] = "FROM mcr.microsoft.com/dotnet/aspnet:8.0\nENTRYPOINT dotnet Cats.dll\n"
	}
	p := of(t, files)
	if _, ok := propose.RequestOf(p.Body); len(p.Body) > 65536 || !ok {
		t.Errorf("%d bytes, marked %t", len(p.Body), ok)
	}
}

func TestRequestOf(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		"", "<!-- chiselbot:proposal", "<!-- chiselbot:proposal {} -->", "<!-- chiselbot:proposal {\"recipe\": 1} -->",
		strings.Repeat("<!-- chiselbot:proposal ", 1000),
	} {
		if r, ok := propose.RequestOf(body); ok {
			t.Errorf("%.40q gives %+v", body, r)
		}
	}
}
