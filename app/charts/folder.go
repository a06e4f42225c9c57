package charts

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A Folder is a cache on a disk, for one user. Whatever else may write there: what is
// read is compared with the digest in its name.
type Folder string

// Objects reads the named files that are there.
func (f Folder) Objects(_ context.Context, names []string) (map[string][]byte, error) {
	found := map[string][]byte{}
	for _, name := range names {
		data, err := os.ReadFile(f.file(name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, fmt.Errorf("read cache: %w", err)
		default:
			found[name] = data
		}
	}
	return found, nil
}

// KeepObjects writes files, each of them whole or not at all.
func (f Folder) KeepObjects(_ context.Context, objects map[string][]byte) error {
	if err := os.MkdirAll(string(f), 0o700); err != nil {
		return fmt.Errorf("write cache: %w", err)
	}
	for name, data := range objects {
		if err := write(string(f), f.file(name), data); err != nil {
			return fmt.Errorf("write cache: %w", err)
		}
	}
	return nil
}

func (f Folder) file(name string) string {
	return filepath.Join(string(f), strings.NewReplacer("/", "-", ":", "-").Replace(name)+".tgz")
}

func write(folder, name string, data []byte) error {
	temporary, err := os.CreateTemp(folder, ".*")
	if err != nil {
		return err
	}
	_, err = temporary.Write(data)
	err = errors.Join(err, temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), name)
	}
	if err != nil {
		_ = os.Remove(temporary.Name())
	}
	return err
}
