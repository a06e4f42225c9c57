package chart

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/chiselbot/chiselbot/checks/chart/render"
	"github.com/chiselbot/chiselbot/checks/source"
)

// unpack reads the files of a packed chart. Their paths are those they would have if the
// archive were a folder; that of an archive that cannot be read is a problem and empty.
func (l *loader) unpack(label, data string) ([]*file, error) {
	files, err := l.untar(label, data)
	if err != nil && !errors.Is(err, errTooMuch) {
		l.chart.Problems = append(l.chart.Problems, Problem{
			Reason: render.Syntax, Path: label, Message: fmt.Sprintf("The archive cannot be read: %v.", err),
			Help: "Pack the dependency again with `helm dependency update`.",
		})
		return nil, nil
	}
	return files, err
}

func (l *loader) untar(label, data string) ([]*file, error) {
	zipped, err := gzip.NewReader(strings.NewReader(data))
	if err != nil {
		return nil, err
	}
	var files []*file
	// What is skipped is unpacked as well.
	rest := &io.LimitedReader{R: zipped, N: 2 * maxBytes}
	for archive := tar.NewReader(rest); ; {
		header, err := archive.Next()
		if rest.N <= 0 {
			return nil, l.tooMuch()
		}
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if header.Typeflag != tar.TypeReg {
			continue // folders, and links, which are not followed
		}
		// Everything lies in one folder, which has the chart's name.
		folder, name, below := strings.Cut(strings.ReplaceAll(header.Name, `\`, "/"), "/")
		if clean := path.Clean(name); !below || folder == "" || folder == ".." || clean != name || path.IsAbs(name) || strings.HasPrefix(name, "../") || strings.Contains(name, ":/") {
			return nil, fmt.Errorf("the name %q lies outside of the chart's folder", header.Name)
		}
		text, err := io.ReadAll(io.LimitReader(archive, maxFileBytes+1))
		if err != nil {
			return nil, err
		}
		if l.bytes += len(text); len(text) > maxFileBytes || l.bytes > maxBytes || len(files) > maxFiles {
			return nil, l.tooMuch()
		}
		files = append(files, &file{name: name, source: source.NewFile(path.Join(label, name), string(text)), packed: true})
	}
}
