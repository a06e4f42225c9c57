// Command chiselbot reviews changes to container images: what a change to Dockerfiles
// makes better and worse, and what stands in the way of running without a shell, a
// package manager and root.
//
// Each verb has a file of its own; main only maps what a verb returns to an exit code.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/chiselbot/chiselbot/app/report"
)

// The exit codes. They are documented in the help and in the README.
const (
	exitPassed = 0 // nothing new at or above --fail-on
	exitFailed = 1 // new findings at or above --fail-on
	exitUsage  = 2 // wrong usage, or nothing could be read
	exitUnsure = 3 // nothing new at or above --fail-on, but something could not be checked
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	code := run(ctx, program{self: self, in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Environ(), now: time.Now}, os.Args[1:])
	stop()
	os.Exit(code)
}

// program is what a verb may use of the world.
type program struct {
	self     string // the path of the program
	in       io.Reader
	out, err io.Writer
	env      []string
	now      func() time.Time
}

// exit is an error that only carries an exit code: all that had to be said was said.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// run carries out the command line and returns the exit code.
func run(ctx context.Context, p program, args []string) int {
	root := p.rootCommand()
	root.SetArgs(args)
	root.SetIn(p.in)
	root.SetOut(p.out)
	root.SetErr(p.err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitPassed
	}
	if code := exit(0); errors.As(err, &code) {
		return int(code)
	}
	if ctx.Err() != nil {
		fmt.Fprintln(p.err, "chiselbot: interrupted")
		return exitUsage
	}
	fmt.Fprintf(p.err, "chiselbot: %s\n", report.Shown(err.Error()))
	return exitUsage
}
