package chiseled

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// onUbuntu are packages to build with, by Alpine's names and with Ubuntu's; without one
// where the SDK image on Ubuntu has what the package brings.
// https://learn.microsoft.com/dotnet/core/deploying/native-aot/#prerequisites
// https://pkgs.alpinelinux.org/packages
// https://packages.ubuntu.com
var onUbuntu = map[string][]string{
	"alpine-sdk":      {"build-essential", "git"},
	"bash":            nil,
	"binutils":        {"binutils"},
	"build-base":      {"build-essential"},
	"ca-certificates": nil,
	"clang":           {"clang"},
	"cmake":           {"cmake"},
	"curl":            {"curl"},
	"g++":             {"g++"},
	"gcc":             {"gcc"},
	"gcompat":         nil,
	"git":             {"git"},
	"icu-data-full":   nil,
	"icu-dev":         {"libicu-dev"},
	"icu-libs":        nil,
	"krb5-dev":        {"libkrb5-dev"},
	"libc-dev":        {"libc6-dev"},
	"libc6-compat":    nil,
	"libgcc":          nil,
	"libstdc++":       nil,
	"linux-headers":   {"linux-libc-dev"},
	"lld":             {"lld"},
	"llvm":            {"llvm"},
	"make":            {"make"},
	"musl-dev":        {"libc6-dev"},
	"openssl-dev":     {"libssl-dev"},
	"protobuf":        {"protobuf-compiler"},
	"protoc":          {"protobuf-compiler"},
	"tzdata":          {"tzdata"},
	"unzip":           {"unzip"},
	"wget":            {"wget"},
	"zip":             {"zip"},
	"zlib-dev":        {"zlib1g-dev"},
	"zlib-static":     {"zlib1g-dev"},
}

// unclear is why a use of apk is not translated, as a clause.
const unclear = "what it does with `apk` is more than to install packages"

// withApt makes a RUN of an SDK stage install with apt-get what it installs with apk.
// Where it cannot tell how, it says why as a clause.
func (m *migration) withApt(in *dockerfile.Instruction) (edits []source.Edit, why string) {
	commands, ok := in.Sequence()
	if !ok {
		return nil, unclear
	}
	var all []string                       // what is installed
	var needless []dockerfile.ShellCommand // of apk
	others := false
	for _, c := range commands {
		if c.Name != "apk" {
			others = others || c.Name != "rm" || !onlyLeftovers(c.Args)
			continue
		}
		packages, why := m.ubuntus(c)
		if why != "" {
			return nil, why
		}
		if len(packages) == 0 {
			needless = append(needless, c)
			continue
		}
		all = append(all, packages...)
		edits = append(edits, m.edit(c.Span, install(packages)))
	}
	switch {
	case others && len(needless) > 0:
		return nil, unclear
	case others:
		return edits, ""
	case len(all) == 0:
		return []source.Edit{m.remove(in)}, ""
	}
	return []source.Edit{m.edit(source.Span{Start: commands[0].Span.Start, End: commands[len(commands)-1].Span.End}, install(all))}, ""
}

// ubuntus are the packages that stand for those that a call of apk installs, none where
// the image on Ubuntu needs no such call.
func (m *migration) ubuntus(c dockerfile.ShellCommand) (packages []string, why string) {
	if c.Assigns || strings.Contains(m.File.Slice(c.Span), "#") { // a comment between its lines
		return nil, unclear
	}
	verb := ""
	for _, a := range c.Args {
		switch {
		case !a.Static:
			return nil, unclear
		case slices.Contains([]string{"--no-cache", "--update", "--update-cache", "-U", "-q", "--quiet"}, a.Value):
		case strings.HasPrefix(a.Value, "-"):
			return nil, unclear
		case verb == "":
			verb = a.Value
		case verb != "add":
			return nil, unclear
		default:
			names, known := onUbuntu[a.Value]
			if !known {
				return nil, fmt.Sprintf("which package stands for %s there is not known", checks.Code(a.Value))
			}
			packages = append(packages, names...)
		}
	}
	if verb != "add" && verb != "update" && verb != "upgrade" {
		return nil, unclear
	}
	return packages, ""
}

// install is the command that installs packages on Ubuntu.
func install(packages []string) string {
	slices.Sort(packages)
	return "apt-get update && apt-get install -y --no-install-recommends " + strings.Join(slices.Compact(packages), " ") + " && rm -rf /var/lib/apt/lists/*"
}
