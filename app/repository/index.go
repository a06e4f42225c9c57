package repository

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"sort"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// index is what git tracks, read from its index file. go-git's decoder refuses indexes
// that big repositories have, the sparse ones and those without a checksum, so this
// reads the few fields that are needed. https://git-scm.com/docs/index-format
type index struct {
	names []string // sorted; a path in conflict occurs several times
	modes []filemode.FileMode
	// absent are, for each folder, what a sparse checkout keeps off the disk in it.
	absent map[string][]absentEntry
}

// An absentEntry is a name that counts as unchanged although it is not on disk. A
// folder without a hash is one that holds such entries.
type absentEntry struct {
	name string
	mode filemode.FileMode
	hash plumbing.Hash
}

// mode tells how a path is tracked, if it is.
func (x *index) mode(name string) (filemode.FileMode, bool) {
	i := sort.SearchStrings(x.names, name)
	if i == len(x.names) || x.names[i] != name {
		return 0, false
	}
	return x.modes[i], true
}

// below reports whether anything in the folder is tracked.
func (x *index) below(dir string) bool {
	if dir == "." {
		return len(x.names) > 0
	}
	dir += "/"
	i := sort.SearchStrings(x.names, dir)
	return i < len(x.names) && strings.HasPrefix(x.names[i], dir)
}

// readIndex reads an index file; one that does not exist tracks nothing.
func readIndex(name string) (*index, error) {
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return &index{}, nil
	}
	if err != nil {
		return nil, cause(err)
	}
	return parseIndex(data)
}

const (
	indexHeader   = 12
	indexEntry    = 62 // the fixed part before the name
	indexChecksum = 20

	flagExtended     = 0x4000
	flagSkipWorktree = 0x4000 // of the extended flags
)

var errIndexShort = errors.New("it ends too early")

func parseIndex(data []byte) (*index, error) {
	if len(data) < indexHeader+indexChecksum || string(data[:4]) != "DIRC" {
		return nil, errors.New("not an index file")
	}
	version := binary.BigEndian.Uint32(data[4:])
	if version < 2 || version > 4 {
		return nil, fmt.Errorf("version %d is not known", version)
	}
	count := int(binary.BigEndian.Uint32(data[8:]))
	rest := data[indexHeader : len(data)-indexChecksum]

	x := &index{absent: map[string][]absentEntry{}}
	x.names = make([]string, 0, min(count, len(rest)/indexEntry))
	x.modes = make([]filemode.FileMode, 0, cap(x.names))
	last := ""
	for range count {
		if len(rest) < indexEntry {
			return nil, errIndexShort
		}
		mode := filemode.FileMode(binary.BigEndian.Uint32(rest[24:]))
		hash := plumbing.Hash(rest[40:60])
		size := indexEntry
		skip := false
		if binary.BigEndian.Uint16(rest[60:])&flagExtended != 0 {
			if size += 2; len(rest) < size {
				return nil, errIndexShort
			}
			skip = binary.BigEndian.Uint16(rest[62:])&flagSkipWorktree != 0
		}
		keep := 0 // bytes of the last name that this one starts with
		if version == 4 {
			strip, n := stripLength(rest[size:])
			if n == 0 || strip > len(last) {
				return nil, errors.New("a name is cut off")
			}
			keep, size = len(last)-strip, size+n
		}
		end := bytes.IndexByte(rest[size:], 0)
		if end < 0 {
			return nil, errIndexShort
		}
		name := last[:keep] + string(rest[size:size+end])
		size += end + 1
		if version < 4 {
			size = (size + 7) &^ 7
		}
		if size > len(rest) {
			return nil, errIndexShort
		}
		rest = rest[size:]
		if name < last {
			return nil, errors.New("its names are not sorted")
		}
		last = name
		x.names = append(x.names, name)
		x.modes = append(x.modes, mode)
		if skip {
			x.leaveOut(strings.TrimSuffix(name, "/"), mode, hash)
		}
	}
	return x, checkExtensions(rest)
}

// stripLength reads the variable-width number of version 4, at most five bytes long,
// and how many bytes it takes.
func stripLength(data []byte) (value, size int) {
	for size < min(len(data), 5) {
		b := data[size]
		size++
		value = value<<7 | int(b&0x7f)
		if b&0x80 == 0 {
			return value, size
		}
		value++
	}
	return 0, 0
}

// checkExtensions refuses extensions without which the entries say something else.
func checkExtensions(rest []byte) error {
	for len(rest) >= 8 {
		name, size := string(rest[:4]), int(binary.BigEndian.Uint32(rest[4:]))
		switch {
		case name == "link":
			return errors.New("it is split in two files; `git update-index --no-split-index` joins them")
		case name != "sdir" && (name[0] < 'A' || name[0] > 'Z'):
			return fmt.Errorf("its part %q is not known", name)
		case size > len(rest)-8:
			return errIndexShort
		}
		rest = rest[8+size:]
	}
	return nil
}

// leaveOut notes an entry that is not on disk, and the folders above it.
func (x *index) leaveOut(name string, mode filemode.FileMode, hash plumbing.Hash) {
	for {
		dir, base := path.Dir(name), path.Base(name)
		if !usable(base) {
			return
		}
		in := x.absent[dir]
		if n := len(in); n > 0 && in[n-1].name == base {
			return
		}
		x.absent[dir] = append(in, absentEntry{name: base, mode: mode, hash: hash})
		if dir == "." {
			return
		}
		name, mode, hash = dir, filemode.Dir, plumbing.ZeroHash
	}
}
