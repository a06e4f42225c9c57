package chiseled

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
)

func isManager(name string) bool {
	switch name {
	case "apt-get", "apt", "apk", "aptitude", "dpkg", "apt-mark", "tdnf", "dnf", "microdnf", "yum":
		return true
	}
	return false
}

// manages takes in one call of a package manager.
func (j *job) manages(name string, args []dockerfile.ShellWord) bool {
	verb, packages := "", []dockerfile.ShellWord(nil)
	for n := 0; n < len(args); n++ {
		a := args[n]
		switch {
		case !a.Static:
			return false
		case strings.HasPrefix(a.Value, "-"):
			if slices.Contains([]string{"-o", "-t", "--virtual", "-X", "--repository"}, a.Value) {
				n++
			}
		case verb == "":
			verb = a.Value
		default:
			packages = append(packages, a)
		}
	}
	switch verb {
	case "update", "clean", "autoclean", "autoremove", "cache", "makecache", "remove", "purge", "del":
		return name != "dpkg"
	case "upgrade", "dist-upgrade", "full-upgrade":
		j.upgrades()
		return name != "dpkg"
	case "install", "add":
		j.install = append(j.install, packages...)
		return name != "dpkg"
	}
	return false
}

// upgrades takes in an upgrade of the packages that the base image has. Beside a digest it
// is all that brings security updates until somebody renews the digest, and no chiseled
// image can be upgraded: OIDC-Guard went back to Alpine twice, to a digest and an upgrade.
// https://github.com/IvanJosipovic/oidc-guard/commit/bb5e7f24c6e0def8f511f43bfd25c7f630f765ba
func (j *job) upgrades() {
	if img := j.stage.Root().Image; img.Ref.Digest != "" {
		j.person(j.at(j.run.Span), fmt.Sprintf("The image is pinned by its digest (line %d), so this upgrade alone brings security updates between two digests, and a chiseled image cannot be upgraded.", j.File.Position(img.Span.Start).Line),
			"Decide how updates come from now on: have a bot renew the digest, or build on the tag without one. Then take this line out and ask again.")
		return
	}
	j.drop("the chiseled image is built anew with updates, and cannot be updated in place")
}

// resolution is what becomes of the packages that a RUN installs.
type resolution struct {
	stuck   bool
	because []string
	native  []library
	slices  []string
}

// A library is a package with native libraries and the files that an application loads.
type library struct {
	// packages are Ubuntu's names by its releases, files those of the libraries by their
	// sonames, without the folder.
	packages map[string]string
	files    map[string][]string
}

// packages decides on each package that the RUN installs.
func (j *job) packages() (r resolution) {
	var there, extra, tools, clients []string
	to := j.target(j.stage.Root())
	for _, w := range j.install {
		name := packageName(w.Value)
		switch kind := kindOf(name, to); kind {
		case inImage:
			there = append(there, name)
		case inExtra:
			extra = append(extra, name)
		case forPeople:
			tools = append(tools, name)
		case forLocales:
			j.locales()
		case httpClient:
			clients = append(clients, name)
		case program:
			j.program(w, name)
			r.stuck = true
		case sharedLibrary:
			lib := libraries[libraryName(name)]
			if _, ok := lib.packages[to.Distro]; !ok {
				j.person(j.at(w.Span), fmt.Sprintf("Which package of %s has the libraries of %s is not known.", to.Distro, checks.Code(name)), "Copy the libraries from a stage of the same Ubuntu release.")
				r.stuck = true
				continue
			}
			if why := j.onePlatform(); why != "" {
				j.person(j.at(w.Span), fmt.Sprintf("The image installs %s, whose libraries could be copied, but %s.", checks.Code(name), why), "Name the platform when you build, with `--platform`, and not in the `FROM`; then ask again.")
				r.stuck = true
				continue
			}
			r.native = append(r.native, lib)
			r.because = append(r.because, fmt.Sprintf("The libraries of %s are copied from a stage of the same Ubuntu release; scanners do not see files that come without their package.", checks.Code(name)))
		case inSlices:
			if why := j.uncuttable(); why != "" {
				j.person(j.at(w.Span), fmt.Sprintf("The image installs %s, whose libraries chisel could cut into it, but %s.", checks.Code(name), why), packageHelp(to.Version))
				r.stuck = true
				continue
			}
			r.slices = append(r.slices, slicesOf(name, to)...)
			r.because = append(r.because, fmt.Sprintf("The libraries of %s are cut into the image with chisel, from Ubuntu's packages; scanners find them in its lists.", checks.Code(name)))
		default:
			j.person(j.at(w.Span), fmt.Sprintf("The image installs %s, and what the application does with it is not known.", checks.Code(name)), packageHelp(to.Version))
			r.stuck = true
		}
	}
	if len(there) > 0 {
		r.because = append(r.because, fmt.Sprintf("What %s brings to a full image the chiseled one has.", checks.Codes(there)))
	}
	if len(extra) > 0 {
		r.because = append(r.because, fmt.Sprintf("The `-extra` image has ICU and time zones without %s.", checks.Codes(extra)))
	}
	if len(tools) > 0 {
		r.because = append(r.because, fmt.Sprintf("Tools for people (%s) stay out: `docker debug` and `kubectl debug` bring them along when they are needed.", checks.Codes(tools)))
	}
	if len(clients) > 0 {
		j.clients(clients, &r)
	}
	return r
}

