package main

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/chiselbot/chiselbot/app/build"
	"github.com/chiselbot/chiselbot/fixes"
)

// buildFlags say with what images are built.
type buildFlags struct {
	address, network, platform string
	tls                        build.TLS
	plain                      bool
	timeout                    time.Duration
	allow, args                []string
	memory                     int64
	cpus                       float64
}

// bind gives a verb its flags.
func (b *buildFlags) bind(f *pflag.FlagSet, address string) {
	f.StringVar(&b.address, "buildkit-addr", address, "also prove plans by building the images before and after, with the BuildKit at this address: unix://PATH or tcp://HOST:PORT (default: $BUILDKIT_HOST)")
	f.StringVar(&b.tls.CA, "buildkit-tls-ca", "", "file with the CA that signed BuildKit's certificate, in PEM (default: those that the system trusts)")
	f.StringVar(&b.tls.Certificate, "buildkit-tls-cert", "", "file with the certificate that BuildKit wants to see")
	f.StringVar(&b.tls.Key, "buildkit-tls-key", "", "file with its key")
	f.StringVar(&b.tls.Name, "buildkit-tls-name", "", "name in BuildKit's certificate (default: that of its address)")
	f.BoolVar(&b.plain, "buildkit-plain", false, "speak without TLS to a BuildKit on another machine, where something else keeps what is sent from others")
	f.DurationVar(&b.timeout, "build-timeout", 10*time.Minute, "how long one build may take")
	f.StringVar(&b.network, "build-network", string(build.NoNetwork), "network of RUN instructions: none, proxy (what --build-allow says, through a proxy of BuildKit's) or daemon (what the daemon gives them)")
	f.StringArrayVar(&b.allow, "build-allow", nil, "URL that ADD and, through the proxy, RUN may fetch from, with * for any text: 'https://api.nuget.org/*'")
	f.StringArrayVar(&b.args, "build-arg", nil, "NAME=VALUE of an ARG of the Dockerfiles")
	f.StringVar(&b.platform, "build-platform", "", "platform to build for, as linux/arm64 (default: the daemon's own)")
	f.Int64Var(&b.memory, "build-memory", 0, "mebibytes of memory that one RUN instruction may use (0: no limit)")
	f.Float64Var(&b.cpus, "build-cpus", 0, "processors that one RUN instruction may use (0: no limit)")
}

// builder is what the flags ask for, nil where they ask for none.
func (b *buildFlags) builder() (fixes.Builder, error) {
	if b.address == "" {
		return nil, nil
	}
	args := map[string]string{}
	for _, a := range b.args {
		name, value, ok := strings.Cut(a, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("read --build-arg %q: want NAME=VALUE", a)
		}
		args[name] = value
	}
	switch {
	case b.timeout <= 0:
		return nil, fmt.Errorf("read --build-timeout %s: want more than nothing", b.timeout)
	case b.memory < 0 || b.memory > math.MaxInt64>>20:
		return nil, fmt.Errorf("read --build-memory %d: want a number of mebibytes", b.memory)
	case b.cpus < 0 || b.cpus > 1000:
		return nil, fmt.Errorf("read --build-cpus %g: want a number of processors", b.cpus)
	}
	builder, err := build.New(build.Config{
		Address: b.address, TLS: b.tls, Plain: b.plain, Timeout: b.timeout, Network: build.Network(b.network), Allow: b.allow,
		Args: args, Platform: b.platform, Memory: b.memory << 20, CPUs: b.cpus,
	})
	switch {
	case errors.Is(err, build.ErrPlain):
		return nil, fmt.Errorf("%w: give --buildkit-tls-ca, --buildkit-tls-cert and --buildkit-tls-key, or --buildkit-plain where something else keeps it from others", err)
	case err != nil:
		return nil, err
	}
	return builder, nil
}
