//go:build !linux

package sandbox

import (
	"runtime/debug"
	"syscall"
)

// limit has the Go runtime keep the memory of this process down as far as it can. Only on
// Linux is there a limit that it cannot pass; everywhere else time is what ends a child.
func limit(memory int64) error {
	debug.SetMemoryLimit(memory * 3 / 4)
	return nil
}

func attributes() *syscall.SysProcAttr { return nil }
