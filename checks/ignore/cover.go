package ignore

import (
	"time"

	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// In reads the ignore comments of a Dockerfile, in the order in which they stand.
func In(f *dockerfile.File) []Comment { return nil }

// Expired reports whether the comment's last day has passed.
func (c Comment) Expired(now time.Time) bool {
	return !c.Until.IsZero() && !now.Before(c.Until.AddDate(0, 0, 1))
}

// Covers reports whether a finding at the span stands where the comment holds.
func (c Comment) Covers(at source.Span) bool { return c.WholeFile || c.Scope.Contains(at) }

// Names reports whether the comment names the check.
func (c Comment) Names(id string) bool { return false }
