package base

// catalog holds the entries by repository.
var catalog = byRepository(systems, platforms, servers, minimal, ubuntuImages, bitnamiImages())

func byRepository(lists ...[]entry) map[string][]entry {
	m := map[string][]entry{}
	for _, list := range lists {
		for _, e := range list {
			m[e.repository] = append(m[e.repository], e)
		}
	}
	return m
}

// systems are distributions: root, a shell, a package manager, nothing that listens.
var systems = append(redhatAndAmazon(), []entry{
	{repository: "ubuntu", name: "Ubuntu", role: RoleOS, os: "apt", zones: No, source: "https://git.launchpad.net/cloud-images/+oci/ubuntu-base"},
	{repository: "debian", name: "Debian", role: RoleOS, os: "apt", zones: Yes, source: "https://github.com/debuerreotype/docker-debian-artifacts"},
	{repository: "alpine", name: "Alpine", role: RoleOS, os: "apk", icu: No, zones: No, source: "https://github.com/alpinelinux/docker-alpine"},
	{repository: "busybox", name: "BusyBox", role: RoleOS, os: "shell", icu: No, zones: No, source: library + "busybox"},
	{repository: "fedora", name: "Fedora", role: RoleOS, os: "dnf", source: "https://github.com/fedora-cloud/docker-brew-fedora"},
	{repository: "centos", name: "CentOS", role: RoleOS, os: "yum", source: "https://github.com/CentOS/sig-cloud-instance-images"},
	{repository: "rockylinux", name: "Rocky Linux", role: RoleOS, with: []string{"minimal"}, os: "microdnf", source: "https://github.com/rocky-linux/sig-cloud-instance-images"},
	{repository: "rockylinux", name: "Rocky Linux", role: RoleOS, os: "dnf", source: "https://github.com/rocky-linux/sig-cloud-instance-images"},
	{repository: "rockylinux/rockylinux", name: "Rocky Linux", role: RoleOS, with: []string{"minimal"}, os: "microdnf", source: "https://github.com/rocky-linux/sig-cloud-instance-images"},
	{repository: "rockylinux/rockylinux", name: "Rocky Linux", role: RoleOS, os: "dnf", source: "https://github.com/rocky-linux/sig-cloud-instance-images"},
	{repository: "almalinux", name: "AlmaLinux", role: RoleOS, with: []string{"minimal"}, os: "microdnf", source: "https://github.com/AlmaLinux/container-images"},
	{repository: "almalinux", name: "AlmaLinux", role: RoleOS, os: "dnf", source: "https://github.com/AlmaLinux/container-images"},
	{repository: "oraclelinux", name: "Oracle Linux", role: RoleOS, with: []string{"slim"}, os: "microdnf", source: "https://github.com/oracle/container-images"},
	{repository: "opensuse/leap", name: "openSUSE Leap", role: RoleOS, os: "zypper", source: "https://github.com/openSUSE/docker-containers-build"},
	{repository: "opensuse/tumbleweed", name: "openSUSE Tumbleweed", role: RoleOS, os: "zypper", source: "https://github.com/openSUSE/docker-containers-build"},
	{repository: "photon", name: "Photon OS", role: RoleOS, os: "tdnf", source: "https://github.com/vmware/photon-docker-image"},
	{repository: "archlinux", name: "Arch Linux", role: RoleOS, os: "pacman", source: "https://gitlab.archlinux.org/archlinux/archlinux-docker"},
	{repository: "buildpack-deps", name: "buildpack-deps", role: RoleOS, with: []string{"curl"}, os: "apt", source: library + "buildpack-deps"},
	{repository: "buildpack-deps", name: "buildpack-deps", role: RoleOS, with: []string{"scm"}, os: "apt", source: library + "buildpack-deps"},
	{repository: "buildpack-deps", name: "buildpack-deps", role: RoleSDK, os: "apt", source: library + "buildpack-deps"},
	{repository: "mcr.microsoft.com/azurelinux/base/core", name: "Azure Linux", role: RoleOS, os: "tdnf", source: azure},
	{repository: "mcr.microsoft.com/cbl-mariner/base/core", name: "CBL-Mariner", role: RoleOS, os: "tdnf", source: azure},
}...)

// redhatAndAmazon are the systems that are published under more than one name.
func redhatAndAmazon() []entry {
	var all []entry
	for _, name := range []string{"amazonlinux", "public.ecr.aws/amazonlinux/amazonlinux"} {
		e := entry{repository: name, name: "Amazon Linux", role: RoleOS, os: "dnf", without: []string{"1", "2", "2018"}, source: "https://github.com/amazonlinux/container-images"}
		old := e
		old.without, old.os = nil, "yum"
		all = append(all, e, old)
	}
	for _, release := range []string{"8", "9", "10"} {
		for _, variant := range []struct{ suffix, name, os string }{
			{"", "", "dnf"}, {"-minimal", " minimal", "microdnf"}, {"-micro", " micro", "shell"},
		} {
			e := entry{name: "UBI " + release + variant.name, role: RoleOS, os: variant.os, source: redhat}
			for _, repository := range []string{
				"registry.access.redhat.com/ubi" + release + "/ubi" + variant.suffix,
				"registry.access.redhat.com/ubi" + release + variant.suffix,
				"registry.redhat.io/ubi" + release + "/ubi" + variant.suffix,
				"redhat/ubi" + release + variant.suffix,
			} {
				e.repository = repository
				all = append(all, e)
			}
		}
	}
	return all
}
