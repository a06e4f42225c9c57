package rules

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
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
		if !failsReadOnly(p, c) {
			continue
		}
		image := p.Image(c)
		dir, _ := temporary(c, image)
		f := checks.Finding{
			Key: containerKey(c, "readOnlyRootFilesystem "+dir),
			Message: fmt.Sprintf("%s does not start: .NET needs %s for its diagnostics, and the root file system is read-only. It ends with `Failed to create CoreCLR, HRESULT: 0x8007000E`.",
				containerName(c), checks.Code(dir)),
			Help:    fmt.Sprintf("Mount an `emptyDir` at %s. Or set `DOTNET_EnableDiagnostics_IPC` and `DOTNET_EnableDiagnostics_Debugger` to `0`, which leaves profilers alive; `DOTNET_EnableDiagnostics: 0` ends those too.", checks.Code(dir)),
			Related: builtAt(image),
		}
		if edits := mountTmp(p, c, failsReadOnly); edits != nil {
			f.Fix = &checks.Fix{Title: fmt.Sprintf("Mount an `emptyDir` at %s", checks.Code(dir)), Safety: checks.Unsafe, Edits: edits}
		}
		p.Report(p.Object.Where(c.Node.Get("securityContext", "readOnlyRootFilesystem")), f)
	}
}

// failsReadOnly reports whether a container has a read-only root file system with which its
// application of .NET does not start.
func failsReadOnly(p *checks.ObjectPass, c *kube.Container) bool {
	if !c.Node.Is(true, "securityContext", "readOnlyRootFilesystem") || c.Node.Get("command") != nil || c.Node.Get("envFrom") != nil {
		return false // it may not be .NET that is started, or be told to do without
	}
	return needsTmp(p, c) && !diagnosticsOff(c, p.Image(c))
}

// needsTmp reports whether a container runs .NET and has no writable folder for temporary
// files but that of its root file system.
func needsTmp(p *checks.ObjectPass, c *kube.Container) bool {
	image := p.Image(c)
	if !onDotNet(image) {
		return false
	}
	dir, known := temporary(c, image)
	return known && !writable(c, dir)
}

// onDotNet reports whether an image is one of .NET for Linux.
func onDotNet(image *checks.Image) bool {
	facts := image.Base()
	return facts != nil && facts.DotNet != nil && !facts.DotNet.Windows
}

// mountTmp are the edits that give a container a folder of its own for temporary files, nil
// where it cannot be told where they would have to be made. The volumes are those of all
// containers of the pod that need one, so that the edits for each of them go together.
func mountTmp(p *checks.ObjectPass, c *kube.Container, needs func(*checks.ObjectPass, *kube.Container) bool) []source.Edit {
	dir, _ := temporary(c, p.Image(c))
	own := ""
	var volumes []string
	for _, other := range c.Pod.Containers {
		if !needs(p, other) || hasMount(p, other) {
			continue
		}
		// Not one for all: .NET calls what it makes there by the number of its process,
		// which is 1 in all of them.
		name := "tmp"
		if len(volumes) > 0 {
			name += "-" + other.Name
		}
		if other == c {
			own = name
		}
		volumes = append(volumes, "name: "+name+"\nemptyDir: {}")
		const maxName = 63
		taken := slices.ContainsFunc(c.Pod.Spec.List("volumes"), func(v *kube.Node) bool { return v.Text("name") == name })
		if taken || len(name) > maxName || !plainName.MatchString(name) {
			return nil
		}
	}
	if own == "" || yamlText(dir) != dir {
		return nil
	}
	mount := p.Prepend(c.Node, "volumeMounts", "name: "+own+"\nmountPath: "+dir)
	volume := p.Prepend(c.Pod.Spec, "volumes", volumes...)
	if mount == nil || volume == nil {
		return nil
	}
	return together(mount, volume)
}

// hasMount reports whether something is mounted at a container's folder for temporary files,
// where Kubernetes takes no second volume.
func hasMount(p *checks.ObjectPass, c *kube.Container) bool {
	dir, _ := temporary(c, p.Image(c))
	return slices.ContainsFunc(c.Mounts(), func(m kube.Mount) bool { return path.Clean(m.Path) == dir })
}

// plainName is a name that YAML takes for nothing else.
var plainName = regexp.MustCompile(`^[a-z]([a-z0-9-]*[a-z0-9])?$`)

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
