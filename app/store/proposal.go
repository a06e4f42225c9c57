package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/chiselbot/chiselbot/app"
)

const (
	// reservedFor is for how long a reservation holds: whoever made it has opened the pull
	// request by then or never will.
	reservedFor = time.Hour
	// openAgain is after how long to look again whether a pull request was closed.
	openAgain = 30 * time.Minute
	// trusted is for how long GitHub's word on a pull request is taken for true.
	trusted = time.Hour
)

// Reserve enters that a pull request is to be opened, or returns a [*app.Later].
func (s *Store) Reserve(ctx context.Context, repo app.Repository, branch, holder string, limits app.Limits) error {
	now := s.now()
	err := s.inSQL(ctx, func(tx *sql.Tx) error {
		// The row makes all who reserve for an installation wait for each other.
		if err := s.touch(ctx, tx, repo.Installation); err != nil {
			return err
		}
		var at int64
		var other string
		err := tx.QueryRowContext(ctx, s.sql("SELECT opened_at, holder FROM chiselbot_proposal WHERE repository = $1 AND branch = $2 AND number = 0"), repo.ID, branch).Scan(&at, &other)
		switch {
		case err == nil && instant(at).After(now.Add(-reservedFor)) && other == holder:
			return nil
		case err == nil && instant(at).After(now.Add(-reservedFor)):
			return app.ErrBusy
		case err != nil && !errors.Is(err, sql.ErrNoRows):
			return err
		}
		if err := s.within(ctx, tx, repo, limits, now); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, s.sql(`INSERT INTO chiselbot_proposal (repository, branch, number, installation, owner, name, state, holder, dressed, opened_at, checked_at)
			VALUES ($1, $2, 0, $3, $4, $5, $6, $7, 0, $8, $9)
			ON CONFLICT (repository, branch, number) DO UPDATE SET holder = excluded.holder, opened_at = excluded.opened_at, checked_at = excluded.checked_at`),
			repo.ID, branch, repo.Installation, repo.Owner, repo.Name, app.Reserved, holder, milliseconds(now), milliseconds(now))
		return err
	})
	if later := (*app.Later)(nil); errors.As(err, &later) {
		return later
	}
	if err != nil {
		return fmt.Errorf("reserve a pull request from %s of %s: %w", branch, repo, err)
	}
	return nil
}

