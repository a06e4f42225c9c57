package base_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks/base"
)

func lookup(t testing.TB, s string) *base.Facts {
	t.Helper()
	ref, err := base.ParseReference(s)
	if err != nil {
		t.Fatal(err)
	}
	f, _ := base.Lookup(ref)
	return f
}

// mcr is an official .NET image.
func mcr(s string) string { return "mcr.microsoft.com/dotnet/" + s }

func TestLookup(t *testing.T) {
	t.Parallel()
	tests := []struct {
		ref   string
		user  string
		root  bool
		shell base.Known
		ports []int
		icu   base.Known
		ends  string
	}{
		{ref: mcr("aspnet:6.0-jammy"), root: true, shell: base.Yes, ports: []int{80}, icu: base.Yes, ends: "2024-11-12"},
		{ref: mcr("aspnet:6.0-jammy-chiseled"), user: "1654", shell: base.No, ports: []int{8080}, icu: base.No, ends: "2024-11-12"},
		{ref: mcr("aspnet:8.0"), root: true, shell: base.Yes, ports: []int{8080}, icu: base.Yes, ends: "2026-11-10"},
		{ref: mcr("aspnet:8.0-alpine"), root: true, shell: base.Yes, ports: []int{8080}, icu: base.No, ends: "2026-11-10"},
		{ref: mcr("aspnet:10.0-noble-chiseled-extra"), user: "1654", shell: base.No, ports: []int{8080}, icu: base.Yes, ends: "2028-11-14"},
		{ref: mcr("aspnet:10.0-noble-chiseled-composite"), user: "1654", shell: base.No, ports: []int{8080}, icu: base.No, ends: "2028-11-14"},
		{ref: mcr("runtime-deps:10.0-noble-chiseled"), user: "1654", shell: base.No, icu: base.No, ends: "2028-11-14"},
		{ref: mcr("sdk:10.0"), root: true, shell: base.Yes, icu: base.Yes, ends: "2028-11-14"},
		{ref: mcr("aspnet:10.0-azurelinux3.0-distroless"), user: "1654", shell: base.No, ports: []int{8080}, icu: base.No, ends: "2028-11-14"},
		{ref: mcr("core/aspnet:3.1"), root: true, shell: base.Yes, ports: []int{80}, ends: "2022-12-13"},
		{ref: "microsoft/dotnet:2.1-sdk", root: true, shell: base.Yes, ends: "2021-08-21"},
		{ref: mcr("aspnet:8.0-nanoserver-1809"), ports: []int{8080}, ends: "2026-11-10"},
		{ref: "ubuntu:22.04", root: true, shell: base.Yes, ends: "2027-06-01"},
		{ref: "debian:12.5-slim", root: true, shell: base.Yes, ends: "2028-06-30"},
		{ref: "public.ecr.aws/docker/library/alpine:3.18.4", root: true, shell: base.Yes, icu: base.No, ends: "2025-05-09"},
		{ref: "nginx:1.29", root: true, shell: base.Yes, ports: []int{80}},
		{ref: "nginxinc/nginx-unprivileged:1.29-alpine", user: "101", shell: base.Yes, ports: []int{8080}},
		{ref: "gcr.io/distroless/static-debian12", user: "0", root: true, shell: base.No, icu: base.No, ends: "2026-09-30"},
		{ref: "gcr.io/distroless/static-debian12:nonroot", user: "65532", shell: base.No, icu: base.No, ends: "2026-09-30"},
		{ref: "gcr.io/distroless/base-debian12:debug-nonroot", user: "65532", shell: base.Unknown, icu: base.No, ends: "2026-09-30"},
		{ref: "node:22-alpine", root: true, shell: base.Yes},
		{ref: "docker.io/library/haproxy:2.2.33", root: true, shell: base.Yes},
		{ref: "mirror.gcr.io/library/haproxy:3.2", user: "haproxy", shell: base.Yes},
		{ref: "redhat/ubi9-micro", root: true, shell: base.Yes},
		{ref: "public.ecr.aws/ubuntu/ubuntu:24.04", root: true, shell: base.Yes, ends: "2029-05-31"},
		{ref: "public.ecr.aws/ubuntu/dotnet-aspnet:10.0-26.04_stable", user: "_daemon_", shell: base.No, ports: []int{8080}, icu: base.No},
		{ref: "ubuntu/dotnet-aspnet:8.0-24.04_stable", user: "app", shell: base.No, ports: []int{8080}, icu: base.No},
		{ref: "bitnamilegacy/nginx:1.29", user: "1001", ports: []int{8080, 8443}},
		{ref: "mcr.microsoft.com/devcontainers/python:3.13", shell: base.Yes},
		{ref: mcr("aspnet:8.0-cbl-mariner2.0-distroless"), user: "app", shell: base.No, ports: []int{8080}, icu: base.No, ends: "2026-11-10"},
		{ref: mcr("runtime:3.1-alpine"), root: true, shell: base.Yes, icu: base.No, ends: "2022-12-13"},
	}
	for _, tt := range tests {
		t.Run(tt.ref, func(t *testing.T) {
			t.Parallel()
			f := lookup(t, tt.ref)
			if f == nil {
				t.Fatal("not known")
			}
			ends := ""
			if !f.EndOfLife.IsZero() {
				ends = f.EndOfLife.Format(time.DateOnly)
			}
			got := []any{f.User, f.Root(), f.Shell, f.Ports, f.ICU, ends}
			want := []any{tt.user, tt.root, tt.shell, tt.ports, tt.icu, tt.ends}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("user, root, shell, ports, ICU, end of life (-want +got):\n%s", diff)
			}
			if len(f.Sources) == 0 || !strings.HasPrefix(f.Sources[0], "https://") {
				t.Errorf("sources %q", f.Sources)
			}
		})
	}
	for _, ref := range []string{"example.com/nginx", "mcr.microsoft.com/dotnet/aspnet:bogus", "nginx:windowsservercore", "acme/app:8.0-jammy-chiseled"} {
		if f := lookup(t, ref); f != nil {
			t.Errorf("%s: want nothing known, got %+v", ref, f)
		}
	}
}

