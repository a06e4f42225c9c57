package sandbox

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
)

// A child is one process. It does one call at a time.
type child struct {
	config Config
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	enc    *gob.Encoder
	dec    *gob.Decoder
	answer *metered
	last   *tail
	ended  sync.Once
	state  error
}

// start starts a child and greets it.
func start(config Config) (*child, error) {
	// The child's life is the pool's and not that of the call that needed it first.
	cmd := exec.CommandContext(context.Background(), config.Command[0], config.Command[1:]...) //nolint:gosec // the program names itself
	cmd.Env = []string{}
	cmd.Dir = "/"
	cmd.SysProcAttr = attributes()
	c := &child{config: config, cmd: cmd, last: &tail{}}
	cmd.Stderr = c.last
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start child process: %w", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start child process: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start child process: %w", err)
	}
	c.stdin, c.answer = stdin, &metered{from: stdout}
	c.enc, c.dec = gob.NewEncoder(stdin), gob.NewDecoder(c.answer)
	if err := c.enc.Encode(greeting{config.Memory}); err != nil {
		return nil, c.fail(err)
	}
	return c, nil
}

// refused is what the work itself says: the child is well and can be used again.
type refused struct{ error }

func (r refused) Unwrap() error { return r.error }

// lost is a child that ended without an answer, for a reason of its own.
type lost struct{ error }

func (l lost) Unwrap() error { return l.error }

// call has the child do one piece of work. After any error but refused the child is gone.
func (c *child) call(ctx context.Context, work string, in, out any) error {
	limited, cancel := context.WithTimeoutCause(ctx, c.config.Time, fmt.Errorf("%w: more than %v", ErrTime, c.config.Time))
	defer cancel()
	stop := context.AfterFunc(limited, func() { _ = c.cmd.Process.Kill() })
	err := c.exchange(work, in, out)
	if !stop() { // it was killed, perhaps just after it had answered
		c.end()
		return context.Cause(limited)
	}
	if err == nil || errors.As(err, &refused{}) {
		return err
	}
	return c.fail(err)
}

func (c *child) exchange(work string, in, out any) error {
	c.answer.left = c.config.MaxAnswer
	if err := c.enc.Encode(call{work, c.config.Time}); err != nil {
		return err
	}
	if err := c.enc.Encode(in); err != nil {
		return err
	}
	var a answer
	if err := c.dec.Decode(&a); err != nil {
		return err
	}
	if a.Error != "" {
		return refused{errors.New(a.Error)}
	}
	return c.dec.Decode(out)
}

// fail ends the child and says what ended it, as far as that can be told.
func (c *child) fail(err error) error {
	if c.answer.left < 0 {
		c.end()
		return fmt.Errorf("%w: more than %d bytes", ErrAnswer, c.config.MaxAnswer)
	}
	c.end()
	said := c.last.String()
	for _, words := range outOfMemory {
		if strings.Contains(said, words) {
			return fmt.Errorf("%w: more than %d MiB", ErrMemory, c.config.Memory>>20)
		}
	}
	if said != "" {
		said = ": " + said
	}
	return lost{fmt.Errorf("child process: %w%s", errors.Join(err, c.state), said)}
}

// outOfMemory is what Go's runtime and its race detector say when they get no more.
var outOfMemory = []string{"out of memory", "cannot allocate memory", "failed to allocate"}

// end kills the child and waits for it, so that its memory is free and its last words are
// whole.
func (c *child) end() {
	c.ended.Do(func() {
		_ = c.stdin.Close()
		_ = c.cmd.Process.Kill() // it may have ended by itself
		c.state = c.cmd.Wait()
	})
}

// metered reads no more than what is left of one answer.
type metered struct {
	from io.Reader
	left int64
}

func (m *metered) Read(p []byte) (int, error) {
	if m.left < 0 {
		return 0, ErrAnswer
	}
	n, err := m.from.Read(p)
	m.left -= int64(n)
	return n, err
}

// tail keeps the first words that a process says on its standard error: the Go runtime
// says first what was wrong, and then for long where.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const maxLastWords = 512

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if room := maxLastWords - len(t.text); room > 0 {
		t.text = append(t.text, p[:min(room, len(p))]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(strings.ToValidUTF8(string(t.text), "?"))
}
