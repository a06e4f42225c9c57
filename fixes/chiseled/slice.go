package chiseled

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
)

// What cuts packages into slices, as Microsoft's own images are made.
// https://github.com/dotnet/dotnet-docker/blob/main/src/runtime-deps/10.0/noble-chiseled/amd64/Dockerfile
const (
	chiselVersion = "v1.4.2"
	chiselAMD64   = "8e5e8df4dc783dcfa827ca9990ba871af350738de67c51706b3c06bfd4725ab0edbddd9ad4110d1047ecfdc586f7dac6"
	chiselARM64   = "216f10d4cc461411558fa4ac03fc24e104589126f87657457877389ae8015e1eac4299fcd8557c0dfea3d33342aa3297"
)

// ubuntuReleases are the releases of the slices by Ubuntu's code names.
// https://github.com/canonical/chisel-releases
var ubuntuReleases = map[string]string{"noble": "ubuntu-24.04", "resolute": "ubuntu-26.04"}

// slicesOf are the slices with what a package brings to an application, none where there
// are none or the image has no list of its slices to add to: that came with .NET 10.
// https://github.com/dotnet/dotnet-docker/issues/6135
func slicesOf(name string, to *base.DotNet) []string {
	if len(to.Version) <= len("9.0") || ubuntuReleases[to.Distro] == "" {
		return nil
	}
	for _, p := range sliced {
		if !slices.Contains(p.names, name) {
			continue
		}
		if to.Distro == "resolute" && p.resolute != nil {
			return p.resolute
		}
		return p.slices
	}
	return nil
}

// A slicedPackage is a package by its names in Ubuntu, Debian and Alpine, and the slices
// with its libraries; resolute are those of Ubuntu 26.04 where they have other names.
type slicedPackage struct {
	names            []string
	slices, resolute []string
}

// sliced are packages whose slices have all that the package has for a program that loads
// its libraries. What they need besides they name themselves.
// https://github.com/canonical/chisel-releases/tree/ubuntu-24.04/slices
// https://github.com/canonical/chisel-releases/tree/ubuntu-26.04/slices
var sliced = []slicedPackage{
	{names: []string{"fontconfig", "libfontconfig1", "libfontconfig"}, slices: []string{"libfontconfig1_libs", "fonts-dejavu-core_fonts"}},
	{names: []string{"fonts-dejavu", "fonts-dejavu-core", "ttf-dejavu", "font-dejavu"}, slices: []string{"fonts-dejavu-core_fonts", "fonts-dejavu-core_config"}},
	{names: []string{"fonts-liberation", "fonts-liberation2", "ttf-liberation", "font-liberation"}, slices: []string{"fonts-liberation_fonts"}},
	{names: []string{"libasound2", "libasound2t64", "alsa-lib"}, slices: []string{"libasound2t64_libs"}},
	{names: []string{"libcairo2", "cairo"}, slices: []string{"libcairo2_libs"}},
	{names: []string{"libcurl4", "libcurl4t64", "libcurl"}, slices: []string{"libcurl4t64_libs"}},
	{names: []string{"libfreetype6", "freetype"}, slices: []string{"libfreetype6_libs"}},
	{names: []string{"libgdiplus"}, slices: []string{"libgdiplus_libs", "fonts-dejavu-core_fonts"}},
	{names: []string{"libgif7", "giflib"}, slices: []string{"libgif7_libs"}},
	{names: []string{"libharfbuzz0b", "harfbuzz"}, slices: []string{"libharfbuzz0b_libs"}},
	{names: []string{"libjpeg8", "libjpeg-turbo8", "libjpeg-turbo"}, slices: []string{"libjpeg8_libs"}},
	{names: []string{"libldap2", "libldap-2.4-2", "libldap-2.5-0", "libldap"}, slices: []string{"libldap2_libs"}},
	{names: []string{"liblua5.4-0"}, slices: []string{"liblua5.4-0_libs"}},
	{names: []string{"libnuma1", "numactl"}, slices: []string{"libnuma1_libs"}},
	{names: []string{"libpng16-16", "libpng16-16t64", "libpng"}, slices: []string{"libpng16-16t64_libs"}},
	{names: []string{"libpq5", "libpq"}, slices: []string{"libpq5_libs"}},
	{names: []string{"librdkafka1", "librdkafka"}, slices: []string{"librdkafka1_libs"}},
	{names: []string{"libsnappy1v5", "snappy"}, slices: []string{"libsnappy1v5_libs"}},
	{names: []string{"libtiff6", "libtiff5", "tiff"}, slices: []string{"libtiff6_libs"}},
	{names: []string{"libunwind8", "libunwind"}, slices: []string{"libunwind8_libs"}},
	{names: []string{"libuuid1", "libuuid"}, slices: []string{"libuuid1_libs"}},
	{names: []string{"libuv1", "libuv1t64", "libuv"}, slices: []string{"libuv1t64_libs"}},
	{names: []string{"libwebp7"}, slices: []string{"libwebp7_libs"}},
	{names: []string{"libx11-6", "libx11"}, slices: []string{"libx11-6_libs"}},
	{names: []string{"libxext6", "libxext"}, slices: []string{"libxext6_libs"}},
	{names: []string{"libxml2", "libxml2-16"}, slices: []string{"libxml2_libs"}, resolute: []string{"libxml2-16_libs"}},
	{names: []string{"libzmq5", "libzmq"}, slices: []string{"libzmq5_libs"}},
}