// tags are all tags of chiseled and full images that one version may have.
func tags() []string {
	var all []string
	for _, version := range []string{"6.0", "7.0", "8.0", "8.0.11", "9.0", "10.0", "10.0.3-1", "11.0-preview", "11.0.0-preview.7", "11.0.0-rc.1"} {
		for _, distro := range []string{"", "-focal", "-jammy", "-noble", "-resolute", "-bullseye-slim", "-bookworm-slim", "-alpine", "-alpine3.22", "-azurelinux3.0", "-cbl-mariner2.0", "-nanoserver-ltsc2022"} {
			for _, variant := range []string{"", "-chiseled", "-chiseled-extra", "-chiseled-composite", "-chiseled-composite-extra", "-distroless", "-distroless-extra"} {
				for _, arch := range []string{"", "-amd64", "-arm64v8", "-arm32v7"} {
					all = append(all, version+distro+variant+arch)
				}
			}
		}
	}
	return all
}

func TestDotNetRoundTrip(t *testing.T) {
	t.Parallel()
	for _, product := range []string{"aspnet", "runtime", "runtime-deps", "sdk", "nightly/aspnet"} {
		for _, tag := range tags() {
			ref, err := base.ParseReference(mcr(product + ":" + tag))
			if err != nil {
				t.Fatal(err)
			}
			d, ok := base.ParseDotNet(ref)
			if !ok {
				t.Fatalf("%s: not read", ref)
			}
			if got := d.Reference(); got != ref {
				t.Errorf("%s becomes %s", ref, got)
			}
		}
	}
}

// TestChiseledTarget demands that what is suggested exists, is chiseled, and is the same
// product and version.
func TestChiseledTarget(t *testing.T) {
	t.Parallel()
	found := 0
	for _, product := range []string{"aspnet", "runtime", "runtime-deps", "sdk"} {
		for _, tag := range tags() {
			ref, _ := base.ParseReference(mcr(product + ":" + tag))
			d, _ := base.ParseDotNet(ref)
			for _, extra := range []bool{false, true} {
				target, why := d.ChiseledTarget(extra, strings.HasSuffix(tag, "arm32v7"))
				if target == nil {
					if why == "" {
						t.Errorf("%s: no target and no reason", ref)
					}
					continue
				}
				found++
				again, ok := base.ParseDotNet(target.Reference())
				if !ok || again.Missing() != "" || !again.Chiseled || again.Extra != extra || again.Product != product || again.Version != d.Version {
					t.Errorf("%s: target %s (%s)", ref, target.Reference(), again.Missing())
				}
			}
		}
	}
	if found < 100 {
		t.Errorf("only %d targets", found)
	}
}

