package build

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/credentials"
)

// TLS is how a daemon at a tcp address proves who it is, and we do. Files are PEM, and are
// read for each build: who puts new ones in their place need not start anything again.
type TLS struct {
	// CA has the certificates of those who may vouch for the daemon, empty for those that
	// the system trusts.
	CA string
	// Certificate and Key are ours, both empty where the daemon asks for none.
	Certificate, Key string
	// Name is the daemon's name in its certificate, empty for that of its address.
	Name string
}

// ErrPlain is a daemon on another machine that is spoken to without TLS.
var ErrPlain = errors.New("without TLS whoever is in between reads the files and can change what is built")

// check looks for what cannot work, or should not.
func (t TLS) check(address *url.URL, plain bool) error {
	switch {
	case address.Scheme == "unix" && t != TLS{}:
		return errors.New("read TLS of BuildKit: it is for tcp://HOST:PORT, and the address is a socket")
	case (t.Certificate == "") != (t.Key == ""):
		return errors.New("read TLS of BuildKit: a certificate and its key belong together; give both or none")
	case address.Scheme == "tcp" && t == TLS{} && !plain && !loopback(address.Hostname()):
		return fmt.Errorf("reach BuildKit at %s: %w", address, ErrPlain)
	case t == TLS{}:
		return nil
	}
	_, err := t.config(time.Now())
	return err
}

// loopback reports whether a host is this machine, by its name alone.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// config reads the files.
func (t TLS) config(now time.Time) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.CA != "" {
		text, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, fmt.Errorf("read CA of BuildKit: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("read CA of BuildKit: %s has no certificate in PEM", t.CA)
		}
	}
	if t.Certificate == "" {
		return c, nil
	}
	pair, err := tls.LoadX509KeyPair(t.Certificate, t.Key)
	if err != nil {
		return nil, fmt.Errorf("read certificate for BuildKit: %w", err)
	}
	if end := pair.Leaf.NotAfter; now.After(end) {
		return nil, fmt.Errorf("read certificate for BuildKit: that in %s was valid until %s; put a new one in its place", t.Certificate, end.UTC().Format(time.RFC3339))
	}
	c.Certificates = []tls.Certificate{pair}
	return c, nil
}

// A handshake is TLS whose failure is kept, of which gRPC would keep only the words.
type handshake struct {
	credentials.TransportCredentials
	tls    TLS
	failed atomic.Pointer[error]
	done   atomic.Bool
}

// ClientHandshake implements [credentials.TransportCredentials].
func (h *handshake) ClientHandshake(ctx context.Context, authority string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	name, _, err := net.SplitHostPort(authority)
	if err != nil {
		name = authority
	}
	name = cmp.Or(h.tls.Name, name)
	out, info, err := h.TransportCredentials.ClientHandshake(ctx, name, conn)
	if err != nil {
		said := h.tls.explain(err, name)
		h.failed.Store(&said)
	}
	h.done.Store(err == nil)
	return out, info, err
}

// Info implements [credentials.TransportCredentials].
func (h *handshake) Info() credentials.ProtocolInfo {
	return credentials.ProtocolInfo{SecurityProtocol: "tls"}
}

// Clone implements [credentials.TransportCredentials].
func (h *handshake) Clone() credentials.TransportCredentials { return h }

// explain says what is wrong with the daemon's certificate and what to do.
func (t TLS) explain(err error, name string) error {
	unknown, invalid, other := x509.UnknownAuthorityError{}, x509.CertificateInvalidError{}, x509.HostnameError{}
	switch {
	case errors.As(err, &unknown):
		by := "one that the system trusts: give the CA that signed it"
		if t.CA != "" {
			by = "the CA in " + t.CA
		}
		return fmt.Errorf("its certificate was not signed by %s", by)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Errorf("its certificate is not valid now: from %s to %s", invalid.Cert.NotBefore.UTC().Format(time.RFC3339), invalid.Cert.NotAfter.UTC().Format(time.RFC3339))
	case errors.As(err, &other):
		return fmt.Errorf("its certificate is for another name than %s (%s): give the one that it is for", name, printable(other.Error(), maxWords))
	}
	return fmt.Errorf("speak TLS with it: %s", printable(err.Error(), maxWords))
}