// within returns a [*app.Later] for the first limit that is reached.
func (s *Store) within(ctx context.Context, tx *sql.Tx, repo app.Repository, l app.Limits, now time.Time) error {
	fresh := milliseconds(now.Add(-reservedFor))
	count := func(query string, args ...any) (n int, err error) {
		err = tx.QueryRowContext(ctx, s.sql("SELECT COUNT(*) FROM chiselbot_proposal WHERE "+query), args...).Scan(&n)
		return n, err
	}
	const open = " AND (state = $2 OR state = $3 AND opened_at > $4)"
	here, err := count("repository = $1"+open, repo.ID, app.Opened, app.Reserved, fresh)
	if err != nil {
		return err
	}
	everywhere, err := count("installation = $1"+open, repo.Installation, app.Opened, app.Reserved, fresh)
	if err != nil {
		return err
	}
	if l.One && here > 0 {
		decided, err := count("repository = $1 AND state IN ($2, $3)", repo.ID, app.Merged, app.Declined)
		if err != nil {
			return err
		}
		if decided == 0 {
			var number int
			if err := tx.QueryRowContext(ctx, s.sql("SELECT MAX(number) FROM chiselbot_proposal WHERE repository = $1"), repo.ID).Scan(&number); err != nil {
				return err
			}
			return &app.Later{Limit: app.LimitFirst, Most: 1, Number: number, Until: now.Add(openAgain)}
		}
	}
	switch {
	case here >= l.Open:
		return &app.Later{Limit: app.LimitOpen, Most: l.Open, Until: now.Add(openAgain)}
	case everywhere >= l.AllOpen:
		return &app.Later{Limit: app.LimitAllOpen, Most: l.AllOpen, Until: now.Add(openAgain)}
	}
	for _, limit := range []struct {
		limit  app.Limit
		most   int
		within time.Duration
	}{{app.LimitHour, l.Hour, time.Hour}, {app.LimitDay, l.Day, 24 * time.Hour}} {
		if limit.most <= 0 {
			return &app.Later{Limit: limit.limit, Until: now.Add(limit.within)}
		}
		// The one that is most back must have left the time before another may come. What
		// was reserved and not opened does not count, once nobody can open it any more.
		var at int64
		err := tx.QueryRowContext(ctx, s.sql(`SELECT opened_at FROM chiselbot_proposal WHERE installation = $1 AND opened_at > $2 AND (state <> $3 OR opened_at > $4)
			ORDER BY opened_at DESC LIMIT 1 OFFSET $5`), repo.Installation, milliseconds(now.Add(-limit.within)), app.Reserved, fresh, limit.most-1).Scan(&at)
		switch {
		case err == nil:
			return &app.Later{Limit: limit.limit, Most: limit.most, Until: instant(at).Add(limit.within)}
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
	}
	return nil
}

// Release takes a reservation back.
func (s *Store) Release(ctx context.Context, repo app.Repository, branch, holder string) error {
	if _, err := s.write.ExecContext(ctx, s.sql("DELETE FROM chiselbot_proposal WHERE repository = $1 AND branch = $2 AND number = 0 AND holder = $3"), repo.ID, branch, holder); err != nil {
		return fmt.Errorf("release a pull request from %s of %s: %w", branch, repo, err)
	}
	return nil
}

// SaveProposal remembers a pull request that GitHub has, in place of its reservation. One
// that nothing was known of was not opened now and uses nothing up.
func (s *Store) SaveProposal(ctx context.Context, p app.KnownProposal) error {
	now := milliseconds(s.now())
	dressed := 0
	if p.Dressed {
		dressed = 1
	}
	err := s.inSQL(ctx, func(tx *sql.Tx) error {
		var opened int64
		if p.State == app.Opened {
			err := tx.QueryRowContext(ctx, s.sql("SELECT opened_at FROM chiselbot_proposal WHERE repository = $1 AND branch = $2 AND number = 0"), p.Repository.ID, p.Branch).Scan(&opened)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			if _, err := tx.ExecContext(ctx, s.sql("DELETE FROM chiselbot_proposal WHERE repository = $1 AND branch = $2 AND number = 0"), p.Repository.ID, p.Branch); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, s.sql(`INSERT INTO chiselbot_proposal (repository, branch, number, installation, owner, name, state, holder, dressed, opened_at, checked_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, '', $8, $9, $10)
			ON CONFLICT (repository, branch, number) DO UPDATE SET state = excluded.state, dressed = excluded.dressed, owner = excluded.owner, name = excluded.name,
				checked_at = excluded.checked_at`),
			p.Repository.ID, p.Branch, p.Number, p.Repository.Installation, p.Repository.Owner, p.Repository.Name, p.State, dressed, opened, now)
		return err
	})
	if err != nil {
		return fmt.Errorf("remember pull request %s#%d: %w", p.Repository, p.Number, err)
	}
	return nil
}

const knownProposal = "SELECT installation, repository, owner, name, branch, number, state, dressed FROM chiselbot_proposal WHERE "

func scanProposal(scan func(...any) error) (app.KnownProposal, error) {
	var p app.KnownProposal
	var dressed int
	err := scan(&p.Repository.Installation, &p.Repository.ID, &p.Repository.Owner, &p.Repository.Name, &p.Branch, &p.Number, &p.State, &dressed)
	p.Dressed = dressed == 1
	return p, err
}

// Proposal is what is remembered of a pull request.
func (s *Store) Proposal(ctx context.Context, repo app.Repository, branch string, number int) (app.KnownProposal, error) {
	p, err := scanProposal(s.read.QueryRowContext(ctx, s.sql(knownProposal+"repository = $1 AND branch = $2 AND number = $3"), repo.ID, branch, number).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		err = app.ErrNotFound
	}
	if err != nil {
		return p, fmt.Errorf("look up pull request %s#%d: %w", repo, number, err)
	}
	return p, nil
}

// StaleProposals lists open ones of which GitHub was not asked lately.
func (s *Store) StaleProposals(ctx context.Context, installation int64, most int) ([]app.KnownProposal, error) {
	rows, err := s.read.QueryContext(ctx, s.sql(knownProposal+"installation = $1 AND state = $2 AND checked_at < $3 ORDER BY checked_at, repository, number LIMIT $4"),
		installation, app.Opened, milliseconds(s.now().Add(-trusted)), most)
	if err != nil {
		return nil, fmt.Errorf("look up open pull requests: %w", err)
	}
	var list []app.KnownProposal
	err = each(rows, func() error {
		p, err := scanProposal(rows.Scan)
		list = append(list, p)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look up open pull requests: %w", err)
	}
	return list, nil
}

func sweepName(repository int64) string { return fmt.Sprintf("sweep/%d", repository) }

// NextSweep is when a repository is to be looked through, zero when that is not known.
func (s *Store) NextSweep(ctx context.Context, repository int64) (time.Time, error) {
	data, err := s.value(ctx, sweepName(repository))
	if errors.Is(err, app.ErrNotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("look up the next sweep: %w", err)
	}
	ms, err := strconv.ParseInt(string(data), 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("look up the next sweep: %w", err)
	}
	return instant(ms), nil
}

// SaveNextSweep remembers when a repository is to be looked through.
func (s *Store) SaveNextSweep(ctx context.Context, repository int64, next time.Time) error {
	if err := s.setValue(ctx, sweepName(repository), strconv.AppendInt(nil, milliseconds(next), 10)); err != nil {
		return fmt.Errorf("remember the next sweep: %w", err)
	}
	return nil
}
