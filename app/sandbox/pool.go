package sandbox

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// Config says what children there are and what they may take. Zero values stand for the
// defaults.
type Config struct {
	// Command is the program with its arguments that calls [Serve]. It must be given.
	Command []string
	// Size is how many children there are at most, by default one per processor.
	Size int
	// Time is what one call may take, by default 10 seconds.
	Time time.Duration
	// Memory is how many bytes of memory a child may have, by default 1 GiB.
	Memory int64
	// MaxAnswer is how many bytes one answer may have, by default 64 MiB.
	MaxAnswer int64
}

func (c Config) withDefaults() Config {
	if c.Size <= 0 {
		c.Size = runtime.GOMAXPROCS(0)
	}
	if c.Time <= 0 {
		c.Time = 10 * time.Second
	}
	if c.Memory <= 0 {
		c.Memory = 1 << 30
	}
	if c.MaxAnswer <= 0 {
		c.MaxAnswer = 64 << 20
	}
	return c
}

// A Pool is a set of children. It is safe for concurrent use.
type Pool struct {
	config Config
	places chan struct{} // one for each child that may be at work

	mu     sync.Mutex
	idle   []*child
	closed bool
}

// New makes a pool. Children are started when they are needed, or by [Pool.Warm].
func New(config Config) *Pool {
	config = config.withDefaults()
	return &Pool{config: config, places: make(chan struct{}, config.Size)}
}

// Warm starts a child ahead of the first call; an error comes back from that call. Run
// it in a goroutine beside other work.
func (p *Pool) Warm() {
	if c, err := p.start(); err == nil {
		p.put(c)
	}
}

// Call has a child do the work that [Serve] knows by that name. in and out are pointers
// to what the work takes and gives.
func (p *Pool) Call(ctx context.Context, work string, in, out any) error {
	select {
	case p.places <- struct{}{}:
		defer func() { <-p.places }()
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", work, ctx.Err())
	}
	err := p.try(ctx, p.take, work, in, out)
	if errors.As(err, &lost{}) && ctx.Err() == nil {
		err = p.try(ctx, p.start, work, in, out)
	}
	switch {
	case err == nil, errors.As(err, &refused{}):
		return err
	case ctx.Err() != nil:
		err = ctx.Err()
	}
	return fmt.Errorf("%s: %w", work, err)
}

// try makes the call with a child from that source and puts the child back if it is well.
func (p *Pool) try(ctx context.Context, from func() (*child, error), work string, in, out any) error {
	c, err := from()
	if err != nil {
		return err
	}
	err = c.call(ctx, work, in, out)
	if err == nil || errors.As(err, &refused{}) {
		p.put(c)
	}
	return err
}

// take gives an idle child, or a new one.
func (p *Pool) take() (*child, error) {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		defer p.mu.Unlock()
		var c *child
		c, p.idle = p.idle[n-1], p.idle[:n-1]
		return c, nil
	}
	p.mu.Unlock()
	return p.start()
}

// start gives a new child.
func (p *Pool) start() (*child, error) {
	p.mu.Lock()
	closed := p.closed
	p.mu.Unlock()
	if closed {
		return nil, errors.New("the sandbox is closed")
	}
	return start(p.config)
}

// put takes a child back that can work again.
func (p *Pool) put(c *child) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle) == p.config.Size {
		c.end()
		return
	}
	p.idle = append(p.idle, c)
}

// Close ends the idle children; those at work end with their call.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, c := range p.idle {
		c.end()
	}
	p.idle = nil
}
