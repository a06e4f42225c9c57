// Programs stands for the programs of .NET's images in tests without a network: one
// binary that is `dotnet`, an application's own executable, apt-get, apk and useradd,
// according to the name that it is called by. They do what matters to who builds an
// image: they write the files that the real ones write, and an application ends the way
// that .NET ends where something that it needs is missing.
//
// What an application needs its project says in comments, one a line:
//
//	<!-- needs: icu -->
//	<!-- needs: zone Europe/Oslo -->
//	<!-- needs: library libgomp.so.1 -->
//	<!-- needs: package libgdiplus -->
//	<!-- needs: write /data -->
//	<!-- needs: read /app/data.bin -->
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	name, args := filepath.Base(os.Args[0]), os.Args[1:]
	var err error
	switch name {
	case "dotnet":
		err = dotnet(args)
	case "apt-get", "apt", "apk":
		err = install(args)
	case "useradd", "adduser":
		err = account("useradd", args)
	case "groupadd", "addgroup":
		err = account("groupadd", args)
	case "update-ca-certificates":
		err = certificates()
	case "curl":
		err = download(args)
	case "sha384sum":
		err = sums(args)
	case "zstd":
		err = decompress(args)
	case "dpkg", "dpkg-deb":
		err = debian(args)
	case "chisel":
		err = cut(args)
	case "wget", "git":
		fmt.Println(name)
	default:
		err = application(os.Args[0])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(134)
	}
}

// Where things are in the images.
const (
	shared    = "/usr/share/dotnet/shared"
	libraries = "/usr/lib/x86_64-linux-gnu"
)

// dotnet is the driver: it starts an assembly, and in an SDK image it publishes projects.
func dotnet(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("Usage: dotnet [path-to-application]")
	}
	switch verb := args[0]; {
	case strings.HasPrefix(verb, "-"):
		fmt.Println("fake .NET")
		return nil
	case strings.HasSuffix(verb, ".dll"):
		text, err := os.ReadFile(verb)
		if err != nil {
			return fmt.Errorf("The application to execute does not exist: '%s'.", verb)
		}
		return run(text)
	case !exists("/usr/share/dotnet/sdk"):
		return fmt.Errorf("Could not execute because the application was not found or a compatible .NET SDK is not installed: %s", verb)
	case verb == "publish":
		return publish(args[1:])
	case verb == "restore":
		return restore()
	case verb == "dev-certs":
		if n := slices.Index(args, "-ep"); n >= 0 && n+1 < len(args) {
			return write(args[n+1], "key", 0o600)
		}
		return nil
	case verb == "build", verb == "test", verb == "tool":
		return nil
	}
	return fmt.Errorf("Could not execute because the specified command or file was not found: %s", args[0])
}

// publish writes what `dotnet publish` writes of a project.
func publish(args []string) error {
	project, out, rid := "", "bin/Release/publish", ""
	alone := false
	for n := 0; n < len(args); n++ {
		value := func() string {
			if n++; n < len(args) {
				return args[n]
			}
			return ""
		}
		switch a := args[n]; {
		case a == "-o", a == "--output":
			out = value()
		case strings.HasPrefix(a, "--output="):
			out = strings.TrimPrefix(a, "--output=")
		case a == "-r", a == "--runtime":
			rid = value()
		case a == "-c", a == "--configuration", a == "-f", a == "--framework", a == "-a", a == "--arch", a == "-v":
			value()
		case a == "--self-contained", strings.Contains(a, "PublishAot=true"), strings.Contains(a, "PublishSingleFile=true"):
			alone = true
		case a == "--self-contained=false":
		case strings.HasPrefix(a, "-"), strings.HasPrefix(a, "/p:"), a == "true", a == "false":
		default:
			project = a
		}
	}
	if info, err := os.Stat(project); project == "" || err == nil && info.IsDir() {
		found, _ := filepath.Glob(filepath.Join(project, "*.csproj"))
		if len(found) != 1 {
			return fmt.Errorf("MSBUILD : error MSB1003: Specify a project or solution file. %q does not contain one.", project)
		}
		project = found[0]
	}
	text, err := os.ReadFile(project)
	if err != nil {
		return fmt.Errorf("MSBUILD : error MSB1009: Project file does not exist: %s", project)
	}
	alone = alone || bytes.Contains(text, []byte("<PublishAot>true")) || bytes.Contains(text, []byte("<SelfContained>true"))
	if m := regexp.MustCompile(`<RuntimeIdentifier>([^<]+)`).FindSubmatch(text); rid == "" && m != nil {
		rid = string(m[1])
	}
	if alone {
		text = append(text, "<!-- needs: nothing of .NET -->\n"...)
	}
	if strings.Contains(rid, "musl") {
		text = append(text, "<!-- needs: musl -->\n"...)
	}
	name := strings.TrimSuffix(filepath.Base(project), ".csproj")
	if m := regexp.MustCompile(`<AssemblyName>([^<]+)`).FindSubmatch(text); m != nil {
		name = string(m[1])
	}
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	files := map[string][]byte{name: append(append(self, mark...), text...)}
	if !alone {
		files[name+".dll"] = text
		files[name+".runtimeconfig.json"] = []byte("{}\n")
		files[name+".deps.json"] = []byte("{}\n")
	}
	if settings, err := os.ReadFile(filepath.Join(filepath.Dir(project), "appsettings.json")); err == nil {
		files["appsettings.json"] = settings
	}
	for file, text := range files {
		mode := os.FileMode(0o644)
		if file == name {
			mode = 0o755
		}
		if err := os.WriteFile(filepath.Join(out, file), text, mode); err != nil {
			return err
		}
	}
	return nil
}

