package base

const (
	redhat        = "https://catalog.redhat.com/software/base-images"
	azure         = "https://github.com/microsoft/azurelinux"
	temurin       = "https://github.com/adoptium/containers"
	devcontainers = "https://github.com/devcontainers/images"
	unprivileged  = "https://github.com/nginx/docker-nginx-unprivileged"
	chainIMG      = "https://github.com/chainguard-images/images"
)

// platforms are what applications are built with or run on.
var platforms = []entry{
	{repository: "golang", name: "Go", role: RoleSDK, os: "apt", alpine: true, source: library + "golang"},
	{repository: "rust", name: "Rust", role: RoleSDK, os: "apt", alpine: true, source: library + "rust-lang/docker-rust"},
	{repository: "maven", name: "Maven", role: RoleSDK, os: "", source: "https://github.com/carlossg/docker-maven"},
	{repository: "gradle", name: "Gradle", role: RoleSDK, os: "", source: "https://github.com/gradle/docker-gradle"},
	{repository: "gcc", name: "GCC", role: RoleSDK, os: "apt", source: library + "gcc"},
	{repository: "swift", name: "Swift", role: RoleRuntime, with: []string{"slim"}, os: "", source: "https://github.com/swiftlang/swift-docker"},
	{repository: "swift", name: "Swift", role: RoleSDK, os: "", source: "https://github.com/swiftlang/swift-docker"},
	{repository: "haskell", name: "Haskell", role: RoleSDK, os: "apt", source: "https://github.com/haskell/docker-haskell"},
	{repository: "node", name: "Node.js", role: RoleRuntime, os: "apt", alpine: true, source: "https://github.com/nodejs/docker-node"},
	{repository: "python", name: "Python", role: RoleRuntime, os: "apt", alpine: true, source: library + "python"},
	{repository: "ruby", name: "Ruby", role: RoleRuntime, os: "apt", alpine: true, source: library + "ruby"},
	{repository: "perl", name: "Perl", role: RoleRuntime, os: "apt", source: library + "perl"},
	{repository: "php", name: "PHP", role: RoleRuntime, with: []string{"apache"}, ports: []int{80}, os: "apt", source: library + "php"},
	{repository: "php", name: "PHP", role: RoleRuntime, with: []string{"fpm"}, ports: []int{9000}, os: "apt", alpine: true, source: library + "php"},
	{repository: "php", name: "PHP", role: RoleRuntime, os: "apt", alpine: true, source: library + "php"},
	{repository: "elixir", name: "Elixir", role: RoleRuntime, os: "apt", alpine: true, source: "https://github.com/erlef/docker-elixir"},
	{repository: "erlang", name: "Erlang", role: RoleRuntime, os: "apt", alpine: true, source: "https://github.com/erlang/docker-erlang-otp"},
	{repository: "eclipse-temurin", name: "Temurin JRE", role: RoleRuntime, with: []string{"jre"}, os: "", source: temurin},
	{repository: "eclipse-temurin", name: "Temurin JDK", role: RoleSDK, os: "", source: temurin},
	{repository: "amazoncorretto", name: "Corretto JRE", role: RoleRuntime, with: []string{"jre"}, os: "", source: "https://github.com/corretto/corretto-docker"},
	{repository: "amazoncorretto", name: "Corretto JDK", role: RoleSDK, os: "", source: "https://github.com/corretto/corretto-docker"},
	{repository: "ibm-semeru-runtimes", name: "Semeru JRE", role: RoleRuntime, with: []string{"jre"}, os: "", source: "https://github.com/ibmruntimes/semeru-containers"},
	{repository: "ibm-semeru-runtimes", name: "Semeru JDK", role: RoleSDK, with: []string{"jdk"}, os: "", source: "https://github.com/ibmruntimes/semeru-containers"},
	{repository: "pypy", name: "PyPy", role: RoleRuntime, os: "apt", source: library + "pypy"},
	{repository: "composer", name: "Composer", role: RoleSDK, os: "apk", source: "https://github.com/composer/docker"},
	{repository: "mcr.microsoft.com/powershell", name: "PowerShell", role: RoleRuntime, os: "", source: "https://github.com/PowerShell/PowerShell-Docker"},
	{repository: "mcr.microsoft.com/devcontainers/base", name: "development container", role: RoleSDK, anyUser: true, os: "apt", alpine: true, source: devcontainers},
	{repository: "mcr.microsoft.com/devcontainers/dotnet", name: ".NET development container", role: RoleSDK, anyUser: true, os: "apt", source: devcontainers},
	{repository: "mcr.microsoft.com/devcontainers/go", name: "Go development container", role: RoleSDK, anyUser: true, os: "apt", source: devcontainers},
	{repository: "mcr.microsoft.com/devcontainers/java", name: "Java development container", role: RoleSDK, anyUser: true, os: "apt", source: devcontainers},
	{repository: "mcr.microsoft.com/devcontainers/javascript-node", name: "Node.js development container", role: RoleSDK, anyUser: true, os: "apt", source: devcontainers},
	{repository: "mcr.microsoft.com/devcontainers/python", name: "Python development container", role: RoleSDK, anyUser: true, os: "apt", source: devcontainers},
	{repository: "openjdk", name: "OpenJDK JRE", role: RoleRuntime, with: []string{"jre"}, os: "", source: library + "openjdk"},
	{repository: "openjdk", name: "OpenJDK JDK", role: RoleSDK, os: "", source: library + "openjdk"},
}

