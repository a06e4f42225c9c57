package buildtest

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// busybox is a shell and its tools without libraries, from Debian's busybox-static.
const busybox = "/bin/busybox"

// programs is the package of the programs that are in the images.
const programs = "github.com/chiselbot/chiselbot/app/build/buildtest/testdata/programs"

// kit is what images are made of.
type kit struct {
	busybox, programs []byte
	applets           []string

	mu     sync.Mutex
	layers map[string]v1.Layer
}

func newKit(dir string) (*kit, error) {
	file := filepath.Join(dir, "programs")
	build := exec.CommandContext(context.Background(), "go", "build", "-trimpath", "-ldflags=-s -w", "-o", file, programs)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the programs of the images: %w\n%s", err, out)
	}
	k := &kit{layers: map[string]v1.Layer{}}
	var err error
	if k.programs, err = os.ReadFile(file); err != nil {
		return nil, err
	}
	if k.busybox, err = os.ReadFile(busybox); err != nil {
		return nil, err
	}
	// Its shell takes its own programs before those in the PATH; ours are found under a
	// name that it does not know.
	k.busybox = bytes.Replace(k.busybox, []byte("\x00dpkg\x00dpkg-deb\x00"), []byte("\x00dpkx\x00dpkx-deb\x00"), 1)
	list, err := exec.CommandContext(context.Background(), busybox, "--list").Output()
	k.applets = strings.Fields(string(list))
	return k, err
}

// A flavour is what a tag of .NET's images says.
type flavour struct {
	product, version, distro   string
	chiseled, composite, extra bool
}

var tagOf = regexp.MustCompile(`^(\d+\.0)(?:\.\d+)?(?:-preview)?(?:-([a-z]+(?:\d[\d.]*)?(?:-slim)?))?(-chiseled)?(-composite)?(-extra)?(-aot)?(?:-amd64)?$`)

// releases are the Ubuntu releases of chiseled images by .NET's version.
// https://github.com/dotnet/dotnet-docker/blob/main/documentation/ubuntu-chiseled.md
var releases = map[string][]string{"6.0": {"jammy"}, "7.0": {"jammy"}, "8.0": {"jammy", "noble"}, "9.0": {"noble"}, "10.0": {"noble", "resolute"}, "11.0": {"resolute"}}

// byDefault is what a tag without a distribution is built on.
var byDefault = map[string]string{"6.0": "bullseye-slim", "7.0": "bullseye-slim", "8.0": "bookworm-slim", "9.0": "bookworm-slim", "10.0": "noble", "11.0": "resolute"}

// osRelease are the names of distributions as they say them themselves.
var osRelease = map[string]string{
	"jammy": "ubuntu 22.04", "noble": "ubuntu 24.04", "resolute": "ubuntu 26.04", "bullseye-slim": "debian 11", "bookworm-slim": "debian 12", "trixie-slim": "debian 13",
	"alpine": "alpine 3.22.1", "alpine3.20": "alpine 3.20.6", "alpine3.21": "alpine 3.21.4", "alpine3.22": "alpine 3.22.1",
}

// image is the image of a tag, nil where there is no such.
func (k *kit) image(repository, tag string) (v1.Image, error) {
	if system, ok := strings.CutPrefix(repository, "docker.io/library/"); ok {
		for distro, release := range osRelease {
			if name, version, _ := strings.Cut(release, " "); name == system && (tag == version || tag == distro || strings.HasPrefix(version, tag)) {
				return k.build(v1.Config{Env: []string{path}, Cmd: []string{"/bin/sh"}}, k.system(distro, "6.0"))
			}
		}
		return nil, nil
	}
	product, ok := strings.CutPrefix(strings.Replace(repository, "/nightly/", "/", 1), "mcr.microsoft.com/dotnet/")
	m := tagOf.FindStringSubmatch(tag)
	if !ok || m == nil || !slices.Contains([]string{"sdk", "aspnet", "runtime", "runtime-deps"}, product) {
		return nil, nil
	}
	f := flavour{product: product, version: m[1], distro: m[2], chiseled: m[3] != "", composite: m[4] != "", extra: m[5] != ""}
	if f.distro == "" {
		f.distro = byDefault[f.version]
	}
	switch {
	case osRelease[f.distro] == "" || releases[f.version] == nil,
		f.chiseled && (product == "sdk" || !slices.Contains(releases[f.version], f.distro)),
		!f.chiseled && (f.composite || f.extra && !strings.HasPrefix(f.distro, "alpine")),
		f.composite && (product != "aspnet" || f.version < "8" && len(f.version) == 3):
		return nil, nil
	}
	layers := []func() (v1.Layer, error){k.system(f.distro, f.version)}
	if f.chiseled {
		layers = []func() (v1.Layer, error){k.chiseled(f)}
	}
	if product != "runtime-deps" {
		layers = append(layers, k.dotnet(f))
	}
	return k.build(config(f), layers...)
}

