package misconf

import (
	"crypto/sha256"
	"sync"
)

// How many texts and objects are remembered at least; twice as many at most. One takes
// about a kilobyte, an object up to five.
const (
	memoFiles   = 2048
	memoObjects = 4096
)

// memo remembers verdicts by the hash of what they are about. Base and head of a change
// have most files in common, a chart has most objects in common under all of its values
// sets, and they are often scanned at the same time: whoever comes second waits for the
// first.
type memo struct {
	size int

	mu       sync.Mutex
	new, old map[[sha256.Size]byte]*entry
}

type entry struct {
	mu       sync.Mutex
	done     bool
	verdicts []verdict
	err      error
}

func newMemo(size int) *memo {
	return &memo{size: size, new: map[[sha256.Size]byte]*entry{}}
}

// get is what is remembered under the hash, or else what scan gives. The flag that scan
// returns says whether its answer holds for the next one who asks.
func (m *memo) get(hash [sha256.Size]byte, scan func() ([]verdict, bool, error)) ([]verdict, error) {
	e := m.entry(hash)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.done {
		return e.verdicts, e.err
	}
	verdicts, keep, err := scan()
	if keep {
		e.verdicts, e.err, e.done = verdicts, err, true
	}
	return verdicts, err
}

// entry finds or makes the entry. When the newer half is full the older one goes.
func (m *memo) entry(key [sha256.Size]byte) *entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.new[key]; e != nil {
		return e
	}
	e := m.old[key]
	if e == nil {
		e = &entry{}
	}
	if len(m.new) >= m.size {
		m.new, m.old = make(map[[sha256.Size]byte]*entry, m.size), m.new
	}
	m.new[key] = e
	return e
}
