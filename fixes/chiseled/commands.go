package chiseled

import (
	"path"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

type owned struct {
	path, owner string
	recursive   bool
	at          source.Span
}

type mode struct {
	path, mode string
	at         source.Span
}

// take takes one command in. False means that it is not understood.
func (j *job) take(c dockerfile.ShellCommand) bool {
	name, args := path.Base(c.Name), c.Args
	if name == "sudo" && len(args) > 0 && args[0].Static {
		name, args = path.Base(args[0].Value), args[1:]
	}
	if c.Assigns && !isManager(name) {
		return false
	}
	if taken := j.region(name, args, c.Output); taken || c.Output != "" {
		return taken
	}
	switch name {
	case "set", "true", ":", "echo":
		return true
	case "useradd", "adduser", "groupadd", "addgroup", "usermod", "passwd", "groupmod", "chsh":
		j.drop("the image cannot make accounts and has one for the application, `app`")
		return true
	case "cd":
		if len(args) != 1 {
			return false
		}
		dir, ok := absolute(j.dir, args[0].Value)
		j.dir.Value, j.dir.Known = dir, ok
		return ok
	case "mkdir", "install":
		return j.makes(name, args)
	case "chown", "chgrp":
		return j.owns(name, args, c)
	case "chmod":
		return j.permits(args, c)
	case "rm":
		return onlyLeftovers(args)
	case "update-ca-certificates":
		j.certs = true
		return true
	case "fc-cache":
		j.drop("fontconfig reads fonts without a cache too, and makes one where the application may write")
		return true
	}
	if isManager(name) {
		return j.manages(name, args)
	}
	return false
}

func (j *job) drop(why string) {
	if !slices.Contains(j.drops, why) {
		j.drops = append(j.drops, why)
	}
}

// makes takes in mkdir and install -d.
func (j *job) makes(name string, args []dockerfile.ShellWord) bool {
	var paths []string
	folders, owner, perm := name == "mkdir", "", ""
	for n := 0; n < len(args); n++ {
		a := args[n]
		switch {
		case !a.Static:
			return false
		case !strings.HasPrefix(a.Value, "-"):
			p, ok := absolute(j.dir, a.Value)
			if !ok {
				return false
			}
			paths = append(paths, p)
		case a.Value == "-m" && n+1 < len(args):
			n++
			perm = args[n].Value
		case name == "install" && (a.Value == "-o" || a.Value == "-g") && n+1 < len(args):
			n++
			owner = args[n].Value
		case name == "install" && a.Value == "-d":
			folders = true
		case strings.Trim(a.Value, "-pv") != "" && a.Value != "--parents":
			return false
		}
	}
	if !folders {
		return false
	}
	for _, p := range paths {
		if p == "/" {
			return false
		}
		j.folders = append(j.folders, p)
		if perm != "" {
			j.modes = append(j.modes, mode{path: p, mode: perm})
		}
		if owner != "" && !base.IsRoot(owner) {
			j.owned = append(j.owned, owned{path: p, owner: owner})
		}
	}
	return len(paths) > 0
}

// owns takes in chown and chgrp.
func (j *job) owns(name string, args []dockerfile.ShellWord, c dockerfile.ShellCommand) bool {
	recursive, owner := false, ""
	var paths []string
	for _, a := range args {
		switch {
		case strings.HasPrefix(a.Value, "-"):
			if strings.Trim(a.Value, "-Rvchf") != "" && a.Value != "--recursive" {
				return false
			}
			recursive = recursive || strings.Contains(a.Value, "R") || a.Value == "--recursive"
		case owner == "":
			owner = strings.Trim(a.Value, `"`)
			user, _, _ := strings.Cut(owner, ":")
			if !a.Static && !isApp(user) {
				return false
			}
		default:
			p, ok := absolute(j.dir, a.Value)
			if !ok || !a.Static || p == "/" {
				return false
			}
			paths = append(paths, p)
		}
	}
	if name == "chgrp" {
		return len(paths) > 0 // the application owns what it may write, whatever the group
	}
	for _, p := range paths {
		j.owned = append(j.owned, owned{p, owner, recursive, c.Span})
	}
	return len(paths) > 0
}

// permits takes in chmod.
func (j *job) permits(args []dockerfile.ShellWord, c dockerfile.ShellCommand) bool {
	perm := ""
	var paths []string
	for _, a := range args {
		switch {
		case !a.Static:
			return false
		case perm == "" && slices.Contains([]string{"-R", "-v", "-c", "-f", "-Rv", "--recursive"}, a.Value):
		case perm == "":
			perm = a.Value
		case strings.HasPrefix(a.Value, ownCertificates+"/"):
			paths = append(paths, a.Value)
		default:
			p, ok := absolute(j.dir, a.Value)
			if !ok || p == "/" {
				return false
			}
			paths = append(paths, p)
		}
	}
	for _, p := range paths {
		if below(p, ownCertificates) {
			continue // which only root reads, to make the list of all
		}
		j.modes = append(j.modes, mode{p, perm, c.Span})
	}
	return len(paths) > 0
}

// onlyLeftovers reports whether rm with these arguments removes no more than what package
// managers leave behind.
func onlyLeftovers(args []dockerfile.ShellWord) bool {
	for _, a := range args {
		if strings.HasPrefix(a.Value, "-") {
			continue
		}
		leftover := slices.ContainsFunc([]string{"/var/lib/apt", "/var/cache", "/var/log", "/tmp", "/var/tmp", "/usr/share/doc", "/usr/share/man", "/usr/share/locale", "/root/.cache", "/etc/apt"}, func(dir string) bool {
			return a.Value == dir || strings.HasPrefix(a.Value, dir+"/")
		})
		if !leftover || strings.Contains(a.Value, "..") {
			return false
		}
	}
	return true
}

func (o owned) user() string {
	user, _, _ := strings.Cut(o.owner, ":")
	return user
}

// covers reports whether the owner is that of a path.
func (o owned) covers(p string) bool {
	return o.path == p || o.recursive && below(p, o.path)
}

// open reports whether a mode lets everybody write.
func (m mode) open() bool {
	switch {
	case strings.Trim(m.mode, "01234567") == "":
		return strings.ContainsAny(m.mode[len(m.mode)-1:], "2367")
	case strings.Contains(m.mode, "w"):
		return strings.HasPrefix(m.mode, "a") || strings.HasPrefix(m.mode, "+") || strings.Contains(m.mode, "o+") || strings.HasPrefix(m.mode, "ugo")
	}
	return false
}

// closed reports whether a mode keeps others from reading.
func (m mode) closed() bool {
	if m.mode != "" && strings.Trim(m.mode, "01234567") == "" {
		return strings.ContainsAny(m.mode[len(m.mode)-1:], "0123")
	}
	return strings.Contains(m.mode, "o-") || strings.Contains(m.mode, "o=") || strings.Contains(m.mode, "a-")
}

// opens reports whether the application can read what COPY gives a mode to, and whether it
// has to own it for that. BuildKit gives the mode to the folders too that COPY makes, where
// they are not there before.
func (m mode) opens(there bool) (owned, ok bool) {
	if len(m.mode) < 3 || strings.Trim(m.mode, "01234567") != "" {
		return m.closed(), true
	}
	enters := func(digit byte) bool { return (digit-'0')&1 != 0 }
	owner, others := m.mode[len(m.mode)-3], m.mode[len(m.mode)-1]
	if there || enters(others) {
		return m.closed(), there || !m.closed() || enters(owner)
	}
	return true, enters(owner)
}
