package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"log/slog"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/rogpeppe/go-internal/testscript"
)

// serveChart serves a folder's chart as version 1.2.3 of a registry on this machine, and
// gives the registry's address.
func serveChart(ts *testscript.TestScript, dir string) string {
	server := httptest.NewServer(registry.New(registry.Logger(slog.NewLogLogger(slog.DiscardHandler, slog.LevelError))))
	ts.Defer(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")

	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zipped)
	files := os.DirFS(dir)
	ts.Check(fs.WalkDir(files, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, file)
		if err == nil {
			err = archive.WriteHeader(&tar.Header{Name: path.Join(filepath.Base(dir), file), Mode: 0o600, Size: int64(len(data))})
		}
		if err == nil {
			_, err = archive.Write(data)
		}
		return err
	}))
	ts.Check(errors.Join(archive.Close(), zipped.Close()))
	layer := static.NewLayer(packed.Bytes(), "application/vnd.cncf.helm.chart.content.v1.tar+gzip")
	image, err := mutate.AppendLayers(empty.Image, layer)
	ts.Check(err)
	repo, err := name.NewRepository(host + "/charts/" + filepath.Base(dir))
	ts.Check(err)
	ts.Check(remote.Write(repo.Tag("1.2.3"), image))
	return host
}

// serveImages serves images of nothing by these names, as repository:tag, each with a digest
// of its own that is always the same, and gives the registry's address.
func serveImages(ts *testscript.TestScript, names []string) string {
	server := httptest.NewServer(registry.New(registry.Logger(slog.NewLogLogger(slog.DiscardHandler, slog.LevelError))))
	ts.Defer(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	for _, image := range names {
		tag, err := name.NewTag(host + "/" + image)
		ts.Check(err)
		content, err := mutate.Config(empty.Image, v1.Config{Labels: map[string]string{"name": image}})
		ts.Check(err)
		ts.Check(remote.Write(tag, content))
	}
	return host
}
