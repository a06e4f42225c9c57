package base

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// release is the .NET version of the image; false for one that is not in the table and
// for a tag that names none.
func (d *DotNet) release() (release, bool) {
	i := slices.IndexFunc(releases, func(r release) bool { return r.version == d.Version })
	if i < 0 {
		return release{}, false
	}
	return releases[i], true
}

// SupportEnds is the last day of support of a .NET version such as "8.0", false where it
// is not known.
func SupportEnds(version string) (time.Time, bool) {
	i := slices.IndexFunc(releases, func(r release) bool { return r.version == version && !r.ends.IsZero() })
	if i < 0 {
		return time.Time{}, false
	}
	return releases[i].ends, true
}

// LongestSupported is the .NET version of today that is still in support on that day and
// stays so for the longest time, empty where the table has none.
func LongestSupported(on time.Time) string {
	version, ends := "", on
	for _, r := range releases {
		if r.ends.After(ends) {
			version, ends = r.version, r.ends
		}
	}
	return version
}

// Missing says why no image of that name was ever published, as a clause; empty when
// there is one or when nothing is known against it.
// https://github.com/dotnet/dotnet-docker/blob/main/documentation/ubuntu-chiseled.md
// https://github.com/dotnet/dotnet-docker/blob/main/documentation/image-variants.md
func (d *DotNet) Missing() string {
	if !d.Chiseled {
		variants := d.Distroless || d.Distro == "" || strings.HasPrefix(d.Distro, "alpine") || strings.HasPrefix(d.Distro, "azurelinux")
		if (d.Composite || d.Extra) && !variants {
			return "only chiseled, distroless and Alpine images come as extra or composite"
		}
		return ""
	}
	r, known := d.release()
	switch {
	case d.Product == "monitor":
		return ""
	case d.Product == "sdk":
		return "there is no chiseled SDK image"
	case d.Legacy || d.Version != "" && !known && d.Version < "6.0" && len(d.Version) == 3:
		return fmt.Sprintf(".NET %s has no chiseled images", d.Version)
	case known && len(r.chiseled) == 0:
		return fmt.Sprintf(".NET %s has no chiseled images", r.version)
	case !d.Named:
		return "tags of chiseled images name their Ubuntu release"
	case d.Version == "":
		return "tags of chiseled images name their .NET version"
	case d.misordered:
		return "`composite` stands before `extra`"
	case known && !slices.Contains(r.chiseled, d.Distro) && !d.Preview:
		return fmt.Sprintf("the chiseled images of .NET %s are built on %s, not %s", r.version, strings.Join(r.chiseled, " and "), d.Distro)
	case d.Composite && d.Product != "aspnet":
		return "only aspnet has composite images"
	case d.Composite && known && !r.composite:
		return "composite images begin with .NET 8"
	case d.AOT && !d.Nightly:
		return "the `aot` variant is an SDK image"
	case d.Arch == "arm32v7" && d.Version == "8.0" && d.Distro == "noble":
		return "the images of .NET 8.0 on noble are not built for arm32v7"
	}
	return ""
}

// Published says whether there is an image of that name in the stable repositories: Yes
// where the table of releases names it, No where it rules it out.
// https://github.com/dotnet/dotnet-docker/blob/main/documentation/supported-tags.md
func (d *DotNet) Published() Known {
	r, known := d.release()
	switch {
	case d.Missing() != "":
		return No
	case !known, r.ends.IsZero(), d.Preview, d.Patch != "", d.Legacy, d.Nightly, d.Windows, d.Product == "monitor":
		return Unknown
	case d.AOT:
		if d.Product == "sdk" && d.major() >= 10 && (d.Distro == "alpine" || d.Named && slices.Contains(r.chiseled, d.Distro)) {
			return Yes
		}
		return Unknown
	case d.Chiseled || !d.Named || d.Distro == r.distro && !d.Distroless:
		return Yes
	case d.Distro == "alpine" && !d.Composite && !d.Extra:
		return Yes
	}
	return Unknown
}