func TestMissing(t *testing.T) {
	t.Parallel()
	exist := []string{
		"aspnet:8.0-jammy-chiseled", "aspnet:8.0-noble-chiseled-composite-extra", "runtime:10.0-resolute-chiseled", "aspnet:10.0-noble-chiseled-extra-arm32v7",
		"aspnet:8.0", "sdk:10.0-noble-aot", "runtime:3.0.0-preview7-disco", "sdk:10.0-preview-trixie-slim", "aspnet:8.0-alpine-extra", "aspnet:8.0-alpine-composite", "aspnet:8.0-azurelinux3.0-distroless-extra", "monitor:8-ubuntu-chiseled", "aspnet:11.0-resolute-chiseled",
		"nightly/runtime-deps:8.0-jammy-chiseled-aot",
	}
	missing := map[string]string{
		"sdk:8.0-noble-chiseled":                    "no chiseled SDK",
		"aspnet:8.0-chiseled":                       "name their Ubuntu release",
		"aspnet:latest-chiseled":                    "name their Ubuntu release",
		"aspnet:8.0-resolute-chiseled":              "noble and jammy",
		"aspnet:10.0-jammy-chiseled":                "noble and resolute",
		"runtime:8.0-noble-chiseled-composite":      "only aspnet",
		"aspnet:6.0-jammy-chiseled-composite":       "begin with .NET 8",
		"aspnet:8.0-noble-chiseled-extra-composite": "stands before",
		"aspnet:8.0-noble-chiseled-arm32v7":         "arm32v7",
		"aspnet:5.0-focal-chiseled":                 "no chiseled images",
		"runtime-deps:8.0-noble-chiseled-aot":       "SDK image",
		"aspnet:8.0-bookworm-slim-chiseled":         "noble and jammy",
		"aspnet:8.0-noble-extra":                    "extra or composite",
	}
	for _, tag := range exist {
		ref, _ := base.ParseReference(mcr(tag))
		if d, ok := base.ParseDotNet(ref); !ok || d.Missing() != "" {
			t.Errorf("%s: want it to exist, got %v", tag, d)
		}
	}
	for tag, want := range missing {
		ref, _ := base.ParseReference(mcr(tag))
		d, ok := base.ParseDotNet(ref)
		if !ok || !strings.Contains(d.Missing(), want) {
			t.Errorf("%s: got %q, want %q", tag, d.Missing(), want)
		}
	}
}

func TestLongestSupported(t *testing.T) {
	t.Parallel()
	for day, want := range map[string]string{"2026-12-01": "10.0", "2029-01-01": ""} {
		on, _ := time.Parse(time.DateOnly, day)
		if got := base.LongestSupported(on); got != want {
			t.Errorf("on %s: %q, want %q", day, got, want)
		}
	}
}

// TestPackageManagers looks at the images of one repository that differ in it.
func TestPackageManagers(t *testing.T) {
	t.Parallel()
	for ref, want := range map[string]string{
		"amazonlinux:2": "yum", "amazonlinux:2.0.20260817.0": "yum", "amazonlinux:2023": "dnf", "public.ecr.aws/amazonlinux/amazonlinux:2": "yum",
		"mysql:8.0-debian": "apt", "mysql:8.4": "microdnf", "python:3.13-alpine3.22": "apk", "python:3.13-slim": "apt",
		"registry.access.redhat.com/ubi9-minimal": "microdnf", "almalinux:9-minimal": "microdnf",
	} {
		if f := lookup(t, ref); f == nil || f.PackageManager != want {
			t.Errorf("%s: got %+v, want %s", ref, f, want)
		}
	}
}

// TestDotNetStart follows ENTRYPOINT and the mode without ICU through the variants.
func TestDotNetStart(t *testing.T) {
	t.Parallel()
	tests := []struct{ tag, entrypoint, invariant string }{
		{"aspnet:8.0", "", ""},
		{"aspnet:8.0-noble-chiseled", "/usr/bin/dotnet", "true"},
		{"aspnet:8.0-noble-chiseled-extra", "/usr/bin/dotnet", ""},
		{"runtime:10.0-azurelinux3.0-distroless", "/usr/bin/dotnet", "true"},
		{"runtime-deps:10.0-noble-chiseled", "", "true"},
		{"aspnet:10.0-alpine", "", "true"},
		{"sdk:10.0-alpine", "", "false"},
	}
	for _, tt := range tests {
		f := lookup(t, mcr(tt.tag))
		if got := strings.Join(f.Entrypoint, " "); got != tt.entrypoint || !f.StartKnown {
			t.Errorf("%s: ENTRYPOINT %q, want %q", tt.tag, got, tt.entrypoint)
		}
		if got := f.Env["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"]; got != tt.invariant {
			t.Errorf("%s: invariant %q, want %q", tt.tag, got, tt.invariant)
		}
	}
}

