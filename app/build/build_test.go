package build_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chiselbot/chiselbot/app/build"
	"github.com/chiselbot/chiselbot/app/build/buildtest"
	"github.com/chiselbot/chiselbot/checks/checktest"
	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
)

const (
	bare   = "FROM mcr.microsoft.com/dotnet/aspnet:8.0-noble-chiseled\n"
	full   = "FROM mcr.microsoft.com/dotnet/aspnet:8.0\n"
	start  = "ENTRYPOINT [\"dotnet\", \"/app/Cats.dll\"]\n"
	copied = "COPY Cats.dll /app/\n"
)

func dockerfile(text string) source.Tree {
	return checktest.Tree(map[string]string{"Dockerfile": text, "Cats.dll": "MZ", "start.sh": "#!/bin/bash\n"})
}

// TestByHand builds Dockerfiles that somebody moved to a chiseled image without the lines
// that have to change with it: each of them must fail, and say where.
func TestByHand(t *testing.T) {
	t.Parallel()
	b := builder(t, build.Config{})
	tests := []struct {
		name, text string
		line       int
		message    string
	}{
		{"makes a folder", bare + "RUN mkdir /data\n" + copied + start, 2, "/bin/sh"},
		{"installs a package", bare + copied + "RUN apt-get update && apt-get install -y libgomp1\n" + start, 3, "/bin/sh"},
		{"makes an account", bare + "RUN useradd cat\nUSER cat\n" + start, 2, "/bin/sh"},
		{"gives files away", bare + copied + "\nRUN chown -R app /app\n" + start, 4, "/bin/sh"},
		{"is an account that is not there", bare + "USER cat\nRUN [\"dotnet\", \"--info\"]\n" + start, 3, "cat"},
		{"runs a program that is not there", bare + "RUN [\"apt-get\", \"update\"]\n" + start, 2, "apt-get"},
		{"takes a stage that is not there", "FROM mcr.microsoft.com/dotnet/aspnet:8.0-chiseled\n", 1, "not found"},
		{"takes an SDK that is not there", "FROM mcr.microsoft.com/dotnet/sdk:8.0-noble-chiseled\n", 1, "not found"},
		{"takes a release that is not there", "FROM mcr.microsoft.com/dotnet/aspnet:10.0-jammy-chiseled\n", 1, "not found"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			built, err := b.Build(t.Context(), dockerfile(tt.text), fixes.Target{Dockerfile: "Dockerfile"})
			failed := (*fixes.BuildError)(nil)
			if !errors.As(err, &failed) || failed.Line != tt.line || !strings.Contains(failed.Message, tt.message) {
				t.Errorf("got %+v, %#v, want a failure on line %d with %q", built, err, tt.line, tt.message)
			}
		})
	}
}

