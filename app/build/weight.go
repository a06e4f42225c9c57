package build

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"

	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// maxManifest is the largest file of an image that is taken for a list of its parts.
const maxManifest = 1 << 20

// weight reads an image as it comes, a tar archive of an OCI layout, and keeps of it only
// the lists of its parts.
type weight struct {
	lists map[string][]byte // by digest
	index []byte
	done  chan error
}

// open gives what the image is written to.
func (w *weight) open(map[string]string) (io.WriteCloser, error) {
	r, write := io.Pipe()
	w.lists, w.done = map[string][]byte{}, make(chan error, 1)
	go func() {
		err := w.read(tar.NewReader(r))
		_, rest := io.Copy(io.Discard, r) // behind the archive's end
		r.CloseWithError(errors.Join(err, rest))
		w.done <- err
	}()
	return write, nil
}

func (w *weight) read(r *tar.Reader) error {
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Size > maxManifest {
			continue
		}
		text, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		switch {
		case h.Name == ocispecs.ImageIndexFile:
			w.index = text
		case path.Dir(h.Name) == "blobs/sha256" && bytes.HasPrefix(text, []byte("{")):
			w.lists["sha256:"+path.Base(h.Name)] = text
		}
	}
}

// layers is what the image's layers weigh together.
func (w *weight) layers() (int64, error) {
	if w.done == nil {
		return 0, errors.New("read image: the daemon sent none")
	}
	if err := <-w.done; err != nil {
		return 0, fmt.Errorf("read image: %w", err)
	}
	var index ocispecs.Index
	if err := json.Unmarshal(w.index, &index); err != nil {
		return 0, fmt.Errorf("read image: %w", err)
	}
	for range 2 { // an index may name another one
		if len(index.Manifests) == 0 {
			break
		}
		text := w.lists[string(index.Manifests[0].Digest)]
		var manifest ocispecs.Manifest
		if err := json.Unmarshal(text, &manifest); err != nil {
			return 0, fmt.Errorf("read image: %w", err)
		}
		if len(manifest.Layers) > 0 {
			var sum int64
			for _, l := range manifest.Layers {
				sum += l.Size
			}
			return sum, nil
		}
		index = ocispecs.Index{}
		if err := json.Unmarshal(text, &index); err != nil {
			return 0, fmt.Errorf("read image: %w", err)
		}
	}
	return 0, nil
}
