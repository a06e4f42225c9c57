package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/chiselbot/chiselbot/app/config"
	"github.com/chiselbot/chiselbot/checks"
)

// ownersLife is for how long an owner's settings are not read again.
const ownersLife = time.Minute

// owned is what an owner sets.
type owned struct {
	read     time.Time
	settings *config.Owner
	skips    []checks.Skip
}

// owner is what the owner of a repository sets for all of theirs. Settings that cannot be
// used are a skip of every review: nobody would see them otherwise.
func (a *App) owner(ctx context.Context, repo Repository) (*config.Owner, []checks.Skip, error) {
	key := fmt.Sprintf("%d/%s", repo.Installation, repo.Owner)
	a.mu.Lock()
	known, ok := a.owners[key]
	a.mu.Unlock()
	if ok && time.Since(known.read) < ownersLife {
		return known.settings, known.skips, nil
	}
	read, err := a.readOwner(ctx, Repository{Installation: repo.Installation, Owner: repo.Owner, Name: OwnersRepository})
	if err != nil {
		return nil, nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for name, one := range a.owners {
		if time.Since(one.read) > ownersLife {
			delete(a.owners, name)
		}
	}
	a.owners[key] = read
	return read.settings, read.skips, nil
}

func (a *App) readOwner(ctx context.Context, at Repository) (owned, error) {
	o := owned{read: time.Now()}
	tree, err := a.GitHub.Tree(ctx, at, "")
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrForbidden) {
		return o, nil // there is none, or it is none of ours
	}
	if err != nil {
		return o, err
	}
	if _, err := fs.Lstat(tree.FS, config.OwnersPath); errors.Is(err, fs.ErrNotExist) {
		return o, nil
	}
	skip := func(reason, help string) {
		o.skips = append(o.skips, checks.Skip{
			Reason: fmt.Sprintf("The settings of `%s` in `%s` cannot be used: %s", at.Owner, at, reason), Help: help + " Without them the default settings hold.",
		})
	}
	file, err := tree.Read(config.OwnersPath)
	if limited := (*RateLimited)(nil); errors.As(err, &limited) || ctx.Err() != nil {
		return o, err
	}
	if err != nil {
		skip("they cannot be read.", "")
		return o, nil
	}
	var problems []config.Problem
	o.settings, problems = config.ParseOwner(file, a.Review.KnownIDs)
	for _, p := range problems {
		at := p.File.Position(p.Span.Start)
		skip(fmt.Sprintf("line %d, column %d: %s", at.Line, at.Column, p.Message), p.Help)
	}
	return o, nil
}
