package build

import (
	"context"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/tonistiigi/fsutil/types"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/fixes"
)

// settings are the parts of an image's configuration that are looked at.
type settings struct {
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
	Variant      string `json:"variant"`
	Config       struct {
		User         string
		ExposedPorts map[string]struct{}
		Env          []string
		Entrypoint   []string
		Cmd          []string
		WorkingDir   string
		Volumes      map[string]struct{}
		Healthcheck  *struct{ Test []string }
	} `json:"config"`
}

// defaultPath is where programs are looked for where the image says nothing.
// https://github.com/moby/buildkit/blob/master/util/system/path.go
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

var shells = []string{"/bin/sh", "/bin/bash", "/bin/ash", "/bin/dash", "/bin/busybox", "/usr/bin/sh", "/usr/bin/bash", "/usr/bin/busybox", "/busybox/sh"}

// look says what the image of a build is. The error means that the daemon did not answer.
func look(ctx context.Context, res *gateway.Result) (*fixes.Built, error) {
	ref, err := res.SingleRef()
	if err != nil {
		return nil, err
	}
	var s settings
	if err := json.Unmarshal(res.Metadata[exptypes.ExporterImageConfigKey], &s); err != nil {
		return nil, fmt.Errorf("read configuration of the image: %w", err)
	}
	i := image{ref: ref, settings: s, built: &fixes.Built{Platform: path.Join(s.OS, s.Architecture, s.Variant), User: s.Config.User, Ports: slices.Sorted(maps.Keys(s.Config.ExposedPorts))}}
	i.shell(ctx)
	i.user()
	i.starts(ctx)
	i.health(ctx)
	i.volumes(ctx)
	return i.built, ctx.Err()
}

// image is one that was just built, as the daemon shows it.
type image struct {
	settings
	ref   gateway.Reference
	built *fixes.Built
}

func (i *image) fault(format string, args ...any) {
	i.built.Faults = append(i.built.Faults, fmt.Sprintf(format, args...))
}

// stat describes a file behind all links, nil where there is none.
func (i *image) stat(ctx context.Context, name string) *types.Stat {
	if i.ref == nil { // nothing was ever written to it
		return nil
	}
	stat, err := i.ref.StatFile(ctx, gateway.StatRequest{Path: name})
	if err != nil {
		return nil
	}
	return stat
}

func (i *image) shell(ctx context.Context) {
	for _, name := range shells {
		if i.stat(ctx, name) != nil {
			i.built.Shell = name
			return
		}
	}
}

// user looks at the account, which Kubernetes can only tell from root by its number.
// https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
func (i *image) user() {
	name, _, _ := strings.Cut(i.Config.User, ":")
	_, err := strconv.ParseUint(name, 10, 32)
	switch {
	case base.IsRoot(i.Config.User):
		i.fault("It runs as root.")
	case err != nil:
		i.fault("Its user is %s, which is no number, so that Kubernetes cannot tell it from root.", checks.Code(name))
	}
}

// starts looks for what ENTRYPOINT and CMD start.
func (i *image) starts(ctx context.Context) {
	args := slices.Concat(i.Config.Entrypoint, i.Config.Cmd)
	if len(args) == 0 {
		i.fault("It has neither `ENTRYPOINT` nor `CMD`.")
		return
	}
	i.built.Starts = i.program(ctx, "What it starts", args)
	if name := i.built.Starts; path.Base(name) == "dotnet" && len(args) > 1 && strings.HasSuffix(args[1], ".dll") {
		if i.stat(ctx, i.absolute(args[1])) == nil {
			i.fault("The assembly that it starts, %s, is not in it.", checks.Code(i.absolute(args[1])))
		}
	}
}

// health looks for what HEALTHCHECK runs.
func (i *image) health(ctx context.Context) {
	if i.Config.Healthcheck == nil || len(i.Config.Healthcheck.Test) < 2 {
		return
	}
	switch test := i.Config.Healthcheck.Test; test[0] {
	case "CMD":
		i.program(ctx, "What its `HEALTHCHECK` runs", test[1:])
	case "CMD-SHELL":
		if i.stat(ctx, "/bin/sh") == nil {
			i.fault("Its `HEALTHCHECK` needs a shell, and it has none.")
		}
	}
}

