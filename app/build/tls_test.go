package build_test

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chiselbot/chiselbot/app/build"
	"github.com/chiselbot/chiselbot/app/build/buildtest"
	"github.com/chiselbot/chiselbot/fixes"
)

// issue makes a certificate of an authority's for a name.
func issue(t *testing.T, a *buildtest.Authority, name string, until time.Time) (cert, key string) {
	t.Helper()
	cert, key, err := a.Issue(name, until)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func authority(t *testing.T) *buildtest.Authority {
	t.Helper()
	a, err := buildtest.NewAuthority(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestTLS builds with a daemon that wants TLS and our certificate, and says what is wrong
// where there is something wrong.
func TestTLS(t *testing.T) {
	t.Parallel()
	address, own := buildtest.Secure(t)
	other := authority(t)
	tomorrow := time.Now().Add(24 * time.Hour)
	cert, key := issue(t, own, "client", tomorrow)
	otherCert, otherKey := issue(t, other, "stranger", tomorrow)
	tests := []struct {
		name, address string
		tls           build.TLS
		want          string
	}{
		{"all right", address, build.TLS{CA: own.CA, Certificate: cert, Key: key, Name: buildtest.DaemonName}, ""},
		{"another CA", address, build.TLS{CA: other.CA, Certificate: cert, Key: key, Name: buildtest.DaemonName}, "its certificate was not signed by the CA in " + other.CA},
		{"the system's CAs", address, build.TLS{Certificate: cert, Key: key, Name: buildtest.DaemonName}, "not signed by one that the system trusts: give the CA that signed it"},
		{"another name", address, build.TLS{CA: own.CA, Certificate: cert, Key: key}, "its certificate is for another name than 127.0.0.1 ("},
		{"no certificate of ours", address, build.TLS{CA: own.CA, Name: buildtest.DaemonName}, "as who does not take our certificate: "},
		{"a stranger's certificate", address, build.TLS{CA: own.CA, Certificate: otherCert, Key: otherKey, Name: buildtest.DaemonName}, "as who does not take our certificate: "},
		{"no TLS", address, build.TLS{}, "it may want TLS, of which nothing is given"},
		{"a daemon whose certificate ended", ended(t, own), build.TLS{CA: own.CA, Name: "ended"}, "its certificate is not valid now: from "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b, err := build.New(build.Config{Address: tt.address, TLS: tt.tls, Timeout: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			built, err := b.Build(t.Context(), dockerfile(bare+copied+start), fixes.Target{Dockerfile: "Dockerfile"})
			switch {
			case tt.want == "" && (err != nil || built.User != "1654"):
				t.Errorf("got %+v, %v", built, err)
			case tt.want != "" && (err == nil || !strings.HasPrefix(err.Error(), "reach BuildKit at "+tt.address+": ") || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if failed := (*fixes.BuildError)(nil); errors.As(err, &failed) {
				t.Error("the Dockerfile is blamed")
			}
		})
	}
}

// ended is the address of a server whose certificate is no longer valid.
func ended(t *testing.T, a *buildtest.Authority) string {
	t.Helper()
	cert, key := issue(t, a, "ended", time.Now().Add(-time.Hour))
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // which ends the loop
	server := tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12})
	go func() {
		for {
			conn, err := server.Accept()
			if err != nil {
				return
			}
			_ = conn.(*tls.Conn).HandshakeContext(t.Context()) // it fails
			_ = conn.Close()
		}
	}()
	return "tcp://" + l.Addr().String()
}

// TestNewCertificate wants a certificate that is replaced to be used by the next build, and
// one that ended meanwhile to be named.
func TestNewCertificate(t *testing.T) {
	t.Parallel()
	address, own := buildtest.Secure(t)
	cert, key := issue(t, own, "changes", time.Now().Add(time.Hour))
	b, err := build.New(build.Config{Address: address, TLS: build.TLS{CA: own.CA, Certificate: cert, Key: key, Name: buildtest.DaemonName}, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	builds := func(want string) {
		t.Helper()
		_, err := b.Build(t.Context(), dockerfile(bare+copied+start), fixes.Target{Dockerfile: "Dockerfile"})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	builds("")
	issue(t, own, "changes", time.Now().Add(-time.Hour))
	builds("that in " + cert + " was valid until")
	issue(t, own, "changes", time.Now().Add(time.Hour))
	builds("")
}

// TestNewTLS wants to be told at once what cannot work, and what should not be.
func TestNewTLS(t *testing.T) {
	t.Parallel()
	a := authority(t)
	tomorrow := time.Now().Add(24 * time.Hour)
	cert, key := issue(t, a, "client", tomorrow)
	_, otherKey := issue(t, a, "other", tomorrow)
	oldCert, oldKey := issue(t, a, "old", time.Now().Add(-time.Hour))
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("cats\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const far = "tcp://buildkit.example.com:1234"
	tests := []struct {
		name string
		c    build.Config
		want string
	}{
		{"all", build.Config{Address: far, TLS: build.TLS{CA: a.CA, Certificate: cert, Key: key, Name: "x"}}, ""},
		{"a name alone", build.Config{Address: far, TLS: build.TLS{Name: "x"}}, ""},
		{"plain to this machine", build.Config{Address: "tcp://127.0.0.1:1234"}, ""},
		{"plain to this machine by name", build.Config{Address: "tcp://localhost:1234"}, ""},
		{"plain to this machine by IPv6", build.Config{Address: "tcp://[::1]:1234"}, ""},
		{"plain and meant so", build.Config{Address: far, Plain: true}, ""},
		{"plain", build.Config{Address: far}, "reach BuildKit at " + far + ": without TLS"},
		{"plain to an address", build.Config{Address: "tcp://10.0.0.1:1234"}, "without TLS"},
		{"a socket", build.Config{Address: "unix:///s", TLS: build.TLS{CA: a.CA}}, "the address is a socket"},
		{"half", build.Config{Address: far, TLS: build.TLS{CA: a.CA, Certificate: cert}}, "a certificate and its key belong together"},
		{"no CA", build.Config{Address: far, TLS: build.TLS{CA: "/nonexistent/ca.pem"}}, "read CA of BuildKit: open /nonexistent/ca.pem: no such file"},
		{"an empty CA", build.Config{Address: far, TLS: build.TLS{CA: empty}}, "has no certificate in PEM"},
		{"no certificate", build.Config{Address: far, TLS: build.TLS{Certificate: "/nonexistent", Key: key}}, "read certificate for BuildKit: open /nonexistent"},
		{"another key", build.Config{Address: far, TLS: build.TLS{Certificate: cert, Key: otherKey}}, "does not match"},
		{"a certificate that ended", build.Config{Address: far, TLS: build.TLS{Certificate: oldCert, Key: oldKey}}, "that in " + oldCert + " was valid until"},
	}
	for _, tt := range tests {
		_, err := build.New(tt.c)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
		if plain := strings.Contains(tt.want, "without TLS"); errors.Is(err, build.ErrPlain) != plain {
			t.Errorf("%s: it is plain: %t", tt.name, !plain)
		}
	}
}
