package fixes

import (
	"context"

	"github.com/chiselbot/chiselbot/checks/source"
)

// Prove proves a plan that no recipe made.
func Prove(ctx context.Context, tree source.Tree, plan *Plan, again func(context.Context, source.Tree) (*Plan, error), opts Options) error {
	before, err := see(ctx, tree, opts.Checks)
	if err != nil {
		return err
	}
	after, err := see(ctx, plan.Edited(tree), opts.Checks)
	if err != nil {
		return err
	}
	return prove(ctx, before, after, plan, again, opts.Builder)
}
