package base

const (
	rocks   = "https://github.com/canonical/oci-factory"
	bitnami = "https://github.com/bitnami/containers"
)

// daemon is the user that the newer of Canonical's images have in common.
const (
	daemon    = "_daemon_"
	daemonUID = 584792
)

// ubuntuImages are Canonical's own chiselled images, tagged by version and Ubuntu
// release. .NET's are built from source and are no variant of Microsoft's. Those before
// .NET 10 run as an account app, whose number was not looked up.
var ubuntuImages = []entry{
	{repository: "ubuntu/jre", name: "Ubuntu JRE", role: RoleRuntime, os: "none", source: rocks},
	{repository: "ubuntu/jdk", name: "Ubuntu JDK", role: RoleSDK, anyUser: true, os: "", source: rocks},
	{repository: "ubuntu/go", name: "Ubuntu Go", role: RoleSDK, anyUser: true, os: "apt", source: rocks},
	{repository: "ubuntu/python", name: "Ubuntu Python", role: RoleRuntime, user: daemon, uid: daemonUID, os: "none", source: rocks},
	{repository: "ubuntu/dotnet-deps", with: []string{"10"}, name: "Ubuntu .NET dependencies", role: RoleRuntime, user: daemon, uid: daemonUID, os: "none", icu: No, source: rocks},
	{repository: "ubuntu/dotnet-deps", name: "Ubuntu .NET dependencies", role: RoleRuntime, user: "app", uid: -1, os: "none", icu: No, source: rocks},
	{repository: "ubuntu/dotnet-runtime", with: []string{"10"}, name: "Ubuntu .NET Runtime", role: RoleRuntime, user: daemon, uid: daemonUID, os: "none", icu: No, source: rocks},
	{repository: "ubuntu/dotnet-runtime", name: "Ubuntu .NET Runtime", role: RoleRuntime, user: "app", uid: -1, os: "none", icu: No, source: rocks},
	{repository: "ubuntu/dotnet-aspnet", with: []string{"10"}, name: "Ubuntu ASP.NET Core", role: RoleRuntime, user: daemon, uid: daemonUID, ports: []int{8080}, os: "none", icu: No, source: rocks},
	{repository: "ubuntu/dotnet-aspnet", name: "Ubuntu ASP.NET Core", role: RoleRuntime, user: "app", uid: -1, ports: []int{8080}, os: "none", icu: No, source: rocks},
}

// bitnamiImages run as 1001 with every port above 1023. bitnamilegacy has the tags of
// before August 2025.
// https://github.com/bitnami/containers/blob/main/bitnami/nginx/README.md
func bitnamiImages() []entry {
	var all []entry
	for _, image := range []struct {
		name  string
		ports []int
	}{
		{"kafka", []int{9092}}, {"mariadb", []int{3306}}, {"memcached", []int{11211}}, {"mongodb", []int{27017}}, {"mysql", []int{3306}},
		{"nginx", []int{8080, 8443}}, {"postgresql", []int{5432}}, {"rabbitmq", []int{5672}}, {"redis", []int{6379}},
	} {
		for _, owner := range []string{"bitnami/", "bitnamilegacy/"} {
			all = append(all, entry{repository: owner + image.name, name: "Bitnami " + image.name, role: RoleServer, user: "1001", uid: 1001, ports: image.ports, os: "", source: bitnami})
		}
	}
	return all
}
