package base

import (
	"slices"
	"strings"
)

const dotnetRegistry = "mcr.microsoft.com/dotnet/"

var dotnetProducts = []string{"aspnet", "monitor", "runtime", "runtime-deps", "sdk"}

// legacyRepositories are where .NET images were before .NET Core 2.1.
// https://devblogs.microsoft.com/dotnet/net-core-container-images-now-published-to-microsoft-container-registry/
var legacyRepositories = []string{"docker.io/microsoft/aspnetcore", "docker.io/microsoft/aspnetcore-build", "docker.io/microsoft/dotnet"}

// ParseDotNet reads a reference to an official .NET image. It is false for any other
// image and for a tag outside the grammar; whether the tag ever existed is what
// [DotNet.Missing] says.
// https://github.com/dotnet/dotnet-docker/blob/main/documentation/supported-tags.md
func ParseDotNet(ref Reference) (*DotNet, bool) {
	d := &DotNet{}
	switch path, ok := strings.CutPrefix(ref.Repository, dotnetRegistry); {
	case ok:
		path, d.Nightly = strings.CutPrefix(path, "nightly/")
		path, d.Legacy = strings.CutPrefix(path, "core/")
		if !slices.Contains(dotnetProducts, path) {
			return nil, false
		}
		d.Product = path
	case slices.Contains(legacyRepositories, ref.Repository):
		d.Legacy, d.Product = true, strings.TrimPrefix(ref.Repository, "docker.io/microsoft/")
	default:
		return nil, false
	}
	d.repository = ref.Repository
	if d.Legacy {
		d.parseLegacyTag(ref.Tag)
		return d, true
	}
	ok := d.parseTag(ref.Tag)
	return d, ok
}

// parseLegacyTag reads no more than the version: these tags follow no grammar.
func (d *DotNet) parseLegacyTag(tag string) {
	d.legacyTag = tag
	word, _, _ := strings.Cut(tag, "-")
	if number := strings.Split(word, "."); isVersion(word) && len(number) > 1 {
		d.Version = number[0] + "." + number[1]
	}
	if strings.Contains(tag, "sdk") || d.Product == "aspnetcore-build" {
		d.Product = "sdk"
	}
	d.Windows = strings.Contains(tag, "nanoserver") || strings.Contains(tag, "windowsservercore")
}

func (d *DotNet) parseTag(tag string) bool {
	words := strings.Split(tag, "-")
	switch {
	case tag == "" || words[0] == "latest":
	case isVersion(words[0]):
		number := strings.Split(words[0], ".")
		if len(number) == 1 { // monitor:8
			number = append(number, "0")
			d.short = true
		}
		d.Version = number[0] + "." + number[1]
		if len(number) == 3 {
			d.Patch = words[0]
		}
	default:
		return false
	}
	words = words[1:]
	if len(words) > 0 {
		if word := strings.TrimRight(words[0], "0123456789."); word == "alpha" || word == "preview" || word == "rc" {
			d.Preview, d.stage, words = true, words[0], words[1:]
		}
	}
	if len(words) > 0 && isNumber(words[0]) {
		d.revision, words = words[0], words[1:]
	}
	words = d.parseDistro(words)
	for i, flag := range words {
		switch flag {
		case "chiseled":
			d.Chiseled = true
		case "distroless":
			d.Distroless = true
		case "composite":
			d.Composite = true
			d.misordered = d.misordered || d.Extra
		case "extra":
			d.Extra = true
		case "aot":
			d.AOT = true
		case "amd64", "arm64v8", "arm32v7":
			if i != len(words)-1 {
				return false
			}
			d.Arch = flag
		default:
			return false
		}
	}
	if !d.Named && d.Distro == "" {
		if r, ok := d.release(); ok {
			d.Distro = r.distro
		}
	}
	return true
}

// parseDistro reads the words that name the distribution and returns the others.
func (d *DotNet) parseDistro(words []string) []string {
	take := func(n int) []string {
		d.Distro, d.Named = strings.Join(words[:n], "-"), true
		return words[n:]
	}
	if len(words) == 0 {
		return nil
	}
	name := strings.TrimRight(words[0], "0123456789.")
	switch name {
	case "bionic", "disco", "focal", "jammy", "noble", "resolute", "alpine", "azurelinux", "ubuntu":
		return take(1)
	case "jessie", "stretch", "buster", "bullseye", "bookworm", "trixie":
		if len(words) > 1 && words[1] == "slim" {
			return take(2)
		}
		return take(1)
	case "cbl":
		if len(words) > 1 && strings.TrimRight(words[1], "0123456789.") == "mariner" {
			return take(2)
		}
	case "nanoserver", "windowsservercore":
		d.Windows = true
		n := 1
		if len(words) > 1 && !slices.Contains([]string{"amd64", "arm32v7"}, words[1]) {
			n = 2
		}
		return take(n)
	}
	return words
}

func isNumber(s string) bool {
	return s != "" && len(s) <= 5 && strings.Trim(s, "0123456789") == ""
}

func isVersion(s string) bool {
	parts := strings.Split(s, ".")
	return len(parts) <= 3 && !slices.ContainsFunc(parts, func(p string) bool { return !isNumber(p) })
}

// Reference is the image's reference, without a digest: that of another tag would be
// another one.
func (d *DotNet) Reference() Reference { return Reference{Repository: d.Repository(), Tag: d.Tag()} }

// Repository is the full name of the image's repository.
func (d *DotNet) Repository() string {
	name := dotnetRegistry + d.Product
	switch {
	case d.Legacy:
		name = d.repository
	case d.Nightly:
		name = dotnetRegistry + "nightly/" + d.Product
	}
	return d.Mirror.name(name)
}

// Tag is the tag in the order that the publisher uses.
func (d *DotNet) Tag() string {
	if d.Legacy {
		return d.legacyTag
	}
	words := []string{d.Patch}
	switch {
	case d.Patch != "":
	case d.Version == "":
		words[0] = "latest"
	case d.short:
		words[0] = strings.TrimSuffix(d.Version, ".0")
	default:
		words[0] = d.Version
	}
	for _, w := range []struct {
		on   bool
		word string
	}{
		{d.Preview, d.stage}, {d.revision != "", d.revision}, {d.Named, d.Distro}, {d.Chiseled, "chiseled"}, {d.Distroless, "distroless"},
		{d.AOT, "aot"}, {d.Composite, "composite"}, {d.Extra, "extra"}, {d.Arch != "", d.Arch},
	} {
		if w.on {
			words = append(words, w.word)
		}
	}
	return strings.Join(words, "-")
}
