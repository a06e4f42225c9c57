// Package buildtest runs a BuildKit daemon for tests, with base images that were made by
// hand: no network is needed. The images mirror what is known of .NET's: which tags there
// are, who runs in them, which ports they name, and what is not in them. A chiseled image
// here has no shell and no package manager, so that a Dockerfile that still needs one
// does not build.
package buildtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/moby/buildkit/client"
)

// M is the tests of a package that builds, whose daemon ends with them.
type M struct{ M interface{ Run() int } }

// Run runs the tests.
func (m M) Run() int {
	code := m.M.Run()
	daemon.stop()
	return code
}

// Address is the address of the daemon. It skips the test where there is none.
func Address(tb testing.TB) string {
	tb.Helper()
	daemon.ready(tb)
	return daemon.address()
}

// Secure is the address at which the daemon wants TLS, with a certificate of the
// authority's, which made the daemon's too.
func Secure(tb testing.TB) (address string, authority *Authority) {
	tb.Helper()
	daemon.ready(tb)
	return "tcp://" + daemon.secure, daemon.authority
}

// Names at which the daemon finds servers of this machine.
const (
	Feed      = "nuget.example.com"
	Elsewhere = "elsewhere.example.com"
)

// ready starts the daemon once.
func (p *process) ready(tb testing.TB) {
	tb.Helper()
	p.once.Do(func() { p.err = p.start() })
	if errors.Is(p.err, errAbsent) && os.Getenv("CHISELBOT_TEST_BUILDKIT") != "required" {
		tb.Skipf("SKIPPED with BuildKit: %v", p.err)
	}
	if p.err != nil {
		tb.Fatal(p.err)
	}
}

var errAbsent = errors.New("it takes Linux, root, buildkitd, runc and busybox-static; see .ci/run")

// daemon is the one of this test program.
var daemon process

type process struct {
	once      sync.Once
	err       error
	dir       string
	cmd       *exec.Cmd
	images    *registry
	secure    string // host and port
	authority *Authority
}

func (p *process) address() string { return "unix://" + filepath.Join(p.dir, "socket") }

// start starts the daemon in namespaces of its own, with which all that it runs and
// mounts goes when it ends.
func (p *process) start() error {
	buildkitd, err := exec.LookPath("buildkitd")
	if err != nil {
		return fmt.Errorf("%w: %w", errAbsent, err)
	}
	for _, name := range []string{"runc", busybox} {
		if _, err := exec.LookPath(name); err != nil {
			return fmt.Errorf("%w: %w", errAbsent, err)
		}
	}
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		return errAbsent
	}
	if p.dir, err = os.MkdirTemp("", "bk"); err != nil { // short: a socket's path has 107 bytes
		return err
	}
	if p.images, err = newRegistry(p.dir); err != nil {
		return err
	}
	if p.authority, err = NewAuthority(p.dir); err != nil {
		return err
	}
	cert, key, err := p.authority.Issue(DaemonName, time.Now().Add(time.Hour))
	if err != nil {
		return err
	}
	if p.secure, err = freeAddress(); err != nil {
		return err
	}
	config := fmt.Sprintf(`
[worker.oci]
  gc = false
[registry.%[1]q]
  http = true
[registry."mcr.microsoft.com"]
  mirrors = ["%[1]s/mcr.microsoft.com"]
[registry."docker.io"]
  mirrors = ["%[1]s/docker.io"]
`, p.images.address)
	file := filepath.Join(p.dir, "buildkitd.toml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(p.dir, "log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the daemon has it
	// What the daemon fetches for a build it finds at names that lead to this machine, and it
	// trusts the authority as it would those of the internet.
	hosts := filepath.Join(p.dir, "hosts")
	if err := os.WriteFile(hosts, []byte("127.0.0.1 localhost "+Feed+" "+Elsewhere+"\n"), 0o600); err != nil {
		return err
	}
	p.cmd = exec.CommandContext(context.Background(), "/bin/sh", "-c", `mount -t proc proc /proc && mount --bind "$0" /etc/hosts && exec "$@"`, hosts,
		buildkitd, "--root", filepath.Join(p.dir, "root"), "--addr", p.address(), "--config", file,
		"--addr", "tcp://"+p.secure, "--tlscacert", p.authority.CA, "--tlscert", cert, "--tlskey", key,
		"--containerd-worker=false", "--oci-worker=true", "--oci-worker-binary=runc")
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.Env = append(os.Environ(), "SSL_CERT_FILE="+p.authority.CA)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS, Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if err := startForLife(p.cmd); err != nil {
		return fmt.Errorf("start buildkitd: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	c, err := client.New(ctx, p.address())
	if err == nil {
		err = c.Wait(ctx)
		_ = c.Close() // it only asked
	}
	if err != nil {
		says, _ := os.ReadFile(log.Name())
		return fmt.Errorf("wait for buildkitd: %w\n%s", err, says)
	}
	return nil
}

// freeAddress is one of this machine at which nobody listens.
func freeAddress() (string, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// startForLife starts a command that is killed when this program dies. The kernel takes
// the end of the thread that started it for that, so the thread stays.
func startForLife(cmd *exec.Cmd) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		started <- cmd.Start()
		select {}
	}()
	return <-started
}

func (p *process) stop() {
	if p.cmd != nil && p.cmd.Process != nil {
		_ = p.cmd.Process.Kill() // it may have ended
		_ = p.cmd.Wait()         // which is an error after that
	}
	if p.images != nil {
		p.images.close()
	}
	if p.dir != "" {
		_ = os.RemoveAll(p.dir) // it is below the folder for such
	}
}