func FuzzLookup(f *testing.F) {
	for _, s := range []string{"nginx", mcr("aspnet:8.0-noble-chiseled-composite-extra"), mcr("nightly/sdk:11.0.0-preview.7-1-alpine3.22-amd64"), "microsoft/dotnet:2.1-sdk", mcr("monitor:8"), "gcr.io/distroless/cc:debug-nonroot"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ref, err := base.ParseReference(s)
		if err != nil {
			return
		}
		if d, ok := base.ParseDotNet(ref); ok {
			again, ok := base.ParseDotNet(d.Reference())
			if !ok || again.Reference() != d.Reference() {
				t.Errorf("%s becomes %s and then does not stay so", ref, d.Reference())
			}
			_ = d.Missing()
			_, _ = d.ChiseledTarget(true, true)
		}
		if facts, ok := base.Lookup(ref); ok && (facts.Name == "" || facts.Role == "" || slices.Contains(facts.Sources, "")) {
			t.Errorf("%s: facts without a name, a role or a source: %+v", ref, facts)
		}
	})
}

func BenchmarkLookup(b *testing.B) {
	ref, _ := base.ParseReference(mcr("aspnet:10.0-noble-chiseled-extra"))
	for b.Loop() {
		base.Lookup(ref)
	}
}

func TestPublished(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]base.Known{
		"aspnet:8.0": base.Yes, "sdk:10.0": base.Yes, "aspnet:8.0-bookworm-slim": base.Yes, "runtime:9.0-alpine": base.Yes, "aspnet:8.0-jammy-chiseled-composite-extra": base.Yes,
		"aspnet:8.0-jammy": base.Unknown, "aspnet:8.0.11": base.Unknown, "aspnet:8.0.1-noble-chiseled": base.Unknown, "sdk:8.0-noble-aot": base.Unknown, "sdk:10.0-trixie-slim-aot": base.Unknown, "nightly/aspnet:8.0": base.Unknown,
		"sdk:10.0-noble-aot": base.Yes, "sdk:10.0-resolute-aot": base.Yes, "sdk:10.0-alpine-aot": base.Yes,
		"aspnet:11.0": base.Unknown, "aspnet:12.0": base.Unknown, "aspnet:10.0-rc": base.Unknown, "aspnet:latest": base.Unknown, "aspnet:8.0-nanoserver-1809": base.Unknown,
		"sdk:8.0-noble-chiseled": base.No, "runtime-deps:8.0-jammy-chiseled-aot": base.No,
	} {
		ref, _ := base.ParseReference(mcr(tag))
		if d, ok := base.ParseDotNet(ref); !ok || d.Published() != want {
			t.Errorf("%s: got %v, want %v", tag, d.Published(), want)
		}
	}
}

func TestOn(t *testing.T) {
	t.Parallel()
	for image, want := range map[string]string{
		mcr("aspnet:6.0"):                           mcr("aspnet:10.0"),
		mcr("aspnet:7.0.5-bullseye-slim-amd64"):     mcr("aspnet:10.0"),
		mcr("aspnet:6.0-jammy-chiseled"):            mcr("aspnet:10.0-noble-chiseled"),
		mcr("aspnet:8.0-noble-chiseled-extra"):      mcr("aspnet:10.0-noble-chiseled-extra"),
		mcr("nightly/runtime:6.0-alpine3.16"):       mcr("runtime:10.0-alpine"),
		mcr("core/sdk:3.1"):                         mcr("sdk:10.0"),
		"microsoft/dotnet:2.1-aspnetcore-runtime":   mcr("aspnet:10.0"),
		"microsoft/dotnet:2.1-runtime-deps":         mcr("runtime-deps:10.0"),
		"microsoft/dotnet:2.0-runtime":              mcr("runtime:10.0"),
		"microsoft/dotnet:latest":                   mcr("sdk:10.0"),
		"microsoft/aspnetcore:2.0":                  mcr("aspnet:10.0"),
		"microsoft/aspnetcore-build:2.0":            mcr("sdk:10.0"),
		mcr("aspnet:6.0-nanoserver-ltsc2022"):       "",
		mcr("monitor:6.0"):                          "",
		mcr("aspnet:8.0-azurelinux3.0-distroless"):  "",
		mcr("runtime:8.0-noble-chiseled-composite"): "",
		mcr("aspnet:8.0-jammy-chiseled-composite"):  mcr("aspnet:10.0-noble-chiseled-composite"),
		mcr("sdk:6.0-focal"):                        mcr("sdk:10.0"),
		mcr("aspnet:6.0-cbl-mariner2.0-distroless"): "",
		mcr("runtime-deps:6.0-alpine3.17-arm64v8"):  mcr("runtime-deps:10.0-alpine"),
	} {
		ref, _ := base.ParseReference(image)
		d, ok := base.ParseDotNet(ref)
		if !ok {
			t.Fatalf("%s: not read", image)
		}
		got := ""
		if on := d.On("10.0"); on != nil {
			got = on.Reference().String()
		}
		if got != want {
			t.Errorf("%s on .NET 10.0: %q, want %q", image, got, want)
		}
	}
}

