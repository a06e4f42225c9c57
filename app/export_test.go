package app

import (
	"time"

	"github.com/chiselbot/chiselbot/fixes"
)

// ForPublishing is what a job keeps of its time when it builds.
const ForPublishing = publishing

// Hurried is a builder that has until then.
func Hurried(b fixes.Builder, until time.Time) fixes.Builder {
	return hurried{Builder: b, until: until}
}
