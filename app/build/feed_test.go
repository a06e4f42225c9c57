package build_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/app/build"
	"github.com/chiselbot/chiselbot/app/build/buildtest"
	"github.com/chiselbot/chiselbot/checks/checktest"
	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
	"github.com/chiselbot/chiselbot/fixes/plantest"
	"github.com/chiselbot/chiselbot/fixes/recipes"
)

// A feed is a server of NuGet packages, with TLS as the real one has.
type feed struct {
	// address is where it is, and elsewhere another name for that.
	address, elsewhere string

	mu    sync.Mutex
	asked []string
}

// newFeed is a feed whose packages are at another of its names where that is wanted.
func newFeed(t *testing.T, apart bool) *feed {
	t.Helper()
	_, authority := buildtest.Secure(t)
	f := &feed{}
	packages := func() string {
		if apart {
			return f.elsewhere
		}
		return f.address
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.asked = append(f.asked, strings.TrimSuffix(r.Host, r.Host[strings.LastIndex(r.Host, ":"):])+r.URL.Path)
		f.mu.Unlock()
		if r.URL.Path == "/v3/index.json" {
			_, _ = fmt.Fprintf(w, `{"resources": [{"@id": "%s/packages/", "@type": "PackageBaseAddress/3.0.0"}]}`, packages())
			return
		}
		_, _ = fmt.Fprint(w, "a package") // who does not read it fails
	}))
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	for _, name := range []string{buildtest.Feed, buildtest.Elsewhere} {
		cert, key := issue(t, authority, name, time.Now().Add(time.Hour))
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		server.TLS.Certificates = append(server.TLS.Certificates, pair)
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	port := server.URL[strings.LastIndex(server.URL, ":"):]
	f.address, f.elsewhere = "https://"+buildtest.Feed+port, "https://"+buildtest.Elsewhere+port
	return f
}

// took are the paths that were asked for since the last time.
func (f *feed) took() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	asked := f.asked
	f.asked = nil
	return asked
}

// tree is a repository whose image is built with a package of the feed's.
func (f *feed) tree() source.Tree {
	return checktest.Tree(map[string]string{
		"Dockerfile": "FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build\nWORKDIR /src\nCOPY nuget.config Shop.csproj ./\nRUN dotnet restore\n" +
			"RUN dotnet publish Shop.csproj -o /app\n\nFROM mcr.microsoft.com/dotnet/aspnet:10.0\nWORKDIR /app\nCOPY --from=build /app .\nENTRYPOINT [\"dotnet\", \"Shop.dll\"]\n",
		"nuget.config": `<configuration><packageSources><add key="feed" value="` + f.address + `/v3/index.json" /></packageSources></configuration>`,
		"Shop.csproj": `<Project Sdk="Microsoft.NET.Sdk.Web"><PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>` +
			`<ItemGroup><PackageReference Include="Cats" Version="1.0.0" /></ItemGroup></Project>`,
	})
}

// TestFeed plans for an image that is built with packages of a feed: through the proxy, as
// far as the feed is allowed, and with a word on the flag where it is not.
func TestFeed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		apart bool
		c     func(*feed) build.Config
		asked []string
		held  string
		open  func(*feed) string
	}{
		{
			name: "allowed", c: func(f *feed) build.Config {
				return build.Config{Network: build.ProxyNetwork, Allow: []string{f.address + "/*"}}
			},
			asked: []string{buildtest.Feed + "/v3/index.json", buildtest.Feed + "/packages/cats/1.0.0/cats.1.0.0.nupkg"},
			held:  "BuildKit built the image before and after: user `1654` instead of root",
		},
		{
			name: "nothing allowed", c: func(*feed) build.Config { return build.Config{Network: build.ProxyNetwork} },
			open: func(f *feed) string {
				return "line 4: process \"/bin/sh -c dotnet restore\" did not complete successfully: exit code: 134. Builds here may not fetch from `" + f.address + "`: `--build-allow '" + f.address + "/*'` would let them."
			},
		},
		{
			name: "packages elsewhere", apart: true, c: func(f *feed) build.Config {
				return build.Config{Network: build.ProxyNetwork, Allow: []string{f.address + "/*"}}
			},
			asked: []string{buildtest.Feed + "/v3/index.json", buildtest.Feed + "/v3/index.json"}, // before and after
			open: func(f *feed) string {
				return "Builds here may not fetch from `" + f.elsewhere + "`: `--build-allow '" + f.elsewhere + "/*'` would let them."
			},
		},
		{
			name: "both", apart: true, c: func(f *feed) build.Config {
				return build.Config{Network: build.ProxyNetwork, Allow: []string{f.address + "/v3/index.json", "https://elsewhere.*"}}
			},
			asked: []string{buildtest.Feed + "/v3/index.json", buildtest.Elsewhere + "/packages/cats/1.0.0/cats.1.0.0.nupkg"},
			held:  "BuildKit built the image before and after",
		},
		{
			name: "no network", c: func(*feed) build.Config { return build.Config{} },
			open: func(*feed) string {
				return "Builds here have no network: `--build-network` would give them one."
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFeed(t, tt.apart)
			opts := plantest.Options()
			opts.Builder = builder(t, tt.c(f))
			plans, _, err := fixes.Plans(t.Context(), f.tree(), recipes.Named("chiseled", recipes.Options{}), opts)
			if err != nil || len(plans) != 1 || !plans[0].Applicable() {
				t.Fatalf("%d plans: %v", len(plans), err)
			}
			held, open := strings.Join(plans[0].Proof.Held, "\n"), strings.Join(plans[0].Proof.Open, "\n")
			if !strings.Contains(held, tt.held) || tt.held == "" && strings.Contains(held, "BuildKit built") {
				t.Errorf("held:\n%s", held)
			}
			if tt.open != nil && !strings.Contains(open, "could not be built, neither with the change nor without it: ") {
				t.Errorf("open:\n%s", open)
			}
			if tt.open != nil && !strings.Contains(open, tt.open(f)) {
				t.Errorf("open:\n%s\nwant\n%s", open, tt.open(f))
			}
			if diff := cmp.Diff(tt.asked, f.took()); diff != "" {
				t.Errorf("the feed was asked for (-want +got):\n%s", diff)
			}
		})
	}
}