// servers are programs of their own.
var servers = []entry{
	{
		repository: "nginx", name: "nginx", role: RoleServer, ports: []int{80}, os: "apt", alpine: true, source: "https://github.com/nginx/docker-nginx",
		twin: "nginxinc/nginx-unprivileged", note: "it listens on 8080 and keeps its pid and temporary files in /tmp",
	},
	{repository: "nginxinc/nginx-unprivileged", name: "nginx, unprivileged", role: RoleServer, user: "101", uid: 101, ports: []int{8080}, os: "apt", alpine: true, source: unprivileged},
	{repository: "ghcr.io/nginx/nginx-unprivileged", name: "nginx, unprivileged", role: RoleServer, user: "101", uid: 101, ports: []int{8080}, os: "apt", alpine: true, source: unprivileged},
	{repository: "ghcr.io/nginxinc/nginx-unprivileged", name: "nginx, unprivileged", role: RoleServer, user: "101", uid: 101, ports: []int{8080}, os: "apt", alpine: true, source: unprivileged},
	{repository: "quay.io/nginx/nginx-unprivileged", name: "nginx, unprivileged", role: RoleServer, user: "101", uid: 101, ports: []int{8080}, os: "apt", alpine: true, source: unprivileged},
	{repository: "public.ecr.aws/nginx/nginx-unprivileged", name: "nginx, unprivileged", role: RoleServer, user: "101", uid: 101, ports: []int{8080}, os: "apt", alpine: true, source: unprivileged},
	{repository: "httpd", name: "Apache httpd", role: RoleServer, ports: []int{80}, os: "apt", alpine: true, source: library + "httpd"},
	{repository: "redis", name: "Redis", role: RoleServer, ports: []int{6379}, os: "apt", alpine: true, source: "https://github.com/redis/docker-library-redis"},
	{repository: "postgres", name: "PostgreSQL", role: RoleServer, ports: []int{5432}, os: "apt", alpine: true, source: library + "postgres"},
	{repository: "mysql", name: "MySQL", role: RoleServer, with: []string{"debian"}, ports: []int{3306}, os: "apt", source: library + "mysql"},
	{repository: "mysql", name: "MySQL", role: RoleServer, ports: []int{3306}, os: "microdnf", source: library + "mysql"},
	{repository: "mariadb", name: "MariaDB", role: RoleServer, ports: []int{3306}, os: "apt", source: "https://github.com/MariaDB/mariadb-docker"},
	{repository: "mongo", name: "MongoDB", role: RoleServer, ports: []int{27017}, os: "apt", source: library + "mongo"},
	{repository: "rabbitmq", name: "RabbitMQ", role: RoleServer, ports: []int{5672}, os: "apt", alpine: true, source: library + "rabbitmq"},
	{repository: "memcached", name: "Memcached", role: RoleServer, user: "memcache", uid: 11211, ports: []int{11211}, os: "apt", alpine: true, source: library + "memcached"},
	{repository: "haproxy", name: "HAProxy", role: RoleServer, with: []string{"2.0"}, os: "apt", alpine: true, source: library + "haproxy"},
	{repository: "haproxy", name: "HAProxy", role: RoleServer, with: []string{"2.2"}, os: "apt", alpine: true, source: library + "haproxy"},
	{repository: "haproxy", name: "HAProxy", role: RoleServer, user: "haproxy", uid: 99, os: "apt", alpine: true, source: library + "haproxy"},
	{repository: "caddy", name: "Caddy builder", role: RoleSDK, with: []string{"builder"}, os: "apk", source: "https://github.com/caddyserver/caddy-docker"},
	{repository: "caddy", name: "Caddy", role: RoleServer, ports: []int{80, 443}, os: "apk", source: "https://github.com/caddyserver/caddy-docker"},
	{repository: "traefik", name: "Traefik", role: RoleServer, ports: []int{80}, os: "apk", source: "https://github.com/traefik/traefik-library-image"},
	{repository: "tomcat", name: "Tomcat", role: RoleServer, ports: []int{8080}, os: "", source: library + "tomcat"},
	{repository: "registry", name: "Distribution registry", role: RoleServer, ports: []int{5000}, os: "apk", source: "https://github.com/distribution/distribution-library-image"},
}
