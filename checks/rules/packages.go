package rules

import (
	"path"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks/dockerfile"
)

// A packageCall is one call of a package manager.
type packageCall struct {
	// manager is apt-get, apk, dnf, microdnf, tdnf, yum or zypper; apt for both of Debian's.
	manager string
	// remove tells removing from installing.
	remove bool
	// packages are the arguments that name packages or groups of them.
	packages []dockerfile.ShellWord
	// group is the name of apk's --virtual, empty without one.
	group string
	// complete is false where some of the names only the running script would tell.
	complete bool
}

// readPackageCall reads a command as a call of a package manager that installs or
// removes; false for any other.
func readPackageCall(c dockerfile.ShellCommand) (packageCall, bool) {
	name, args := path.Base(c.Name), c.Args
	for name == "sudo" || name == "env" {
		n := slices.IndexFunc(args, func(a dockerfile.ShellWord) bool {
			return !strings.HasPrefix(a.Value, "-") && !strings.Contains(a.Value, "=")
		})
		if n < 0 {
			return packageCall{}, false
		}
		name, args = path.Base(args[n].Value), args[n+1:]
	}
	call := packageCall{manager: name, complete: true}
	switch name {
	case "apt-get", "apt", "aptitude":
		call.manager = "apt"
	case "apk", "dnf", "microdnf", "tdnf", "yum", "zypper":
	default:
		return packageCall{}, false
	}
	verb := ""
	for n := 0; n < len(args); n++ {
		a := args[n]
		option, value, joined := strings.Cut(a.Value, "=")
		switch {
		case !a.Static:
			call.complete = false
		case strings.HasPrefix(a.Value, "-"):
			takesName := call.manager == "apk" && (option == "-t" || option == "--virtual")
			if !joined && n+1 < len(args) && (takesName || separateValue(call.manager, option)) {
				n++
				value = args[n].Value
			}
			if takesName {
				call.group = value
			}
		case verb == "":
			verb = a.Value
		default:
			call.packages = append(call.packages, a)
		}
	}
	switch verb {
	case "install", "add", "groupinstall", "group", "in":
	case "remove", "purge", "del", "erase", "autoremove", "rm":
		call.remove = true
	default:
		return packageCall{}, false
	}
	return call, true
}

// separateValue reports whether an option has its value in the next argument.
func separateValue(manager, option string) bool {
	switch manager {
	case "apt":
		return slices.Contains([]string{"-t", "-o", "-c", "-a", "--target-release", "--option", "--config-file"}, option)
	case "apk":
		return slices.Contains([]string{"-p", "-X", "--root", "--repository", "--arch", "--repositories-file", "--keys-dir", "--wait"}, option)
	}
	return slices.Contains([]string{"-c", "-x", "--repo", "--repoid", "--enablerepo", "--disablerepo", "--installroot", "--releasever", "--setopt", "--exclude"}, option)
}

// packageName is a package without its version: "gcc=4:12.2" and "gcc~12" are gcc.
func packageName(word string) string {
	if n := strings.IndexAny(word, "=~<>@/"); n > 0 {
		word = word[:n]
	}
	return word
}