// mark stands between an executable and the project that it was made of.
const mark = "\nPROJECT\n"

// application is an executable that publish made.
func application(self string) error {
	text, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return err
	}
	at := bytes.LastIndex(text, []byte(mark))
	if at < 0 {
		return fmt.Errorf("%s: there is no such program", self)
	}
	return run(text[at+len(mark):])
}

// run is an application at its start, with what it needs to go on.
func run(project []byte) error {
	need := map[string][]string{}
	for _, m := range regexp.MustCompile(`<!-- needs: (\S+) ?([^>]*?) -->`).FindAllSubmatch(project, -1) {
		need[string(m[1])] = append(need[string(m[1])], string(m[2]))
	}
	version := regexp.MustCompile(`<TargetFramework>net(\d+)\.`).FindSubmatch(project)
	if version == nil {
		return fmt.Errorf("BadImageFormatException: not an assembly")
	}
	if need["nothing"] == nil {
		framework := "Microsoft.NETCore.App"
		if bytes.Contains(project, []byte("Microsoft.NET.Sdk.Web")) {
			framework = "Microsoft.AspNetCore.App"
		}
		if found, _ := filepath.Glob(filepath.Join(shared, framework, string(version[1])+".*")); len(found) == 0 {
			return fmt.Errorf("You must install or update .NET to run this application.\nFramework: '%s', version '%s.0.0'", framework, version[1])
		}
	}
	if need["musl"] != nil && !exists("/lib/ld-musl-x86_64.so.1") {
		return fmt.Errorf("exec: no such file or directory (/lib/ld-musl-x86_64.so.1)")
	}
	invariant := bytes.Contains(project, []byte("<InvariantGlobalization>true"))
	switch v := os.Getenv("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"); {
	case v == "true" || v == "1":
		invariant = true
	case v == "false" || v == "0":
		invariant = false
	}
	icu, _ := filepath.Glob(libraries + "/libicuuc.so*")
	alpine, _ := filepath.Glob("/usr/lib/libicuuc.so*")
	if !invariant && len(icu)+len(alpine) == 0 {
		return fmt.Errorf("Process terminated. Couldn't find a valid ICU package installed on the system.")
	}
	if need["icu"] != nil && invariant {
		return fmt.Errorf("CultureNotFoundException: Only the invariant culture is supported in globalization-invariant mode.")
	}
	for _, zone := range need["zone"] {
		if !exists("/usr/share/zoneinfo/" + zone) {
			return fmt.Errorf("TimeZoneNotFoundException: The time zone ID '%s' was not found on the local computer.", zone)
		}
	}
	for _, library := range need["library"] {
		if !exists(libraries+"/"+library) && !exists("/usr/lib/"+library) {
			return fmt.Errorf("DllNotFoundException: Unable to load shared library '%s' or one of its dependencies.", library)
		}
	}
	for _, name := range need["package"] {
		packages, _ := os.ReadFile("/var/lib/dpkg/status")
		slices, err := os.ReadFile("/var/lib/chisel/manifest.wall")
		if !bytes.Contains(packages, []byte("Package: "+name+"\n")) || err == nil && !bytes.Contains(slices, []byte(`"name":"`+name+"_")) {
			return fmt.Errorf("no scanner finds %s", name)
		}
	}
	for _, dir := range need["write"] {
		if err := os.WriteFile(filepath.Join(dir, "written"), nil, 0o644); err != nil {
			return fmt.Errorf("UnauthorizedAccessException: Access to the path '%s' is denied: %w", dir, err)
		}
	}
	for _, file := range need["read"] {
		if _, err := os.ReadFile(file); err != nil {
			return fmt.Errorf("UnauthorizedAccessException: Access to the path '%s' is denied: %w", file, err)
		}
	}
	for _, variable := range need["variable"] {
		if os.Getenv(variable) == "" {
			return fmt.Errorf("InvalidOperationException: %s is not set", variable)
		}
	}
	if bytes.Contains(project, []byte("Microsoft.NET.Sdk.Web")) {
		if err := listen(); err != nil {
			return err
		}
	}
	fmt.Println("started by", os.Getuid())
	return nil
}

