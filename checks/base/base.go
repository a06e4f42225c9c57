// Package base says what well-known base images give to whatever is built on them:
// the user, ports, environment, entrypoint, shell, package manager, ICU and time
// zones, and until when they are supported.
//
// It is data with sources, looked up by image reference; it never asks a registry.
// An image it does not know is unknown: callers must not guess from the name.
package base

import (
	"time"
)

// Known is an answer that may be missing: unknown is neither yes nor no.
type Known int8

// The three answers.
const (
	Unknown Known = iota
	No
	Yes
)

// Role is what an image is made for.
type Role string

// The roles that matter to a final stage.
const (
	RoleOS      Role = "os"      // a distribution: ubuntu, debian, alpine
	RoleSDK     Role = "sdk"     // compilers and build tools: dotnet/sdk, golang, maven
	RoleRuntime Role = "runtime" // what an application needs to run: dotnet/aspnet, eclipse-temurin JRE
	RoleServer  Role = "server"  // a program of its own: nginx, redis, postgres
)

// Facts is what is known of one image, as its publisher builds it today.
type Facts struct {
	// Name is how a person calls the image: "ASP.NET Core 8.0 on Ubuntu 22.04, chiseled".
	Name string
	Role Role
	// User is the user in the image's configuration as written there: "", "1654",
	// "app", "nonroot". Empty means root, as "0" and "root" do.
	User string
	// UserUnknown says that nothing is known of the user; User is empty then.
	UserUnknown bool
	// UID is the numeric id of User, -1 where it is not known.
	UID int
	// Accounts are the names in /etc/passwd besides root, where that list is known
	// to be whole; nil where it is not.
	Accounts []string
	// Ports are the container ports the image's own program listens on by default.
	Ports []int
	// Env are the variables of the image's configuration that checks care about.
	Env map[string]string
	// Workdir is the working folder of the image's configuration, empty for "/".
	Workdir string
	// Entrypoint and Cmd are those of the image's configuration. StartKnown says that they
	// are known, empty ones included; a shell as the CMD of a distribution is left out.
	Entrypoint, Cmd []string
	StartKnown      bool
	// Shell says whether /bin/sh is there.
	Shell Known
	// PackageManager is apt, apk, dnf, microdnf, tdnf, yum or zypper; empty where there
	// is none or it is not known, which Packages tells apart.
	PackageManager string
	// Packages says whether a package manager is there.
	Packages Known
	// ICU and TimeZones say whether the globalization library and the time zone
	// database are there.
	ICU, TimeZones Known
	// DotNet describes an official .NET image, nil for any other.
	DotNet *DotNet
	// EndOfLife is the last day of support for what the image mainly carries (the .NET
	// version, the distribution's release), zero where it is not known.
	EndOfLife time.Time
	// Twin is the reference (without tag) of an image that does the same without root,
	// empty where there is none. TwinNote says what changes with it.
	Twin, TwinNote string
	// Sources are the URLs the facts were read from.
	Sources []string
}

// Root reports whether a container of this image is known to run as root unless told
// otherwise.
func (f *Facts) Root() bool { return !f.UserUnknown && IsRoot(f.User) }

// IsRoot reports whether a USER value, "user[:group]", is root by name or number.
// Empty is root: the kernel's default.
func IsRoot(user string) bool {
	for i := range len(user) {
		if user[i] == ':' {
			user = user[:i]
			break
		}
	}
	return user == "" || user == "root" || user == "0"
}

// DotNet is what the tag of an official .NET image says.
type DotNet struct {
	Product    string // sdk, aspnet, runtime, runtime-deps or monitor
	Version    string // major.minor, such as "8.0"; empty when the tag names none ("latest")
	Patch      string // the whole version of a fixed tag, such as "8.0.11"
	Preview    bool   // a preview or release candidate
	Distro     string // jammy, noble, resolute, bookworm-slim, alpine, alpine3.22, azurelinux3.0 …; resolved for tags that name none
	Named      bool   // the tag itself names Distro
	Chiseled   bool
	Composite  bool
	Extra      bool
	Distroless bool // Azure Linux or Mariner distroless
	AOT        bool // SDK with native AOT tools
	Windows    bool
	Arch       string // amd64, arm64v8, arm32v7 when the tag names one
	Nightly    bool
	Mirror     Mirror // where the image is a copy, zero for the publisher's own registry
	Legacy     bool   // mcr.microsoft.com/dotnet/core/*, microsoft/dotnet, microsoft/aspnetcore

	repository string
	legacyTag  string // as written: these tags follow no grammar
	stage      string // preview.7, rc.1
	revision   string // the 1 of 8.0.11-1
	short      bool   // monitor:8
	misordered bool   // extra before composite
}
