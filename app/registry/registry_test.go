package registry

import (
	"net/http"
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
	if got, err := (Registry{}).Digest(t.Context(), ref); err == nil || err.Error() != "ask for the digest of "+ref.String()+": the registry has no such tag" {
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

// hub sends what is asked of Docker Hub to another host.
type hub struct {
	t    *testing.T
	host string
}

func (h hub) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != "index.docker.io" {
		h.t.Errorf("asked %s", r.URL)
	}
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host, r.Host = "http", h.host, h.host
	return http.DefaultTransport.RoundTrip(r)
}

// TestHub asks Docker Hub for the images that people name without a registry.
func TestHub(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(registry.New())
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	image, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	want, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	for written, path := range map[string]string{"golang:1.25": "library/golang:1.25", "docker.io/grafana/grafana:12.1.0": "grafana/grafana:12.1.0"} {
		tag, err := name.NewTag(host + "/" + path)
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.Write(tag, image); err != nil {
			t.Fatal(err)
		}
		ref, err := base.ParseReference(written)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := (Registry{Transport: hub{t, host}}).Digest(t.Context(), ref); err != nil || got != want.String() {
			t.Errorf("%s: digest %q, %v; want %s", written, got, err, want)
		}
	}
}

// TestAnswers reads what registries say instead of a digest.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status       int
		header, want string
	}{
		"closed":          {http.StatusForbidden, "", "does not let everybody see it; run docker login 127.0.0.1"},
		"asked too often": {http.StatusTooManyRequests, "", "was asked too often"},
		"broken":          {http.StatusBadRequest, "", "400"},
		"a page":          {http.StatusOK, "", "Docker-Content-Digest"},
		"nonsense":        {http.StatusOK, "sha256:cats", "in hash"},
		"another kind":    {http.StatusOK, "cats", "cats"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/v2/" {
					return
				}
				w.Header().Set("Content-Type", "application/vnd.oci.image.index.v1+json")
				w.Header().Set("Content-Length", "2")
				if c.header != "" {
					w.Header().Set("Docker-Content-Digest", c.header)
				}
				w.WriteHeader(c.status)
			}))
			t.Cleanup(server.Close)
			ref := base.Reference{Repository: strings.TrimPrefix(server.URL, "http://") + "/cats", Tag: "1"}
			if got, err := (Registry{}).Digest(t.Context(), ref); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q, %v; want an error with %q", got, err, c.want)
			}
		})
	}
}
