package buildtest

import (
	"context"
	"io"
	stdlog "log" //nolint:depguard // which the registry takes
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// registry serves images that it makes when somebody asks for them.
type registry struct {
	address string // where images are made
	within  string // where only those are that were made
	servers []*http.Server
	inner   http.Handler
	kit     *kit

	mu   sync.Mutex
	made map[string]bool
}

func newRegistry(dir string) (*registry, error) {
	kit, err := newKit(dir)
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(dir, "blobs")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return nil, err
	}
	blobs := ggcr.NewDiskBlobHandler(folder)
	r := &registry{
		kit: kit, made: map[string]bool{},
		inner: ggcr.New(ggcr.WithBlobHandler(blobs), ggcr.Logger(stdlog.New(io.Discard, "", 0))),
	}
	if r.address, err = r.serve(r); err == nil {
		r.within, err = r.serve(r.inner)
	}
	return r, err
}

func (r *registry) serve(h http.Handler) (address string, err error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	r.servers = append(r.servers, server)
	go func() { _ = server.Serve(listener) }() // until it is closed
	return listener.Addr().String(), nil
}

func (r *registry) close() {
	for _, s := range r.servers {
		_ = s.Close() // nobody asks any more
	}
}

var manifestPath = regexp.MustCompile(`^/v2/(.+)/manifests/([\w.-]+)$`)

// ServeHTTP implements [http.Handler].
func (r *registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if m := manifestPath.FindStringSubmatch(req.URL.Path); m != nil && req.Method != http.MethodPut {
		if err := r.make(m[1], m[2]); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	r.inner.ServeHTTP(w, req)
}

// make puts the image of a tag into the registry, if there is such.
func (r *registry) make(repository, tag string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := repository + ":" + tag
	if r.made[key] {
		return nil
	}
	image, err := r.kit.image(repository, tag)
	if err != nil || image == nil {
		return err
	}
	ref, err := name.NewTag(r.within+"/"+key, name.Insecure)
	if err != nil {
		return err
	}
	r.made[key] = true
	return remote.Write(ref, image)
}
