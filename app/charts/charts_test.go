package charts_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/chiselbot/chiselbot/app/charts"
)

// served starts a server with encryption and gives its host.
func served(t *testing.T, handler http.Handler) (server *httptest.Server, host string) {
	t.Helper()
	server = httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server, strings.TrimPrefix(server.URL, "https://")
}

func places(t *testing.T, texts ...string) []charts.Place {
	t.Helper()
	var all []charts.Place
	for _, text := range texts {
		p, err := charts.ParsePlace(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// source is one that trusts the servers of this test.
func source(t *testing.T, cache charts.Cache, servers []*httptest.Server, from ...string) *charts.Source {
	t.Helper()
	roots := x509.NewCertPool()
	for _, s := range servers {
		roots.AddCert(s.Certificate())
	}
	return charts.New(charts.Config{From: places(t, from...), Cache: cache, Roots: roots, Now: time.Now})
}

func sum(data string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(data))) }

// helmIndex is an index as `helm repo index` writes it.
func helmIndex(entries ...string) string {
	return "apiVersion: v1\nentries:\n" + strings.Join(entries, "") + "generated: \"2026-01-01T00:00:00Z\"\n"
}

func entry(version, address, digest string) string {
	return fmt.Sprintf("  - apiVersion: v2\n    dependencies:\n    - name: x\n    description: |\n      two\n\n      lines\n    digest: %s\n    urls:\n    - %s\n    version: %s\n", digest, address, version)
}

func repository(files map[string]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, text)
	})
}

func TestIndex(t *testing.T) {
	t.Parallel()
	server, host := served(t, repository(map[string]string{
		"/team/index.yaml": helmIndex(
			"  aaa:\n"+entry("9.9.9", "a.tgz", ""),
			"  lib:\n"+entry("2.0.0", "lib-2.tgz", sum("two"))+entry("1.1.0", "https://HOST/elsewhere/lib-11.tgz", "sha256:"+sum("one.one"))+entry("1.2.0-rc.1", "rc.tgz", "")+entry("1.10.0", "lib-110.tgz", sum("one.ten")),
			"  lib-two:\n"+entry("7.0.0", "a.tgz", ""),
		),
		"/json/index.yaml":   `{"apiVersion":"v1","entries":{"lib":[{"version":"1.0.0","urls":["../team/lib-2.tgz"]}]}}`,
		"/team/lib-2.tgz":    "two",
		"/team/lib-110.tgz":  "one.ten",
		"/broken/index.yaml": "entries:\n  lib:\n  - {",
		"/empty/index.yaml":  "apiVersion: v1\nentries: {}\n",
	}))
	s := source(t, nil, []*httptest.Server{server}, host)
	for _, c := range []struct{ folder, name, version, want, fails string }{
		{"team", "lib", "1.x", "one.ten", ""},
		{"team/", "lib", "^1.0.0", "one.ten", ""},
		{"team", "lib", "", "two", ""},
		{"team", "lib", "2.0.0", "two", ""},
		{"json", "lib", "*", "two", ""},
		{"team", "lib", "3.x", "", `there is no version within "3.x"`},
		{"team", "nosuch", "1.x", "", "no chart of that name"},
		{"team", "lib", "1.2.0-rc.1", "", "404"},
		{"team", "lib", "not a range", "", "not a range of versions"},
		{"broken", "lib", "1.x", "", "the index cannot be read"},
		{"empty", "lib", "1.x", "", "no chart of that name"},
		{"none", "lib", "1.x", "", "read index.yaml: the server answers 404"},
		{"team", "../lib", "1.x", "", "not a chart's name"},
	} {
		data, err := s.Fetch(t.Context(), "https://"+host+"/"+c.folder, c.name, c.version)
		if string(data) != c.want || (err == nil) != (c.fails == "") || err != nil && !strings.Contains(err.Error(), c.fails) {
			t.Errorf("%s %s@%s: %q, %v; want %q, %q", c.folder, c.name, c.version, data, err, c.want, c.fails)
		}
	}
}

