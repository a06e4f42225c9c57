// Package build builds the images of Dockerfiles with a BuildKit daemon, as a part of the
// proof of a plan, and looks into them: who runs in them, what they start, and whether
// that is there. What that proves, package fixes says.
//
// Trees are strangers'. Their files go to the daemon straight from the tree and are never
// written here; no image is kept, and nothing of it is read but its configuration, the
// names of files and the head of the program that it starts. What RUN does is up to the
// daemon: it gets no network unless it is given one, and no source but images, unless
// more are allowed.
package build

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/moby/buildkit/client"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/identity"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/solver/pb"
	"github.com/tonistiigi/fsutil"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
)

// Network is what RUN instructions reach.
type Network string

// The networks. The first is the default.
const (
	// NoNetwork is none at all.
	NoNetwork Network = "none"
	// ProxyNetwork is what is allowed, through a proxy of BuildKit's, which must be a
	// version that has one. https://github.com/moby/buildkit/blob/master/docs/proxy.md
	ProxyNetwork Network = "proxy"
	// DaemonNetwork is what the daemon gives, which is the network of its host unless it
	// is set up otherwise.
	DaemonNetwork Network = "daemon"
)

// Config says with what is built.
type Config struct {
	// Address is the daemon's, unix:///run/buildkit/buildkitd.sock or tcp://HOST:PORT.
	Address string
	// TLS is for a daemon at a tcp address; without it, one on another machine must be Plain:
	// something else keeps what is sent to it from others.
	TLS   TLS
	Plain bool
	// Timeout is how long one build may take.
	Timeout time.Duration
	Network Network
	// Allow are addresses that ADD and, through the proxy, RUN may fetch from, with * for
	// any text: "https://api.nuget.org/*".
	Allow []string
	// Args are values for ARG.
	Args map[string]string
	// Platform is what is built for, empty for the daemon's own.
	Platform string
	// Memory and CPUs are what one RUN instruction may use, 0 for no limit.
	Memory int64
	CPUs   float64
}

// A Builder builds with a daemon. It implements [fixes.Builder] and may be used by
// several goroutines.
type Builder struct{ config Config }

// New is a builder with a configuration. Nothing is asked of the daemon yet.
func New(c Config) (*Builder, error) {
	u, err := url.Parse(c.Address)
	if err != nil || u.Scheme != "unix" && u.Scheme != "tcp" {
		return nil, fmt.Errorf("read address of BuildKit %q: want unix://PATH or tcp://HOST:PORT", c.Address)
	}
	if err := c.TLS.check(u, c.Plain); err != nil {
		return nil, err
	}
	if c.Network == "" {
		c.Network = NoNetwork
	}
	if !slices.Contains([]Network{NoNetwork, ProxyNetwork, DaemonNetwork}, c.Network) {
		return nil, fmt.Errorf("read network of builds %q: want none, proxy or daemon", c.Network)
	}
	for _, allowed := range c.Allow {
		if !strings.HasPrefix(allowed, "https://") && !strings.HasPrefix(allowed, "http://") && !strings.HasPrefix(allowed, "git://") {
			return nil, fmt.Errorf("read allowed address %q: want one that begins with https://, http:// or git://", allowed)
		}
	}
	return &Builder{c}, nil
}

// Build implements [fixes.Builder].
func (b *Builder) Build(ctx context.Context, tree source.Tree, what fixes.Target) (*fixes.Built, error) {
	var built *fixes.Built
	size, err := b.build(ctx, tree, what, func(ctx context.Context, _ gateway.Client, res *gateway.Result) error {
		var err error
		built, err = look(ctx, res)
		return err
	})
	if err != nil {
		return nil, err
	}
	built.Size = size
	return built, nil
}

// build builds an image and gives its size. use is shown what was built.
func (b *Builder) build(ctx context.Context, tree source.Tree, what fixes.Target, use func(context.Context, gateway.Client, *gateway.Result) error) (int64, error) {
	text, err := tree.Read(what.Dockerfile)
	if err != nil {
		return 0, err
	}
	file, err := dockerfile.Parse(text)
	if err != nil {
		return 0, &fixes.BuildError{Message: err.Error()}
	}
	limited, cancel := context.WithTimeout(ctx, b.config.Timeout)
	defer cancel()
	c, err := b.reach(ctx, limited)
	if err != nil {
		return 0, fmt.Errorf("reach BuildKit at %s: %w", b.config.Address, err)
	}
	defer func() { _ = c.Close() }() // what was asked of it is done

	files, size, watch, guard := &sent{}, &weight{}, newLog(), &guard{allow: b.config.Allow}
	opt := b.solve(&treeFS{tree.FS, contextOf(tree, file), files}, &treeFS{tree.FS, path.Dir(what.Dockerfile), files}, size, guard)
	_, err = c.Build(limited, opt, "chiselbot", func(ctx context.Context, gw gateway.Client) (*gateway.Result, error) {
		if caps := gw.BuildOpts().LLBCaps; b.config.Network == ProxyNetwork && caps.Supports(pb.CapExecMetaNetworkProxy) != nil {
			return nil, errNoProxy
		}
		res, err := gw.Solve(ctx, gateway.SolveRequest{Frontend: "dockerfile.v0", FrontendOpt: b.attrs(what), Evaluate: true})
		if err != nil {
			return nil, err
		}
		return res, use(ctx, gw, res)
	}, watch.status)
	watch.wait()
	switch {
	case err == nil:
		return size.layers()
	case files.over.Load() != nil:
		return 0, *files.over.Load()
	}
	return 0, b.blame(ctx, limited, file, err, watch, guard)
}

