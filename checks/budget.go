package checks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chiselbot/chiselbot/checks/source"
)

// maxTime is what fetching and rendering charts and asking scanners may take in one run by
// default. A repository of a hundred charts takes a minute or two of it.
const maxTime = 10 * time.Minute

// errBudget is why no more is rendered and asked.
var errBudget = errors.New("the time for one repository is over")

// bounded is ctx until the time for the run is over.
func (r *runner) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithDeadlineCause(ctx, r.deadline, errBudget)
}

// withinBudget does work that may take long, or says that there is no time for it: of the
// work itself errBudget, of a run that ended ctx's error.
func (r *runner) withinBudget(ctx context.Context, work func(context.Context) error) error {
	limited, cancel := r.bounded(ctx)
	defer cancel()
	if limited.Err() == nil {
		err := guard(func() error { return work(limited) })
		if limited.Err() == nil || err == nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errBudget
}

// late says that there was no time for a part of a home.
func (r *runner) late(home *source.File, what string) Skip {
	return Skip{
		Path: home.Path(), Home: home,
		Reason: fmt.Sprintf("Checking the repository took more than %v; %s.", r.opts.Time, what),
		Help:   "Check fewer charts at once, by the settings' `charts`, or look for the one that takes long.",
	}
}