// The folders of the stage that cuts: the chiseled image as it is, and what is cut.
const (
	uncut = "/base"
	cut   = "/sliced"
)

// cutSlices has slices cut for the image, and takes them right behind its FROM: like the
// image itself they come before all that the Dockerfile puts there, a list of certificates
// for one.
func (j *job) cutSlices(step int, wanted []string) {
	if len(j.slices) == 0 {
		j.note(j.at(j.run.Span), "The stage %s gets chisel from GitHub and packages from Ubuntu's archive when the image is built, and names the chiseled image a second time: change both tags together.", checks.Code(j.freshShop().name))
	}
	for _, s := range wanted {
		if !slices.Contains(j.slices, s) {
			j.slices = append(j.slices, s)
		}
	}
	j.freshShop().take(step)
	j.insertAfter(step, j.stage.Root().From, strings.Join([]string{j.keyword("COPY"), "--from=" + j.freshShop().name, cut + "/", "/"}, " "))
}

// uncuttable says as a clause why nothing can be cut into the images of the file.
func (m *migration) uncuttable() string {
	if slices.ContainsFunc(m.images, func(i *image) bool { return m.chosen[i.root] != m.chosen[m.images[0].root] }) {
		return "the images of this file are built on different ones"
	}
	if why := m.onePlatform(); why != "" {
		return why
	}
	if place, ok := m.search(isPipeline, base.ARM32); ok {
		return fmt.Sprintf("%s builds for 32-bit ARM, for which this recipe has no chisel", place.Path())
	}
	return ""
}

// cutting are the instructions that cut the slices. chisel knows nothing of what is in a
// folder already, so the slices that the image was made of are cut again with the new ones:
// only so its list of slices has them all. The list of packages is written from the control
// files that chisel fetched, as chisel-wrapper does it in Microsoft's images, and without
// taking out tzdata-legacy for tzdata. What the image has just so is left out, and its
// layers stay shared.
// https://github.com/dotnet/dotnet-docker/blob/main/documentation/ubuntu-chiseled.md#how-do-i-install-additional-packages-on-chiseled-images
// https://documentation.ubuntu.com/chisel/en/latest/reference/manifest/
// https://github.com/canonical/rocks-toolbox/blob/v1.2.0/chisel-wrapper
func (m *migration) cutting() []string {
	to := m.images[0].to
	archive := func(arch string) string { return fmt.Sprintf("chisel_%s_linux_%s.tar.gz", chiselVersion, arch) }
	named := slices.Clone(m.slices)
	slices.Sort(named)
	lines := []string{fmt.Sprintf("%s --from=%s / %s/", m.keyword("COPY"), m.chosen[m.images[0].root], uncut)}
	return append(lines, m.script([]string{
		"apt-get update",
		"apt-get install -y --no-install-recommends ca-certificates curl zstd",
		"rm -rf /var/lib/apt/lists/*",
		fmt.Sprintf("curl -fsSLO --output-dir /tmp https://github.com/canonical/chisel/releases/download/%s/%s", chiselVersion, archive("$(dpkg --print-architecture)")),
		fmt.Sprintf("printf '%%s  /tmp/%%s\\n' %s %s %s %s > /tmp/sums", chiselAMD64, archive("amd64"), chiselARM64, archive("arm64")),
		"sha384sum -c --ignore-missing /tmp/sums",
		"tar -xzf /tmp/chisel_*.tar.gz -C /usr/bin chisel",
		"zstd -dqo /tmp/manifest " + uncut + manifest,
		"mkdir -p " + cut + path.Dir(packageList),
		fmt.Sprintf(`XDG_CACHE_HOME=/tmp/cache chisel cut --release %s --root %s/ $(sed -n 's/.*"kind":"slice","name":"\(.*\)".*/\1/p' /tmp/manifest) %s`, ubuntuReleases[to.Distro], cut, strings.Join(named, " ")),
		"test -e " + cut + manifest,
		"for f in /tmp/cache/chisel/sha256/*; do if grep -qa '^!<arch>' $f; then dpkg-deb -f $f && echo || exit; fi; done > " + cut + packageList,
		"cd " + uncut,
		fmt.Sprintf("find . -type f -exec cmp -s {} %s/{} ';' -exec rm %s/{} ';'", cut, cut),
	})...)
}

// The lists of slices and of packages in an image.
const (
	manifest    = "/var/lib/chisel/manifest.wall"
	packageList = "/var/lib/dpkg/status"
)