func TestEndOfLife(t *testing.T) {
	t.Parallel()
	for image, want := range map[string]string{
		mcr("aspnet:10.0-rc.1"): "2025-11-11", mcr("sdk:8.0.100-preview.3"): "2023-11-14", mcr("sdk:11.0-preview"): "",
		mcr("core/aspnet:latest"): "2022-12-13", "microsoft/dotnet:sdk": "2022-12-13", mcr("sdk:latest"): "",
	} {
		got := ""
		if f := lookup(t, image); f != nil && !f.EndOfLife.IsZero() {
			got = f.EndOfLife.Format(time.DateOnly)
		}
		if got != want {
			t.Errorf("%s ends %q, want %q", image, got, want)
		}
	}
	for image, want := range map[string]string{"ubuntu:18.04": "26.04", "public.ecr.aws/docker/library/debian:9": "13", "alpine:3.10": "3.23", "centos:7": "", "nginx:1.29": ""} {
		ref, _ := base.ParseReference(image)
		if got, _ := base.LongestSupportedSystem(ref, time.Date(2026, time.December, 1, 0, 0, 0, 0, time.UTC)); got != want {
			t.Errorf("%s: move to %q, want %q", image, got, want)
		}
	}
}

func TestMirrors(t *testing.T) {
	t.Parallel()
	mirrors := base.Mirrors{
		"registry.example.com/mcr": "mcr.microsoft.com", "registry.example.com:5000/": "docker.io", "corp/dotnet": "mcr.microsoft.com/dotnet/",
		"registry.example.com/mcr/dotnet/runtime": "mcr.microsoft.com/dotnet/aspnet",
	}
	tests := []struct{ ref, want string }{ // want is the repository of the chiseled image
		{"registry.example.com/mcr/dotnet/aspnet:10.0", "registry.example.com/mcr/dotnet/aspnet"},
		{"registry.example.com/mcr/dotnet/nightly/aspnet:10.0", "registry.example.com/mcr/dotnet/aspnet"},
		{"corp/dotnet/runtime-deps:8.0", "docker.io/corp/dotnet/runtime-deps"},
		{"docker.io/corp/dotnet/runtime:8.0", "docker.io/corp/dotnet/runtime"},
		{"mcr.microsoft.com/dotnet/aspnet:10.0", "mcr.microsoft.com/dotnet/aspnet"},
		{"registry.example.com/mcrs/dotnet/aspnet:10.0", ""},
		{"registry.example.com/mcr:10.0", ""},
		{"registry.example.com/dotnet/aspnet:10.0", ""},
	}
	for _, test := range tests {
		ref, err := base.ParseReference(test.ref)
		if err != nil {
			t.Fatal(err)
		}
		f, ok := mirrors.Lookup(ref)
		got := ""
		if ok && f.DotNet != nil {
			target, why := f.DotNet.ChiseledTarget(true, false)
			if target == nil {
				t.Errorf("%s: %s", test.ref, why)
				continue
			}
			got = target.Repository()
		}
		if got != test.want {
			t.Errorf("%s: chiseled in %q, want %q", test.ref, got, test.want)
		}
	}
	nginx, err := base.ParseReference("registry.example.com:5000/nginx:1.27")
	if err != nil {
		t.Fatal(err)
	}
	if f, ok := mirrors.Lookup(nginx); !ok || len(f.Ports) != 1 {
		t.Errorf("a copy of Docker's own nginx: %v, %t", f, ok)
	}
	for prefix, ok := range map[string]bool{
		"registry.example.com": true, "registry.example.com:5000": true, "registry.example.com/mcr/": true, "corp": true,
		"https://registry.example.com": false, "registry.example.com/mcr:1.0": false, "registry.example.com/mcr@sha256:0": false, "Registry/A B": false, "": false,
	} {
		if why := base.CheckMirror(prefix); (why == "") != ok {
			t.Errorf("%q: %s", prefix, why)
		}
	}
}
