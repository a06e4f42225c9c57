package base

// minimal are images with nothing but what an application needs.
var minimal = distrolessEntries()

// distrolessEntries are Google's images: each with the tags latest (root), nonroot
// (65532), debug and debug-nonroot (with BusyBox in /busybox).
// https://github.com/GoogleContainerTools/distroless/blob/main/README.md
// https://github.com/GoogleContainerTools/distroless/blob/main/static/static.bzl
func distrolessEntries() []entry {
	var all []entry
	for _, image := range []struct {
		name       string
		role       Role
		entrypoint []string
	}{
		{"static", RoleOS, nil}, {"base", RoleOS, nil}, {"base-nossl", RoleOS, nil}, {"cc", RoleOS, nil},
		{"java-base", RoleOS, nil}, {"java17", RoleRuntime, []string{"/usr/bin/java", "-jar"}}, {"java21", RoleRuntime, []string{"/usr/bin/java", "-jar"}},
		{"java25", RoleRuntime, []string{"/usr/bin/java", "-jar"}},
		{"nodejs18", RoleRuntime, []string{"/nodejs/bin/node"}}, {"nodejs20", RoleRuntime, []string{"/nodejs/bin/node"}},
		{"nodejs22", RoleRuntime, []string{"/nodejs/bin/node"}}, {"nodejs24", RoleRuntime, []string{"/nodejs/bin/node"}},
		{"nodejs26", RoleRuntime, []string{"/nodejs/bin/node"}},
		{"python3", RoleRuntime, nil}, // /usr/bin/python3.N of the Debian release
	} {
		for _, debian := range []string{"", "-debian11", "-debian12", "-debian13"} {
			e := entry{
				repository: "gcr.io/distroless/" + image.name + debian, name: "distroless " + image.name + debian, role: image.role,
				user: "0", entrypoint: image.entrypoint, accounts: []string{"nobody", "nonroot"}, os: "none", zones: Yes, icu: No, source: distroless,
				ends: distrolessEnds(image.name, debian),
			}
			nonroot := e
			nonroot.with, nonroot.user, nonroot.uid = []string{"nonroot"}, "65532", 65532
			debug, both := e, nonroot
			debug.with, debug.os = []string{"debug"}, "busybox"
			both.with, both.os = []string{"debug", "nonroot"}, "busybox"
			if image.role == RoleOS {
				debug.entrypoint, both.entrypoint = []string{"/busybox/sh"}, []string{"/busybox/sh"}
			}
			all = append(all, both, debug, nonroot, e)
		}
	}
	// Chainguard's images run as 65532; the -dev variants have apk and a shell.
	for _, name := range []string{"static", "glibc-dynamic", "jre", "node", "python", "dotnet-runtime", "aspnet-runtime"} {
		e := entry{repository: "cgr.dev/chainguard/" + name, name: "Chainguard " + name, role: RoleRuntime, user: "65532", uid: 65532, os: "none", source: chainIMG}
		dev := e
		dev.with, dev.os = []string{"dev"}, "apk"
		all = append(all, dev, e)
	}
	all = append(all,
		entry{repository: "cgr.dev/chainguard/wolfi-base", name: "Wolfi", role: RoleOS, os: "apk", source: chainIMG},
		entry{repository: "cgr.dev/chainguard/nginx", name: "Chainguard nginx", role: RoleServer, user: "65532", uid: 65532, ports: []int{8080}, os: "none", source: chainIMG},
	)
	return all
}
