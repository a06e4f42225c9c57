package sandbox

import (
	"fmt"
	"runtime/debug"
	"syscall"
)

// maxFiles is how many files a child may have open: its three streams and what the Go
// runtime needs.
const maxFiles = 16

// maxStackBytes is how deep work may nest. Go's own limit is a gigabyte.
const maxStackBytes = 64 << 20

// limit bounds this process for the rest of its life: its memory, and that it cannot
// write a file or dump what it holds. RLIMIT_DATA counts writable private memory, which
// is what Go's heap is made of; RLIMIT_AS would count the room that it only reserves.
// https://man7.org/linux/man-pages/man2/getrlimit.2.html
func limit(memory int64) error {
	debug.SetMemoryLimit(memory * 3 / 4)
	debug.SetMaxStack(maxStackBytes)
	for _, l := range []struct {
		resource int
		max      uint64
	}{
		{syscall.RLIMIT_DATA, uint64(memory)},
		{syscall.RLIMIT_FSIZE, 0},
		{syscall.RLIMIT_CORE, 0},
		{syscall.RLIMIT_NOFILE, maxFiles},
	} {
		if err := syscall.Setrlimit(l.resource, &syscall.Rlimit{Cur: l.max, Max: l.max}); err != nil {
			return fmt.Errorf("limit child process: %w", err)
		}
	}
	return nil
}

// attributes give the child a process group of its own: an interrupt from the terminal is
// for the program, which ends its children itself.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
