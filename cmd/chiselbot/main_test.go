package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/chiselbot/chiselbot/app/build/buildtest"
	"github.com/chiselbot/chiselbot/app/repository"
	"github.com/chiselbot/chiselbot/app/store/storetest"
)

var update = flag.Bool("update", false, "rewrite golden files with what the code gives now")

// today is the day on which the stories play.
var today = time.Date(2026, time.December, 1, 12, 0, 0, 0, time.UTC)

// testProgram is the program on that day. Its children are this test binary.
func testProgram(in io.Reader, out, err io.Writer, env []string) program {
	self, failed := os.Executable()
	if failed != nil {
		panic(failed)
	}
	return program{self: self, in: in, out: out, err: err, env: env, now: func() time.Time { return today }}
}

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == sandboxVerb {
		os.Exit(run(context.Background(), testProgram(os.Stdin, os.Stdout, os.Stderr, nil), os.Args[1:]))
	}
	if len(os.Args) > 1 && os.Args[1] == "serve" { // a process of its own, which tests kill
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		code := run(ctx, testProgram(os.Stdin, os.Stdout, os.Stderr, os.Environ()), os.Args[1:])
		stop()
		os.Exit(code)
	}
	// Most of these tests wait for a server more than they work. -parallel on the command line
	// counts all the same.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	testscript.Main(buildtest.M{M: storetest.M{M: m}}, map[string]func(){
		"chiselbot": func() {
			os.Exit(run(context.Background(), testProgram(os.Stdin, os.Stdout, os.Stderr, os.Environ()), os.Args[1:]))
		},
	})
}

// TestStories runs the command as a person would. "repository DIR BASE HEAD" makes a git
// repository whose branch main holds the files of the folder BASE, and whose current
// branch, change, those of HEAD over them. "exits CODE COMMAND..." demands an exit code.
// "registry CHART FILE" serves a packed chart as oci://REGISTRY/charts, and writes the
// registry's address into the file where REGISTRY stands. "images DIR IMAGE..." serves
// images, and writes the address into the files of the folder likewise.
func TestStories(t *testing.T) {
	t.Parallel()
	testscript.Run(t, stories("testdata"))
}

// TestBuildStories are stories with a BuildKit, which is at $SECURE with TLS too: $CA, $CERT
// and $KEY are files for it.
func TestBuildStories(t *testing.T) {
	t.Parallel()
	params := stories(filepath.Join("testdata", "build"))
	address := buildtest.Address(t)
	secure, authority := buildtest.Secure(t)
	cert, key, err := authority.Issue("laptop", time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	params.Setup = func(env *testscript.Env) error {
		env.Setenv("BUILDKIT_HOST", address)
		for name, value := range map[string]string{"SECURE": secure, "CA": authority.CA, "CERT": cert, "KEY": key, "NAME": buildtest.DaemonName} {
			env.Setenv(name, value)
		}
		return nil
	}
	testscript.Run(t, params)
}

func stories(dir string) testscript.Params {
	return testscript.Params{
		Dir:           dir,
		UpdateScripts: *update,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"registry": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) != 2 {
					ts.Fatalf("usage: registry CHART FILE")
				}
				host := serveChart(ts, ts.MkAbs(args[0]))
				text := strings.ReplaceAll(ts.ReadFile(args[1]), "REGISTRY", host)
				ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
				ts.Setenv("REGISTRY", host)
			},
			"images": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) < 2 {
					ts.Fatalf("usage: images DIR IMAGE...")
				}
				host := serveImages(ts, args[1:])
				ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, entry fs.DirEntry, err error) error {
					if err != nil || entry.IsDir() {
						return err
					}
					text, err := os.ReadFile(path)
					if err != nil {
						return err
					}
					return os.WriteFile(path, []byte(strings.ReplaceAll(string(text), "REGISTRY", host)), 0o600)
				}))
				ts.Setenv("REGISTRY", host)
			},
			"exits": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) < 2 {
					ts.Fatalf("usage: exits CODE COMMAND...")
				}
				code, failed := 0, (*exec.ExitError)(nil)
				if err := ts.Exec(args[1], args[2:]...); errors.As(err, &failed) {
					code = failed.ExitCode()
				} else {
					ts.Check(err)
				}
				if strconv.Itoa(code) != args[0] {
					ts.Fatalf("exit code %d, want %s", code, args[0])
				}
			},
			"repository": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) != 3 {
					ts.Fatalf("usage: repository DIR BASE HEAD")
				}
				ts.Check(repository.Create(ts.MkAbs(args[0]), "cat", []repository.Revision{
					{Branch: "main", Message: "before", When: today, Files: os.DirFS(ts.MkAbs(args[1]))},
					{Branch: "change", Message: "after", When: today, Files: os.DirFS(ts.MkAbs(args[2]))},
				}))
			},
		},
		RequireExplicitExec: true,
	}
}