// TestFaults builds images that build and would not run.
func TestFaults(t *testing.T) {
	t.Parallel()
	b := builder(t, build.Config{})
	ls, err := os.ReadFile("/bin/ls") // which has libraries
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, text string
		want       fixes.Built
	}{
		{"none", bare + copied + "EXPOSE 8080\n" + start, fixes.Built{User: "1654", Ports: []string{"8080/tcp"}, Starts: "/usr/bin/dotnet"}},
		{"a script without its shell", bare + "COPY --chmod=755 start.sh /\nENTRYPOINT [\"/start.sh\"]\n",
			fixes.Built{User: "1654", Starts: "/start.sh", Faults: []string{"What it starts, `/start.sh`, needs `/bin/bash`, which is not in the image."}}},
		{"shell form", bare + copied + "ENTRYPOINT dotnet /app/Cats.dll\n",
			fixes.Built{User: "1654", Faults: []string{"What it starts, `/bin/sh`, is not in it."}}},
		{"no assembly", bare + start, fixes.Built{User: "1654", Starts: "/usr/bin/dotnet", Faults: []string{"The assembly that it starts, `/app/Cats.dll`, is not in it."}}},
		{"not executable", bare + "COPY --chmod=644 start.sh /\nENTRYPOINT [\"/start.sh\"]\n",
			fixes.Built{User: "1654", Starts: "/start.sh", Faults: []string{"What it starts, `/start.sh`, is not executable."}}},
		{"no program", bare + "COPY --chmod=755 Cats.dll /Cats\nENTRYPOINT [\"/Cats\"]\n",
			fixes.Built{User: "1654", Starts: "/Cats", Faults: []string{"What it starts, `/Cats`, is neither a program for Linux nor a script that names its interpreter."}}},
		{"nothing on the path", bare + "ENTRYPOINT [\"cats\"]\n", fixes.Built{User: "1654", Faults: []string{"What it starts, `cats`, is not in it."}}},
		{"a health check with a shell", bare + copied + "HEALTHCHECK CMD curl -f http://localhost\n" + start,
			fixes.Built{User: "1654", Starts: "/usr/bin/dotnet", Faults: []string{"Its `HEALTHCHECK` needs a shell, and it has none."}}},
		{"a health check without its program", bare + copied + "HEALTHCHECK CMD [\"curl\", \"http://localhost\"]\n" + start,
			fixes.Built{User: "1654", Starts: "/usr/bin/dotnet", Faults: []string{"What its `HEALTHCHECK` runs, `curl`, is not in it."}}},
		{"a volume of root's", bare + copied + "USER root\nWORKDIR /data\nUSER 1654\nVOLUME /data\n" + start,
			fixes.Built{User: "1654", Starts: "/usr/bin/dotnet", Faults: []string{"Its volume `/data` does not belong to its user, who cannot write to it."}}},
		{"a user by name", bare + copied + "USER app\n" + start,
			fixes.Built{User: "app", Starts: "/usr/bin/dotnet", Faults: []string{"Its user is `app`, which is no number, so that Kubernetes cannot tell it from root."}}},
		{"root", full + copied + start, fixes.Built{Shell: "/bin/sh", Starts: "/usr/bin/dotnet", Faults: []string{"It runs as root."}}},
		{"links", full + copied + "RUN ln -s /usr/bin/dotnet /first && ln -s first /second\nUSER 1654\nENTRYPOINT [\"/second\", \"/app/Cats.dll\"]\n",
			fixes.Built{User: "1654", Shell: "/bin/sh", Starts: "/second"}},
		{"a program without its loader", "FROM scratch\nUSER 1654\nCOPY --chmod=755 ls /\nENTRYPOINT [\"/ls\"]\n",
			fixes.Built{User: "1654", Starts: "/ls", Faults: []string{"What it starts, `/ls`, needs `/lib64/ld-linux-x86-64.so.2`, which is not in the image."}}},
		{"a program with its loader", bare + "COPY --chmod=755 ls /\nENTRYPOINT [\"/ls\"]\n", fixes.Built{User: "1654", Starts: "/ls"}},
		{"nothing at all", "FROM scratch\nUSER 1654\n", fixes.Built{User: "1654", Faults: []string{"It has neither `ENTRYPOINT` nor `CMD`."}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			files := checktest.Tree(map[string]string{"Dockerfile": tt.text, "Cats.dll": "MZ", "start.sh": "#!/bin/bash\n", "ls": string(ls)})
			built, err := b.Build(t.Context(), files, fixes.Target{Dockerfile: "Dockerfile"})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&tt.want, built, cmpopts.IgnoreFields(fixes.Built{}, "Size", "Platform"), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if built.Platform != "linux/amd64" {
				t.Errorf("the image is for %q", built.Platform)
			}
			if tt.name != "nothing at all" && built.Size < 1000 {
				t.Errorf("the image weighs %d bytes", built.Size)
			}
		})
	}
}

