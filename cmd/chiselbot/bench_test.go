package main

import (
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// big makes a repository of 100,000 files in 13,000 folders with 100 Dockerfiles and 100
// .NET projects, all packed and checked out. Its branch change, which is the current
// one, makes one image run as root.
func big(b *testing.B) string {
	b.Helper()
	const dockerfile = "FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble\nWORKDIR /app\nCOPY . .\nUSER $APP_UID\nHEALTHCHECK NONE\nENTRYPOINT [\"dotnet\", \"Cat%d.dll\"]\n"
	const project = "<Project Sdk=\"Microsoft.NET.Sdk.Web\">\n  <PropertyGroup>\n    <TargetFramework>net10.0</TargetFramework>\n  </PropertyGroup>\n</Project>\n"
	var stream strings.Builder
	file := func(path, text string) {
		fmt.Fprintf(&stream, "M 100644 inline %s\ndata %d\n%s\n", path, len(text), text)
	}
	commit := func(branch string) {
		fmt.Fprintf(&stream, "commit refs/heads/%s\ncommitter cat <cat@example.com> 1700000000 +0000\ndata 0\n", branch)
		if branch != "main" {
			stream.WriteString("from refs/heads/main\n")
		}
	}
	commit("main")
	for i := range 100_000 {
		folder := fmt.Sprintf("team%d/service%d/src/pkg%d", i%20, i/20%50, i/1000%13)
		file(fmt.Sprintf("%s/file%d.go", folder, i), fmt.Sprintln("package", i%50))
		if i < 100 {
			file(folder+"/Dockerfile", fmt.Sprintf(dockerfile, i))
			file(fmt.Sprintf("%s/Cat%d.csproj", folder, i), project)
		}
	}
	commit("change")
	file("team0/service0/src/pkg0/Dockerfile", strings.Replace(fmt.Sprintf(dockerfile, 0), "USER $APP_UID", "USER root", 1))

	dir := b.TempDir()
	git := func(stdin io.Reader, args ...string) {
		cmd := exec.CommandContext(b.Context(), "git", append([]string{"-C", dir}, args...)...)
		cmd.Stdin = stdin
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("git %s: %v\n%s", args, err, out)
		}
	}
	git(nil, "init", "--quiet", "--initial-branch=main")
	git(strings.NewReader(stream.String()), "fast-import", "--quiet")
	git(nil, "checkout", "--quiet", "change")
	return dir
}

// BenchmarkReview100k is the whole command in a repository of 100,000 files, whatever it
// loads and compiles included: between two commits, and from a commit to the working
// tree.
func BenchmarkReview100k(b *testing.B) {
	dir := big(b)
	for _, side := range []struct {
		name string
		args []string
	}{{"commits", []string{"--head", "change"}}, {"working-tree", nil}} {
		b.Run(side.name, func(b *testing.B) {
			for b.Loop() {
				var out, errs bytes.Buffer
				p := testProgram(strings.NewReader(""), &out, &errs, nil)
				code := run(b.Context(), p, append([]string{"review", dir, "--base", "main", "--fail-on", "warning"}, side.args...))
				if code != exitFailed || !strings.Contains(out.String(), "1 new · 0 fixed") {
					b.Fatalf("exit code %d\n%s%s", code, out.String(), errs.String())
				}
			}
		})
	}
}
