package store

import (
	"os"
	"syscall"
)

// syncData waits until what is in a file is on the disk, and its length. When it was last
// changed may be lost, or the file system would write its journal each time.
func syncData(f *os.File) error {
	for {
		if err := syscall.Fdatasync(int(f.Fd())); err != syscall.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
