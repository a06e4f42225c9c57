package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/chiselbot/chiselbot/app/propose"
	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
)

// errBuild means that images are to be built, for which the job has no time.
var errBuild = errors.New("images are to be built first")

// publishing is what a job keeps of its time when it builds, to tell what came of it.
const publishing = 3 * time.Minute

// toBuild reports whether images are to be built before what was planned is proven.
func (a *App) toBuild(at *planned) bool {
	return a.Builder != nil && !at.built && at.request.Recipe != propose.Fixes && len(propose.Changes(at.plans)) > 0
}

// build is what was planned, proven by building the images too. What a build may copy is
// fetched here: of a repository with more than that nothing is built, since each further
// file would cost a request.
func (a *App) build(ctx context.Context, at *planned) (*planned, error) {
	beyond, err := at.Prefetch(ctx, func(string) int { return 0 })
	if err != nil {
		return nil, err
	}
	h := hurried{Builder: a.Builder}
	if len(beyond) > 0 {
		h.why = fmt.Errorf("the repository has more files than are fetched for a build, by %d", len(beyond))
	}
	if deadline, ok := ctx.Deadline(); ok {
		h.until = deadline.Add(-publishing)
	}
	started := time.Now()
	a.Logger.InfoContext(ctx, "build images", slog.Time("until", h.until))
	built, err := planIn(ctx, at.ground, at.request, h)
	a.Logger.InfoContext(ctx, "built images", slog.Duration("took", time.Since(started)))
	return built, err
}

// proposeBuilt goes on with a proposal when its images are built, if the limits allow it to
// be opened. A build takes its time, so all that GitHub said before is asked for again.
func (a *App) proposeBuilt(ctx context.Context, repo Repository, base string, at *planned, how how, opens bool) (outcome, error) {
	out := outcome{at: at, branch: propose.Branch(at.request.Recipe, base)}
	if opens {
		if err := a.admit(ctx, repo, out.branch, at, how); err != nil {
			return out, err
		}
	}
	built, err := at, errBuild
	if how.builds {
		built, err = a.build(ctx, at)
	}
	if err == nil {
		out, err = a.propose(ctx, repo, base, built, how)
	}
	later := (*Later)(nil)
	if opens && out.what != opened && (err == nil || errors.Is(err, errBuild) || errors.As(err, &later) || obstacle(err) != "") { // not now, or never
		err = errors.Join(err, a.Memory.Release(ctx, repo, out.branch, how.holder))
	}
	return out, err
}

// hurried builds as long as the job has time for it. What is not built is not proven,
// and does not keep the job from going on.
type hurried struct {
	fixes.Builder
	why   error     // why nothing can be built, nil where it can
	until time.Time // zero where there is no end
}

// Build implements [fixes.Builder].
func (h hurried) Build(ctx context.Context, tree source.Tree, what fixes.Target) (*fixes.Built, error) {
	if h.why != nil {
		return nil, h.why
	}
	if h.until.IsZero() {
		return h.Builder.Build(ctx, tree, what)
	}
	limited, cancel := context.WithDeadline(ctx, h.until)
	defer cancel()
	built, err := h.Builder.Build(limited, tree, what)
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		return nil, errors.New("it could not be built in the time that there is for the images of one pull request. Ask once more: what is built by now is not built again")
	}
	return built, err
}