// reach opens a connection to the daemon and hears from it. limited is ctx with the time
// that a build may take.
func (b *Builder) reach(ctx, limited context.Context) (*client.Client, error) {
	var opts []client.ClientOpt
	shake := &handshake{tls: b.config.TLS}
	if b.config.TLS != (TLS{}) {
		config, err := b.config.TLS.config(time.Now())
		if err != nil {
			return nil, err
		}
		shake.TransportCredentials = credentials.NewTLS(config)
		opts = append(opts, client.WithGRPCDialOption(grpc.WithTransportCredentials(shake)))
	}
	c, err := client.New(limited, b.config.Address, opts...)
	if err != nil {
		return nil, err
	}
	_, err = c.ListWorkers(limited)
	if err == nil {
		return c, nil
	}
	_ = c.Close() // it has told what is wrong
	if failed := shake.failed.Load(); failed != nil && ctx.Err() == nil {
		return nil, *failed
	}
	reason := b.reason(ctx, limited, err)
	switch {
	case limited.Err() != nil || status.Code(err) != codes.Unavailable:
	case shake.done.Load(): // with TLS 1.3 a daemon looks at our certificate when we are done
		return nil, fmt.Errorf("it hung up on us, as who does not take our certificate: %w", reason)
	case b.config.TLS == TLS{} && strings.Contains(reason.Error(), "error reading server preface"):
		return nil, fmt.Errorf("it may want TLS, of which nothing is given: %w", reason)
	}
	return nil, reason
}

var errNoProxy = errors.New("this BuildKit has no proxy for the network of builds; v0.34 has one")

// solve is what the daemon is asked for beside the Dockerfile.
func (b *Builder) solve(folder, own fsutil.FS, size *weight, guard *guard) client.SolveOpt {
	opt := client.SolveOpt{
		// A key of its own: the daemon would take a file that has the size of an earlier one
		// for the same.
		SharedKey:   identity.NewID(),
		LocalMounts: map[string]fsutil.FS{"context": folder, "dockerfile": own},
		Exports:     []client.ExportEntry{{Type: client.ExporterOCI, Output: size.open}},
	}
	if b.config.Network == ProxyNetwork { // whoever has the proxy asks for each address
		opt.ProxyNetwork, opt.SourcePolicyProvider = true, guard.provider()
	} else {
		opt.SourcePolicy = guard.policy()
	}
	return opt
}

// attrs are what the Dockerfile's frontend is asked for.
func (b *Builder) attrs(what fixes.Target) map[string]string {
	attrs := map[string]string{
		"filename": path.Base(what.Dockerfile),
		// With it the frontend of the daemon reads the file itself, whatever image a syntax
		// directive names.
		"cmdline": "chiselbot",
	}
	if what.Stage != "" {
		attrs["target"] = what.Stage
	}
	if b.config.Platform != "" {
		attrs["platform"] = b.config.Platform
	}
	if b.config.Network == NoNetwork {
		attrs["force-network-mode"] = "none"
	}
	if b.config.Memory > 0 {
		attrs["memory"] = strconv.FormatInt(b.config.Memory, 10)
	}
	if b.config.CPUs > 0 {
		const period = 100_000 // microseconds, the kernel's own
		attrs["cpuperiod"] = strconv.Itoa(period)
		attrs["cpuquota"] = strconv.Itoa(int(b.config.CPUs * period))
	}
	for name, value := range b.config.Args {
		attrs["build-arg:"+name] = value
	}
	return attrs
}

// reason is why the daemon did not do what it was asked for. limited is ctx with the time
// that a build may take.
func (b *Builder) reason(ctx, limited context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case limited.Err() != nil: // the daemon's answer says nothing of a deadline
		return fmt.Errorf("it took longer than %s", b.config.Timeout)
	}
	return errors.New(words(err))
}

// blame tells a build that the Dockerfile ended from one of which nothing is known.
func (b *Builder) blame(ctx, limited context.Context, file *dockerfile.File, err error, watch *log, guard *guard) error {
	said := b.reason(ctx, limited, err)
	message := said.Error()
	code := status.Code(err)
	switch {
	case limited.Err() != nil:
		return said
	case code == codes.Unavailable, errors.Is(err, errNoProxy):
		return fmt.Errorf("build with BuildKit at %s: %w", b.config.Address, said)
	case strings.Contains(message, "denied by policy"), strings.Contains(message, "not allowed by policy"):
		return fmt.Errorf("it fetches what builds here may not, unless --build-allow says so: %s", message)
	case strings.Contains(message, "failed to resolve source metadata") && !strings.Contains(message, "not found"):
		return fmt.Errorf("an image could not be asked for: %s", message)
	}
	failed := &fixes.BuildError{Message: message, Log: watch.lastOf(err), Help: guard.help()}
	if b.config.Network == NoNetwork && offline(failed.Log) {
		failed.Help = "Builds here have no network: `--build-network` would give them one."
	}
	for _, src := range errdefs.Sources(err) {
		if len(src.Ranges) > 0 && src.Info != nil && path.Base(src.Info.Filename) == path.Base(file.Path()) {
			failed.Line = int(src.Ranges[0].Start.GetLine())
		}
	}
	if failed.Line == 0 { // as with the proxy, where the daemon has no place for the error
		failed.Line = watch.lineOf(err, file)
	}
	return failed
}

// maxWords is how much of an error is told.
const maxWords = 600

// words are an error of the daemon's without what only its own code means.
func words(err error) string {
	text := err.Error()
	if s, ok := status.FromError(err); ok {
		text = s.Message()
	}
	for _, prefix := range []string{"failed to run Build function: ", "failed to solve: ", "rpc error: code = Unknown desc = "} {
		text = strings.ReplaceAll(text, prefix, "")
	}
	return printable(text, maxWords)
}