// volumes looks at who may write to volumes, which take their owner from the image.
func (i *image) volumes(ctx context.Context) {
	name, group, _ := strings.Cut(i.Config.User, ":")
	uid, err := strconv.ParseUint(name, 10, 32)
	if err != nil || uid == 0 {
		return
	}
	gid, err := strconv.ParseUint(group, 10, 32)
	if err != nil {
		gid = uid // as the account of .NET's images has it
	}
	for _, volume := range slices.Sorted(maps.Keys(i.Config.Volumes)) {
		stat := i.stat(ctx, volume)
		owned := stat != nil && (uint64(stat.Uid) == uid && stat.Mode&0o200 != 0 || uint64(stat.Gid) == gid && stat.Mode&0o020 != 0 || stat.Mode&0o002 != 0)
		if !owned {
			i.fault("Its volume %s does not belong to its user, who cannot write to it.", checks.Code(volume))
		}
	}
}

func (i *image) absolute(name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join("/", i.Config.WorkingDir, name)
}

// program is the path of a program in the image, with what keeps it from being run.
func (i *image) program(ctx context.Context, what string, args []string) string {
	name := args[0]
	var places []string
	if strings.Contains(name, "/") {
		places = []string{i.absolute(name)}
	} else {
		dirs := defaultPath
		for _, entry := range i.Config.Env {
			if value, ok := strings.CutPrefix(entry, "PATH="); ok {
				dirs = value
			}
		}
		for dir := range strings.SplitSeq(dirs, ":") {
			places = append(places, path.Join(i.absolute(dir), name))
		}
	}
	for _, at := range places {
		stat := i.stat(ctx, at)
		if stat == nil || stat.IsDir() {
			continue
		}
		if stat.Mode&0o111 == 0 {
			i.fault("%s, %s, is not executable.", what, checks.Code(at))
			return at
		}
		i.runs(ctx, what, at)
		return at
	}
	i.fault("%s, %s, is not in it.", what, checks.Code(name))
	return ""
}

// runs looks at how a program begins: a script and a program with libraries need another
// one.
func (i *image) runs(ctx context.Context, what, at string) {
	r := &reader{ctx: ctx, ref: i.ref, name: at}
	head := make([]byte, 256)
	n, err := r.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		i.fault("%s, %s, cannot be read.", what, checks.Code(at))
		return
	}
	needs := ""
	switch head := string(head[:n]); {
	case strings.HasPrefix(head, "#!"):
		line, _, _ := strings.Cut(head[2:], "\n")
		if words := strings.Fields(line); len(words) > 0 {
			needs = words[0]
		}
	case strings.HasPrefix(head, elf.ELFMAG):
		needs = interpreter(r)
	default:
		i.fault("%s, %s, is neither a program for Linux nor a script that names its interpreter.", what, checks.Code(at))
	}
	if needs != "" && i.stat(ctx, needs) == nil {
		i.fault("%s, %s, needs %s, which is not in the image.", what, checks.Code(at), checks.Code(printable(needs, maxLine)))
	}
}

// interpreter is what loads a program's libraries, empty for one that has none.
func interpreter(r io.ReaderAt) string {
	f, err := elf.NewFile(r)
	if err != nil {
		return ""
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP && p.Filesz < 4096 {
			text, err := io.ReadAll(p.Open())
			if err != nil {
				return ""
			}
			return strings.TrimRight(string(text), "\x00")
		}
	}
	return ""
}

// reader reads parts of a file of the image.
type reader struct {
	ctx  context.Context //nolint:containedctx // io.ReaderAt takes none
	ref  gateway.Reference
	name string
}

// ReadAt implements [io.ReaderAt].
func (r *reader) ReadAt(p []byte, off int64) (int, error) {
	text, err := r.ref.ReadFile(r.ctx, gateway.ReadRequest{Filename: r.name, Range: &gateway.FileRange{Offset: int(off), Length: len(p)}})
	if err != nil {
		return 0, err
	}
	n := copy(p, text)
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