// TestFaults: each of these is an error soon, with words for a person.
func TestFaults(t *testing.T) {
	t.Parallel()
	elsewhere, other := served(t, repository(map[string]string{"/lib.tgz": "one"}))
	endless := func(w http.ResponseWriter, r *http.Request) {
		chunk := bytes.Repeat([]byte("#\n"), 1<<15)
		for r.Context().Err() == nil {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}
	index := func(address, digest string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, helmIndex("  lib:\n"+entry("1.0.0", address, digest)))
		}
	}
	for name, c := range map[string]struct {
		index, archive http.HandlerFunc
		want           string
	}{
		"digest":           {index("lib.tgz", sum("other")), nil, "it was changed or damaged"},
		"no digest at all": {index("lib.tgz", "md5:0"), nil, "is not one of SHA-256"},
		"endless index":    {endless, nil, "it is too large"},
		"endless archive":  {index("lib.tgz", ""), endless, "it is too large"},
		"error":            {index("lib.tgz", ""), func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, "the server answers 500"},
		"cut": {index("lib.tgz", ""), func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			w.WriteHeader(http.StatusOK)
		}, "EOF"},
		"other host": {index("https://"+other+"/lib.tgz", ""), nil, "allow that too with --charts-from " + other},
		"redirect": {index("lib.tgz", ""), func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://"+other+"/lib.tgz?token=secret", http.StatusFound)
		}, "--charts-from " + other},
		"redirect inside": {index("lib.tgz", ""), func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://169.254.169.254/latest", http.StatusFound)
		}, "--charts-from 169.254.169.254"},
		"without TLS":       {index("http://charts.example/lib.tgz", ""), nil, "not an address with https"},
		"redirect in rings": {index("lib.tgz", ""), func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "lib.tgz", http.StatusFound) }, "more than 5 redirects"},
		"file":              {index("file:///etc/passwd", ""), nil, "not an address with https"},
		"registry":          {index("oci://charts.example/lib", ""), nil, "--charts-from charts.example"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mux := http.NewServeMux()
			mux.HandleFunc("/index.yaml", c.index)
			mux.HandleFunc("/lib.tgz", func(w http.ResponseWriter, r *http.Request) {
				if c.archive != nil {
					c.archive(w, r)
					return
				}
				_, _ = io.WriteString(w, "one")
			})
			server, host := served(t, mux)
			data, err := source(t, nil, []*httptest.Server{server, elsewhere}, host).Fetch(t.Context(), "https://"+host, "lib", "1.x")
			if err == nil || data != nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%q, %v; want an error with %q", data, err, c.want)
			}
		})
	}
}

// TestSlow: whoever asks is not kept longer than it wants to wait.
func TestSlow(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	server, host := served(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-stop }))
	t.Cleanup(func() { close(stop) })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := source(t, nil, []*httptest.Server{server}, host).Fetch(ctx, "https://"+host, "lib", "1.x"); err == nil {
		t.Error("no error")
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	server, host := served(t, repository(map[string]string{
		"/a/index.yaml": helmIndex("  lib:\n" + entry("1.0.0", "/files/lib.tgz", "")), "/files/lib.tgz": "one",
		"/ab/index.yaml": helmIndex("  lib:\n" + entry("1.0.0", "/files/lib.tgz", "")),
	}))
	_, port, _ := strings.Cut(host, ":")
	for _, c := range []struct {
		from, repository string
		want             bool
		fails            string
	}{
		{host, "https://" + host + "/a", true, ""},
		{host + "/a", "https://" + host + "/a", true, ""},
		{"https://" + host + "/a/", "https://" + host + "/a/", true, ""},
		{host + "/a", "https://" + host + "/ab", false, ""},
		{host + "/a", "https://" + host + "/a/../ab", false, "roundabout"},
		{host + "/a", "https://" + host + "/a/%2e%2e/ab", false, "roundabout"},
		{host, "https://me:secret@" + host + "/a", false, "password"},
		{host, "http://" + host + "/a", false, "not an address"},
		{host, "https://other.example", false, ""},
		{"127.0.0.1", "https://" + host + "/a", false, ""},
		// A pattern lets in what lies below it, and no network of one's own.
		{"*.0.0.1:" + port, "https://" + host + "/a", false, "address of a private network"},
	} {
		data, err := source(t, nil, []*httptest.Server{server}, c.from).Fetch(t.Context(), c.repository, "lib", "1.x")
		if (data != nil) != c.want || (err != nil) != (c.fails != "") || err != nil && (!strings.Contains(err.Error(), c.fails) || strings.Contains(err.Error(), "secret")) {
			t.Errorf("from %s: %s: %q, %v", c.from, c.repository, data, err)
		}
	}
	for _, text := range []string{"", "/path", "user@host", "host?x", "ho st", "*", "a.*.b", "host/%2e%2e"} {
		if _, err := charts.ParsePlace(text); err == nil {
			t.Errorf("%q is taken for a place", text)
		}
	}
}

// push puts a chart into a registry as `helm push` does.
func push(t *testing.T, server *httptest.Server, repository, tag, mediaType, data string) v1.Image {
	t.Helper()
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), "application/vnd.cncf.helm.config.v1+json")
	image, err := mutate.AppendLayers(image, static.NewLayer([]byte(data), types.MediaType(mediaType)))
	if err != nil {
		t.Fatal(err)
	}
	repo, err := name.NewRepository(repository)
	if err == nil {
		err = remote.Write(repo.Tag(tag), image, remote.WithTransport(server.Client().Transport))
	}
	if err != nil {
		t.Fatal(err)
	}
	return image
}

const chartLayer = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"

