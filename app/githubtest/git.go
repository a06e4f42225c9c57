package githubtest

import (
	"io"
	"sort"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	gitobject "github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/memory"
)

// A Change is one file of a commit that differs from the parent's.
type Change struct {
	path   string
	mode   filemode.FileMode // Empty removes the path
	data   string
	hash   plumbing.Hash // of an object that is there already, instead of data
	exists bool          // hash is meant
}

// Write is a file with a text.
func Write(path, text string) Change {
	return Change{path: path, mode: filemode.Regular, data: text}
}

// Executable is a file that may be executed.
func Executable(path, text string) Change {
	return Change{path: path, mode: filemode.Executable, data: text}
}

// Link is a symbolic link.
func Link(path, target string) Change {
	return Change{path: path, mode: filemode.Symlink, data: target}
}

// Submodule is a folder that another repository fills.
func Submodule(path, commit string) Change {
	return Change{path: path, mode: filemode.Submodule, hash: plumbing.NewHash(commit), exists: true}
}

// Remove takes a file or a folder away.
func Remove(path string) Change { return Change{path: path} }

// A network is the objects that a repository and its forks share.
type network struct {
	store *memory.Storage
	// verified are the commits that GitHub signed.
	verified map[plumbing.Hash]bool
}

func newNetwork() *network {
	return &network{store: memory.NewStorage(), verified: map[plumbing.Hash]bool{}}
}

// An encoder is an object of git's.
type encoder interface {
	Encode(plumbing.EncodedObject) error
}

func (n *network) keep(e encoder) plumbing.Hash {
	obj := n.store.NewEncodedObject()
	if err := e.Encode(obj); err != nil {
		panic(err)
	}
	hash, err := n.store.SetEncodedObject(obj)
	if err != nil {
		panic(err)
	}
	return hash
}

func (n *network) keepBlob(data string) plumbing.Hash {
	obj := n.store.NewEncodedObject()
	obj.SetType(plumbing.BlobObject)
	w, err := obj.Writer()
	if err == nil {
		_, err = io.WriteString(w, data)
	}
	if err != nil {
		panic(err)
	}
	hash, err := n.store.SetEncodedObject(obj)
	if err != nil {
		panic(err)
	}
	return hash
}

func (n *network) hasCommit(hash plumbing.Hash) bool { return n.store.Commits[hash] != nil }

