package github

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // it is how git names its objects
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/google/go-github/v57/github"

	"github.com/chiselbot/chiselbot/checks/source"
)

// git's modes of what a tree names.
const (
	modeFile       = 0o100644
	modeExecutable = 0o100755
	modeLink       = 0o120000
	modeFolder     = 0o40000
)

// maxCompared is how many files a comparison names at most. With so many it may not name
// all. https://docs.github.com/en/rest/commits/commits#compare-two-commits
const maxCompared = 300

// An item is one name in a tree that is no folder.
type item struct {
	mode uint32
	sha  string
	size int64 // unknownSize until it was read
}

const unknownSize = -1

// guess is the size, or one that is usual where it is not known.
func (it item) guess() int64 {
	if it.size == unknownSize {
		return guessedBytes
	}
	return it.size
}

func (it item) regular() bool { return it.mode&0o170000 == 0o100000 }

// The limits of a listing. GitHub's own is 100,000 names in one answer; more come folder
// by folder. A few bytes can be made to stand for any depth.
const (
	maxNames = 500_000
	maxDepth = 256
)

// A listing is all names of a tree at all depths. It does not change.
type listing struct {
	tree string // git's name of the root
	// exact means that the names are provably those of tree. What GitHub shows is not
	// always: modes of old are shown as those of today.
	exact   bool
	items   map[string]item
	folders map[string][]fs.DirEntry // by path, "." is the root; sorted by name
}

// newListing builds the folders of a tree.
func newListing(tree string, items map[string]item) *listing {
	l := &listing{tree: tree, items: items}
	children := map[string]map[string]*entry{".": {}}
	for path, it := range items {
		dir, name := split(path)
		if in := l.folder(children, dir); in[name] == nil { // else there is a folder
			in[name] = &entry{name: name, item: it}
		}
	}
	l.folders = make(map[string][]fs.DirEntry, len(children))
	for dir, named := range children {
		list := make([]fs.DirEntry, 0, len(named))
		for _, name := range slices.Sorted(maps.Keys(named)) {
			list = append(list, named[name])
		}
		l.folders[dir] = list
	}
	l.exact = l.hash(".") == tree
	return l
}

// folder makes a folder and those above it.
func (l *listing) folder(children map[string]map[string]*entry, path string) map[string]*entry {
	if in, ok := children[path]; ok {
		return in
	}
	in := map[string]*entry{}
	children[path] = in
	dir, name := split(path)
	l.folder(children, dir)[name] = &entry{name: name, item: item{mode: modeFolder}}
	return in
}

func split(path string) (dir, name string) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return ".", path
	}
	return path[:i], path[i+1:]
}

// hash is git's name of a folder: that of its names, modes and objects, sorted as if
// folders ended in a slash. https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
func (l *listing) hash(path string) string {
	entries := slices.Clone(l.folders[path])
	key := func(e fs.DirEntry) string {
		if e.IsDir() {
			return e.Name() + "/"
		}
		return e.Name()
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(key(a), key(b)) })
	var tree bytes.Buffer
	for _, e := range entries {
		one := e.(*entry)
		sha := one.item.sha
		if e.IsDir() {
			below := e.Name()
			if path != "." {
				below = path + "/" + e.Name()
			}
			sha = l.hash(below)
		}
		raw, err := hex.DecodeString(sha)
		if err != nil {
			raw = nil // then the name of the tree is not the right one either
		}
		fmt.Fprintf(&tree, "%o %s\x00%s", one.item.mode, e.Name(), raw)
	}
	return objectName("tree", tree.Bytes())
}

// objectName is what git calls an object.
func objectName(kind string, data []byte) string {
	h := sha1.New() //nolint:gosec // as above
	h.Write(fmt.Appendf(nil, "%s %d\x00", kind, len(data)))
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil))
}