// TestRegistry fetches from a real registry, also when it gives other bytes than it has.
func TestRegistry(t *testing.T) {
	t.Parallel()
	whole := registry.New(registry.Logger(slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)))
	var blobs atomic.Int64
	var fault atomic.Pointer[http.HandlerFunc]
	server, host := served(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") {
			blobs.Add(1)
			if f := fault.Load(); f != nil {
				(*f)(w, r)
				return
			}
		}
		whole.ServeHTTP(w, r)
	}))
	for version, data := range map[string]string{"1.0.0": "one", "1.10.0": "one.ten", "1.9.0_build.5": "one.nine", "2.0.0-rc.1": "rc", "latest": "latest"} {
		push(t, server, host+"/charts/lib", version, chartLayer, data)
	}
	push(t, server, host+"/charts/image", "1.0.0", "application/vnd.oci.image.layer.v1.tar+gzip", "an image")

	cache := charts.Folder(t.TempDir())
	s := source(t, cache, []*httptest.Server{server}, host+"/charts")
	for _, c := range []struct{ folder, name, version, want, fails string }{
		{"charts", "lib", "1.x", "one.ten", ""},
		{"charts", "lib", "1.0.0", "one", ""},
		{"charts", "lib", "1.9.0+build.5", "one.nine", ""},
		{"charts", "lib", "~1.9.0", "one.nine", ""},
		{"charts", "lib", "3.x", "", "no version within"},
		{"charts", "lib", "4.0.0", "", "the registry answers 404"},
		{"charts", "image", "1.0.0", "", "is not a chart"},
		{"other", "lib", "1.x", "", ""},
	} {
		data, err := s.Fetch(t.Context(), "oci://"+host+"/"+c.folder, c.name, c.version)
		if string(data) != c.want || (err == nil) != (c.fails == "") || err != nil && !strings.Contains(err.Error(), c.fails) {
			t.Errorf("%s/%s@%s: %q, %v; want %q, %q", c.folder, c.name, c.version, data, err, c.want, c.fails)
		}
	}

	// An index may lead to a registry.
	for digest, want := range map[string]string{sum("one"): "one", sum("two"): ""} {
		index, at := served(t, repository(map[string]string{"/index.yaml": helmIndex("  lib:\n" + entry("1.0.0", "oci://"+host+"/charts/lib:1.0.0", digest))}))
		data, err := source(t, nil, []*httptest.Server{server, index}, host, at).Fetch(t.Context(), "https://"+at, "lib", "1.x")
		if string(data) != want || (err == nil) != (want != "") {
			t.Errorf("by an index: %q, %v", data, err)
		}
	}

	// What was fetched is on the disk, for another program too.
	before := blobs.Load()
	if data, err := source(t, cache, []*httptest.Server{server}, host).Fetch(t.Context(), "oci://"+host+"/charts", "lib", "1.x"); string(data) != "one.ten" || blobs.Load() != before {
		t.Errorf("%q, %v after %d requests for archives", data, err, blobs.Load()-before)
	}

	for name, f := range map[string]http.HandlerFunc{
		"other bytes": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "evil") },
		"elsewhere": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://cdn.example/x?signature=secret", http.StatusTemporaryRedirect)
		},
		"nothing": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
	} {
		fault.Store(&f)
		data, err := source(t, nil, []*httptest.Server{server}, host).Fetch(t.Context(), "oci://"+host+"/charts", "lib", "1.x")
		if err == nil || data != nil || strings.Contains(err.Error(), "secret") || name == "elsewhere" && !strings.Contains(err.Error(), "--charts-from cdn.example") {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
}

// TestRemembered: what was just asked is not asked again, be it there or not.
func TestRemembered(t *testing.T) {
	t.Parallel()
	var requests atomic.Int64
	files := repository(map[string]string{"/index.yaml": helmIndex("  lib:\n" + entry("1.0.0", "lib.tgz", sum("one"))), "/lib.tgz": "one"})
	server, host := served(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		files.ServeHTTP(w, r)
	}))
	cache := charts.Folder(t.TempDir())
	s := source(t, cache, []*httptest.Server{server}, host)
	for range 3 {
		if data, err := s.Fetch(t.Context(), "https://"+host, "lib", "1.x"); string(data) != "one" {
			t.Fatal(err)
		}
		if _, err := s.Fetch(t.Context(), "https://"+host, "lib", "2.x"); err == nil {
			t.Fatal("no error")
		}
	}
	if n := requests.Load(); n != 2 {
		t.Errorf("%d requests", n)
	}
	// A file of the cache that is not what its name says counts as none.
	if err := cache.KeepObjects(t.Context(), map[string][]byte{"chart/sha256:" + sum("one"): []byte("evil")}); err != nil {
		t.Fatal(err)
	}
	if data, err := s.Fetch(t.Context(), "https://"+host, "lib", "1.x"); string(data) != "one" {
		t.Errorf("%q, %v", data, err)
	}
}
