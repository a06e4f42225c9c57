package base

// catalog holds the entries by repository.
var catalog = byRepository(systems, platforms, servers, minimal)

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
var systems = []entry{
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
	{repository: "amazonlinux", name: "Amazon Linux", role: RoleOS, os: "dnf", without: []string{"2", "1"}, source: "https://github.com/amazonlinux/container-images"},
	{repository: "amazonlinux", name: "Amazon Linux", role: RoleOS, os: "yum", source: "https://github.com/amazonlinux/container-images"},
	{repository: "public.ecr.aws/amazonlinux/amazonlinux", name: "Amazon Linux", role: RoleOS, os: "dnf", source: "https://github.com/amazonlinux/container-images"},
	{repository: "opensuse/leap", name: "openSUSE Leap", role: RoleOS, os: "zypper", source: "https://github.com/openSUSE/docker-containers-build"},
	{repository: "opensuse/tumbleweed", name: "openSUSE Tumbleweed", role: RoleOS, os: "zypper", source: "https://github.com/openSUSE/docker-containers-build"},
	{repository: "registry.access.redhat.com/ubi8/ubi", name: "UBI 8", role: RoleOS, os: "dnf", source: redhat},
	{repository: "registry.access.redhat.com/ubi9/ubi", name: "UBI 9", role: RoleOS, os: "dnf", source: redhat},
	{repository: "registry.access.redhat.com/ubi8/ubi-minimal", name: "UBI 8 minimal", role: RoleOS, os: "microdnf", source: redhat},
	{repository: "registry.access.redhat.com/ubi9/ubi-minimal", name: "UBI 9 minimal", role: RoleOS, os: "microdnf", source: redhat},
	{repository: "registry.access.redhat.com/ubi8/ubi-micro", name: "UBI 8 micro", role: RoleOS, os: "shell", source: redhat},
	{repository: "registry.access.redhat.com/ubi9/ubi-micro", name: "UBI 9 micro", role: RoleOS, os: "shell", source: redhat},
	{repository: "mcr.microsoft.com/azurelinux/base/core", name: "Azure Linux", role: RoleOS, os: "tdnf", source: azure},
	{repository: "mcr.microsoft.com/cbl-mariner/base/core", name: "CBL-Mariner", role: RoleOS, os: "tdnf", source: azure},
}