// On is the image of the same product and kind in another .NET version, nil where the
// table of releases does not name it: chiseled stays chiseled, Alpine stays Alpine, and
// other full images become the version's own default.
func (d *DotNet) On(version string) *DotNet {
	t := &DotNet{Product: d.todaysProduct(), Version: version, Mirror: d.Mirror}
	r, known := t.release()
	switch {
	case !known || d.Windows || d.Distroless:
		return nil
	case d.Chiseled:
		t.Chiseled, t.Composite, t.Extra, t.Named, t.Distro = true, d.Composite, d.Extra, true, r.chiseled[0]
		if slices.Contains(r.chiseled, d.Distro) {
			t.Distro = d.Distro
		}
	case strings.HasPrefix(d.Distro, "alpine"):
		t.Named, t.Distro, t.AOT = true, "alpine", d.AOT
	case d.AOT: // whose tags name what it is built on
		t.Named, t.Distro, t.AOT = true, r.distro, true
		if slices.Contains(r.chiseled, d.Distro) {
			t.Distro = d.Distro
		}
	}
	if t.Published() != Yes {
		return nil
	}
	return t
}

// SDK is the SDK image of the same version on an Ubuntu release, to compile for an image
// on that release. A fixed tag becomes the floating one, as there may be no such patch on
// it; that of a preview is kept until the version is known to be released. Images to compile
// ahead of time are published from .NET 10 on: aot is false where one has to do without.
// https://github.com/dotnet/dotnet-docker/tree/main/src/sdk
func (d *DotNet) SDK(ubuntu string) (sdk *DotNet, aot bool) {
	t := &DotNet{Product: "sdk", Version: d.Version, Distro: ubuntu, Named: true, AOT: d.AOT && d.major() >= 10, Mirror: d.Mirror}
	if r, _ := d.release(); d.Preview && (d.Patch == "" || r.released.IsZero()) {
		t.Preview, t.stage, t.Patch = true, d.stage, d.Patch
	}
	return t, t.AOT
}

// todaysProduct is the product under the name that it has since .NET Core 2.1.
func (d *DotNet) todaysProduct() string {
	switch {
	case d.Product == "aspnetcore":
		return "aspnet"
	case d.Product != "dotnet":
		return d.Product
	case strings.Contains(d.legacyTag, "aspnetcore-runtime"):
		return "aspnet"
	case strings.Contains(d.legacyTag, "runtime-deps"):
		return "runtime-deps"
	case strings.Contains(d.legacyTag, "runtime"):
		return "runtime"
	}
	return "sdk"
}

// ARM32 finds the platform of 32-bit ARM in a text, as --platform takes it; without a
// variant it is version 7.
// https://github.com/containerd/platforms#arm-variants
var ARM32 = regexp.MustCompile(`\blinux/arm(?:/v7)?(?:[^\w/-]|$)`)

// ChiseledTarget is the chiseled image to move to: of the same product and version, on
// the same Ubuntu release where it has one. extra asks for ICU and time zones, arm32
// for an image that is built for 32-bit ARM. When there is none, why says so as a
// clause.
//
// A fixed tag loses its patch version: the same patch may never have been published
// chiseled. That of a preview keeps it until the version is known to be released: there is
// no other tag then, and all of them have chiseled images.
func (d *DotNet) ChiseledTarget(extra, arm32 bool) (target *DotNet, why string) {
	r, known := d.release()
	switch {
	case d.Windows:
		return nil, "Windows images have no chiseled variant"
	case d.Chiseled:
		return nil, "the image is chiseled already"
	case d.Distroless || strings.HasPrefix(d.Distro, "azurelinux") || strings.HasPrefix(d.Distro, "cbl-mariner"):
		return nil, "Azure Linux has distroless images of its own"
	case d.Product == "sdk" || d.Product == "monitor":
		return nil, fmt.Sprintf("%s images have no chiseled variant", d.Product)
	case d.Version == "":
		return nil, "the tag names no .NET version"
	case !known:
		return nil, fmt.Sprintf("the images of .NET %s are not known", d.Version)
	case len(r.chiseled) == 0 || d.Legacy:
		return nil, fmt.Sprintf(".NET %s has no chiseled images", d.Version)
	}
	t := &DotNet{Product: d.Product, Version: d.Version, Preview: d.Preview && d.Patch == "", Chiseled: true, Extra: extra, Named: true, Arch: d.Arch, Distro: r.chiseled[0], Mirror: d.Mirror}
	if d.Preview && d.Patch != "" && r.released.IsZero() {
		t.Preview, t.Patch = true, d.Patch
	}
	if t.Preview {
		t.stage = d.stage
	}
	if slices.Contains(r.chiseled, d.Distro) {
		t.Distro = d.Distro
	}
	if d.Version == "8.0" && (arm32 || d.Arch == "arm32v7") {
		t.Distro = "jammy"
	}
	return t, ""
}