// listen fails where the kernel of most clusters lets only root listen.
func listen() error {
	addresses := os.Getenv("ASPNETCORE_URLS")
	if addresses == "" {
		for _, port := range strings.Split(os.Getenv("ASPNETCORE_HTTP_PORTS"), ";") {
			addresses += ";http://*:" + port
		}
	}
	for _, m := range regexp.MustCompile(`:(\d+)`).FindAllStringSubmatch(addresses, -1) {
		if len(m[1]) < 4 && os.Getuid() != 0 {
			return fmt.Errorf("SocketException (13): Permission denied: listen on port %s", m[1])
		}
	}
	return nil
}

// install is a package manager that knows a few packages by their files, and makes a
// program of any other.
func install(args []string) error {
	words := []string{}
	for _, a := range args {
		if !strings.HasPrefix(a, "-") {
			words = append(words, strings.Split(a, "=")[0])
		}
	}
	if len(words) == 0 || words[0] != "install" && words[0] != "add" {
		return os.MkdirAll("/var/lib/apt/lists/partial", 0o755)
	}
	dir := libraries
	if exists("/etc/alpine-release") {
		dir = "/usr/lib"
	}
	for _, name := range words[1:] {
		if err := listed(name); err != nil {
			return err
		}
		lib := map[string]string{
			"libgomp1": "libgomp.so.1", "libsqlite3-0": "libsqlite3.so.0", "libsodium23": "libsodium.so.23", "zlib1g": "libz.so.1", "libaio1": "libaio.so.1", "libaio1t64": "libaio.so.1t64",
			"libgdiplus": "libgdiplus.so.0", "icu-libs": "libicuuc.so.76", "libicu-dev": "libicuuc.so.72", "libicu72": "libicuuc.so.72", "libgomp": "libgomp.so.1",
		}[name]
		var err error
		switch {
		case name == "tzdata":
			err = write("/usr/share/zoneinfo/Europe/Oslo", "TZif", 0o644)
		case name == "libgssapi-krb5-2":
			for _, file := range []string{"libgssapi_krb5.so.2", "libkrb5.so.3", "libk5crypto.so.3", "libkrb5support.so.0", "libcom_err.so.2", "libkeyutils.so.1"} {
				if err == nil {
					err = write(filepath.Join(dir, file), "library", 0o644)
				}
			}
		case lib != "":
			// As packages do it: the file has the whole version, and its soname is a link.
			if err = write(filepath.Join(dir, lib+".0.0"), "library", 0o644); err == nil {
				err = link(lib+".0.0", filepath.Join(dir, lib))
			}
		case strings.HasPrefix(name, "lib"), strings.HasPrefix(name, "ca-"), strings.HasPrefix(name, "icu-"):
		default:
			err = link("/usr/bin/dotnet-programs", "/usr/bin/"+name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// listed puts a package into the list of packages, where there is one.
func listed(name string) error {
	f, err := os.OpenFile("/var/lib/dpkg/status", os.O_APPEND|os.O_WRONLY, 0o644)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "\nPackage: %s\nStatus: install ok installed\nVersion: 2\n", name)
	return errors.Join(err, f.Close())
}

// account writes an account or a group into the lists.
func account(kind string, args []string) error {
	name := args[len(args)-1]
	file, line := "/etc/passwd", name+":x:1001:1001::/home/"+name+":/bin/sh\n"
	if kind == "groupadd" {
		file, line = "/etc/group", name+":x:1001:\n"
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if strings.Contains("\n"+string(text), "\n"+name+":") {
		return fmt.Errorf("%s: '%s' already exists", kind, name)
	}
	if kind == "useradd" {
		groups, err := os.ReadFile("/etc/group")
		if err != nil {
			return err
		}
		if !strings.Contains("\n"+string(groups), "\n"+name+":") {
			if err := account("groupadd", []string{name}); err != nil {
				return err
			}
		}
	}
	return os.WriteFile(file, append(text, line...), 0o644)
}

// certificates puts local certificates into the list of all.
func certificates() error {
	found, _ := filepath.Glob("/usr/local/share/ca-certificates/*.crt")
	list, err := os.ReadFile("/etc/ssl/certs/ca-certificates.crt")
	if err != nil {
		return err
	}
	for _, file := range found {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		list = append(list, text...)
	}
	return os.WriteFile("/etc/ssl/certs/ca-certificates.crt", list, 0o644)
}

func write(name, text string, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, []byte(text), mode)
}

func link(to, name string) error {
	_ = os.Remove(name) // it may not be there
	return os.Symlink(to, name)
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
