package base

import (
	"cmp"
	"strconv"
	"strings"
	"time"
)

// appUID is the number of the user app since .NET 8, and of all chiseled images.
// https://github.com/dotnet/dotnet-docker/blob/main/src/runtime-deps/8.0/jammy-chiseled/amd64/Dockerfile
const appUID = 1654

// invariant is the variable that makes .NET do without ICU.
// https://github.com/dotnet/runtime/blob/main/docs/design/features/globalization-invariant-mode.md
const invariant = "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"

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
	f.EndOfLife = d.ends()
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
	if major >= 8 || d.Chiseled {
		f.Env["APP_UID"] = strconv.Itoa(appUID)
	}
	if small {
		f.User, f.UID = strconv.Itoa(appUID), appUID
		f.Accounts = []string{"app"}
		f.Shell, f.Packages = No, No
		if strings.HasPrefix(d.Distro, "cbl-mariner") {
			f.User = "app"
			if major < 8 {
				f.UID, f.Accounts = -1, nil // 1000 in the beginning, then 101
			}
		}
	} else {
		f.Shell, f.Packages = Yes, Yes // and more accounts: the distribution's
		f.PackageManager = packageManager(d.Distro)
		if f.PackageManager == "" {
			f.Packages = Unknown
		}
	}
	switch {
	case major >= 8:
		f.Env["ASPNETCORE_HTTP_PORTS"] = "8080"
	case d.Product == "sdk":
		f.Env["ASPNETCORE_URLS"] = "" // so that launch settings decide
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
	if small && (d.Chiseled || major > 6) && (d.Product == "aspnet" || d.Product == "runtime") {
		f.Entrypoint, f.Cmd = []string{"/usr/bin/dotnet"}, []string{"--info"}
	}
	switch {
	case d.Extra:
		f.ICU, f.TimeZones = Yes, Yes
	case d.Product != "sdk" && (small || alpine):
		f.ICU, f.TimeZones = No, No
	default:
		f.ICU = Yes
		if major >= 8 {
			f.TimeZones = Yes // installed by name; before, whatever the distribution brought
		}
	}
	switch {
	case f.ICU == No:
		f.Env[invariant] = "true"
	case alpine && d.Product == "sdk":
		f.Env[invariant] = "false"
	}
	return f
}

// ends is the last day on which the image gets updates, zero where it is not known. A
// preview gets none once its version is released, and nothing under the old names does.
// https://github.com/dotnet/core/blob/main/release-policies.md
func (d *DotNet) ends() time.Time {
	r, ok := d.release()
	switch {
	case ok && d.Preview:
		return r.released
	case ok:
		return r.ends
	case d.Legacy:
		r, _ = (&DotNet{Version: "3.1"}).release()
		return r.ends
	}
	return time.Time{}
}

// oldOrWindows fills in what is known of images that have no chiseled relatives.
func (d *DotNet) oldOrWindows(f *Facts, major int) {
	switch {
	case d.Product == "sdk", d.Product == "monitor":
	case d.Product != "aspnet" && d.Product != "aspnetcore":
		if !d.Windows && !d.Legacy {
			f.Env["ASPNETCORE_URLS"] = "http://+:80"
		}
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
	if f.PackageManager == "apk" && d.Product != "sdk" {
		f.ICU = No
		f.Env[invariant] = "true"
	}
}

func (d *DotNet) major() int {
	before, _, _ := strings.Cut(d.Version, ".")
	n, _ := strconv.Atoi(before)
	return n
}

// name is how a person calls the image: "ASP.NET Core 8.0 on jammy, chiseled".
func (d *DotNet) name() string {
	words := []string{cmp.Or(productNames[d.Product], d.Product)}
	if d.Version != "" {
		words[0] += " " + d.Version
	}
	if d.Distro != "" {
		words[0] += " on " + d.Distro
	}
	for _, v := range []struct {
		on   bool
		word string
	}{{d.Chiseled, "chiseled"}, {d.Distroless, "distroless"}, {d.Composite, "composite"}, {d.Extra, "extra"}, {d.Nightly, "nightly"}} {
		if v.on {
			words = append(words, v.word)
		}
	}
	return strings.Join(words, ", ")
}

// packageManager is that of a distribution by the name .NET's tags give it.
func packageManager(distro string) string {
	switch name := strings.TrimRight(distro, "0123456789."); name {
	case "alpine":
		return "apk"
	case "azurelinux", "cbl-mariner":
		return "tdnf"
	case "bionic", "disco", "focal", "jammy", "noble", "resolute":
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