const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// old reports whether the images are of the time in which they listened on port 80.
func (f flavour) old() bool { return f.version == "6.0" || f.version == "7.0" }

// config is the configuration of an image.
// https://github.com/dotnet/dotnet-docker/tree/main/src/runtime-deps
func config(f flavour) v1.Config {
	c := v1.Config{Env: []string{path, "DOTNET_RUNNING_IN_CONTAINER=true"}}
	switch {
	case f.old() && f.chiseled:
		c.Env = append(c.Env, "ASPNETCORE_URLS=http://+:8080", "APP_UID=1654")
	case f.old():
		c.Env = append(c.Env, "ASPNETCORE_URLS=http://+:80")
	default:
		c.Env = append(c.Env, "ASPNETCORE_HTTP_PORTS=8080", "APP_UID=1654")
	}
	if alpine := strings.HasPrefix(f.distro, "alpine"); (f.chiseled || alpine) && !f.extra {
		c.Env = append(c.Env, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=true")
	}
	switch {
	case !f.chiseled:
		c.Cmd = []string{"/bin/sh"}
	case f.product != "runtime-deps":
		c.Entrypoint, c.Cmd = []string{"/usr/bin/dotnet"}, []string{"--info"}
	}
	if f.chiseled {
		c.User = "1654"
	}
	return c
}

func (k *kit) build(c v1.Config, parts ...func() (v1.Layer, error)) (v1.Image, error) {
	image := empty.Image
	for _, part := range parts {
		layer, err := part()
		if err != nil {
			return nil, err
		}
		if image, err = mutate.AppendLayers(image, layer); err != nil {
			return nil, err
		}
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Config = "linux", "amd64", c
	return mutate.ConfigFile(image, file)
}

// entry is a file, a folder or, with a target, a link of a layer.
type entry struct {
	mode   int64
	owner  int
	text   []byte
	target string
}

func dir(mode int64, owner int) entry { return entry{mode: mode | 1<<31, owner: owner} }
func text(s string) entry             { return entry{mode: 0o644, text: []byte(s)} }
func program(b []byte) entry          { return entry{mode: 0o755, text: b} }
func link(target string) entry        { return entry{target: target} }

// layer makes a layer once.
func (k *kit) layer(key string, files func() map[string]entry) func() (v1.Layer, error) {
	return func() (v1.Layer, error) {
		k.mu.Lock()
		defer k.mu.Unlock()
		if l := k.layers[key]; l != nil {
			return l, nil
		}
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		all := files()
		for name := range maps.Clone(all) { // the folders above, of root
			for at := strings.LastIndexByte(name, '/'); at > 0; at = strings.LastIndexByte(name[:at], '/') {
				if _, ok := all[name[:at]]; !ok {
					all[name[:at]] = dir(0o755, 0)
				}
			}
		}
		for _, name := range slices.Sorted(maps.Keys(all)) {
			e := all[name]
			h := &tar.Header{Name: name, Mode: e.mode & 0o7777, Uid: e.owner, Gid: e.owner, Size: int64(len(e.text)), Typeflag: tar.TypeReg, ModTime: time.Unix(0, 0)}
			switch {
			case e.target != "":
				h.Typeflag, h.Linkname, h.Mode = tar.TypeSymlink, e.target, 0o777
			case e.mode&(1<<31) != 0:
				h.Typeflag, h.Name = tar.TypeDir, name+"/"
			}
			if err := w.WriteHeader(h); err != nil {
				return nil, err
			}
			if _, err := w.Write(e.text); err != nil {
				return nil, err
			}
		}
		if err := w.Close(); err != nil {
			return nil, err
		}
		l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil })
		k.layers[key] = l
		return l, err
	}
}