// program refuses a package that is one.
func (j *job) program(w dockerfile.ShellWord, name string) {
	j.refuse(j.at(w.Span), fmt.Sprintf("The image installs %s, a program, and a chiseled image has none but the application's.", checks.Code(name)),
		"Keep the full image, or run what needs "+checks.Code(name)+" in a container of its own.")
}

// packageHelp is what to do about a package that is not known.
func packageHelp(version string) string {
	if len(version) > len("9.0") {
		return "Cut what the application needs into the image with chisel, as https://github.com/dotnet/dotnet-docker/blob/main/documentation/ubuntu-chiseled.md shows, copy its libraries from an Ubuntu stage, or keep the full image."
	}
	return "Copy the libraries that the application loads from a stage of the same Ubuntu release, or keep the full image."
}

// clients decides on curl and wget: they go with the health check that calls them.
func (j *job) clients(names []string, r *resolution) {
	for _, s := range j.stages {
		for _, i := range s.Instructions {
			if i.Keyword == "HEALTHCHECK" && calls(i, names) {
				r.because = append(r.because, fmt.Sprintf("%s was there for the health check, which goes.", checks.Codes(names)))
				return
			}
		}
	}
	r.because = append(r.because, fmt.Sprintf("Nothing in the Dockerfile calls %s.", checks.Codes(names)))
	j.note(j.at(j.run.Span), "%s is no longer in the image. Look for probes and jobs outside this repository that call it in the container.", checks.Codes(names))
}

// calls reports whether an instruction's commands are among the names.
func calls(i *dockerfile.Instruction, names []string) bool {
	commands, _ := i.Commands()
	return slices.ContainsFunc(commands, func(c dockerfile.ShellCommand) bool { return slices.Contains(names, path.Base(c.Name)) })
}

// lines are the instructions that bring native libraries into the image.
func (r resolution) lines(j *job, step int) []string {
	var lines []string
	if len(r.slices) > 0 {
		j.cutSlices(step, r.slices)
	}
	if len(r.native) == 0 {
		return lines
	}
	w := j.freshShop()
	distro := j.target(j.stage.Root()).Distro
	var install, files []string
	for _, lib := range r.native {
		install = append(install, lib.packages[distro])
		files = append(files, lib.files[distro]...)
	}
	slices.Sort(install)
	slices.Sort(files)
	w.do(step, "apt-get update")
	w.do(step, "apt-get install -y --no-install-recommends "+strings.Join(slices.Compact(install), " "))
	w.do(step, "rm -rf /var/lib/apt/lists/*")
	// /usr/lib is searched on every architecture; the folder that Ubuntu uses has the
	// architecture in its name.
	w.do(step, "mkdir -p "+j.rootfs()+"/usr/lib")
	j.sonames = append(j.sonames, files...)
	for _, f := range slices.Compact(files) {
		w.do(step, "cp -L /usr/lib/*-linux-gnu*/"+f+" "+j.rootfs()+"/usr/lib/")
		// What was built elsewhere asks for the name without the suffix, which 64-bit
		// systems need not have got: https://wiki.debian.org/ReleaseGoals/64bit-time
		if name, renamed := strings.CutSuffix(f, "t64"); renamed {
			w.do(step, "cp -L /usr/lib/*-linux-gnu*/"+f+" "+j.rootfs()+"/usr/lib/"+name)
			j.sonames = append(j.sonames, name)
		}
	}
	return append(lines, strings.Join([]string{j.keyword("COPY"), "--from=" + w.name, j.rootfs() + "/usr/lib/", "/usr/lib/"}, " "))
}

// packageName is a package without its version.
func packageName(word string) string {
	if n := strings.IndexAny(word, "=~<>@/"); n > 0 {
		word = word[:n]
	}
	return word
}

type packageKind int8

const (
	unknownPackage packageKind = iota
	inImage
	inExtra
	forPeople
	forLocales
	httpClient
	program
	sharedLibrary
	inSlices
)