func (n *network) blob(hash plumbing.Hash) (string, bool) {
	obj := n.store.Blobs[hash]
	if obj == nil {
		return "", false
	}
	r, err := obj.Reader()
	if err != nil {
		panic(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		panic(err)
	}
	return string(data), true
}

func (n *network) tree(hash plumbing.Hash) *gitobject.Tree {
	if hash.IsZero() {
		return &gitobject.Tree{}
	}
	t, err := gitobject.GetTree(n.store, hash)
	if err != nil {
		panic(err)
	}
	return t
}

func (n *network) commitObject(hash plumbing.Hash) *gitobject.Commit {
	c, err := gitobject.GetCommit(n.store, hash)
	if err != nil {
		panic(err)
	}
	return c
}

// treeOf is the tree of a commit or the tree itself.
func (n *network) treeOf(hash plumbing.Hash) (plumbing.Hash, bool) {
	if n.hasCommit(hash) {
		return n.commitObject(hash).TreeHash, true
	}
	return hash, n.store.Trees[hash] != nil
}

// edit makes the tree that a tree becomes by changes.
func (n *network) edit(root plumbing.Hash, changes []Change) plumbing.Hash {
	entries := map[string]gitobject.TreeEntry{}
	for _, e := range n.tree(root).Entries {
		entries[e.Name] = e
	}
	nested := map[string][]Change{}
	for _, c := range changes {
		dir, rest, below := strings.Cut(c.path, "/")
		switch {
		case below:
			c.path = rest
			nested[dir] = append(nested[dir], c)
		case c.mode == filemode.Empty:
			delete(entries, c.path)
		default:
			if !c.exists {
				c.hash = n.keepBlob(c.data)
			}
			entries[c.path] = gitobject.TreeEntry{Name: c.path, Mode: c.mode, Hash: c.hash}
		}
	}
	for dir, changes := range nested {
		var below plumbing.Hash
		if e, ok := entries[dir]; ok && e.Mode == filemode.Dir {
			below = e.Hash
		}
		below = n.edit(below, changes)
		if len(n.tree(below).Entries) == 0 {
			delete(entries, dir)
			continue
		}
		entries[dir] = gitobject.TreeEntry{Name: dir, Mode: filemode.Dir, Hash: below}
	}
	t := &gitobject.Tree{}
	for _, e := range entries {
		t.Entries = append(t.Entries, e)
	}
	sort.Sort(gitobject.TreeEntrySorter(t.Entries))
	return n.keep(t)
}

func (n *network) commit(tree plumbing.Hash, message string, author, committer gitobject.Signature, parents ...plumbing.Hash) plumbing.Hash {
	return n.keep(&gitobject.Commit{Author: author, Committer: committer, Message: message, TreeHash: tree, ParentHashes: parents})
}

// signature is how a person signs a commit.
func (a *account) signature(when time.Time) gitobject.Signature {
	return gitobject.Signature{Name: a.login, Email: a.email(), When: when}
}

func (a *account) email() string {
	return sprintf("%d+%s@users.noreply.github.com", []any{a.id, a.login})
}

// githubSignature is that of the committer of what is made in the browser.
func githubSignature(when time.Time) gitobject.Signature {
	return gitobject.Signature{Name: "GitHub", Email: "noreply@github.com", When: when}
}

// mergeBase is the best common ancestor, zero without one.
func (n *network) mergeBase(a, b plumbing.Hash) plumbing.Hash {
	bases, err := n.commitObject(a).MergeBase(n.commitObject(b))
	if err != nil || len(bases) == 0 {
		return plumbing.ZeroHash
	}
	return bases[0].Hash
}

// without are the commits that to reaches and from does not, oldest first.
func (n *network) without(from, to plumbing.Hash) []*gitobject.Commit {
	seen := map[plumbing.Hash]bool{}
	var walk func(hash plumbing.Hash, list []*gitobject.Commit) []*gitobject.Commit
	walk = func(hash plumbing.Hash, list []*gitobject.Commit) []*gitobject.Commit {
		if seen[hash] {
			return list
		}
		seen[hash] = true
		c := n.commitObject(hash)
		for _, p := range c.ParentHashes {
			list = walk(p, list)
		}
		return append(list, c)
	}
	walk(from, nil)
	return walk(to, nil)
}

// mergeTrees makes the tree of a merge: for each path what differs from the base. Both
// sides having changed one path is a conflict.
func (n *network) mergeTrees(base, ours, theirs plumbing.Hash) (plumbing.Hash, bool) {
	was, mine, other := n.flatten(base), n.flatten(ours), n.flatten(theirs)
	var changes []Change
	for path, e := range other {
		if was[path] == e || mine[path] == e {
			continue
		}
		if mine[path] != was[path] {
			return plumbing.ZeroHash, false
		}
		changes = append(changes, Change{path: path, mode: e.mode, hash: e.hash, exists: true})
	}
	for path := range was {
		if _, stays := other[path]; !stays {
			if mine[path] != was[path] {
				return plumbing.ZeroHash, false
			}
			changes = append(changes, Remove(path))
		}
	}
	return n.edit(ours, changes), true
}

type flatEntry struct {
	mode filemode.FileMode
	hash plumbing.Hash
}

// flatten is all of a tree that is no folder, by path.
func (n *network) flatten(root plumbing.Hash) map[string]flatEntry {
	all := map[string]flatEntry{}
	n.walk(root, "", func(path string, e gitobject.TreeEntry) {
		if e.Mode != filemode.Dir {
			all[path] = flatEntry{e.Mode, e.Hash}
		}
	})
	return all
}

// walk visits a tree and all below it, folders before what is in them.
func (n *network) walk(root plumbing.Hash, prefix string, visit func(path string, e gitobject.TreeEntry)) {
	for _, e := range n.tree(root).Entries {
		visit(prefix+e.Name, e)
		if e.Mode == filemode.Dir {
			n.walk(e.Hash, prefix+e.Name+"/", visit)
		}
	}
}