// base is what every image has, the account of .NET's images where it has that.
func base(distro string, app bool) map[string]entry {
	name, version, _ := strings.Cut(osRelease[distro], " ")
	files := map[string]entry{
		"etc/os-release":                     text("ID=" + name + "\nVERSION_ID=" + strconv.Quote(version) + "\n"),
		"etc/passwd":                         text("root:x:0:0:root:/root:/bin/sh\n"),
		"etc/group":                          text("root:x:0:\n"),
		"etc/ssl/certs/ca-certificates.crt":  text("-----BEGIN CERTIFICATE-----\n"),
		"root":                               dir(0o700, 0),
		"tmp":                                dir(0o1777, 0),
		"var/tmp":                            dir(0o1777, 0),
		"usr/lib/x86_64-linux-gnu/libc.so.6": text("library"),
		"usr/lib64/ld-linux-x86-64.so.2":     program([]byte("loader")),
		"bin":                                link("usr/bin"),
		"sbin":                               link("usr/sbin"),
		"usr/sbin":                           dir(0o755, 0),
		"lib":                                link("usr/lib"),
		"lib64":                              link("usr/lib64"),
	}
	if app {
		files["etc/passwd"] = text("root:x:0:0:root:/root:/bin/sh\napp:x:1654:1654::/home/app:/bin/false\n")
		files["etc/group"] = text("root:x:0:\napp:x:1654:\n")
		files["home/app"] = dir(0o755, 1654)
	}
	return files
}

// globalization are ICU and time zones.
func globalization(files map[string]entry) {
	files["usr/lib/x86_64-linux-gnu/libicuuc.so.74"] = text("library")
	files["usr/share/zoneinfo/Europe/Oslo"] = text("TZif")
}

// system is a full distribution: a shell, its tools, a package manager.
func (k *kit) system(distro, version string) func() (v1.Layer, error) {
	old := version == "6.0" || version == "7.0"
	return k.layer(fmt.Sprint("system ", distro, old), func() map[string]entry {
		files := base(distro, !old)
		alpine := strings.HasPrefix(distro, "alpine")
		if alpine {
			files["lib/ld-musl-x86_64.so.1"] = program([]byte("loader"))
			files["etc/alpine-release"] = text("3.22.1\n")
			for _, name := range []string{"lib", "lib64", "usr/lib64/ld-linux-x86-64.so.2", "usr/lib/x86_64-linux-gnu/libc.so.6"} {
				delete(files, name)
			}
		} else {
			globalization(files)
			files["etc/timezone"] = text("Etc/UTC\n")
			files["usr/bin/bash"] = link("busybox")
		}
		files["usr/bin/busybox"] = program(k.busybox)
		for _, applet := range k.applets {
			if applet != "busybox" && applet != "wget" && applet != "dpkg" && applet != "rpm" {
				files["usr/bin/"+applet] = link("busybox")
			}
		}
		files["usr/bin/dotnet-programs"] = program(k.programs)
		names := []string{"apt-get", "apt", "useradd", "groupadd", "update-ca-certificates", "dpkg", "dpkg-deb", "sha384sum"}
		if alpine {
			names = []string{"apk", "adduser", "addgroup", "update-ca-certificates"}
		}
		for _, name := range names {
			files["usr/bin/"+name] = link("dotnet-programs")
		}
		if !alpine {
			files["var/lib/dpkg/status"] = text("Package: libc6\nStatus: install ok installed\nVersion: 2\n")
		}
		return files
	})
}

// chiseled is the part of a chiseled image below .NET: no shell, no package manager.
func (k *kit) chiseled(f flavour) func() (v1.Layer, error) {
	return k.layer(fmt.Sprint("chiseled ", f.distro, f.version, f.extra), func() map[string]entry {
		files := base(f.distro, true)
		files["etc/passwd"] = text("root:x:0:0:root:/root:/bin/false\napp:x:1654:1654::/home/app:/bin/false\n")
		files["var/lib/dpkg/status"] = text("Package: libc6\nVersion: 2\n")
		if len(f.version) > len("9.0") {
			files["var/lib/chisel/manifest.wall"] = text("{\"kind\":\"slice\",\"name\":\"base-files_chisel\"}\n{\"kind\":\"slice\",\"name\":\"libc6_libs\"}\n")
		}
		if f.extra {
			globalization(files)
		}
		return files
	})
}

// dotnet is .NET itself.
func (k *kit) dotnet(f flavour) func() (v1.Layer, error) {
	return k.layer("dotnet "+f.product+f.version, func() map[string]entry {
		files := map[string]entry{
			"usr/share/dotnet/dotnet": program(k.programs),
			"usr/bin/dotnet":          link("/usr/share/dotnet/dotnet"),
			"usr/share/dotnet/shared/Microsoft.NETCore.App/" + f.version + ".1": dir(0o755, 0),
		}
		if f.product != "runtime" {
			files["usr/share/dotnet/shared/Microsoft.AspNetCore.App/"+f.version+".1"] = dir(0o755, 0)
		}
		if f.product == "sdk" {
			files["usr/share/dotnet/sdk/"+f.version+".100"] = dir(0o755, 0)
		}
		return files
	})
}