// kindOf says what is known of a package of Debian, Ubuntu, Alpine or Azure Linux for an
// image to move to.
func kindOf(name string, to *base.DotNet) packageKind {
	switch {
	case slices.Contains(imageHas, name):
		return inImage
	case strings.HasPrefix(name, "libicu") || strings.HasPrefix(name, "icu"), name == "tzdata", name == "tzdata-legacy":
		return inExtra
	case slices.Contains([]string{"locales", "locales-all", "musl-locales", "musl-locales-lang"}, name):
		return forLocales
	case slices.Contains(peoplesTools, name):
		return forPeople
	case name == "curl" || name == "wget":
		return httpClient
	case slices.Contains(programs, name) || strings.HasPrefix(name, "openjdk") || strings.HasPrefix(name, "python") || strings.HasPrefix(name, "tesseract") ||
		strings.HasPrefix(name, "chromium") || strings.HasPrefix(name, "texlive") || strings.HasPrefix(name, "libreoffice") || strings.HasPrefix(name, "postgresql-client"):
		return program
	}
	if _, ok := libraries[libraryName(name)]; ok {
		return sharedLibrary
	}
	if len(slicesOf(name, to)) > 0 {
		return inSlices
	}
	return unknownPackage
}

var (
	// imageHas are packages whose part that .NET uses is in every chiseled image.
	// https://github.com/dotnet/dotnet-docker/blob/main/src/runtime-deps/10.0/noble-chiseled/amd64/Dockerfile
	// Kerberos and tracing are not: those two packages stand in Microsoft's old lists of
	// what .NET installs, and an application that needs Kerberos is told by its packages.
	imageHas = []string{
		"ca-certificates", "ca-certificates-bundle", "libc6", "libc6-compat", "gcompat", "libgcc", "libgcc1", "libgcc-s1", "libstdc++", "libstdc++6",
		"openssl", "openssl-libs", "libssl1.1", "libssl3", "libssl3t64", "libssl-dev", "libintl", "krb5-libs", "lttng-ust", "apt-transport-https", "apt-utils", "gnupg", "gnupg2", "software-properties-common", "lsb-release",
	}
	peoplesTools = []string{
		"bash", "bash-completion", "bind-tools", "busybox", "coreutils", "dnsutils", "gdb", "htop", "iproute2", "iputils-ping", "jq", "less", "lsof", "lldb", "man-db", "mc", "nano", "ncdu", "net-tools", "netcat",
		"netcat-openbsd", "netcat-traditional", "nmap", "procps", "psmisc", "screen", "strace", "tcpdump", "telnet", "tmux", "traceroute", "tree", "unzip", "vim", "vim-tiny", "zip",
	}
	programs = []string{
		"awscli", "azure-cli", "cron", "cronie", "default-jre", "default-jre-headless", "docker.io", "docker-cli", "dumb-init", "ffmpeg", "firefox-esr", "ghostscript", "git", "gosu", "imagemagick", "graphicsmagick",
		"mariadb-client", "mysql-client", "default-mysql-client", "nginx", "nodejs", "npm", "openssh-client", "openssh-server", "pandoc", "perl", "poppler-utils", "powershell", "redis-tools", "rsync", "runit", "samba", "sqlite3", "sshpass",
		"su-exec", "sudo", "supervisor", "tini", "wkhtmltopdf", "xvfb", "google-chrome-stable",
	}
)

// libraryName is the name under which libraries of a package are known.
func libraryName(name string) string {
	switch name {
	case "libgomp1", "libgomp":
		return "libgomp"
	case "libsqlite3-0", "sqlite-libs":
		return "libsqlite3"
	case "libgssapi-krb5-2":
		return "libgssapi"
	case "zlib1g", "zlib":
		return "zlib"
	case "libaio1", "libaio1t64", "libaio":
		return "libaio"
	case "libsodium23", "libsodium":
		return "libsodium"
	case "liblua5.4-0":
		return "liblua5.4"
	case "liburing2", "liburing":
		return "liburing"
	}
	return name
}

func everywhere(pkg string, files ...string) library {
	l := library{map[string]string{}, map[string][]string{}}
	for _, release := range []string{"jammy", "noble", "resolute"} {
		l.packages[release], l.files[release] = pkg, files
	}
	return l
}

// libraries are packages whose libraries need nothing that the image does not have.
// https://packages.ubuntu.com
var libraries = map[string]library{
	"libgomp":    everywhere("libgomp1", "libgomp.so.1"),
	"libsqlite3": everywhere("libsqlite3-0", "libsqlite3.so.0"),
	"libsodium":  everywhere("libsodium23", "libsodium.so.23"),
	"liblua5.4":  everywhere("liblua5.4-0", "liblua5.4.so.0"),
	"liburing":   everywhere("liburing2", "liburing.so.2"),
	"zlib":       everywhere("zlib1g", "libz.so.1"),
	"libgssapi": everywhere("libgssapi-krb5-2", "libgssapi_krb5.so.2", "libkrb5.so.3", "libk5crypto.so.3", "libkrb5support.so.0",
		"libcom_err.so.2", "libkeyutils.so.1"),
	"libaio": {
		packages: map[string]string{"jammy": "libaio1", "noble": "libaio1t64", "resolute": "libaio1t64"},
		files:    map[string][]string{"jammy": {"libaio.so.1"}, "noble": {"libaio.so.1t64"}, "resolute": {"libaio.so.1t64"}},
	},
}
