package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
)

// buildTools reads what package managers are told to install, and knows that only the
// same RUN can take it out of the image again: a later one leaves it in its layer.
// https://docs.docker.com/build/building/best-practices/#apt-get
var buildTools = page(checks.Rule{
	ID: "build-tools", Title: "Compiler in the final image", Since: "0.1.0", Severity: checks.Warning,
	Dockerfile: checkBuildTools,
})

func checkBuildTools(p *checks.DockerfilePass) {
	if b := p.Final.Base(); b != nil && b.Role == base.RoleSDK || isToolbox(p.Final.State()) {
		return // sdk-final-stage speaks of the first; the second is there to build
	}
	for _, stage := range p.Final.Chain() {
		for _, i := range stage.Instructions {
			if i.Keyword != "RUN" {
				continue
			}
			commands, _ := i.Commands()
			for n, c := range commands {
				if call, ok := readPackageCall(c); ok && !call.remove {
					reportBuildTools(p, stage, call, commands[n+1:])
				}
			}
		}
	}
}

func reportBuildTools(p *checks.DockerfilePass, stage *dockerfile.Stage, call packageCall, after []dockerfile.ShellCommand) {
	var tools []dockerfile.ShellWord
	for _, w := range call.packages {
		if isBuildTool(packageName(w.Value)) && !removed(call, w.Value, after) {
			tools = append(tools, w)
		}
	}
	if len(tools) == 0 {
		return
	}
	f := checks.Finding{
		Span:    tools[0].Span,
		Key:     p.StageKey(p.Final) + " " + packageName(tools[0].Value),
		Message: fmt.Sprintf("The final image keeps %s, a build tool that an application does not need to run.", names(tools)),
		Help:    "Build in an earlier stage and copy the result with `COPY --from`, or remove it in the same `RUN`: after a later one its layer is still there.",
	}
	if len(tools) > 1 {
		f.Message = fmt.Sprintf("The final image keeps %s, build tools that an application does not need to run.", names(tools))
		f.Help = "Build in an earlier stage and copy the result with `COPY --from`, or remove them in the same `RUN`: after a later one their layer is still there."
	}
	if stage != p.Final {
		f.Related = append(f.Related, p.Related(p.Final.From.Words[0].Span, "The final stage inherits the image here."))
	}
	p.Report(f)
}

// names lists packages as code spans, at most three.
func names(words []dockerfile.ShellWord) string {
	var list []string
	for _, w := range words {
		if name := checks.Code(packageName(w.Value)); !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	switch n := len(list); {
	case n == 1:
		return list[0]
	case n <= 3:
		return strings.Join(list[:n-1], ", ") + " and " + list[n-1]
	default:
		return fmt.Sprintf("%s and %d more", strings.Join(list[:3], ", "), n-3)
	}
}

// removed reports whether one of the commands takes the package out again, by its name
// or by that of its group, or removes what cannot be told.
func removed(call packageCall, name string, after []dockerfile.ShellCommand) bool {
	for _, c := range after {
		if c.Name == "apt-mark" {
			return true // what apt-get purge --auto-remove then removes is marked by hand
		}
		r, ok := readPackageCall(c)
		if !ok || !r.remove || r.manager != call.manager {
			continue
		}
		if !r.complete || slices.ContainsFunc(r.packages, func(w dockerfile.ShellWord) bool {
			return packageName(w.Value) == packageName(name) || call.group != "" && w.Value == call.group || strings.ContainsAny(w.Value, "*^")
		}) {
			return true
		}
	}
	return false
}

// isBuildTool reports whether a package of a distribution is a compiler or a build tool.
// Header packages (-dev) are left out: many install them for the library they depend on.
func isBuildTool(name string) bool {
	name = strings.ToLower(name)
	switch rest, java := strings.CutPrefix(name, "openjdk"); {
	case java: // openjdk-21-jdk of Debian; openjdk21 of Alpine
		return !strings.Contains(rest, "jre") && (strings.Contains(rest, "-jdk") || strings.Trim(rest, "0123456789") == "")
	case strings.HasPrefix(name, "java-"):
		return strings.HasSuffix(name, "-devel") // of Fedora and Red Hat
	case strings.HasPrefix(name, "dotnet-sdk-"):
		return true
	}
	name = strings.TrimSuffix(strings.TrimRight(name, "0123456789."), "-") // gcc-12, clang18
	return slices.Contains(compilers, name)
}

// compilers are packages of Debian, Ubuntu, Alpine, Fedora, Red Hat, Azure Linux and
// SUSE that are compilers, build tools or groups of them.
var compilers = []string{
	"@development-tools", "ant", "autoconf", "automake", "build-base", "build-essential", "bison", "cargo", "clang", "cmake",
	"default-jdk", "default-jdk-headless", "development tools", "flex", "g++", "gcc", "gcc-c++", "gfortran", "go", "golang",
	"golang-go", "gradle", "libtool", "make", "maven", "meson", "nasm", "ninja", "ninja-build", "rust", "rustc", "yasm",
	"patterns-devel-base-devel_basis",
}