// TestReach builds what would reach out of the build.
func TestReach(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 100)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked <- r.URL.Path }))
	t.Cleanup(server.Close)
	host, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "http://"), ":")
	connect := full + "RUN ! nc -w 3 " + host + " " + port + " </dev/null\n" // which fails where it connects
	add := full + "ADD " + server.URL + "/add /x\n"
	target := fixes.Target{Dockerfile: "Dockerfile"}

	b := builder(t, build.Config{})
	failed := (*fixes.BuildError)(nil)
	if _, err := b.Build(t.Context(), dockerfile(add), target); err == nil || errors.As(err, &failed) || !strings.Contains(err.Error(), "denied by policy") {
		t.Errorf("ADD of an address: %#v", err)
	}
	if _, err := b.Build(t.Context(), dockerfile(connect), target); err != nil {
		t.Errorf("RUN reaches the host: %v", err)
	}
	if _, err := builder(t, build.Config{Network: build.DaemonNetwork}).Build(t.Context(), dockerfile(connect), target); err == nil {
		t.Error("RUN with the daemon's network does not reach the host: the test is worth nothing")
	}
	if _, err := builder(t, build.Config{Network: build.ProxyNetwork}).Build(t.Context(), dockerfile(connect), target); err != nil {
		t.Errorf("RUN reaches the host beside the proxy: %v", err)
	}
	select {
	case path := <-asked:
		t.Errorf("a build asked for %s", path)
	default:
	}

	proxy := builder(t, build.Config{Network: build.ProxyNetwork, Allow: []string{"https://example.com/*"}})
	if _, err := proxy.Build(t.Context(), dockerfile(add), target); err == nil || errors.As(err, &failed) || !strings.Contains(err.Error(), "unless --build-allow says so") {
		t.Errorf("ADD of an address with the proxy: %#v", err)
	}
	for _, network := range []build.Network{build.NoNetwork, build.ProxyNetwork, build.DaemonNetwork} {
		allowed := builder(t, build.Config{Network: network, Allow: []string{server.URL + "/*"}})
		if _, err := allowed.Build(t.Context(), dockerfile(add), target); err != nil {
			t.Errorf("ADD of an address that is allowed, with the network %s: %v", network, err)
		}
	}
	// The image of a frontend that a file names is not fetched: nobody has it here.
	if _, err := b.Build(t.Context(), dockerfile("# syntax=example.com/frontend:1\n"+bare), target); err != nil {
		t.Errorf("a file with a frontend of its own: %v", err)
	}
	if _, err := b.Build(t.Context(), dockerfile(full+"RUN --network=host true\n"), target); err == nil {
		t.Error("RUN takes the host's network")
	}
	if _, err := b.Build(t.Context(), dockerfile(full+"RUN --security=insecure true\n"), target); err == nil {
		t.Error("RUN takes all privileges")
	}
}

// TestContext builds with files of each kind, of which the image must have what git has.
func TestContext(t *testing.T) {
	t.Parallel()
	b := builder(t, build.Config{Args: map[string]string{"WORD": "meow"}, Memory: 256 << 20, CPUs: 1.5})
	tree := source.Tree{FS: fstest.MapFS{
		"src/Dockerfile": {Data: []byte(full + "ARG WORD\nCOPY . /all\n" +
			"RUN test \"$WORD\" = meow && test -x /all/run.sh && test ! -x /all/src/plain && test ! -e /all/secret && test \"$(readlink /all/link)\" = /etc/passwd && test \"$(cat /all/src/plain)\" = text\n" +
			"COPY src/plain run.sh /\n")},
		"src/plain":     {Data: []byte("text")},
		"run.sh":        {Data: []byte("#!/bin/sh\n"), Mode: 0o755},
		"link":          {Data: []byte("/etc/passwd"), Mode: 0o777 | 1<<27},
		"secret":        {Data: []byte("secret")},
		".dockerignore": {Data: []byte("secret\n")},
	}}
	if _, err := b.Build(t.Context(), tree, fixes.Target{Dockerfile: "src/Dockerfile"}); err != nil {
		t.Errorf("%v", err)
	}
	// A file of the same size and time is another file.
	for _, word := range []string{"one", "two"} {
		tree := checktest.Tree(map[string]string{"Dockerfile": full + "COPY word /\nRUN grep " + word + " /word\n", "word": word})
		if _, err := b.Build(t.Context(), tree, fixes.Target{Dockerfile: "Dockerfile"}); err != nil {
			t.Errorf("%s: %v", word, err)
		}
	}
}

// TestWords wants the last words of an instruction that fails, on one line each and
// without what a terminal obeys.
func TestWords(t *testing.T) {
	t.Parallel()
	b := builder(t, build.Config{})
	_, err := b.Build(t.Context(), dockerfile(full+"RUN seq 100 && printf '\\033[31mred\\n' && false\n"), fixes.Target{Dockerfile: "Dockerfile"})
	failed := (*fixes.BuildError)(nil)
	if !errors.As(err, &failed) {
		t.Fatalf("got %#v", err)
	}
	if diff := cmp.Diff([]string{"97", "98", "99", "100", "[31mred"}, failed.Log); diff != "" || failed.Line != 2 {
		t.Errorf("line %d (-want +got):\n%s", failed.Line, diff)
	}
}

