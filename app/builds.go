package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
)

// builder is what the images of a repository are built with, nil where nothing is built.
// What a build may copy is fetched here: of a repository with more than that nothing is
// built, since each further file would cost a request.
func (a *App) builder(ctx context.Context, g *ground) (fixes.Builder, error) {
	if a.Builder == nil {
		return nil, nil
	}
	beyond, err := g.Prefetch(ctx, func(string) int { return 0 })
	if err != nil {
		return nil, err
	}
	h := hurried{Builder: a.Builder}
	if len(beyond) > 0 {
		h.why = fmt.Errorf("the repository has more files than are fetched for a build, by %d", len(beyond))
	}
	if deadline, ok := ctx.Deadline(); ok {
		h.until = deadline.Add(-time.Until(deadline) / 3) // which the job keeps for the rest
	}
	return h, nil
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
		return nil, errors.New("there was no time left for it; the next attempt finds what this one has made")
	}
	return built, err
}
