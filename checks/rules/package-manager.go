package rules

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
)

// packageManager speaks only where another image is known that runs the same application
// and nothing in the Dockerfile needs more than that has. Of full .NET images
// chiseled-available says it.
// https://github.com/GoogleContainerTools/distroless
var packageManager = page(checks.Rule{
	ID: "package-manager", Title: "Shell and package manager that nothing needs", Since: "0.1.0", Severity: checks.Notice,
	Dockerfile: checkPackageManager,
})

func checkPackageManager(p *checks.DockerfilePass) {
	state := p.Final.State()
	b := state.Base
	switch {
	case b == nil || b.Packages != base.Yes || b.PackageManager == "":
		return
	case b.Role == base.RoleSDK || b.Role == base.RoleServer || isToolbox(state):
		return
	case len(startNeedsShell(state)) > 0:
		return
	}
	installed, ok := onlyInstalls(p.Final)
	if !ok {
		return
	}
	instead, how := lighter(p, installed)
	if instead == "" {
		return
	}
	p.Report(checks.Finding{
		Span:    p.Final.Root().From.Words[0].Span,
		Key:     p.StageKey(p.Final) + " package manager",
		Message: fmt.Sprintf("%s has a shell and a package manager (%s), which the application does not need but an intruder would use.", baseName(p.Final), checks.Code(b.PackageManager)),
		Help:    fmt.Sprintf("Take %s, which has neither%s.", checks.Code(instead), how),
	})
}

// onlyInstalls gives the packages that the chain installs; ok is false where a RUN does
// anything that an image without a shell cannot have done before or without it.
func onlyInstalls(final *dockerfile.Stage) (packages []string, ok bool) {
	for i := range final.InChain("RUN") {
		commands, ok := i.Commands()
		if !ok {
			return nil, false
		}
		for _, c := range commands {
			if call, isCall := readPackageCall(c); isCall && !call.remove && call.complete {
				for _, w := range call.packages {
					packages = append(packages, packageName(w.Value))
				}
				continue
			}
			switch path.Base(c.Name) {
			case "apt-get", "apt", "apk": // update, clean
			case "adduser", "addgroup", "useradd", "groupadd", "update-ca-certificates", "true", "set":
			case "rm":
				if slices.ContainsFunc(c.Args, func(a dockerfile.ShellWord) bool {
					return !strings.HasPrefix(a.Value, "-") && !strings.HasPrefix(a.Value, "/var/lib/apt/") && !strings.HasPrefix(a.Value, "/var/cache/apk/")
				}) {
					return nil, false
				}
			default:
				return nil, false
			}
		}
	}
	return packages, true
}

// lighter names an image without a shell and a package manager that runs the same
// application and has what was installed, and what to look at. It is empty where none is
// known.
func lighter(p *checks.DockerfilePass, installed []string) (image, how string) {
	state := p.Final.State()
	start := startWords(state)
	if len(start) == 0 || bringsCertificates(p.Final) {
		return "", ""
	}
	only := func(names ...string) bool {
		return !slices.ContainsFunc(installed, func(name string) bool { return !slices.Contains(names, name) })
	}
	switch b := state.Base; {
	case b.DotNet != nil:
		needs := p.Projects.For(p.File)
		extra := needs.ICU == base.Yes || needs.TimeZones == base.Yes || b.ICU == base.Yes || !only("ca-certificates") // what is there has to stay
		target, _ := b.DotNet.ChiseledTarget(extra, base.ARM32.MatchString(p.Final.Root().Platform))
		if !strings.HasPrefix(b.DotNet.Distro, "alpine") || target == nil || len(needs.Native) > 0 || !only("icu-libs", "icu-data-full", "tzdata", "ca-certificates") {
			return "", ""
		}
		return target.Reference().String(), ". It has another C library: a self-contained or native build is made for `linux-x64` then, not `linux-musl-x64`"
	case b.Role == base.RoleOS && only("ca-certificates", "tzdata") && isStaticGo(p, start[0]):
		return "gcr.io/distroless/static-debian13:nonroot", ", but certificates, time zones and a user of its own: the program is built without cgo, so it needs no more"
	case repository(p.Final) == "docker.io/library/node" && only("ca-certificates", "tzdata") && start[0] == "node" && len(start) > 1:
		if version := majorOf(p.Final.Root().Image.Ref.Tag); slices.Contains([]string{"22", "24", "26"}, version) {
			return "gcr.io/distroless/nodejs" + version + "-debian13:nonroot", ". Its `ENTRYPOINT` is `node`, so the command begins with the script; modules with native code have to be built on Debian"
		}
	}
	return "", ""
}

// majorOf is the first number of a tag.
func majorOf(tag string) string {
	return tag[:len(tag)-len(strings.TrimLeft(tag, "0123456789"))]
}

// startWords are the words of the command that the Dockerfile sets in exec form, none
// where it sets none or the base's ENTRYPOINT takes part.
func startWords(s *dockerfile.State) []string {
	switch {
	case s.Entrypoint.Origin != nil && !s.Entrypoint.Value.ShellForm:
		if s.Cmd.Origin == nil || s.Cmd.Value.ShellForm {
			return s.Entrypoint.Value.Args
		}
		return slices.Concat(s.Entrypoint.Value.Args, s.Cmd.Value.Args)
	case s.Entrypoint.Origin == nil && s.Cmd.Origin != nil && !s.Cmd.Value.ShellForm:
		return s.Cmd.Value.Args
	}
	return nil
}

// bringsCertificates reports whether certificates of one's own may be copied in, which
// only the image's own tools can add to the others.
func bringsCertificates(final *dockerfile.Stage) bool {
	for _, keyword := range []string{"COPY", "ADD"} {
		for i := range final.InChain(keyword) {
			if len(i.Words) > 0 && strings.Contains(i.Words[len(i.Words)-1].Value, "ca-certificates") {
				return true
			}
		}
	}
	return false
}

// isStaticGo reports whether a program was copied from a stage that builds Go without
// cgo.
func isStaticGo(p *checks.DockerfilePass, program string) bool {
	for i := range p.Final.InChain("COPY") {
		from := i.Flag("from")
		if from == nil || len(i.Words) < 2 {
			continue
		}
		build := p.File.Stage(from.Value)
		if build == nil || repository(build) != "docker.io/library/golang" || !withoutCgo(build) {
			continue
		}
		target := i.Words[len(i.Words)-1].Value
		for _, w := range i.Words[:len(i.Words)-1] {
			if name := path.Base(program); name == path.Base(w.Value) || name == path.Base(target) || path.Dir(program) == path.Clean(target) {
				return true
			}
		}
	}
	return false
}

// withoutCgo reports whether a stage switches cgo off for its builds.
func withoutCgo(build *dockerfile.Stage) bool {
	if v := build.State().Env["CGO_ENABLED"]; v.Known && v.Value == "0" {
		return true
	}
	for i := range build.InChain("RUN") {
		if strings.Contains(i.Logical.Text, "CGO_ENABLED=0") {
			return true
		}
	}
	return false
}
