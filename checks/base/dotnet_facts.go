package base

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// appUID is the number of the user app since .NET 8, and of all chiseled images.
// https://github.com/dotnet/dotnet-docker/blob/main/src/runtime-deps/8.0/jammy-chiseled/amd64/Dockerfile
const appUID = 1654

var productNames = map[string]string{
	"aspnet": "ASP.NET Core", "runtime": ".NET Runtime", "runtime-deps": ".NET runtime dependencies",
	"sdk": ".NET SDK", "monitor": ".NET Monitor",
}

// facts is what an official .NET image gives.
// https://github.com/dotnet/dotnet-docker/tree/main/src
func (d *DotNet) facts() *Facts {
	f := &Facts{
		Name: d.name(), Role: RoleRuntime, Env: map[string]string{}, DotNet: d, StartKnown: d.Product != "monitor",
		Sources: []string{"https://github.com/dotnet/dotnet-docker/tree/main/src"},
	}
	if r, ok := d.release(); ok {
		f.EndOfLife = r.ends
	}
	if d.Product == "sdk" {
		f.Role = RoleSDK
	}
	major := d.major()
	f.Env["DOTNET_RUNNING_IN_CONTAINER"] = "true"
	if d.Windows || d.Legacy || major < 6 {
		d.oldOrWindows(f, major)
		return f
	}
	if d.Product == "monitor" {
		f.UserUnknown, f.UID = true, -1
		f.Role, f.Shell, f.Packages = RoleServer, Unknown, Unknown
		return f
	}

	small := d.Chiseled || d.Distroless
	alpine := strings.HasPrefix(d.Distro, "alpine")
	f.Accounts = []string{"app"}
	if major >= 8 || small {
		f.Env["APP_UID"] = strconv.Itoa(appUID)
	} else {
		f.Accounts = nil
	}
	if small {
		f.User, f.UID = strconv.Itoa(appUID), appUID
		f.Shell, f.Packages = No, No
	} else {
		f.Accounts = nil // the distribution has more
		f.Shell, f.Packages = Yes, Yes
		f.PackageManager = packageManager(d.Distro)
		if f.PackageManager == "" {
			f.Packages = Unknown
		}
	}
	switch {
	case d.Product == "sdk" && major >= 8:
		// The SDK sets an empty value, so that launch settings decide.
		f.Env["ASPNETCORE_HTTP_PORTS"] = ""
	case d.Product == "sdk":
		f.Env["ASPNETCORE_URLS"] = ""
	case major >= 8:
		f.Env["ASPNETCORE_HTTP_PORTS"] = "8080"
	case small:
		f.Env["ASPNETCORE_URLS"] = "http://+:8080"
	default:
		f.Env["ASPNETCORE_URLS"] = "http://+:80"
	}
	if d.Product == "aspnet" {
		f.Ports = []int{80}
		if major >= 8 || small {
			f.Ports = []int{8080}
		}
	}
	if small && d.Chiseled && (d.Product == "aspnet" || d.Product == "runtime") {
		f.Entrypoint, f.Cmd = []string{"/usr/bin/dotnet"}, []string{"--info"}
	}
	switch {
	case d.Extra, d.Product == "sdk" && alpine:
		f.ICU, f.TimeZones = Yes, Yes
	case small, alpine:
		f.ICU, f.TimeZones = No, No
	default:
		f.ICU, f.TimeZones = Yes, Yes
	}
	if f.ICU == No {
		f.Env["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "true"
	}
	return f
}

// oldOrWindows fills in what is known of images that have no chiseled relatives.
func (d *DotNet) oldOrWindows(f *Facts, major int) {
	switch {
	case d.Product != "aspnet" && d.Product != "aspnetcore":
	case major >= 8:
		f.Env["ASPNETCORE_HTTP_PORTS"], f.Ports = "8080", []int{8080}
	default:
		f.Env["ASPNETCORE_URLS"], f.Ports = "http://+:80", []int{80}
	}
	if d.Windows {
		f.UserUnknown, f.UID, f.Packages = true, -1, No
		return
	}
	f.Shell = Yes
	f.PackageManager = packageManager(d.Distro)
	if f.PackageManager != "" {
		f.Packages = Yes
	}
}

func (d *DotNet) major() int {
	before, _, _ := strings.Cut(d.Version, ".")
	n, _ := strconv.Atoi(before)
	return n
}

// name is how a person calls the image: "ASP.NET Core 8.0 on jammy, chiseled".
func (d *DotNet) name() string {
	s := cmp.Or(productNames[d.Product], d.Product)
	if d.Version != "" {
		s += " " + d.Version
	}
	if d.Distro != "" {
		s += " on " + d.Distro
	}
	for _, v := range []struct {
		on   bool
		word string
	}{{d.Chiseled, "chiseled"}, {d.Distroless, "distroless"}, {d.Composite, "composite"}, {d.Extra, "extra"}, {d.Nightly, "nightly"}} {
		if v.on {
			s += fmt.Sprintf(", %s", v.word)
		}
	}
	return s
}

// packageManager is that of a distribution by the name .NET's tags give it.
func packageManager(distro string) string {
	switch name := strings.TrimRight(distro, "0123456789."); name {
	case "alpine":
		return "apk"
	case "azurelinux", "cbl-mariner":
		return "tdnf"
	case "bionic", "focal", "jammy", "noble", "resolute":
		return "apt"
	default:
		for _, debian := range []string{"stretch", "buster", "bullseye", "bookworm", "trixie"} {
			if strings.HasPrefix(name, debian) {
				return "apt"
			}
		}
	}
	return ""
}
