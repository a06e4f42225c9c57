package build

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"

	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
)

// Start builds an image and starts it as a container runtime would, without a network.
func (b *Builder) Start(ctx context.Context, tree source.Tree, what fixes.Target) (says string, err error) {
	started := false
	_, err = b.build(ctx, tree, what, func(ctx context.Context, gw gateway.Client, res *gateway.Result) error {
		var s settings
		if err := json.Unmarshal(res.Metadata[exptypes.ExporterImageConfigKey], &s); err != nil {
			return err
		}
		container, err := gw.NewContainer(ctx, gateway.NewContainerRequest{NetMode: pb.NetMode_NONE, Mounts: []gateway.Mount{{Dest: "/", MountType: pb.MountType_BIND, Ref: res.Ref}}})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, container.Release(ctx)) }()
		var out buffer
		cwd := s.Config.WorkingDir
		if cwd == "" {
			cwd = "/"
		}
		process, err := container.Start(ctx, gateway.StartRequest{
			Args: slices.Concat(s.Config.Entrypoint, s.Config.Cmd), Env: s.Config.Env, User: s.Config.User, Cwd: cwd, Stdout: &out, Stderr: &out,
		})
		if err == nil {
			err = process.Wait()
		}
		says = out.String()
		started = true
		if err != nil {
			says += words(err)
		}
		return errStarted // the image itself is not wanted
	})
	if started {
		err = nil
	}
	return says, err
}

var errStarted = errors.New("started")

type buffer struct{ bytes.Buffer }

func (*buffer) Close() error { return nil }
