package rules

import (
	"fmt"
	"path"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// readOnlyTmp knows that .NET makes pipes and a socket for its diagnostics when it starts
// and gives up where it cannot.
// https://github.com/dotnet/runtime/issues/86259
var readOnlyTmp = page(checks.Rule{
	ID: "read-only-tmp", Title: "Nothing writable where .NET needs it", Since: "0.1.0", Severity: checks.Error,
	Object: checkReadOnlyTmp,
})

func checkReadOnlyTmp(p *checks.ObjectPass) {
	for c := range linuxContainers(p) {
		n := c.Node.Get("securityContext", "readOnlyRootFilesystem")
		image := p.Image(c)
		facts := image.Base()
		switch {
		case !n.Is(true), facts == nil, facts.DotNet == nil, facts.DotNet.Windows,
			c.Node.Get("command") != nil, // it may not be .NET that is started
			c.Node.Get("envFrom") != nil,
			diagnosticsOff(c, image):
			continue
		}
		dir, known := temporary(c, image)
		if !known || writable(c, dir) {
			continue
		}
		f := checks.Finding{
			Key: containerKey(c, "readOnlyRootFilesystem "+dir),
			Message: fmt.Sprintf("%s does not start: .NET needs %s for its diagnostics, and the root file system is read-only. It ends with `Failed to create CoreCLR, HRESULT: 0x8007000E`.",
				containerName(c), checks.Code(dir)),
			Help:    fmt.Sprintf("Mount an `emptyDir` at %s. Or set `DOTNET_EnableDiagnostics_IPC` and `DOTNET_EnableDiagnostics_Debugger` to `0`, which leaves profilers alive; `DOTNET_EnableDiagnostics: 0` ends those too.", checks.Code(dir)),
			Related: builtAt(image),
		}
		p.Report(p.Object.Where(n), f)
	}
}

// setting is a variable of a container's environment. known is false where it comes from
// somewhere else.
func setting(c *kube.Container, image *checks.Image, name string) (value string, known bool) {
	if e := c.Env(name); e != nil {
		return e.Text("value"), e.Get("valueFrom") == nil
	}
	value, _ = image.Env(name)
	return value, true
}

// diagnosticsOff reports whether .NET is told, or may be told, not to open its pipes.
// https://learn.microsoft.com/dotnet/core/runtime-config/debugging-profiling
func diagnosticsOff(c *kube.Container, image *checks.Image) bool {
	off := func(names ...string) bool {
		for _, name := range names {
			if value, known := setting(c, image, name); !known || value == "0" {
				return true
			}
		}
		return false
	}
	return off("DOTNET_EnableDiagnostics", "COMPlus_EnableDiagnostics") ||
		off("DOTNET_EnableDiagnostics_IPC") && off("DOTNET_EnableDiagnostics_Debugger")
}

// temporary is the folder for temporary files.
func temporary(c *kube.Container, image *checks.Image) (dir string, known bool) {
	dir, known = setting(c, image, "TMPDIR")
	if dir == "" {
		dir = "/tmp"
	}
	return path.Clean(dir), known
}

// writable reports whether a folder lies in a volume that the container may write to.
func writable(c *kube.Container, dir string) bool {
	best, ok := -1, false
	for _, m := range c.Mounts() {
		at := path.Clean(m.Path)
		if dir != at && !strings.HasPrefix(dir, strings.TrimSuffix(at, "/")+"/") || len(at) < best {
			continue
		}
		best, ok = len(at), !m.ReadOnly && !readOnlyVolume(m.Volume)
	}
	return ok
}

// readOnlyVolume reports whether a volume can never be written.
func readOnlyVolume(v *kube.Node) bool {
	for _, kind := range []string{"configMap", "downwardAPI", "image", "projected", "secret"} {
		if v.Get(kind) != nil {
			return true
		}
	}
	return false
}
