package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/chiselbot/chiselbot/app"
)

func pauseName(repository int64, number int) string {
	return fmt.Sprintf("paused/%d/%d", repository, number)
}

// Pause has a pull request left alone from now on, or no longer.
func (s *Store) Pause(ctx context.Context, repository int64, number int, paused bool) error {
	if err := s.setValue(ctx, pauseName(repository, number), fmt.Append(nil, paused)); err != nil {
		return fmt.Errorf("remember a pause: %w", err)
	}
	return nil
}

// Paused reports whether a pull request is to be left alone.
func (s *Store) Paused(ctx context.Context, repository int64, number int) (bool, error) {
	data, err := s.value(ctx, pauseName(repository, number))
	if errors.Is(err, app.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look up a pause: %w", err)
	}
	return string(data) == "true", nil
}
