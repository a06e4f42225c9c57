package registry

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/fixes"
)

var _ fixes.Resolver = Registry{}

func TestDigest(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(registry.New())
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	index, err := random.Index(64, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	tag, err := name.NewTag(host + "/mcr/dotnet/aspnet:10.0-noble-chiseled")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(tag, index); err != nil {
		t.Fatal(err)
	}
	want, err := index.Digest()
	if err != nil {
		t.Fatal(err)
	}
	ref := base.Reference{Repository: host + "/mcr/dotnet/aspnet", Tag: "10.0-noble-chiseled"}
	if got, err := (Registry{}).Digest(t.Context(), ref); err != nil || got != want.String() {
		t.Errorf("digest %q, %v; want %s", got, err, want)
	}
	ref.Tag = "10.0-jammy-chiseled"
	if got, err := (Registry{}).Digest(t.Context(), ref); err == nil || !strings.Contains(err.Error(), "10.0-jammy-chiseled") {
		t.Errorf("a tag that is not there: %q, %v", got, err)
	}
	server.Close()
	if got, err := (Registry{}).Digest(t.Context(), ref); err == nil {
		t.Errorf("a registry that is not there: %q", got)
	}
	if got, err := (Registry{}).Digest(t.Context(), base.Reference{Repository: "mcr.microsoft.com/dotnet/aspnet"}); err == nil {
		t.Errorf("no tag: %q", got)
	}
}
