package dockerfile

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/chiselbot/chiselbot/checks/base"
)

// A Warning is what one of BuildKit's own checks says, as `docker build --check` does.
// https://docs.docker.com/reference/build-checks/
type Warning struct {
	// Rule is the check's name: "StageNameCasing".
	Rule    string
	Message string
	// Line is where, counted from one; 0 where it has no place.
	Line int
}

// Lint runs BuildKit's checks on all stages, in the order of lines. Images are what
// package base knows of them; nothing is pulled. An error is what BuildKit would refuse
// to build for, beyond what [Parse] refuses.
func (f *File) Lint(ctx context.Context) (warnings []Warning, err error) {
	defer func() {
		if p := recover(); p != nil {
			warnings, err = nil, fmt.Errorf("lint %s: unexpected %v", f.Path(), p)
		}
	}()
	text := []byte(f.Text())
	results, err := dockerfile2llb.DockerfileLint(ctx, text, dockerfile2llb.ConvertOpt{
		MetaResolver: knownImages{f.mirrors},
		SourceMap:    &llb.SourceMap{Filename: f.Path(), Language: "Dockerfile", Definition: &llb.Definition{}, Data: text},
	})
	switch {
	case err != nil:
		return nil, refused(err)
	case results.Error != nil:
		return nil, &ParseError{1, results.Error.Message}
	}
	for _, w := range results.Warnings {
		one := Warning{Rule: w.RuleName, Message: cmp.Or(w.Detail, w.Description)}
		if w.Location != nil && len(w.Location.Ranges) > 0 {
			one.Line = int(w.Location.Ranges[0].Start.Line)
		}
		warnings = append(warnings, one)
	}
	slices.SortStableFunc(warnings, func(a, b Warning) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
	})
	return warnings, nil
}

// knownImages gives BuildKit the configuration of images as far as it is known.
type knownImages struct{ mirrors base.Mirrors }

func (k knownImages) ResolveImageConfig(_ context.Context, name string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	ref, err := base.ParseReference(name)
	if err != nil {
		return "", "", nil, err
	}
	config := ocispecs.Image{Platform: ocispecs.Platform{OS: "linux", Architecture: "amd64"}}
	if facts, ok := k.mirrors.Lookup(ref); ok {
		config.Config = ocispecs.ImageConfig{User: facts.User, WorkingDir: facts.Workdir, Entrypoint: facts.Entrypoint, Cmd: facts.Cmd}
		for name, value := range facts.Env {
			config.Config.Env = append(config.Config.Env, name+"="+value)
		}
		slices.Sort(config.Config.Env)
	}
	data, err := json.Marshal(config)
	return name, digest.FromBytes(data), data, err
}

var _ llb.ImageMetaResolver = knownImages{}
