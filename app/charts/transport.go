package charts

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

const maxRedirects = 5

// fewRedirects ends a chain of redirects.
func fewRedirects(_ *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("there are more than %d redirects", maxRedirects)
	}
	return nil
}

// A gate lets requests through that go to hosts of the places, redirects too.
type gate struct {
	places []Place
	next   http.RoundTripper
}

// A refusal is a request that the gate did not let through.
type refusal struct{ message string }

func (r *refusal) Error() string { return r.message }

func (g *gate) RoundTrip(req *http.Request) (*http.Response, error) {
	host := req.URL.Host
	if covered, _ := reaches(g.places, host); !covered {
		return nil, &refusal{fmt.Sprintf("it leads to %s, which is not allowed; allow that too with --charts-from %s", host, host)}
	}
	// As Docker has it, a registry on this machine needs no encryption
	// (https://docs.docker.com/reference/cli/dockerd/#insecure-registries).
	if req.URL.Scheme != "https" && !loopback(req.URL.Hostname()) {
		return nil, &refusal{fmt.Sprintf("it leads to %s without encryption", host)}
	}
	return g.next.RoundTrip(req)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// dialing is the transport below. Where a place names a host by a pattern, whoever runs
// its DNS chooses the address: that must be a public one. A proxy that the environment
// names is the operator's and may be anywhere.
func dialing(config Config) http.RoundTripper {
	guarded := &net.Dialer{Timeout: 10 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		host, _, err := net.SplitHostPort(address)
		if ip := net.ParseIP(host); err != nil || ip == nil || !public(ip) {
			return &refusal{fmt.Sprintf("it leads to %s, an address of a private network; name the host itself with --charts-from if that is meant", address)}
		}
		return nil
	}}
	open := &net.Dialer{Timeout: guarded.Timeout}
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if covered, byName := reaches(config.From, address); covered && !byName {
				return guarded.DialContext(ctx, network, address)
			}
			return open.DialContext(ctx, network, address)
		},
		TLSClientConfig:        &tls.Config{RootCAs: config.Roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  15 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
		MaxConnsPerHost:        8,
		IdleConnTimeout:        time.Minute,
		ForceAttemptHTTP2:      true,
	}
}

// A meter bounds what all answers to one fetch have together.
type meter struct {
	next http.RoundTripper
	left int64
}

func (m *meter) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := m.next.RoundTrip(req)
	if err == nil {
		resp.Body = &metered{ReadCloser: resp.Body, meter: m}
	}
	return resp, err
}

type metered struct {
	io.ReadCloser
	meter *meter
}

func (b *metered) Read(p []byte) (int, error) {
	if b.meter.left <= 0 {
		return 0, errTooLarge
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.meter.left)])
	b.meter.left -= int64(n)
	return n, err
}

// atMost reads a body of at most so many bytes.
func atMost(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(data)) > limit {
		return nil, fmt.Errorf("%w: more than %d MiB", errTooLarge, limit>>20)
	}
	return data, err
}

// maxWords is how much of a registry's words is shown.
const maxWords = 200

// plain is what an error says to a person: without addresses, which may have been signed
// for us on the way.
func plain(ctx context.Context, err error) error {
	if refused, ok := errors.AsType[*refusal](err); ok {
		return refused
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if answer, ok := errors.AsType[*transport.Error](err); ok {
		words := []string{fmt.Sprintf("the registry answers %d", answer.StatusCode)}
		for _, d := range answer.Errors {
			words = append(words, string(d.Code))
		}
		said := strings.Join(words, " ")
		return errors.New(said[:min(len(said), maxWords)])
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}
