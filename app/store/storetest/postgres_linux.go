package storetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// M is the tests of a package that uses PostgreSQL, which stops at their end.
type M struct{ *testing.M }

// Run runs the tests.
func (m M) Run() int {
	code := m.M.Run()
	cluster.stop()
	return code
}

// Postgres is the address of an empty database. It skips the test where there is no
// PostgreSQL.
func Postgres(tb testing.TB) string {
	tb.Helper()
	cluster.once.Do(cluster.start)
	if errors.Is(cluster.err, errAbsent) && os.Getenv("CHISELBOT_TEST_POSTGRES") != "required" {
		tb.Skipf("SKIPPED on PostgreSQL: %v", cluster.err)
	}
	if cluster.err != nil {
		tb.Fatal(cluster.err)
	}
	name := fmt.Sprintf("test%d", cluster.databases.Add(1))
	conn, err := pgx.Connect(tb.Context(), cluster.address("postgres"))
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(tb.Context())) }() // it goes with the test
	if _, err := conn.Exec(tb.Context(), "CREATE DATABASE "+name); err != nil {
		tb.Fatal(err)
	}
	return cluster.address(name) + "&pool_max_conns=8"
}

var errAbsent = errors.New("it is not installed; on Debian: apt-get install postgresql")

// cluster is the PostgreSQL of this test program.
var cluster postgres

type postgres struct {
	once      sync.Once
	err       error
	dir       string
	server    *exec.Cmd
	databases atomic.Int64
}

func (p *postgres) address(database string) string {
	return fmt.Sprintf("postgres:///%s?host=%s&user=postgres", database, p.dir)
}

func (p *postgres) start() { p.err = p.tryStart() }

func (p *postgres) tryStart() error {
	bins, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(bins) == 0 {
		return errAbsent
	}
	bin := slices.Max(bins)
	if p.dir, err = os.MkdirTemp("", "pg"); err != nil { // short: a socket's path has 107 bytes
		return err
	}
	credential, err := p.unprivileged()
	if err != nil {
		return err
	}
	data := filepath.Join(p.dir, "data")
	initdb := exec.CommandContext(context.Background(), filepath.Join(bin, "initdb"), "--pgdata", data, "--username", "postgres", "--auth", "trust", "--no-sync", "--encoding", "UTF8", "--locale", "C")
	initdb.Dir, initdb.SysProcAttr = p.dir, &syscall.SysProcAttr{Credential: credential}
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("create PostgreSQL: %w\n%s", err, out)
	}
	log, err := os.Create(filepath.Join(p.dir, "log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the server has it
	p.server = exec.CommandContext(context.Background(), filepath.Join(bin, "postgres"), "-D", data, "-k", p.dir, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=200")
	p.server.Dir, p.server.Stdout, p.server.Stderr = p.dir, log, log
	p.server.SysProcAttr = &syscall.SysProcAttr{Credential: credential, Pdeathsig: syscall.SIGQUIT}
	if err := startForLife(p.server); err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, p.address("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		if ctx.Err() != nil {
			says, _ := os.ReadFile(log.Name())
			return fmt.Errorf("wait for PostgreSQL: %w\n%s", err, says)
		}
		time.Sleep(20 * time.Millisecond)
	}
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

// unprivileged is whom PostgreSQL runs as, which refuses to be root: nil for ourselves.
func (p *postgres) unprivileged() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	who, err := user.Lookup("postgres")
	if err != nil {
		if who, err = user.Lookup("nobody"); err != nil {
			return nil, err
		}
	}
	uid, err := strconv.ParseUint(who.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(who.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	if err := os.Chown(p.dir, int(uid), int(gid)); err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func (p *postgres) stop() {
	if p.server != nil && p.server.Process != nil {
		_ = p.server.Process.Signal(syscall.SIGQUIT) // its folder goes too
		_ = p.server.Wait()
	}
	if p.dir != "" {
		_ = os.RemoveAll(p.dir)
	}
}