// TestEnds wants to be told when a build takes too long, when somebody gives up, and when
// there is no daemon: none of that is the Dockerfile's fault.
func TestEnds(t *testing.T) {
	t.Parallel()
	address := buildtest.Address(t)
	target := fixes.Target{Dockerfile: "Dockerfile"}
	slow := dockerfile(full + "RUN sleep 600\n")
	failed := (*fixes.BuildError)(nil)

	b, err := build.New(build.Config{Address: address, Timeout: 3 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Build(t.Context(), slow, target); err == nil || errors.As(err, &failed) || !strings.Contains(err.Error(), "longer than 3s") {
		t.Errorf("a build that takes too long: %#v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Second, cancel)
	if _, err := builder(t, build.Config{}).Build(ctx, slow, target); !errors.Is(err, context.Canceled) {
		t.Errorf("a build that is given up: %#v", err)
	}
	nobody, err := build.New(build.Config{Address: "unix:///nonexistent/socket", Timeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := nobody.Build(t.Context(), slow, target); err == nil || errors.As(err, &failed) || !strings.Contains(err.Error(), "reach BuildKit") {
		t.Errorf("without a daemon: %#v", err)
	}
}

// TestNew wants no configuration that means nothing.
func TestNew(t *testing.T) {
	t.Parallel()
	for _, c := range []build.Config{
		{}, {Address: "/run/buildkit/buildkitd.sock"}, {Address: "docker-container://cats"},
		{Address: "unix:///s", Network: "host"}, {Address: "unix:///s", Allow: []string{"docker-image://*"}},
	} {
		if _, err := build.New(c); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
}

// TestRefused proves plans whose images cannot be built any more, or would not start: the
// builder's words and the line of the edited file say why they are refused.
func TestRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, before, after string
		verdict             fixes.Verdict
		line                int
		reason, open        string
	}{
		{"no shell any more", full + copied + "RUN true\n" + start, bare + copied + "RUN true\n" + start, fixes.Refuse, 3,
			"The image can be built today and cannot with the change: `process \"/bin/sh -c true\" did not complete successfully", ""},
		{"no entrypoint any more", full + copied + start, bare + start, fixes.Refuse, 0,
			"The image was built and would not run: The assembly that it starts, `/app/Cats.dll`, is not in it.", ""},
		{"a shell is started that is not there", full + copied + "ENTRYPOINT dotnet /app/Cats.dll\n", bare + copied + "ENTRYPOINT dotnet /app/Cats.dll\n", fixes.Refuse, 0,
			"The image was built and would not run: What it starts, `/bin/sh`, is not in it.", ""},
		{"never built", full + "COPY missing /\nRUN true\n" + start, bare + "COPY missing /\n" + start, fixes.Safe, 0, "",
			"The image could not be built, neither with the change nor without it: line 2: "},
		{"no assembly before", full + "USER 1654\n" + start, bare + start, fixes.Safe, 0, "",
			"The image has a fault that it has today too: The assembly that it starts"},
	}
	b := builder(t, build.Config{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tree := dockerfile(tt.before)
			opts := fixes.Options{Builder: b}
			opts.Checks.IsDockerfile, opts.Checks.Now = checktest.IsDockerfile, checktest.Now
			plans, _, err := fixes.Plans(t.Context(), tree, replace(tt.after), opts)
			if err != nil || len(plans) != 1 {
				t.Fatalf("%d plans: %v", len(plans), err)
			}
			p := plans[0]
			if p.Verdict != tt.verdict || p.Applicable() != (tt.verdict == fixes.Safe) {
				t.Errorf("the verdict is %s, %d files are changed", p.Verdict, len(p.Changes))
			}
			reasons := ""
			for _, r := range p.Reasons {
				reasons += r.Message
				if tt.line > 0 && r.At.Line() != tt.line {
					t.Errorf("the reason is on line %d", r.At.Line())
				}
			}
			if !strings.HasPrefix(reasons, tt.reason) || tt.reason == "" && reasons != "" {
				t.Errorf("reasons: %s", reasons)
			}
			if open := strings.Join(p.Proof.Open, "\n"); !strings.Contains(open, tt.open) {
				t.Errorf("open: %s", open)
			}
		})
	}
}

// replace is a recipe that makes a Dockerfile another one.
func replace(after string) *fixes.Recipe {
	return &fixes.Recipe{ID: "replace", Plan: func(_ context.Context, s fixes.Subject) (*fixes.Plan, error) {
		if s.File.Text() == after {
			return nil, nil
		}
		all := source.Span{End: len(s.File.Text())}
		p := &fixes.Plan{Recipe: "replace", File: s.File.File, Title: "Replace", Steps: []fixes.Step{{
			ID: "replace", Title: "Replace", At: fixes.Place{File: s.File.File, Span: all}, Edits: []source.Edit{{Path: s.File.Path(), Span: all, New: after}},
		}}}
		err := p.Complete(s.Tree)
		return p, err
	}}
}