// with is the listing after a comparison's changes, when that is provably the tree of the
// given name. It is not when the comparison does not name all files, or a new file is not
// a plain one.
func (l *listing) with(files []*github.CommitFile, tree string) (*listing, bool) {
	if len(files) >= maxCompared {
		return nil, false
	}
	items := maps.Clone(l.items)
	for _, f := range files {
		if checkPath(f.GetFilename()) != nil {
			return nil, false
		}
		before := f.GetFilename()
		if f.PreviousFilename != nil && f.GetStatus() == "renamed" {
			before = f.GetPreviousFilename()
			delete(items, before)
		}
		if f.GetStatus() == "removed" {
			delete(items, f.GetFilename())
			continue
		}
		mode := uint32(modeFile)
		if was, ok := l.items[before]; ok {
			mode = was.mode
		}
		items[f.GetFilename()] = item{mode: mode, sha: f.GetSHA(), size: unknownSize}
	}
	after := newListing(tree, items)
	return after, after.exact
}

// changed are the paths that differ in content or mode, sorted.
func (l *listing) changed(other *listing) []string {
	var paths []string
	for path, it := range l.items {
		if is, ok := other.items[path]; !ok || is.sha != it.sha || is.mode != it.mode {
			paths = append(paths, path)
		}
	}
	for path := range other.items {
		if _, ok := l.items[path]; !ok {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}

// encode writes an exact listing for the cache: "mode sha size path" and NUL for each item.
func (l *listing) encode() []byte {
	var out bytes.Buffer
	for _, path := range slices.Sorted(maps.Keys(l.items)) {
		it := l.items[path]
		fmt.Fprintf(&out, "%o %s %d %s\x00", it.mode, it.sha, it.size, path)
	}
	return out.Bytes()
}

var errListing = errors.New("the cached listing is damaged")

// decodeListing reads what encode wrote.
func decodeListing(tree string, data []byte) (*listing, error) {
	items, err := decodeItems(data)
	if err != nil {
		return nil, err
	}
	l := newListing(tree, items)
	if !l.exact {
		return nil, errListing
	}
	return l, nil
}

func decodeItems(data []byte) (map[string]item, error) {
	items := map[string]item{}
	for len(data) > 0 {
		line, rest, whole := bytes.Cut(data, []byte{0})
		parts := strings.SplitN(string(line), " ", 4)
		if !whole || len(parts) != 4 {
			return nil, errListing
		}
		mode, err1 := strconv.ParseUint(parts[0], 8, 32)
		size, err2 := strconv.ParseInt(parts[2], 10, 64)
		if err1 != nil || err2 != nil || mode == modeFolder || checkPath(parts[3]) != nil {
			return nil, errListing
		}
		items[parts[3]] = item{mode: uint32(mode), sha: parts[1], size: size}
		data = rest
	}
	return items, nil
}

// checkPath refuses what is only made to harm who reads it.
func checkPath(path string) error {
	switch {
	case len(path) > source.MaxPathBytes:
		return fmt.Errorf("the path %.60q... is longer than %d bytes", path, source.MaxPathBytes)
	case strings.Count(path, "/") > maxDepth:
		return fmt.Errorf("the path %.60q... is deeper than %d folders", path, maxDepth)
	}
	for name := range strings.SplitSeq(path, "/") {
		if name == "" || name == "." || name == ".." {
			return fmt.Errorf("the path %.60q has a name that git does not allow", path)
		}
	}
	return nil
}

// maxCachedItems bounds the listings that are kept in memory, by what they name. The
// trees of a repository's reviews are mostly the same few.
const maxCachedItems = 300_000

// A listingCache keeps the listings that were used last.
type listingCache struct {
	mu    sync.Mutex
	items int
	used  []*listing // the last one was used last
}

func newListingCache() *listingCache { return &listingCache{} }

func (c *listingCache) get(tree string) *listing {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.used, func(l *listing) bool { return l.tree == tree })
	if i < 0 {
		return nil
	}
	l := c.used[i]
	c.used = append(slices.Delete(c.used, i, i+1), l)
	return l
}

func (c *listingCache) put(l *listing) {
	if c.get(l.tree) != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.used = append(c.used, l)
	c.items += len(l.items) + 1
	for c.items > maxCachedItems && len(c.used) > 1 {
		c.items -= len(c.used[0].items) + 1
		c.used = c.used[1:]
	}
}
