// Package sandbox runs work on strangers' input in child processes of the same program,
// so that what cannot be bounded inside a process is bounded from outside: a child that
// takes too long is killed, one that takes too much memory dies of it, and either way the
// program lives on and has its memory back.
//
// A child gets its work over its standard input and answers on its standard output. It
// has no environment, no way to write a file and few files to open, so that neither
// secrets nor the disk are within its reach. A child that has answered is used again;
// starting one takes about as long as starting the program.
//
// The package knows nothing of what is done in it. The work is pure by contract: a call
// that lost its child before an answer may be made once more.
package sandbox

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"
)

// Why a child was given up. The error of a call has one of them in its chain.
var (
	ErrTime   = errors.New("out of time")
	ErrMemory = errors.New("out of memory")
	ErrAnswer = errors.New("answer too large")
)

// Work is one kind of work that a child can do: see [Do].
type Work func(ctx context.Context, in *gob.Decoder) (answer any, err error)

// Do makes work of a function. What goes in and out crosses a process boundary: only
// exported fields arrive (see [gob]).
func Do[In, Out any](do func(context.Context, *In) (*Out, error)) Work {
	return func(ctx context.Context, dec *gob.Decoder) (any, error) {
		in := new(In)
		if err := dec.Decode(in); err != nil {
			return nil, broken{err}
		}
		return do(ctx, in)
	}
}

// broken is an error of the connection and none of the work.
type broken struct{ error }

func (b broken) Unwrap() error { return b.error }

// greeting is what a child is told first.
type greeting struct {
	Memory int64
}

// call goes before the input of each piece of work.
type call struct {
	Work   string
	Budget time.Duration
}

// answer goes before the output; there is none with an error.
type answer struct {
	Error string
}

// Serve is the life of a child: it limits itself as it is told and does the work that is
// asked of it, until in ends. A panic of the work is an answer and the child's end.
func Serve(ctx context.Context, in io.Reader, out io.Writer, works map[string]Work) error {
	dec, enc := gob.NewDecoder(in), gob.NewEncoder(out)
	var hello greeting
	if err := dec.Decode(&hello); err != nil {
		return fmt.Errorf("read greeting: %w", err)
	}
	if err := limit(hello.Memory); err != nil {
		return err
	}
	for {
		var c call
		if err := dec.Decode(&c); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read call: %w", err)
		}
		work, ok := works[c.Work]
		if !ok {
			return fmt.Errorf("read call: no work is called %q", c.Work)
		}
		result, err := work.do(ctx, c.Budget, dec)
		if errors.As(err, &broken{}) {
			return fmt.Errorf("read input of %s: %w", c.Work, err)
		}
		var a answer
		if err != nil {
			a.Error = err.Error()
		}
		if err := enc.Encode(a); err != nil {
			return fmt.Errorf("write answer of %s: %w", c.Work, err)
		}
		switch {
		case errors.As(err, &panicked{}):
			return fmt.Errorf("%s: %w", c.Work, err)
		case err == nil:
			if err := enc.Encode(result); err != nil {
				return fmt.Errorf("write answer of %s: %w", c.Work, err)
			}
		}
	}
}

// panicked is what became of a panic, with its stack.
type panicked struct {
	value any
	stack []byte
}

func (p panicked) Error() string { return fmt.Sprintf("unexpected %v", p.value) }

// do does one piece of work. The work is asked to stop a little before the child is
// killed, so that it can say how far it came.
func (w Work) do(ctx context.Context, budget time.Duration, in *gob.Decoder) (result any, err error) {
	ctx, cancel := context.WithTimeout(ctx, budget*9/10)
	defer cancel()
	// Whoever is to kill this process may have died first.
	orphaned := time.AfterFunc(budget*2, func() { os.Exit(2) }) //nolint:forbidigo // nothing but the end of the process ends work that does not listen
	defer orphaned.Stop()
	defer func() {
		if p := recover(); p != nil {
			result, err = nil, panicked{p, debug.Stack()}
		}
	}()
	return w(ctx, in)
}
